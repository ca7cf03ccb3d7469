"""One entity for all its mentions."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.entities.decode import Mention
from pipeline.entities.links import shared_links
from pipeline.entities.mentions import resolve
from pipeline.records import Entity


def entities(text: str, language: str, *names: tuple[str, str]) -> list[Entity]:
    """`names` in the order of the text, each looked for after the one before."""
    at, found = 0, []
    for name, label in names:
        at = text.index(name, at)
        found.append(Mention(at, at + len(name), label, 0.9))  # type: ignore[arg-type]
        at += len(name)
    return list(resolve(text, found, language, shared_links()))


def test_company_forms_are_one_entity_with_the_fullest_name() -> None:
    text = "Alibaba steigt. Alibabas Gewinn wächst. Die Alibaba Group Holding Ltd jubelt."
    found = entities(text, "de", ("Alibaba", "ORG"), ("Alibabas", "ORG"), ("Alibaba Group Holding Ltd", "ORG"))
    assert {entity.entity_id for entity in found} == {"ew:org/alibaba-group"}
    assert {entity.name for entity in found} == {"Alibaba Group Holding Ltd"}
    assert found[0].ids is not None
    assert found[0].ids.isin == "KYG017191142"


def test_unknown_company_keeps_its_id_across_articles() -> None:
    first = entities(
        "Muster Maschinen GmbH wächst. Muster Maschinen stellt ein.",
        "de",
        ("Muster Maschinen GmbH", "ORG"),
        ("Muster Maschinen", "ORG"),
    )
    second = entities(
        "Muster Maschinens Chef geht. Muster Maschinen AG",
        "de",
        ("Muster Maschinens", "ORG"),
        ("Muster Maschinen AG", "ORG"),
    )
    assert {entity.entity_id for entity in first + second} == {"ew:org/x-muster-maschinen"}
    assert first[0].ids is None


def test_last_name_is_its_person() -> None:
    text = "Jack Ma kam. Ma sprach. Mas Rede war kurz. Dr. Ma ging."
    found = entities(text, "de", ("Jack Ma", "PER"), ("Ma", "PER"), ("Mas", "PER"), ("Dr. Ma", "PER"))
    assert {entity.entity_id for entity in found} == {"ew:person/x-jack-ma"}


def test_last_name_of_two_persons_is_neither() -> None:
    found = entities("Jack Ma und Yo-Yo Ma. Ma sprach.", "de", ("Jack Ma", "PER"), ("Yo-Yo Ma", "PER"), ("Ma", "PER"))
    assert len({entity.entity_id for entity in found}) == 3


def test_acronym_in_brackets() -> None:
    text = "Muster Verband Deutscher Bauern (MVDB) klagt. Der MVDB hofft."
    found = entities(text, "de", ("Muster Verband Deutscher Bauern", "ORG"), ("MVDB", "ORG"), ("MVDB", "ORG"))
    assert len({entity.entity_id for entity in found}) == 1
    assert found[2].name == "Muster Verband Deutscher Bauern"


def test_bracket_that_is_no_acronym_stays_apart() -> None:
    found = entities("Siemens (München) baut.", "de", ("Siemens", "ORG"), ("München", "LOC"))
    assert found[0].entity_id != found[1].entity_id


def test_siemens_is_not_siemens_energy() -> None:
    found = entities("Siemens Energy und Siemens.", "de", ("Siemens Energy", "ORG"), ("Siemens", "ORG"))
    assert [entity.entity_id for entity in found] == ["ew:org/siemens-energy", "ew:org/siemens"]


@pytest.mark.parametrize(
    ("language", "text", "names", "ids"),
    [
        ("ru", "Газпром растёт. Акции Газпрома.", ("Газпром", "Газпрома"), {"ew:org/gazprom"}),
        ("fr", "L'Oréal monte. Pour l'Oréal S.A.", ("L'Oréal", "l'Oréal S.A."), {"ew:org/loreal"}),
        ("pl", "Kowalex rośnie. Prezes Kowalexu.", ("Kowalex", "Kowalexu"), {"ew:org/x-kowalex"}),
        ("fi", "Nokia kasvaa. Nokian johtaja.", ("Nokia", "Nokian"), {"ew:org/nokia"}),
        ("zh", "阿里巴巴集团上涨。阿里巴巴表示", ("阿里巴巴集团", "阿里巴巴"), {"ew:org/alibaba-group"}),
    ],
)
def test_cases_of_languages(language: str, text: str, names: tuple[str, ...], ids: set[str]) -> None:
    found = entities(text, language, *((name, "ORG") for name in names))
    assert {entity.entity_id for entity in found} == ids


def test_labels_stay_apart() -> None:
    found = entities("Ford kam. Ford verkauft Autos.", "de", ("Ford", "PER"), ("Ford", "ORG"))
    assert [entity.entity_id for entity in found] == ["ew:person/x-ford", "ew:org/ford"]


@settings(deadline=None)  # a busy machine is no failure
@given(
    st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=8),
    st.sampled_from(["de", "ru", "fr", "zh", "xx"]),
    st.data(),
)
def test_any_names_give_one_entity_a_mention(names: list[str], language: str, data: st.DataObject) -> None:
    text, mentions = "", []
    for name in names:
        label = data.draw(st.sampled_from(["PER", "ORG", "LOC", "MISC"]))
        mentions.append(Mention(len(text), len(text) + len(name), label, 0.5))  # type: ignore[arg-type]
        text += name + data.draw(st.sampled_from([" ", " (", ") ", "\n"]))
    found = resolve(text, mentions, language, shared_links())
    assert [(entity.start, entity.end) for entity in found] == [(mention.start, mention.end) for mention in mentions]
    for entity in found:
        assert entity.text == text[entity.start : entity.end]
        assert entity.entity_id.startswith("ew:")
        by_id = {other.name for other in found if other.entity_id == entity.entity_id and other.label == entity.label}
        assert entity.name in by_id


def test_elision_and_its_absence_are_one_name() -> None:
    text = "Oréal monte. L'Oréal S.A. investit. Pour l'Oréal"
    found = entities(text, "fr", ("Oréal", "ORG"), ("L'Oréal S.A.", "ORG"), ("l'Oréal", "ORG"))
    assert {(entity.entity_id, entity.name) for entity in found} == {("ew:org/loreal", "L'Oréal S.A.")}


def test_titles_are_no_part_of_a_name() -> None:
    found = entities("M. Jean Dupont parle. Dupont rit.", "fr", ("M. Jean Dupont", "PER"), ("Dupont", "PER"))
    assert {(entity.entity_id, entity.name) for entity in found} == {("ew:person/x-jean-dupont", "Jean Dupont")}


def test_letters_of_a_long_word_in_brackets() -> None:
    text = "Finansinspektionen (FI) och Muster (ABC). FI godkände, ABC ej."
    found = entities(text, "sv", ("Finansinspektionen", "ORG"), ("FI", "ORG"), ("Muster", "ORG"), ("ABC", "ORG"),
                     ("FI", "ORG"), ("ABC", "ORG"))  # fmt: skip
    assert found[0].entity_id == found[1].entity_id == found[4].entity_id == "ew:org/finansinspektionen"
    assert found[2].entity_id != found[3].entity_id == found[5].entity_id


@pytest.mark.parametrize(("confidence", "label"), [(0.7, "PER"), (0.95, "ORG")])
def test_a_last_name_taken_for_a_company(confidence: float, label: str) -> None:
    text = "Andrea Orcel kam. Orcel sprach."
    found = [Mention(0, 12, "PER", 0.99), Mention(18, 23, "ORG", confidence)]
    assert [entity.label for entity in resolve(text, found, "it", shared_links())] == ["PER", label]


def test_a_company_that_is_known_or_has_a_legal_form_is_no_person() -> None:
    text = "Henry Ford und Hans Muster. Ford baut Autos, die Muster GmbH nicht."
    found = [
        Mention(0, 10, "PER", 0.9),
        Mention(15, 26, "PER", 0.9),
        Mention(28, 32, "ORG", 0.5),
        Mention(49, 60, "ORG", 0.5),
    ]
    ids = [entity.entity_id for entity in resolve(text, found, "de", shared_links())]
    assert ids[2:] == ["ew:org/ford", "ew:org/x-muster"]


def test_letters_with_marks_of_their_own_stay() -> None:
    """Kana's voiced marks and the Russian short i are other letters, not accents."""
    found = entities("ソニーグループ", "ja", ("ソニーグループ", "ORG")) + entities("Алексей", "ru", ("Алексей", "PER"))
    assert [entity.entity_id for entity in found] == ["ew:org/x-ソニーグループ", "ew:person/x-алексей"]
