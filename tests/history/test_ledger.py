"""The books: each raw message counts once, and what is missing or contradictory is named."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.history.content import digests, read_trace
from pipeline.history.ledger import Ledger, Report
from pipeline.streams.message import Message

RAW = "news.articles.raw"
P = (RAW, 0)


def message(topic: str, *, trace: str | None = None, offset: int = 0, value: Any = None, **headers: str) -> Message:
    named = {"ew_trace": trace, **headers}
    return Message(
        topic=topic,
        partition=0,
        offset=offset,
        key=b"k",
        value=orjson.dumps(value) if value is not None else None,
        headers=tuple((name, text.encode()) for name, text in named.items() if text is not None),
        timestamp=0,
    )


def raw(offset: int, **headers: str) -> Message:
    return message(RAW, offset=offset, **headers)


def closed(offset: int, **record: Any) -> Message:
    return message("news.articles.classified", trace=f"{RAW}/0/{offset}", value={"id": f"a{offset}", **record})


def dead(offset: int, code: str = "schema") -> Message:
    return message("news.deadletters.language", trace=f"{RAW}/0/{offset}", ew_code=code)


def event(offset: int, name: str = "e", **record: Any) -> Message:
    return message("news.events.deal", trace=f"{RAW}/0/{offset}", value={"event_id": name, **record})


def ledger(count: int, *, begin: int = 0) -> Ledger:
    books = Ledger({P: begin}, {P: begin + count})
    for offset in range(begin, begin + count):
        books.add_raw(raw(offset))
    return books


def test_every_raw_message_counts_once() -> None:
    books = ledger(5)
    books.add_classified(closed(0))
    books.add_dead_letter(dead(1, "not_json"))
    books.wait_from(P, 3)
    report = books.report()
    assert (report.raw, report.classified, report.dead_lettered, report.in_flight) == (5, 1, 1, 2)
    assert report.missing == ((RAW, 0, 2),)
    assert report.codes == {"not_json": 1}
    assert not report.complete


def test_repeats_are_fine_if_only_the_clock_differs() -> None:
    books = ledger(1)
    books.add_classified(closed(0, produced_at="1", events=[{"event_id": "e", "produced_at": "1"}]))
    books.add_classified(closed(0, produced_at="2", events=[{"event_id": "e", "produced_at": "2"}]))
    books.add_event(event(0, produced_at="1"))
    books.add_event(event(0, produced_at="2", trace="x"))
    report = books.report()
    assert report.complete
    assert (report.classified, report.repeated, report.events, report.events_repeated) == (1, 1, 1, 1)


def test_a_repeat_with_other_content_is_named() -> None:
    books = ledger(2)
    books.add_classified(closed(1, text="a"))
    books.add_classified(closed(1, text="b"))
    books.add_classified(closed(0))
    assert books.report().contradictions == ((RAW, 0, 1),)


def test_other_models_may_read_differently() -> None:
    books = ledger(1)
    books.add_classified(closed(0, text="a", models={"events": "m@1"}))
    books.add_classified(closed(0, text="b", models={"events": "m@2"}))
    report = books.report()
    assert report.complete
    assert report.reclassified == 1


def test_two_kinds_of_outcome_contradict_unless_the_letter_was_redriven() -> None:
    books = ledger(2)
    for offset in (0, 1):
        books.add_dead_letter(dead(offset))
        books.add_classified(closed(offset))
    assert books.open
    books.add_redriven(message("news.articles.entities", trace=f"{RAW}/0/1", ew_redriven="news.deadletters.events/0/0"))
    report = books.report()
    assert report.contradictions == ((RAW, 0, 0),)
    assert (report.classified, report.dead_lettered, report.redriven) == (2, 0, 1)


def test_a_redriven_raw_message_is_a_raw_message_of_its_own() -> None:
    books = Ledger({P: 0}, {P: 2})
    books.add_raw(raw(0))
    books.add_raw(raw(1, ew_redriven="news.deadletters.language/0/0", trace=f"{RAW}/0/0"))
    books.add_dead_letter(dead(0, "timeout"))
    books.add_classified(closed(1))
    report = books.report()
    assert report.complete
    assert (report.raw, report.classified, report.dead_lettered) == (2, 1, 1)
    assert (report.redriven, report.redrives) == (1, 1)


def test_events_told_of_must_be_there() -> None:
    books = ledger(1)
    books.add_classified(closed(0, events=[{"event_id": "e1"}, {"event_id": "e2"}]))
    books.add_event(event(0, "e1"))
    report = books.report()
    assert report.events_missing == 1
    assert report.lacking == ((RAW, 0, 0),)
    assert not report.complete


def test_the_same_event_twice_with_other_content() -> None:
    books = ledger(2)
    books.add_event(event(0, "e1", status="announced"))
    books.add_event(event(0, "e1", status="denied"))
    report = books.report()
    assert (report.events, report.events_repeated, report.events_contradicted) == (1, 0, 1)
    assert report.contradictions == ((RAW, 0, 0),)
    books = ledger(2)
    books.add_event(event(0, "e1", status="announced"))
    books.add_event(event(1, "e1", status="denied"))
    report = books.report()
    assert (report.events_contradicted, report.events_of_updates) == (0, 1), "another message of the article: an update"


def test_a_later_version_tells_of_what_it_changed() -> None:
    """What stands unchanged is not sent again, what is retracted is; a version that came too late says nothing."""
    first = {"event_id": "e1", "models": {"events": "m@1"}}
    books = ledger(3)
    books.add_classified(closed(0, events=[first, {"event_id": "e2"}]))
    books.add_event(event(0, "e1", models={"events": "m@1"}))
    books.add_event(event(0, "e2"))
    revision = {"unchanged": ["e2"], "retracted": [{**first, "action": "delete"}]}
    books.add_classified(closed(1, events=[{"event_id": "e2"}, {"event_id": "e3"}], revision=revision))
    books.add_event(event(1, "e3"))
    books.add_classified(closed(2, events=[{"event_id": "e9"}], revision={"superseded": True}))
    report = books.report()
    assert (report.events_missing, report.lacking) == (1, ((RAW, 0, 1),)), "the retraction"
    books.add_event(event(1, "e1", action="delete", models={"events": "m@1"}))
    books.add_event(event(1, "e1", action="delete", models={"events": "m@1"}, produced_at="2"))
    report = books.report()
    assert report.complete
    assert (report.events, report.events_retracted, report.events_repeated, report.events_of_updates) == (3, 1, 1, 0)
    books.add_event(event(1, "e1", action="delete", models={"events": "m@1"}, status="other"))
    report = books.report()
    assert (report.events_contradicted, report.contradictions) == (1, ((RAW, 0, 1),))


def test_an_event_and_its_retraction_by_other_models_are_two_words() -> None:
    books = ledger(1)
    books.add_event(event(0, "e1"))
    books.add_event(event(0, "e1", action="delete"))
    report = books.report()
    assert (report.events, report.events_retracted, report.events_contradicted) == (1, 1, 0)


@pytest.mark.parametrize("revision", [None, 5, [], {}, {"unchanged": 5}, {"retracted": [3, None]}, {"unchanged": None}])
def test_a_revision_may_be_anything(revision: Any) -> None:
    books = ledger(1)
    books.add_classified(closed(0, events=[{"event_id": "e1"}], revision=revision))
    books.add_event(event(0, "e1"))
    assert books.report().complete


def test_what_compaction_may_have_taken_is_not_missing() -> None:
    books = ledger(5, begin=10)
    books.add_classified(closed(10))
    books.add_dead_letter(dead(11))
    books.compacted_before(P, 13)
    books.compacted_before(("other", 0), 13)
    report = books.report()
    assert (report.classified, report.dead_lettered, report.compacted) == (1, 1, 1)
    assert [position[2] for position in report.missing] == [13, 14]
    assert report.raw == report.classified + report.dead_lettered + report.compacted + len(report.missing)


def test_gaps_and_strangers() -> None:
    books = Ledger({P: 10}, {P: 13})
    books.add_raw(raw(10))
    books.add_raw(raw(12))
    books.add_classified(closed(10))
    books.add_classified(closed(12))
    books.add_classified(closed(9))
    books.add_classified(message("news.articles.classified", trace="nonsense", value={}))
    books.add_classified(message("news.articles.classified", trace=None, value={}))
    books.add_dead_letter(message("news.deadletters.language", trace="other.raw/0/10"))
    report = books.report()
    assert report.complete
    assert (report.raw, report.classified, report.outside) == (2, 2, 4)


def test_records_between_stages_are_in_flight() -> None:
    books = ledger(2)
    books.add_classified(closed(0))
    assert books.open
    books.add_waiting(message("news.articles.language", trace=f"{RAW}/0/1"))
    report = books.report()
    assert report.complete
    assert report.in_flight == 1


@pytest.mark.parametrize("trace", [None, "", "a", "a/b", "a/b/c", "a/1/x", "a/-1/2", "/1/2", "a/١/2"])
def test_no_trace(trace: str | None) -> None:
    assert read_trace(trace) is None


def test_traces() -> None:
    assert read_trace("news.articles.raw/3/1207") == ("news.articles.raw", 3, 1207)
    assert read_trace("/data/feed/a.jsonl/0/11") == ("/data/feed/a.jsonl", 0, 11)


@pytest.mark.parametrize("value", [None, b"", b"\xff", b"[1]", b"3", b'{"events": [1, null]}', b'{"events": 5}'])
def test_digests_of_anything(value: bytes | None) -> None:
    assert digests(value) == digests(value)


@given(
    st.lists(
        st.tuples(
            st.booleans(),  # there
            st.sampled_from(["classified", "dead", "none"]),
            st.integers(1, 3),  # times written
            st.booleans(),  # committed, as a prefix below
        ),
        max_size=30,
    ),
    st.integers(0, 30),
)
def test_the_books_balance(fates: list[tuple[bool, str, int, bool]], committed: int) -> None:
    books = Ledger({P: 0}, {P: len(fates)})
    for offset, (there, _, _, _) in enumerate(fates):
        if there:
            books.add_raw(raw(offset))
    for offset, (there, fate, times, _) in enumerate(fates):
        for _ in range(times if there else 0):
            if fate == "classified":
                books.add_classified(closed(offset, produced_at=str(times)))
            elif fate == "dead":
                books.add_dead_letter(dead(offset))
    books.wait_from(P, committed)
    report: Report = books.report()
    assert report.raw == sum(there for there, *_ in fates)
    assert report.raw == report.classified + report.dead_lettered + report.in_flight + len(report.missing)
    expected = [o for o, (there, fate, _, _) in enumerate(fates) if there and fate == "none" and o < committed]
    assert [position[2] for position in report.missing] == expected
    assert report.complete == (not expected)
    assert report.repeated == sum(times - 1 for there, fate, times, _ in fates if there and fate != "none")


def test_memory_does_not_grow_with_the_articles() -> None:
    """Arrays of a fixed size, and 48 bytes an event: nothing of what the articles say."""
    import tracemalloc

    books = Ledger({P: 0}, {P: 4_000})
    tracemalloc.start()
    for offset in range(4_000):
        books.add_raw(raw(offset))
        books.add_classified(closed(offset, text="x" * 5_000, events=[{"event_id": "e"}]))
        books.add_event(event(offset, "e", text="x" * 1_000))
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < 4_000 * 100
    assert books.report().complete
