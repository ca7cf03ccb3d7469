"""The stage as a whole, with a model made by hand."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.vocab import Vocab

from pipeline.entities.decode import decode
from pipeline.entities.stage import TagEntities
from pipeline.entities.tag import Notes, Tagger, notes
from pipeline.entities.words import WordTokenizer, starts_word
from pipeline.records import EntitiesArticle
from tests.entities.fake_model import LABELS, FakeModel, article, make_reading


def stage(names: dict[str, str] | None = None) -> TagEntities:
    return TagEntities(FakeModel(names or {}))  # type: ignore[arg-type]


def one(text: str, language: str, names: dict[str, str], **fields: object) -> EntitiesArticle:
    (found,) = stage(names).run([article(text, language, **fields)])
    assert isinstance(found, EntitiesArticle)
    return found


def test_article_of_all_parts() -> None:
    text = "Alibaba kauft Muster AG\n\nDer Konzern aus China kauft die Muster AG. Jack Ma freut sich."
    names = {"Alibaba": "ORG", "Muster AG": "ORG", "China": "LOC", "Jack Ma": "PER"}
    found = one(text, "de", names)
    assert text[slice(*found.sentences[0])] == "Alibaba kauft Muster AG"
    assert [(entity.text, entity.label) for entity in found.entities] == [
        ("Alibaba", "ORG"), ("Muster AG", "ORG"), ("China", "LOC"), ("Muster AG", "ORG"), ("Jack Ma", "PER"),
    ]  # fmt: skip
    assert found.models.language == "test@1+0"
    assert found.models.entities is not None
    assert found.models.entities.startswith("eventwire-entities@")


@pytest.mark.parametrize(
    ("language", "text", "names"),
    [
        ("zh", "阿里巴巴集团在美国上市。", ("阿里巴巴集团", "美国")),
        ("ja", "トヨタ自動車は東京で発表した。", ("トヨタ自動車", "東京")),
        ("th", "บริษัทโตโยต้าในกรุงเทพ", ("โตโยต้า", "กรุงเทพ")),
        ("en", "The Alibaba-led group won’t leave Paris.", ("Alibaba", "Paris")),
        ("fr", "C'est l'Oréal.", ("Oréal",)),
        ("hi", "भारत में टाटा है।", ("भारत", "टाटा")),
        ("qqq", "Siemens", ("Siemens",)),
    ],
)
def test_names_in_all_scripts(language: str, text: str, names: tuple[str, ...]) -> None:
    found = one(text, language, dict.fromkeys(names, "ORG"))
    assert tuple(entity.text for entity in found.entities) == names


@pytest.mark.parametrize("fields", [{"action": "delete"}, {"language": "und"}, {"text": ""}, {"text": " \n "}])
def test_nothing_to_read_passes_with_empty_lists(fields: dict[str, str]) -> None:
    given_ = {"text": "Siemens wächst.", "language": "de"} | fields
    found = one(given_.pop("text"), given_.pop("language"), {"Siemens": "ORG"}, **given_)
    assert (found.sentences, found.entities, found.amounts, found.dates) == ((), (), (), ())
    assert found.models.entities


def test_outcome_does_not_depend_on_the_batch() -> None:
    articles = [article("Siemens wächst in China.", "de"), article("阿里巴巴。", "zh"), article("Siemens in Rom", "it")]
    tagger = stage({"Siemens": "ORG", "China": "LOC", "阿里巴巴": "ORG", "Rom": "LOC"})
    assert tagger.run(articles) == [tagger.run([record])[0] for record in articles]
    assert tagger.run(articles[::-1]) == tagger.run(articles)[::-1]


def test_ref_names_model_and_rules() -> None:
    other = FakeModel({})
    other.ref = "fake@0+111111111111"
    refs = {stage().ref, TagEntities(other).ref, TagEntities(None).ref}  # type: ignore[arg-type]
    assert len(refs) == 3
    assert all(len(ref.rsplit("+", 1)[1]) == 12 for ref in refs)


def test_rules_alone_find_no_entities_and_say_so() -> None:
    (found,) = TagEntities(None).run([article("Siemens zahlt.", "de")])
    assert isinstance(found, EntitiesArticle)
    assert found.entities == ()
    assert found.sentences == ((0, 14),)
    assert (found.models.entities or "").startswith("eventwire-entities-rules@")


def test_spacy_sees_entities_and_sentences() -> None:
    tagger = Tagger(FakeModel({"Jack Ma": "PER", "Alibaba": "ORG"}))  # type: ignore[arg-type]
    nlp = tagger._build("en")
    doc = nlp("Jack Ma founded Alibaba. It grew.")
    assert [(ent.text, ent.label_) for ent in doc.ents] == [("Jack Ma", "PER"), ("Alibaba", "ORG")]
    assert [sent.text for sent in doc.sents] == ["Jack Ma founded Alibaba.", "It grew."]
    assert isinstance(notes(doc), Notes)


def test_a_text_of_many_sentences() -> None:
    note = Notes(language="en")
    Tagger(None).tag("A short one. " * 15_000, note)
    assert len(note.sentences) == 15_000


def test_invalid_sequences_are_mended() -> None:
    """I-ORG after O begins nothing: the best valid sequence counts."""
    spans = [(0, 3), (4, 8), (9, 13)]
    reading = make_reading(spans, [0, 0, 0], ["O", "I-ORG", "I-ORG"])
    reading.entity[1, LABELS.index("B-ORG")] = np.log(0.03)
    assert [(m.start, m.end, m.label) for m in decode(reading, "Das Acme Corp", LABELS)] == [(4, 13, "ORG")]


def test_a_full_stop_belongs_to_short_forms_only() -> None:
    for text, end in (("Meituan.", 7), ("Apple Inc.", 10), ("John F.", 7)):
        spans = [(match.start(), match.end()) for match in re.finditer(r"\w+|\.", text)]
        labels = ["B-ORG"] + ["I-ORG"] * (len(spans) - 1)
        (mention,) = decode(make_reading(spans, [0] * len(spans), labels), text, LABELS)
        assert mention.end == end, text


def test_a_mention_ends_with_its_sentence() -> None:
    reading = make_reading([(0, 4), (5, 9)], [0, 1], ["B-ORG", "I-ORG"])
    assert [(m.start, m.end) for m in decode(reading, "Acme\nCorp", LABELS)][:1] == [(0, 4)]


@pytest.mark.parametrize(
    ("text", "label", "names"),
    [
        ("Activision Blizzard", "ORG", ["Activision Blizzard"]),
        ("Activision, Blizzard", "ORG", ["Activision", "Blizzard"]),
        ("Activision\nBlizzard", "ORG", ["Activision", "Blizzard"]),
        ("Activision blizzard", "ORG", ["Activision", "blizzard"]),
        ("Activision Blizzard King", "ORG", ["Activision Blizzard King"]),
        ("Dr Ma", "PER", ["Dr", "Ma"]),
        ("A5 Karlsruhe", "LOC", ["A5", "Karlsruhe"]),
        ("L'Oréal", "ORG", ["L'Oréal"]),
        ("d’Arc", "PER", ["d’Arc"]),
    ],
)
def test_organisations_that_were_cut_are_whole_again(text: str, label: str, names: list[str]) -> None:
    """Every word begins a mention in the model's eyes."""
    spans = [match.span() for match in re.finditer(r"\w+", text)]
    reading = make_reading(spans, [0] * len(spans), [f"B-{label}"] * len(spans))
    assert [text[mention.start : mention.end] for mention in decode(reading, text, LABELS)] == names


VOCAB = Vocab()
ANY = stage({"Siemens": "ORG", "阿里巴巴": "ORG", "กข": "LOC", "EZB": "ORG"})
words = st.sampled_from(
    ["Siemens", "阿里巴巴", "EZB", " ", "\n", "'", "(", "é", "\u0301", "\ud800", "😀", "กข", "\x00"]
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.one_of(words, st.text(st.characters(), max_size=6)), max_size=12).map("".join),
    st.sampled_from(["de", "zh", "th", "xx"]),
)
def test_any_text(text: str, language: str) -> None:
    (found,) = ANY.run([article(text, language)])
    assert isinstance(found, EntitiesArticle)
    last = 0
    for entity in found.entities:
        assert last <= entity.start < entity.end <= len(text)
        assert text[entity.start : entity.end] == entity.text
        last = entity.end
    assert ANY.run([article(text, language)]) == [found]


@given(st.text())
def test_tokens_give_the_text_back(text: str) -> None:
    assert WordTokenizer(VOCAB)(text).text == text


def test_word_starts() -> None:
    text = "Ab-c 阿里 l'O"
    found = starts_word(text, np.arange(len(text), dtype=np.int32))
    assert "".join("^" if start else "." for start in found) == "^.^^^^^^^^^"
