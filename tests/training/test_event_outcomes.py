"""Counting what the whole event agent got right."""

import random

import pytest

from tests.events.story import Story
from training.calibrate_events import confidences, fit
from training.event_outcomes import Outcome, bootstrap, confusion, count, count_roles, noise, reliability
from training.reliability_plot import plot


def outcome(found: set[tuple[int, str]], gold: set[tuple[int, str]]) -> Outcome:
    return Outcome({"language": "en", "events": []}, [], frozenset(found), frozenset(gold), [])


def test_documents_count_a_type_once() -> None:
    documents, sentences = count([outcome({(0, "a.b"), (1, "a.b"), (2, "c.d")}, {(0, "a.b"), (3, "e.f")})])
    assert (documents.right.total(), documents.wrong.total(), documents.missed.total()) == (1, 1, 1)
    assert (sentences.right.total(), sentences.wrong.total(), sentences.missed.total()) == (1, 2, 1)


def test_confusion_pairs_only_what_is_certain() -> None:
    pairs = confusion([outcome({(0, "a"), (1, "b"), (2, "c"), (2, "d")}, {(0, "a"), (1, "x"), (2, "y")})])
    assert pairs == {("a", "a"): 1, ("x", "b"): 1, ("y", "-"): 1, ("-", "c"): 1, ("-", "d"): 1}


def test_a_participant_named_in_another_sentence_of_the_event_is_right() -> None:
    story = Story("Siemens bought Alstom. Siemens paid for the purchase.").entity("Siemens", "ORG")
    story.event("deal.acquisition", "bought").role("acquirer", "Siemens")
    story.event("deal.acquisition", "purchase").role("acquirer", "Siemens", after=20)
    (event,) = story.events
    assert len(event.participants) == 1

    def mention(trigger: str, after: int, role: str, words: str) -> dict[str, object]:
        start, end = story.find(trigger, after)
        low, high = story.find(words, after)
        span = story.sentences[after > 0]
        return {
            "event": 1,
            "type": "deal.acquisition",
            "status": "completed",
            "time": "current",
            "trigger": {"start": start, "end": end},
            "evidence": {"start": span[0], "end": span[1]},
            "participants": [{"role": role, "text": words, "start": low, "end": high}],
        }

    record = {
        "language": "en",
        "events": [mention("bought", 0, "target", "Alstom"), mention("purchase", 22, "acquirer", "Siemens")],
    }
    article = Outcome(record, list(story.sentences), frozenset(), frozenset(), [(event, (0.0,) * 4, True)])
    roles, status, time = count_roles([article])
    assert (dict(roles.right), dict(roles.missed)) == ({"acquirer": 1}, {"target": 1})
    assert status == {("completed", "completed"): 2}
    assert time == {("current", "current"): 2}


def test_intervals_and_noise() -> None:
    low, high = bootstrap([(5, 1, 1)] * 20)
    assert low == pytest.approx(high) == pytest.approx(10 / 12)
    assert bootstrap([(5, 0, 0), (0, 5, 5)] * 5)[0] < 0.5
    pairs = [(random.Random(n).random(), True) for n in range(300)]
    assert 0 < noise(pairs) < 0.1


def test_the_plot_has_a_dot_for_each_bin() -> None:
    rows = reliability([(0.05, False), (0.95, True), (0.97, True), (1.0, True)])
    assert [number for *_, number in rows] == [1, 3]
    svg = plot(rows)
    assert svg.count("<circle") == 2
    assert "<script" not in svg


def test_confidence_is_learned_from_what_was_right() -> None:
    """Events whose logit says .88 are right half of the time: the bias falls."""
    events = [(None, (2.0, 0.0, 0.0, 1.0), n % 2 == 0) for n in range(200)]
    article = Outcome({}, [], frozenset(), frozenset(), events)  # type: ignore[arg-type]
    weights = fit([article])
    assert {round(value, 1) for value, _ in confidences([article], weights)} == {0.5}
