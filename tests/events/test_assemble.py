"""Mentions become events: once for each thing that happened."""

from dataclasses import replace

from pipeline.events.trace import Verdict
from pipeline.records import NewsEvent, Source
from tests.events.story import Story


def names(event: NewsEvent) -> list[str]:
    return [participant.text for participant in event.participants]


def test_one_event_told_twice_is_one_event_with_two_pieces_of_evidence() -> None:
    story = Story("Siemens bought Alstom for 5 billion euros.", title="Siemens buys Alstom")
    story.entity("Siemens", "ORG").entity("Alstom", "ORG").amount("5 billion euros", "5000000000", "EUR")
    story.event("deal.acquisition", "buys", 0.95).role("acquirer", "Siemens").role("target", "Alstom")
    story.event("deal.acquisition", "bought", 0.8).role("acquirer", "Siemens", after=20).role("price", "5 billion")
    explanation = story.explain()
    (event,) = explanation.article.events
    assert [quote.text for quote in event.evidence] == [
        "Siemens buys Alstom",
        "Siemens bought Alstom for 5 billion euros.",
    ]
    assert event.trigger.text == "buys"
    assert names(event) == ["Siemens", "Alstom", "5 billion euros"]
    assert event.confidence == 0.95
    assert [(item.verdict, item.event) for item in explanation.decisions] == [(Verdict.KEPT, 1), (Verdict.MERGED, 1)]


def test_two_ratings_of_two_banks_are_two_events() -> None:
    story = Story("UBS rates SAP a buy. HSBC rates SAP a hold.").entity("SAP", "ORG")
    story.entity("UBS", "ORG").entity("HSBC", "ORG")
    story.event("analyst.rating", "rates").role("analyst", "UBS").role("company", "SAP").role("rating_to", "buy")
    story.event("analyst.rating", "rates", after=21).role("analyst", "HSBC").role("company", "SAP", after=21)
    story.role("rating_to", "hold")
    assert [names(event) for event in story.events] == [["UBS", "SAP", "buy"], ["HSBC", "SAP", "hold"]]


def test_two_index_moves_in_one_sentence_are_two_events() -> None:
    story = Story("The Dax gained 1.2 percent, the Cac lost 2.3 percent.").entity("Dax", "MISC").entity("Cac", "MISC")
    story.event("market.security_price", "gained").event("market.security_price", "lost")
    story.amount("1.2 percent", "1.2", "percent").amount("2.3 percent", "2.3", "percent")
    for words, role in (("Dax", "security"), ("1.2", "change"), ("Cac", "security"), ("2.3", "change")):
        story.role(role, words)
    first, second = story.events
    assert (names(first), first.trigger.text) == (["Dax", "1.2 percent"], "gained")
    assert (names(second), second.trigger.text) == (["Cac", "2.3 percent"], "lost")
    assert [amount.value for amount in first.amounts] == ["1.2"]
    assert second.evidence[0].text == "the Cac lost 2.3 percent."


def test_figures_of_their_own_make_two_events_of_one_verb() -> None:
    story = Story("CaixaBank fell 2.2% and BBVA 1.9%.").entity("CaixaBank", "ORG").entity("BBVA", "ORG")
    story.event("market.security_price", "fell").role("security", "CaixaBank").role("security", "BBVA")
    story.amount("2.2%", "2.2", "percent").amount("1.9%", "1.9", "percent").role("change", "2.2").role("change", "1.9")
    assert [names(event) for event in story.events] == [["CaixaBank", "2.2%"], ["BBVA", "1.9%"]]
    assert len({event.event_id for event in story.events}) == 2


def test_one_bank_and_two_targets() -> None:
    story = Story("UBS lifts SAP to 150 euros and Linde to 420 euros.").entity("UBS", "ORG").entity("SAP", "ORG")
    story.entity("Linde", "ORG").event("analyst.price_target", "lifts").role("analyst", "UBS")
    story.amount("150 euros", "150", "EUR").amount("420 euros", "420", "EUR")
    story.role("company", "SAP").role("company", "Linde").role("value", "150").role("value", "420")
    assert [names(event) for event in story.events] == [["UBS", "SAP", "150 euros"], ["UBS", "Linde", "420 euros"]]


def test_partners_are_not_split() -> None:
    story = Story("Siemens signed, and Alstom signed.").entity("Siemens", "ORG").entity("Alstom", "ORG")
    story.event("deal.partnership", "signed").event("deal.partnership", "signed", after=20)
    (event,) = story.role("partner", "Siemens").role("partner", "Alstom").events
    assert names(event) == ["Siemens", "Alstom"]


def test_other_amounts_are_other_events() -> None:
    story = Story("The Dax gained 1 percent. On Monday the Dax gained 3 percent.").entity("Dax", "MISC")
    story.amount("1 percent", "1", "percent").amount("3 percent", "3", "percent")
    story.event("market.security_price", "gained").role("security", "Dax").role("change", "1")
    story.event("market.security_price", "gained", after=25).role("security", "Dax", after=25).role("change", "3")
    assert len(story.events) == 2


def test_current_and_background_are_two_events() -> None:
    story = Story("Siemens bought Alstom. In 2010 Siemens bought Alstom.").entity("Siemens", "ORG")
    story.event("deal.acquisition", "bought").role("acquirer", "Siemens")
    story.event("deal.acquisition", "bought", after=25, time="background").role("acquirer", "Siemens", after=25)
    now, then = story.events
    assert (now.time, then.time) == ("current", "background")
    assert then.relevance < now.relevance


def test_evidence_without_a_participant_belongs_to_the_event_or_to_nothing() -> None:
    story = Story("Siemens bought Alstom. The takeover closes soon.").event("deal.acquisition", "takeover")
    assert [decision.verdict for decision in story.explain().decisions] == [Verdict.NO_PARTICIPANT]
    story.event("deal.acquisition", "bought").entity("Siemens", "ORG").role("acquirer", "Siemens")
    (event,) = story.events
    assert [quote.text for quote in event.evidence] == ["Siemens bought Alstom.", "The takeover closes soon."]
    assert event.trigger.text == "bought"


def test_actors_are_not_stitched_together() -> None:
    """Two reports that share nobody are not completed from each other, even where they are taken for one event."""
    story = Story("Siemens bought a rival. Alstom was taken over.").entity("Siemens", "ORG").entity("Alstom", "ORG")
    story.event("deal.acquisition", "bought").role("acquirer", "Siemens")
    story.event("deal.acquisition", "taken", 0.7).role("target", "Alstom")
    (event,) = story.events
    assert names(event) == ["Siemens"]


def test_the_primary_participant_comes_first() -> None:
    story = Story("A fund bought Alstom.").entity("Alstom", "ORG").event("deal.acquisition", "bought")
    (event,) = story.role("acquirer", "fund").role("target", "Alstom").events
    assert [participant.role for participant in event.participants] == ["target", "acquirer"]


def test_event_date_is_the_nearest_in_the_evidence() -> None:
    story = Story("Founded on 1 May 1990, Siemens on Monday bought Alstom.").entity("Siemens", "ORG")
    story.event("deal.acquisition", "bought").role("acquirer", "Siemens")
    (event,) = story.date("1 May 1990", "1990-05-01").date("Monday", "2026-03-02").events
    assert event.event_date is not None
    assert event.event_date.date == "2026-03-02"


def test_event_date_may_stand_in_other_evidence() -> None:
    story = Story("Siemens bought Alstom on Monday.", title="Siemens buys Alstom").entity("Siemens", "ORG")
    story.event("deal.acquisition", "buys", 0.95).role("acquirer", "Siemens").date("Monday", "2026-03-02")
    story.event("deal.acquisition", "bought").role("acquirer", "Siemens", after=20)
    (event,) = story.events
    assert event.event_date is not None
    assert event.event_date.date == "2026-03-02"


def test_similarity_key() -> None:
    """Type, entity ids, day: not the words, not the language, not the article."""
    english = Story("Siemens bought Alstom on Monday.").event("deal.acquisition", "bought").date("Monday", "2026-03-02")
    english.entity("Siemens", "ORG", id="isin:1").entity("Alstom", "ORG", id="isin:2")
    german = Story("Alstom von Siemens AG übernommen.", language="de", published_at="2026-03-02T23:00:00.000Z")
    german.entity("Siemens AG", "ORG", id="isin:1").entity("Alstom", "ORG", id="isin:2").event(
        "deal.acquisition", "übernommen"
    )
    keys = {
        story.role("acquirer", "Siemens").role("target", "Alstom").events[0].similarity_key
        for story in (english, german)
    }
    assert keys == {"deal.acquisition|isin:1+isin:2|2026-03-02"}


def test_similarity_key_without_ids() -> None:
    story = Story("Police raided the offices.", published_at=None).event("regulation.investigation", "raided")
    assert story.role("authority", "Police").events[0].similarity_key == "regulation.investigation|police|"


def test_equal_events_get_ids_of_their_own() -> None:
    story = Story("The Dax gained. The Dax gained.").entity("Dax", "MISC")
    story.event("market.security_price", "gained").role("security", "Dax")
    story.event("market.security_price", "gained", after=16, time="background").role("security", "Dax", after=16)
    assert len({event.event_id for event in story.events}) == 2


def test_the_article_is_named_in_the_event() -> None:
    story = Story("Siemens bought Alstom.", title="News", url="https://news.example/1", source=Source(name="Wire"))
    story.entity("Siemens", "ORG").event("deal.acquisition", "bought").role("acquirer", "Siemens")
    (event,) = story.events
    assert (event.article.id, event.article.source, event.article.language) == ("a1", "Wire", "en")
    assert event.action == "add"
    story.article = replace(story.article, action="update")
    assert story.events[0].action == "update"
    assert event.models.events is not None
    assert event.models.language == "l@1+00000000"


def test_relevance() -> None:
    story = Story("Nothing here. Siemens bought Alstom.", title="Siemens buys Alstom").entity("Siemens", "ORG")
    story.event("deal.acquisition", "bought").role("acquirer", "Siemens", after=20)
    assert story.events[0].relevance == round(0.35 * (1 - 2 / 3) + 0.3 * 0.5, 3)
    story.event("deal.acquisition", "buys").role("acquirer", "Siemens")
    assert story.events[0].relevance == round(0.35 + 0.35 + 0.3 * 2 / 3, 3)
