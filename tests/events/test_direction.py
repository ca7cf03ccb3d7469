"""Grammar that leaves no doubt who acted corrects a model that took the other one."""

import pytest

from pipeline.events.direction import RATINGS, SIDES
from pipeline.records import NewsEvent
from tests.events.story import TYPES, Story


def roles(event: NewsEvent) -> dict[str, str]:
    return {participant.role: participant.text for participant in event.participants}


PASSIVE = [
    ("en", "Talvar was bought by Norda.", "bought"),
    ("en", "The takeover of Talvar by the Norda group failed.", "takeover"),
    ("de", "Talvar wird von Norda übernommen.", "übernommen"),
    ("de", "Die Übernahme von Talvar durch Norda ist beschlossen.", "Übernahme"),
    ("fr", "Talvar est racheté par Norda.", "racheté"),
    ("fr", "Le rachat de Talvar par Norda est annoncé.", "rachat"),
    ("es", "Talvar fue comprada por Norda.", "comprada"),
    ("es", "La compra de Talvar por parte de Norda avanza.", "compra"),
    ("it", "Talvar è stata acquisita da Norda.", "acquisita"),
    ("it", "L'acquisizione di Talvar da parte di Norda è fatta.", "acquisizione"),
    ("nl", "Talvar wordt overgenomen door Norda.", "overgenomen"),
    ("pt", "A Talvar foi comprada pela Norda.", "comprada"),
    ("pl", "Talvar została przejęta przez Norda.", "przejęta"),
    ("sv", "Talvar köps av Norda.", "köps"),
]
ACTIVE = [
    ("en", "Norda buys Talvar.", "buys"),
    ("de", "Norda kauft Talvar von Berger.", "kauft"),
    ("fr", "Norda rachète Talvar.", "rachète"),
    ("es", "Norda compra Talvar.", "compra"),
    ("it", "Norda compra Talvar da Berger.", "compra"),
]


@pytest.mark.parametrize(("language", "text", "trigger"), PASSIVE)
@pytest.mark.parametrize("turned", [False, True])
def test_the_agent_of_a_passive_is_the_acquirer(language: str, text: str, trigger: str, turned: bool) -> None:
    """Whether the model had it right or the wrong way round."""
    first, second = ("acquirer", "target") if turned else ("target", "acquirer")
    story = Story(text, language=language).entity("Norda", "ORG").entity("Talvar", "ORG")
    (event,) = story.event("deal.acquisition", trigger).role(first, "Talvar").role(second, "Norda").events
    assert roles(event) == {"acquirer": "Norda", "target": "Talvar"}


@pytest.mark.parametrize(("language", "text", "trigger"), ACTIVE)
def test_an_active_sentence_stays_as_the_model_reads_it(language: str, text: str, trigger: str) -> None:
    story = Story(text, language=language).entity("Norda", "ORG").entity("Talvar", "ORG")
    (event,) = story.event("deal.acquisition", trigger).role("acquirer", "Norda").role("target", "Talvar").events
    assert roles(event) == {"acquirer": "Norda", "target": "Talvar"}


def test_a_clause_away_and_in_other_languages_nothing_is_touched() -> None:
    for language, text in (
        ("en", "Talvar bought Berger, a report by Norda says."),
        ("fi", "Talvar was bought by Norda."),
    ):
        story = Story(text, language=language).entity("Norda", "ORG").entity("Talvar", "ORG")
        story.event("deal.acquisition", "bought").role("acquirer", "Talvar").role("target", "Norda")
        (event,) = story.events
        assert roles(event) == {"acquirer": "Talvar", "target": "Norda"}


@pytest.mark.parametrize(("language", "text", "trigger"), PASSIVE)
def test_an_agent_that_the_model_did_not_see(language: str, text: str, trigger: str) -> None:
    story = Story(text, language=language).entity("Norda", "ORG").entity("Talvar", "ORG")
    (event,) = story.event("deal.acquisition", trigger).role("target", "Talvar").events
    assert roles(event) == {"acquirer": "Norda", "target": "Talvar"}


def test_a_place_behind_by_is_no_agent() -> None:
    story = Story("Talvar was bought by Paris.").entity("Paris", "LOC").entity("Talvar", "ORG")
    (event,) = story.event("deal.acquisition", "bought").role("target", "Talvar").events
    assert roles(event) == {"target": "Talvar"}


def test_sued_and_fined_by() -> None:
    story = Story("Norda was sued by Talvar.").entity("Norda", "ORG").entity("Talvar", "ORG")
    (event,) = story.event("legal.lawsuit", "sued").role("plaintiff", "Norda").role("defendant", "Talvar").events
    assert roles(event) == {"plaintiff": "Talvar", "defendant": "Norda"}


@pytest.mark.parametrize(
    ("language", "text", "old", "new"),
    [
        ("en", 'Norda raised Talvar from "Hold" to "Buy".', "Hold", "Buy"),
        ("en", "Norda cut Talvar from Equal Weight to Underweight.", "Equal Weight", "Underweight"),
        ("en", "Norda cut Talvar from BBB+ to BBB.", "BBB+", "BBB"),
        ("de", "Norda hebt Talvar von „Halten“ auf „Kaufen“.", "Halten", "Kaufen"),
        ("fr", "Norda relève Talvar de conserver à acheter.", "conserver", "acheter"),
        ("es", "Norda eleva Talvar de mantener a comprar.", "mantener", "comprar"),
        ("it", "Norda alza Talvar da neutrale a comprare.", "neutrale", "comprare"),
        ("nl", "Norda verhoogt Talvar van houden naar kopen.", "houden", "kopen"),
        ("pl", "Norda podnosi Talvar z neutralnie na kupuj.", "neutralnie", "kupuj"),
    ],
)
def test_old_and_new_rating(language: str, text: str, old: str, new: str) -> None:
    """The model took the old one for the new one, and did not see the other."""
    story = Story(text, language=language).entity("Norda", "ORG").entity("Talvar", "ORG")
    story.event("analyst.rating", text.split()[1]).role("analyst", "Norda").role("company", "Talvar")
    (event,) = story.role("rating_to", old).events
    assert roles(event) == {"analyst": "Norda", "company": "Talvar", "rating_from": old, "rating_to": new}


def test_other_words_between_from_and_to_are_no_ratings() -> None:
    story = Story("Norda rated Talvar Buy, a note open from Monday to Friday says.")
    story.entity("Norda", "ORG").entity("Talvar", "ORG").event("analyst.rating", "rated")
    (event,) = story.role("analyst", "Norda").role("company", "Talvar").role("rating_to", "Buy").events
    assert roles(event) == {"analyst": "Norda", "company": "Talvar", "rating_to": "Buy"}


@pytest.mark.parametrize(
    ("language", "text", "trigger"),
    [
        ("en", "Brussels fined Norda, Talvar and Berger.", "fined"),
        ("de", "Brüssel bestraft Norda, Talvar und Berger.", "bestraft"),
        ("fr", "Bruxelles sanctionne Norda, Talvar et Berger.", "sanctionne"),
    ],
)
def test_a_list_is_addressed_whole(language: str, text: str, trigger: str) -> None:
    story = Story(text, language=language).event("regulation.penalty", trigger).role("addressee", "Norda")
    for name in ("Norda", "Talvar", "Berger"):
        story.entity(name, "ORG")
    (event,) = story.events
    assert [p.text for p in event.participants] == ["Norda", "Talvar", "Berger"]


def test_no_list_no_more_addressees() -> None:
    for text in ("Brussels fined Norda, Talvar said.", "Brussels fined Norda while Talvar and Berger went free."):
        story = Story(text).entity("Norda", "ORG").entity("Talvar", "ORG").entity("Berger", "ORG")
        (event,) = story.event("regulation.penalty", "fined").role("addressee", "Norda").events
        assert [p.text for p in event.participants] == ["Norda"]


def test_a_credit_rating_has_no_role_for_the_old_one() -> None:
    story = Story("Norda cut Talvar's rating from AA to A.").entity("Norda", "ORG").entity("Talvar", "ORG")
    story.event("analyst.credit_rating", "cut").role("analyst", "Norda").role("issuer", "Talvar")
    (event,) = story.role("rating_to", "A", after=30).events
    assert roles(event) == {"analyst": "Norda", "issuer": "Talvar", "rating_to": "A"}


def test_grammar_knows_only_roles_that_the_types_have() -> None:
    for kind, names in {**SIDES, **RATINGS}.items():
        assert set(names) <= set(TYPES[kind].roles), kind
