"""Who took part, in which role: read from the event's own sentence, snapped to what the entity agent found."""

import pytest

from pipeline.events.trace import Verdict
from pipeline.records import Ids, NewsEvent
from tests.events.story import Story


def roles(event: NewsEvent) -> dict[str, str]:
    return {participant.role: participant.text for participant in event.participants}


def test_direction_is_the_models_and_stays() -> None:
    active = Story("Siemens bought Alstom.").event("deal.acquisition", "bought")
    passive = Story("Alstom was bought by Siemens.").event("deal.acquisition", "bought")
    for story in (active, passive):
        story.entity("Siemens", "ORG").entity("Alstom", "ORG").role("acquirer", "Siemens").role("target", "Alstom")
        (event,) = story.events
        assert roles(event) == {"acquirer": "Siemens", "target": "Alstom"}


def test_a_piece_grows_to_the_entity_and_brings_its_ids() -> None:
    story = Story("Deutsche Bank AG bought Alstom.").event("deal.acquisition", "bought").role("acquirer", "Bank")
    story.entity("Deutsche Bank AG", "ORG", id="isin:DE0005140008", ids=Ids(isin="DE0005140008"))
    (event,) = story.events
    (participant,) = event.participants
    assert (participant.text, participant.entity_id) == ("Deutsche Bank AG", "isin:DE0005140008")
    assert participant.ids == Ids(isin="DE0005140008")
    assert participant.resolved is None


def test_one_span_of_two_names_is_two_participants() -> None:
    story = Story("Siemens and Alstom agreed to cooperate.").event("deal.partnership", "agreed")
    story.entity("Siemens", "ORG").entity("Alstom", "ORG").role("partner", "Siemens and Alstom")
    (event,) = story.events
    assert [participant.text for participant in event.participants] == ["Siemens", "Alstom"]


def test_only_roles_of_the_type() -> None:
    story = Story("Siemens bought Alstom.").event("deal.acquisition", "bought").entity("Siemens", "ORG")
    story.role("acquirer", "Siemens", 0.6).role("seller", "Siemens", 0.99)
    (event,) = story.events
    assert roles(event) == {"acquirer": "Siemens"}


def test_a_span_has_one_role_the_more_probable() -> None:
    story = Story("Siemens bought Alstom.").event("deal.acquisition", "bought").entity("Siemens", "ORG")
    story.role("acquirer", "Siemens", 0.6).role("target", "Siemens", 0.8)
    (event,) = story.events
    assert roles(event) == {"target": "Siemens"}


def test_figures_are_the_amount_and_periods_the_date() -> None:
    story = Story("Siemens earned 2.4 billion euros in the third quarter of 2025.").event(
        "financial.earnings", "earned"
    )
    story.entity("Siemens", "ORG").role("company", "Siemens").role("value", "2.4").role("period", "third")
    story.amount("2.4 billion euros", "2400000000", "EUR").date("the third quarter of 2025", "2025-Q3")
    (event,) = story.events
    assert roles(event) == {"company": "Siemens", "value": "2.4 billion euros", "period": "the third quarter of 2025"}
    assert [amount.value for amount in event.amounts] == ["2400000000"]
    assert event.event_date is None


def test_a_name_inside_a_measure_is_not_the_measure() -> None:
    story = Story("Berlin passed a law against Google.").event("regulation.rule", "passed").entity("Google", "ORG")
    story.entity("Berlin", "LOC").role("authority", "Berlin").role("measure", "law against Google")
    (event,) = story.events
    assert roles(event) == {"authority": "Berlin", "measure": "law against Google"}
    assert event.participants[1].entity_id is None


@pytest.mark.parametrize(
    ("language", "text", "phrase", "trigger"),
    [
        ("en", "The company cut 500 jobs.", "The company", "cut"),
        ("de", "Der Konzern streicht 500 Stellen.", "Der Konzern", "streicht"),
        ("fr", "L'entreprise supprime 500 postes.", "L'entreprise", "supprime"),
        ("es", "El grupo recorta 500 empleos.", "El grupo", "recorta"),
        ("it", "La società taglia 500 posti.", "La società", "taglia"),
        ("pt", "A empresa corta 500 vagas.", "A empresa", "corta"),
        ("nl", "Het bedrijf schrapt 500 banen.", "Het bedrijf", "schrapt"),
        ("pl", "Spółka zwalnia 500 osób.", "Spółka", "zwalnia"),
        ("sv", "Bolaget varslar 500 anställda.", "Bolaget", "varslar"),
    ],
)
def test_the_company_is_resolved_and_says_so(language: str, text: str, phrase: str, trigger: str) -> None:
    story = Story(text, title="Novum: 2025", language=language).entity("Novum", "ORG", id="x:novum")
    (event,) = story.event("corporate.workforce", trigger).role("employer", phrase).events
    (participant,) = event.participants
    assert (participant.text, participant.name, participant.resolved) == (phrase, "Novum", True)
    assert participant.entity_id == "x:novum"


def test_the_company_is_not_the_one_that_buys_it() -> None:
    story = Story("Novum is from Ulm. Siemens bought the company.").entity("Novum", "ORG").entity("Siemens", "ORG")
    story.event("deal.acquisition", "bought").role("acquirer", "Siemens").role("target", "the company")
    (event,) = story.events
    assert [participant.name for participant in event.participants] == ["Siemens", "Novum"]


def test_without_a_table_or_an_entity_a_reference_stays_as_it_is() -> None:
    for language in ("en", "fi"):
        story = Story("The company cut jobs.", language=language).event("corporate.workforce", "cut")
        (event,) = story.role("employer", "The company").events
        assert (event.participants[0].name, event.participants[0].resolved) == (None, None)


def test_a_reference_that_the_model_almost_saw() -> None:
    story = Story("The company cut jobs.", title="Novum").entity("Novum", "ORG").event("corporate.workforce", "cut")
    assert story.events == ()
    (event,) = story.role("employer", "company", 0.3).events
    assert event.participants[0].resolved is True


def test_a_participant_that_the_model_almost_saw() -> None:
    """Only where there is no other: an event needs somebody."""
    story = Story("Novum cut jobs at Altum.").event("corporate.workforce", "cut").role("employer", "Novum", 0.2)
    assert story.events == ()
    assert [decision.verdict for decision in story.explain().decisions] == [Verdict.NO_PARTICIPANT]
    assert list(map(roles, story.role("employer", "Novum", 0.3).events)) == [{"employer": "Novum"}]
    assert list(map(roles, story.role("employer", "Altum", 0.6).events)) == [{"employer": "Altum"}]


def test_a_pronoun_without_anybody_is_nobody() -> None:
    story = Story("He resigned.").event("corporate.executive", "resigned").role("person", "He")
    assert story.events == ()
    (event,) = (
        Story("He resigned.", title="Joe Miller")
        .entity("Joe Miller", "PER")
        .event("corporate.executive", "resigned")
        .role("person", "He")
        .events
    )
    assert event.participants[0].name == "Joe Miller"


def test_each_entity_takes_part_once() -> None:
    story = Story("Siemens said Siemens bought Alstom.").event("deal.acquisition", "bought").entity("Siemens", "ORG")
    (event,) = story.role("acquirer", "Siemens").role("target", "Siemens", 0.7, after=10).events
    assert [participant.role for participant in event.participants] == ["acquirer"]
