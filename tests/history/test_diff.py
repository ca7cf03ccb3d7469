"""Which events are the same, which changed, and which are only on one side."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import orjson
import pytest

from pipeline.history.diff import A, B, Diff, Difference, Summary, count
from pipeline.history.diff_match import overlap, overlapping_pairs
from pipeline.history.diff_read import fill
from pipeline.history.runs import Run
from pipeline.streams.message import Message
from tests.history.test_runs import RUN

DEAL = "news.events.deal"
RAW = "news.articles.raw"


def event(
    name: str, *, article: str = "a1", spans: Sequence[tuple[int, int]] = ((0, 10),), **fields: Any
) -> dict[str, Any]:
    quotes = [{"text": "x" * (end - start), "start": start, "end": end} for start, end in spans]
    return {
        "event_id": name.ljust(8, "0"),
        "action": "add",
        "class": "deal",
        "type": "deal.acquisition",
        "status": "announced",
        "time": "current",
        "article": {"id": article, "language": "de", "source": "Bote"},
        "evidence": quotes,
        "trigger": quotes[0],
        "participants": [],
        "amounts": [],
        "confidence": 0.5,
        "relevance": 0.5,
        "similarity_key": "k",
        "models": {"language": "l@1+00000000", "events": "m@1+00000000"},
        **fields,
    }


def told(message_of: dict[str, Any], *, offset: int = 0, topic: str = DEAL) -> tuple[str, Message]:
    article = message_of["article"]["id"]
    headers = (("ce_subject", article.encode()), ("ew_trace", f"{RAW}/0/{offset}".encode()))
    value = orjson.dumps({**message_of, "produced_at": "2026-01-01T00:00:00.000Z", "trace": f"{RAW}/0/{offset}"})
    return topic, Message(topic=topic, partition=0, offset=0, key=b"k", value=value, headers=headers, timestamp=0)


def classified(*names: str) -> list[tuple[str, Message]]:
    topic = "news.articles.classified"
    return [
        (topic, Message(topic=topic, partition=0, offset=0, key=name.encode(), value=b"{}", timestamp=0))
        for name in names
    ]


@dataclass
class Given:
    """A run that holds these messages."""

    name: str
    messages: list[tuple[str, Message]]
    run: Run | None = None
    asked: list[Any] = field(default_factory=list)

    def read(self, topics: Sequence[str], *, since: datetime | None = None) -> Iterator[tuple[str, Message]]:
        self.asked.append((tuple(topics), since))
        return iter([(topic, message) for topic, message in self.messages if topic in topics])


def compared(a: Given, b: Given) -> tuple[Summary, list[Difference]]:
    with Diff() as diff:
        summary = diff.summary(*fill(diff, a, b, progress=lambda what, done, total: None))
        found = list(diff.differences())
    for one in found:
        count(summary, one)
    return summary, found


def of(name: str, events: Iterable[dict[str, Any]], *, articles: Sequence[str] = ("a1", "a2")) -> Given:
    return Given(name, [*classified(*articles), *(told(one) for one in events)])


def test_equal_but_for_clocks_models_and_order() -> None:
    a = [event("e1"), event("e2", article="a2")]
    b = [
        event("e2", article="a2", action="update"),
        event("e1", models={"language": "l@2+00000000", "events": "m@2+00000000"}),
    ]
    summary, found = compared(of("a", a), of("b", b))
    assert found == []
    assert summary.equal
    assert (summary.compared, summary.same, summary.a.events, summary.b.events) == (2, 2, 2, 2)
    assert (dict(summary.a.models), dict(summary.b.models)) == (
        {"m@1+00000000": 2},
        {"m@1+00000000": 1, "m@2+00000000": 1},
    )


def test_every_kind_of_difference() -> None:
    a = [
        event("same"),
        event("status", spans=((20, 30),)),
        event("score", spans=((40, 50),), confidence=0.5),
        event("renamed", spans=((60, 80),)),
        event("lost", spans=((90, 95),)),
    ]
    b = [
        event("same"),
        event("status", spans=((20, 30),), status="denied"),
        event("score", spans=((40, 50),), confidence=0.6),
        event("newname", spans=((70, 90),)),
        event("added", article="a2", spans=((90, 95),)),
        event("othertyp", spans=((90, 95),), type="deal.contract"),
    ]
    summary, found = compared(of("a", a), of("b", b))
    kinds = [(one.kind, one.event["event_id"].rstrip("0")) for one in found]
    assert sorted(kinds) == [
        ("added", "added"),
        ("added", "othertyp"),
        ("changed", "newname"),
        ("changed", "status"),
        ("lost", "lost"),
        ("rescored", "score"),
    ]
    by_kind = {one.event["event_id"].rstrip("0"): one for one in found}
    assert by_kind["status"].fields == ("status",)
    assert by_kind["score"].fields == ("confidence",)
    assert by_kind["newname"].a is not None
    assert by_kind["newname"].a["event_id"] == "renamed0"
    assert set(by_kind["newname"].fields) == {"event_id", "evidence", "trigger"}
    assert summary.same == 1
    assert dict(summary.by["type"]["deal.acquisition"]) == {
        "a": 5, "b": 5, "changed": 2, "rescored": 1, "lost": 1, "added": 1,
    }  # fmt: skip
    assert dict(summary.by["type"]["deal.contract"]) == {"b": 1, "added": 1}
    assert dict(summary.by["source"]["Bote"])["added"] == 2
    assert (sum(summary.a.confidences), summary.b.confidences[12]) == (5, 1)


def test_a_retraction_takes_an_event_back_and_the_last_word_counts() -> None:
    a = [event("e1"), event("e1", status="denied", action="update"), event("e2"), event("e2", action="delete")]
    b = [event("e1", status="denied"), event("e3"), event("e3", action="delete"), event("e3", action="add")]
    _, found = compared(of("a", a), of("b", b))
    assert [(one.kind, one.event["event_id"]) for one in found] == [("added", "e3000000")]


def test_only_articles_that_both_know_are_compared() -> None:
    a = of("a", [event("e1"), event("e2", article="a2"), event("e3", article="a3")], articles=("a1", "a2", "a3"))
    b = of("b", [event("e1"), event("e4", article="a4")], articles=("a1", "a4"))
    dead = "news.deadletters.language"
    letter = Message(topic=dead, partition=0, offset=0, key=b"other", value=b'{"id": "a2"}', timestamp=0)
    b.messages.append((dead, letter))
    summary, found = compared(a, b)
    assert [(one.kind, one.event["article"]["id"]) for one in found] == [("lost", "a2")], "b dead-lettered a2"
    assert (summary.compared, summary.a.articles, summary.b.articles, summary.b.dead) == (2, 3, 3, 1)


@pytest.mark.parametrize("live_first", [True, False])
def test_of_live_topics_only_what_came_of_the_runs_input(live_first: bool) -> None:
    taken = replace(RUN.taken, topic=RAW, partitions=((0, 0, 10),))
    run = Given(
        "r",
        of("r", [event("e1")], articles=("a1",)).messages,
        replace(RUN, taken=taken, earliest="2026-01-02T00:00:00Z"),
    )
    live = Given(
        "live",
        [
            told(event("e1"), offset=9),
            told(event("e1", status="denied", action="update"), offset=10),
            told(event("e2", article="a2"), offset=3),
        ],
    )
    summary, found = compared(*((live, run) if live_first else (run, live)))
    assert found == [], "an update that came later than the run and articles of others are no difference"
    side = summary.a if live_first else summary.b
    assert (side.articles, side.events, summary.compared) == (None, 1, 1)
    topics = {topic for asked, _ in live.asked for topic in asked}
    assert "news.articles.classified" not in topics
    assert {since for _, since in live.asked} == {datetime.fromisoformat("2026-01-01T00:00:00+00:00")}


def test_messages_that_are_no_events_are_passed_over() -> None:
    a, b = of("a", [event("e1")]), of("b", [event("e1")])
    for value in (b"{", None, b'{"event_id": "x"}', b"[]"):
        headers = (("ce_subject", b"a1"),)
        b.messages.append(
            (DEAL, Message(topic=DEAL, partition=0, offset=0, key=None, value=value, headers=headers, timestamp=0))
        )
    assert compared(a, b)[1] == []


def test_hostile_names_are_kept_apart() -> None:
    names = ["a1", "a1\x00", "A1", "a1 ", "ａ1", "'; DROP TABLE event; --"]
    a = of("a", [event(f"e{n}", article=name) for n, name in enumerate(names)], articles=names)
    summary, found = compared(a, of("b", [], articles=names))
    assert (summary.compared, len(found)) == (6, 6)


def test_overlap() -> None:
    assert overlap(event("a"), event("b")) == 1.0
    assert overlap(event("a", spans=((0, 10),)), event("b", spans=((10, 20),))) == 0.0
    assert overlap(event("a", spans=((0, 10), (20, 30))), event("b", spans=((5, 10), (20, 25)))) == 0.5
    assert overlap({"evidence": []}, {}) == 0.0


def test_the_closest_pairs_first_each_event_once() -> None:
    ones = [event("a", spans=((0, 10),)), event("b", spans=((5, 15),))]
    others = [
        event("c", spans=((4, 15),)),
        event("d", spans=((0, 3),)),
        event("e", spans=((0, 3),), type="deal.contract"),
    ]
    assert overlapping_pairs(ones, others) == [(0, 1), (1, 0)]
    assert overlapping_pairs([], others) == []


def test_no_event_looks_through_all_articles() -> None:
    """A run of 100,000 took half an hour so."""
    asked: list[str] = []
    with Diff() as diff:
        diff.add_articles(A, [("a", False)])
        diff.add_articles(B, [("a", False)])
        diff._db.set_trace_callback(asked.append)
        assert diff.compares("a")
        assert not diff.compares("b")
        diff._db.set_trace_callback(None)
        assert len(asked) == 2
        for question in asked:
            plan = diff._db.execute(f"EXPLAIN QUERY PLAN {question}").fetchall()
            assert not [step for *_, step in plan if step.startswith("SCAN")], plan
