"""Users' own types: what a definition may say, what is refused and how, and how one is learned and read."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.encoder.reading import Reading
from pipeline.errors import SettingsError
from pipeline.events.own import OwnType, parse_own_type, read_own_type
from pipeline.events.own_fit import PATH, Background, fit, read_background
from pipeline.events.own_heads import extend
from pipeline.events.own_store import (
    OwnTypes,
    known_types,
    open_own_types,
    quality_of,
    remove_own_type,
    write_own_type,
)
from pipeline.events.selection import select
from pipeline.events.stage import ClassifyEvents
from pipeline.records import ClassifiedArticle
from tests.events.story import FakeModel, Story

OWN = Path(__file__).with_name("own")
GOOD = """
type: product.award
definition: a prize
like: product.launch
roles: {winner: recipient}
examples:
  - en: The jury <gave> a prize to <winner=Ann Lee>.
  - en: <winner=Bo Fox> <won> a prize.
  - de: <winner=Cy Roth> <gewinnt> den Preis.
  - de: Der Preis <geht an> <winner=Di Vogt>.
  - no: <winner=Eli Dahl> <vant> prisen.
"""


def test_marks_become_spans() -> None:
    own = parse_own_type(GOOD.encode(), "award.yaml")
    first = own.examples[0]
    assert first.text == "The jury gave a prize to Ann Lee."
    assert [first.text[slice(*span)] for span in first.triggers] == ["gave"]
    assert [(role, first.text[slice(*span)]) for role, span in first.roles] == [("winner", "Ann Lee")]
    assert own.examples[4].language == "no"  # which YAML reads as false
    assert own.learned == ("recipient",)
    assert (own.kind.event_class, own.kind.roles, own.kind.names) == (
        "product",
        ("recipient",),
        {"recipient": "winner"},
    )


def test_the_files_of_the_tests_are_right() -> None:
    for path in sorted(OWN.glob("*.yaml")):
        assert read_own_type(path).name == path.stem


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("type: product.award", "type: award", "must look like product.award"),
        ("type: product.award", "type: product.Award", "must look like product.award"),
        ("type: product.award", "type: sport.award", "needs a class that has a topic.*deal, corporate"),
        ("type: product.award", "type: product.recall", "is a shipped type"),
        ("type: product.award", "kind: product.award", "no key 'kind'"),
        ("definition: a prize", "definition: ''", "no `definition`"),
        ("like: product.launch", "like: product.lunch", "'product.lunch' is none"),
        ("{winner: recipient}", "{winner: champion}", "'champion' is none"),
        ("{winner: recipient}", "{winner: recipient, loser: recipient}", "two roles follow 'recipient'"),
        ("{winner: recipient}", "{Winner: recipient}", "small letters"),
        ("{winner: recipient}", "[]", "needs `roles`"),
        ("{winner: recipient}", "[product, product]", "needs `roles`"),
        ("{winner: recipient}", "{winner: recipient, day: date}", "nothing says how to read the role 'day'"),
        ("<winner=Bo Fox> <won>", "<winner=Bo Fox> won", "example 2 has no trigger"),
        ("<winner=Bo Fox>", "<champ=Bo Fox>", "no role 'champ'"),
        ("<winner=Bo Fox>", "<winner=Bo Fox", "not closed|nothing is marked|no role"),
        ("<winner=Bo Fox>", "<winner=<Bo> Fox>", "not closed|inside another"),
        ("<winner=Bo Fox>", "<winner= >", "nothing is marked"),
        ("  - en: <winner=Bo Fox> <won> a prize.\n", "", "4 examples"),
        ("  - en: <winner=Bo Fox> <won> a prize.", "  - English: <won>", "examples 2: must be one language code"),
        ("  - en: <winner=Bo Fox> <won> a prize.", "  - just words", "examples 2: must be one language code"),
        ("  - en: <winner=Bo Fox> <won> a prize.", "  - en: The jury <gave> a prize to <winner=Ann Lee>.", "twice"),
        ("a prize.", "a prize" + " and more" * 100, "at most 600 characters"),
        ("a prize.", "a prize: gold.", "is not YAML.*quotes"),
    ],
)
def test_a_wrong_definition_is_one_clear_error(old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(SettingsError, match=message) as error:
        parse_own_type(GOOD.replace(old, new, 1).encode(), "award.yaml")
    assert str(error.value).startswith("award.yaml")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "raw", [b"", b"[1, 2]", b"\xff\xfe\x00", b"a: [", b"!!python/object:os.system {}", b"x" * (1 << 21)]
)
def test_what_is_no_definition_at_all(raw: bytes) -> None:
    with pytest.raises(SettingsError, match=r"award\.yaml"):
        parse_own_type(raw, "award.yaml")


WIDTH = 16
_MEANS = dict.fromkeys(("gave", "won", "gewinnt", "geht", "vant", "awarded"), 0)  # which direction a word takes
_MEANS |= dict.fromkeys(("Ann", "Lee", "Bo", "Fox", "Cy", "Roth", "Di", "Vogt", "Eli", "Dahl", "Zoe"), 1)


def fake_read(text: str, sentences: Sequence[tuple[int, int]]) -> Reading:
    """Hidden states with a direction of their own for giving a prize and for names, and some noise by word."""
    reading = Story(text, sentences=list(sentences)).reading
    hidden = np.zeros((len(reading.pieces), WIDTH), np.float16)
    for row, (start, _) in enumerate(reading.pieces):
        begin = text.rfind(" ", 0, start) + 1
        word = text[begin:].split()[0].strip(".")
        hidden[row] = np.random.default_rng(sum(map(ord, word))).normal(0, 0.3, WIDTH)
        if word in _MEANS:
            hidden[row, _MEANS[word]] += 3
    return replace(reading, hidden=hidden)


@pytest.fixture(scope="module")
def background(tmp_path_factory: pytest.TempPathFactory) -> Background:
    import json

    path = tmp_path_factory.mktemp("background") / "b.jsonl"
    rows = [
        {"language": "en", "sentences": [f"Share {n} fell today.", f"The {n} dogs rose."], "types": [[], []]}
        for n in range(30)
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    return read_background(fake_read, path)


@pytest.fixture(scope="module")
def own() -> OwnType:
    return parse_own_type(GOOD.encode(), "award.yaml")


def test_a_type_is_learned_and_read_in_any_language(own: OwnType, background: Background) -> None:
    fitted = fit(own, fake_read, background)
    assert fitted.quality.pop("found") >= 4
    assert fitted.quality == {"examples": 5, "others": 60, "mistaken": 0}
    text = "They awarded a prize to Zoe. The dogs rose today."
    spans = [(0, 28), (29, len(text))]
    reading = extend(fake_read(text, spans), [fitted.head])
    assert reading.event_sentence.shape == (2, len(FakeModel.event_types) + 1)
    assert reading.event_sentence[0, -1] >= fitted.head.threshold > reading.event_sentence[1, -1]
    trigger = int(reading.event_piece[:, -1].argmax())
    assert text[slice(*reading.pieces[trigger])] in "awarded"
    role = int(reading.role[:, -1].argmax())
    assert text[slice(*reading.pieces[role])] == "Zoe"


def test_learning_is_deterministic(own: OwnType, background: Background) -> None:
    one, other = fit(own, fake_read, background).head, fit(own, fake_read, background).head
    assert one.sentence.tobytes() == other.sentence.tobytes()
    assert (one.threshold, one.scale) == (other.threshold, other.scale)


def test_kept_opened_and_forgotten(own: OwnType, background: Background, tmp_path: Path) -> None:
    folder = tmp_path / "types"
    fitted = fit(own, fake_read, background)
    write_own_type(folder, own, fitted.head, "d1", fitted.quality)
    opened = open_own_types(folder, "d1")
    assert list(opened.types) == ["product.award"]
    assert opened.heads[0].sentence.tobytes() == fitted.head.sentence.tobytes()
    assert quality_of(folder, own) == fitted.quality
    assert "product.award" in known_types(folder).types
    assert open_own_types(folder, "d1").digest == opened.digest
    with pytest.raises(
        SettingsError, match=r"learned for another model: run `eventwire types add .*product\.award\.yaml"
    ):
        open_own_types(folder, "d2")
    path = folder / "product.award.yaml"
    path.write_text(GOOD + "# changed\n")
    with pytest.raises(SettingsError, match="an earlier version of its file"):
        open_own_types(folder, "d1")
    (folder / "product.award.npz").write_bytes(b"PK broken")
    with pytest.raises(SettingsError, match="can't be read"):
        open_own_types(folder, "d1")
    (folder / "product.award.npz").unlink()
    with pytest.raises(SettingsError, match="not learned yet"):
        open_own_types(folder, "d1")
    path.rename(folder / "product.prize.yaml")
    with pytest.raises(SettingsError, match=r"defines product\.award"):
        open_own_types(folder, "d1")
    remove_own_type(folder, "product.prize")
    assert open_own_types(folder, "d1") == OwnTypes()
    with pytest.raises(SettingsError, match="no own type"):
        remove_own_type(folder, "product.award")
    with pytest.raises(SettingsError, match="no folder"):
        open_own_types(tmp_path / "nowhere", "d1")


def test_events_of_an_own_type(own: OwnType, background: Background) -> None:
    head = fit(own, fake_read, background).head
    text = "They awarded a prize to Zoe."
    story = Story(text).entity("Zoe", "PER")

    class Model(FakeModel):
        def read(self, text: str, sentences: Sequence[tuple[int, int]]) -> Reading:
            return fake_read(text, sentences)

    agent = ClassifyEvents(Model(), own=OwnTypes({own.name: own}, (head,), "x"))
    (outcome,) = agent.run([story.article])
    assert isinstance(outcome, ClassifiedArticle)
    (event,) = outcome.events
    assert (event.type, event.event_class, event.trigger.text) == ("product.award", "product", "awarded")
    assert [(p.role, p.text, p.label) for p in event.participants] == [("winner", "Zoe", "PER")]
    plain = ClassifyEvents(Model()).scheme.ref
    assert event.models.events not in (None, plain)
    from pipeline.records import to_json
    from pipeline.streams.topics import validate

    validate("news.events.product", to_json(event))


def test_subscribers_may_ask_for_own_types(own: OwnType) -> None:
    from pipeline.events.taxonomy import taxonomy

    kinds = taxonomy().with_own([own.kind])
    assert select(types=["product.award"], kinds=kinds).wanted_classes == ("product",)
    with pytest.raises(SettingsError, match=r"no type 'product\.award'"):
        select(types=["product.award"])


@pytest.mark.model
def test_written_types_are_found_in_other_languages(tmp_path: Path) -> None:
    """Ten German and English sentences each, looked for in French, Spanish, Italian, Dutch and Polish; with a quarter
    of the background, which is faster.
    """
    import json

    from pipeline.encoder import shared_model

    model = shared_model()
    small = tmp_path / "background.jsonl"
    small.write_text("".join(PATH.read_text("utf-8").splitlines(keepends=True)[::4]), "utf-8")
    shipped = read_background(model.read, small)
    heads = [fit(read_own_type(path), model.read, shipped).head for path in sorted(OWN.glob("*.yaml"))]
    rows = [json.loads(line) for line in (OWN / "sentences.jsonl").read_text("utf-8").splitlines()]
    right = wrong = missed = 0
    for row in rows:
        scores = extend(model.read(row["text"], [(0, len(row["text"]))]), heads).event_sentence[0, -len(heads) :]
        found = {head.name for head, score in zip(heads, scores, strict=True) if score >= head.threshold}
        gold = {row["type"]} - {None}
        right, wrong, missed = right + len(found & gold), wrong + len(found - gold), missed + len(gold - found)
    assert 2 * right / (2 * right + wrong + missed) >= 0.60
