"""Charts, rates and the state of workers, with clocks held in the hand."""

import time
from dataclasses import replace
from datetime import UTC, datetime

import orjson
import pytest

from pipeline.streams.message import Message
from pipeline.web.intake import Intake
from pipeline.web.samples import Samples
from pipeline.web.source import GroupLag
from pipeline.web.stats import over_time
from pipeline.web.window import Window
from pipeline.web.workers import STALLED_SECONDS, Workers
from tests.web.news import START, Given, event


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def test_steps_without_events_are_there_too() -> None:
    moments = ["2026-01-01T10:00:59.999", "2026-01-01T10:01", "2026-01-01T10:03"]
    chart = over_time([(at(m), "deal", "de") for m in moments], interval="auto", clock="written")
    assert chart["interval"] == "minute"
    assert chart["times"] == [f"2026-01-01T10:0{minute}:00.000Z" for minute in range(4)]
    assert chart["total"] == chart["classes"]["deal"] == chart["languages"]["de"] == [1, 1, 0, 1]


@pytest.mark.parametrize(
    ("last", "interval", "steps"),
    [
        ("2026-01-01T04:59", "minute", 300),
        ("2026-01-01T05:00", "hour", 6),
        ("2026-01-13T11:59", "hour", 300),
        ("2026-01-13T12:00", "day", 13),
        ("2027-12-31", "month", 24),
    ],
)
def test_the_shortest_step_that_fits(last: str, interval: str, steps: int) -> None:
    chart = over_time([(at("2026-01-01"), "deal", "de"), (at(last), "deal", "ja")], interval="auto", clock="published")
    assert (chart["interval"], len(chart["times"])) == (interval, steps)
    assert sum(chart["total"]) == 2
    assert chart["languages"]["ja"][-1] == 1


def test_only_the_newest_steps_fit() -> None:
    for interval in ("minute", "hour", "day", "month"):
        events = [(0, "deal", "de"), (253_402_300_799_999, "legal", "de")]
        chart = over_time(events, interval=interval, clock="published")
        assert len(chart["times"]) == 300
        assert chart["times"][-1].startswith("9999-12")
        assert sum(chart["total"]) == 1
        assert list(chart["classes"]) == ["legal"]


def test_nothing_to_chart() -> None:
    chart = over_time([], interval="auto", clock="written")
    assert (chart["times"], chart["total"], chart["classes"]) == ([], [], {})


def classified(name: object, seconds: float = 2.0, *, timestamp: int = START, value: bytes | None = None) -> Message:
    record = {
        "id": name,
        "ingested_at": "2026-11-25T12:00:00.000Z",
        "produced_at": f"2026-11-25T12:00:{seconds:06.3f}Z",
    }
    return Message(
        topic="news.articles.classified",
        partition=0,
        offset=0,
        key=None,
        value=value if value is not None else orjson.dumps(record),
        timestamp=timestamp,
    )


def test_what_an_intake_remembers() -> None:
    intake = Intake(Window(3), clock=lambda: START / 1000 + 30)
    for number in range(5):
        intake.take(classified(f"a{number}", number), (number,))
    intake.take(classified("a2", 9), ("new",))
    for value in (
        b"",
        b"[]",
        b"{}",
        b'{"id":1}',
        b'{"id":"x","ingested_at":1,"produced_at":2}',
        b'{"id":"x","ingested_at":"no","produced_at":"no"}',
    ):
        intake.take(classified("", value=value), ())
    assert dict(intake.articles) == {"a3": (3,), "a4": (4,), "a2": ("new",)}
    assert intake.latencies() == [0.0, 1.0, 2.0, 3.0, 4.0, 9.0]
    assert intake.latencies(START / 1000) == intake.latencies()
    assert intake.latencies(START / 1000 + 1) == []
    intake.take(event(0), ())
    intake.take(event(0), ())
    assert intake.rate("articles") == 6 / 60
    assert intake.rate("events") == 1 / 60
    times, counts = intake.by_minute("articles")
    assert len(times) == len(counts) == 60
    assert counts[-1] + counts[-2] == 6


def test_dead_letters_by_stage_and_code() -> None:
    intake = Intake(Window(3))
    for number, (stage, code) in enumerate([("language", "not_json")] * 3 + [("events", "timeout"), ("", "")]):
        headers = tuple((f"ew_{name}", text.encode()) for name, text in (("stage", stage), ("code", code)) if text)
        topic = f"news.deadletters.{stage or 'entities'}"
        letter = Message(
            topic=topic, partition=0, offset=number, key=None, value=b"\xff", headers=headers, timestamp=number
        )
        intake.take(letter, ())
    found = [(stage, code, dead.count, dead.newest) for stage, code, dead in intake.dead_letters()]
    assert found == [("entities", "unknown", 1, 4), ("events", "timeout", 1, 3), ("language", "not_json", 3, 2)]


def test_dead_letters_by_minute() -> None:
    intake = Intake(Window(3), clock=lambda: START / 1000 + 90)
    for seconds in (-4000, 0, 1, 80):
        letter = classified("", timestamp=START + seconds * 1000, value=b"?")
        intake.take(replace(letter, topic="news.deadletters.language"), ())
    times, counts = intake.by_minute("dead_letters")
    assert sum(counts) == 3
    assert counts[times.index(START // 60_000 * 60_000)] == 2
    assert intake.dead_letters()[0][2].count == 4


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def states(workers: Workers) -> dict[str, str]:
    return {worker.name: worker.state for worker in workers.report()}


def test_a_member_that_leaves_is_dead() -> None:
    clock = Clock()
    workers = Workers(clock=clock)
    workers.group("g", ["a", "b"], waiting=0, committed={})
    workers.group("h", ["c"], waiting=0, committed={})
    clock.now += 5
    workers.group("g", ["a"], waiting=0, committed={})
    assert states(workers) == {"a": "alive", "b": "dead", "c": "alive"}
    dead = workers.report()[1]
    assert dead.last_seen == 1000.0
    assert "left g" in dead.detail
    workers.group("g", ["a", "b"], waiting=0, committed={})
    assert states(workers)["b"] == "alive"
    workers.group("g", [], waiting=0, committed={})
    clock.now += 3601
    assert states(workers) == {"c": "alive"}, "dead ones are forgotten after an hour"


def test_a_group_that_commits_nothing_is_stalled() -> None:
    clock = Clock()
    workers = Workers(clock=clock)
    key = ("news.articles.raw", 0)
    workers.group("g", ["a"], waiting=5, committed={key: 1})
    clock.now += STALLED_SECONDS - 1
    workers.group("g", ["a"], waiting=5, committed={key: 1})
    assert states(workers) == {"a": "alive"}
    clock.now += 1
    workers.group("g", ["a"], waiting=5, committed={key: 1})
    assert states(workers) == {"a": "stalled"}
    assert "5 messages wait" in workers.report()[0].detail
    workers.group("g", ["a"], waiting=5, committed={key: 2})
    assert states(workers) == {"a": "alive"}
    clock.now += 100
    workers.group("g", ["a"], waiting=0, committed={key: 2})
    assert states(workers) == {"a": "alive"}, "nothing to do is no stall"


def test_a_worker_that_is_asked() -> None:
    clock = Clock()
    workers = Workers(["http://w1/"], clock=clock)
    workers.answered("http://w1", None)
    clock.now += 3
    workers.answered("http://w1", "it does not answer")
    (found,) = workers.report()
    assert (found.state, found.detail, found.last_seen) == ("dead", "it does not answer", 1000.0)
    clock.now += 10_000
    assert states(workers) == {"http://w1": "dead"}, "one that is named is not forgotten"


def test_samples_of_what_waits_and_how_long_it_takes() -> None:
    clock = Clock()
    source = Given(capacity=3)
    samples = Samples(source, clock=clock)
    assert samples.answer()["times"] == []
    source.groups = None  # nobody has looked yet
    samples.take()
    source.groups = [GroupLag(name=name, topic="t", messages=3, state="Stable") for name in "ab"]
    ago = {51: 100.0, 49: 9.0, 2: 1.0, 1: 2.0}
    source.intake.seconds.extend([(int(1000 * (clock.now - seconds)), taken) for seconds, taken in ago.items()])
    clock.now += 10
    samples.take()
    source.wrong = "Kafka is away"
    clock.now += 60
    samples.take()
    found = samples.answer()
    assert (found["lag"], found["p50"], found["p99"]) == ((None, 6, None), (None, 2.0, None), (None, 9.0, None))
    assert found["times"] == ["1970-01-01T00:16:40.000Z", "1970-01-01T00:16:50.000Z", "1970-01-01T00:17:50.000Z"]
    for _ in range(1000):
        samples.take()
    assert len(samples.answer()["lag"]) == 720, "two hours: memory is flat"


def test_samples_are_taken_though_nobody_asks() -> None:
    samples = Samples(Given())
    samples.start()
    try:
        deadline = time.monotonic() + 60
        while not samples.answer()["times"]:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        samples.stop()
