"""Which sentence reports which type, in which words; and what may never report anything."""

from pipeline.events.trace import Explanation, Verdict
from tests.events.story import Story


def deal(text: str, trigger: str, **options: object) -> Story:
    story = Story(text, **options)  # type: ignore[arg-type]
    return story.event("deal.acquisition", trigger).entity("Siemens", "ORG").role("acquirer", "Siemens")


def verdicts(explanation: Explanation) -> list[Verdict]:
    return [decision.verdict for decision in explanation.decisions]


def test_the_trigger_is_a_whole_word() -> None:
    story = deal("Siemens announced a Milliardenübernahme today.", "übernahme")
    (event,) = story.events
    assert event.trigger.text == "Milliardenübernahme"


def test_several_words_are_one_trigger_when_they_stand_together() -> None:
    (event,) = deal("Siemens took over Alstom.", "took over").events
    assert event.trigger.text == "took over"


def test_a_run_of_too_many_words_is_cut_to_its_best() -> None:
    story = deal(
        "Siemens one two three four five six seven eight nine ten.", "one two three four five six seven eight nine"
    )
    story.event("deal.acquisition", "four", piece=0.95)
    (event,) = story.events
    assert event.trigger.text == "four"


def test_below_the_threshold() -> None:
    story = Story("Siemens may buy Alstom.").event("deal.acquisition", "buy", 0.4)
    explanation = story.entity("Siemens", "ORG").role("acquirer", "Siemens").explain()
    assert explanation.article.events == ()
    assert verdicts(explanation) == [Verdict.BELOW_THRESHOLD]
    assert explanation.decisions[0].threshold == 0.5


def test_status_and_time_are_read_at_the_trigger() -> None:
    story = Story("Siemens denied it would buy Alstom.").entity("Siemens", "ORG").role("acquirer", "Siemens")
    (event,) = story.event("deal.acquisition", "buy", status="denied", time="background").events
    assert (event.status, event.time) == ("denied", "background")


def test_a_question_reports_nothing() -> None:
    for text in ("Should Siemens buy Alstom?", "“Should Siemens buy Alstom?”", "Will Siemens buy Alstom?!"):
        explanation = deal(text, "buy").explain()
        assert explanation.article.events == ()
        assert verdicts(explanation) == [Verdict.QUESTION]


def test_a_quoted_question_reports_nothing_but_its_sentence_may() -> None:
    text = "“Will Siemens buy Alstom?” he asked after the takeover by Siemens"
    story = deal(text, "buy", sentences=[(0, len(text))])
    assert verdicts(story.explain()) == [Verdict.NO_TRIGGER]
    story.event("deal.acquisition", "takeover").role("acquirer", "Siemens", after=30)
    assert [event.trigger.text for event in story.events] == ["takeover"]


def test_boilerplate_reports_nothing() -> None:
    story = deal("Siemens buys Alstom now.", "buys").boilerplate("Siemens buys Alst")
    explanation = story.explain()
    assert explanation.article.events == ()
    assert verdicts(explanation) == [Verdict.BOILERPLATE]


def test_no_trigger_and_no_participant_inside_a_byline() -> None:
    story = deal("BERLIN (Siemens) - Alstom was bought by a large group from Munich.", "bought")
    story.boilerplate("BERLIN (Siemens) -", "byline")
    assert verdicts(story.explain()) == [Verdict.NO_PARTICIPANT]


def test_the_same_words_name_one_event() -> None:
    story = deal("Siemens buys Alstom and sells Osram.", "buys").event("deal.contract", "buys", 0.55)
    story.role("supplier", "Siemens")
    assert verdicts(story.explain()) == [Verdict.KEPT, Verdict.OVERRULED]
    assert verdicts(story.event("deal.contract", "sells", 0.55, piece=0.95).explain()) == [Verdict.KEPT, Verdict.KEPT]


def test_two_likely_types_of_the_same_words_both_stay() -> None:
    story = deal("Siemens buys Alstom.", "buys").event("deal.contract", "buys", 0.8).role("supplier", "Siemens")
    assert verdicts(story.explain()) == [Verdict.KEPT, Verdict.KEPT]


def test_decisions_are_by_sentence_and_falling_score() -> None:
    story = Story("Siemens buys Alstom. Nokia sells.").entity("Siemens", "ORG").role("acquirer", "Siemens")
    story.event("deal.acquisition", "buys", 0.7).event("deal.divestiture", "sells", 0.6).event(
        "deal.contract", "buys", 0.8
    )
    found = [(decision.sentence, decision.type) for decision in story.explain().decisions]
    assert found == [(0, "deal.contract"), (0, "deal.acquisition"), (1, "deal.divestiture")]
