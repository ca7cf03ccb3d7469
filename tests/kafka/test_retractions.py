"""Updates and deletions on a real broker: the events that no longer hold are retracted, whatever ends a worker."""

import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from pipeline.broker.client import Client, Writer
from pipeline.history.audit import Range, audit
from pipeline.settings import Settings
from pipeline.streams.codec import header
from pipeline.streams.message import Output
from tests.docs.test_updates import subscriber
from tests.kafka.broker import Broker
from tests.kafka.broker_settings import plain
from tests.kafka.workers import Road, WorkerProcess, wait_until

Start = Callable[..., WorkerProcess]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """`start(settings, *options)` starts a worker; those that still live at the end are killed."""
    started: list[WorkerProcess] = []

    def begin(settings: Settings, *options: str) -> WorkerProcess:
        started.append(WorkerProcess(tmp_path / "workers", settings, *options))
        return started[-1]

    yield begin
    for worker in started:
        worker.kill()


def send(road: Road, *versions: dict[str, Any], keyed: bool = True) -> None:
    """Raw articles, one after the other; without keys they are spread over the partitions."""
    with Writer(road.settings) as writer:
        for version in versions:
            key = version["id"].encode() if keyed else None
            writer.write(Output(topic=road.topic("news.articles.raw"), key=key, value=orjson.dumps(version)))
            if not keyed:
                writer.flush()  # the next one goes elsewhere


def told(road: Road) -> list[tuple[str, str, int]]:
    """Article, action and place in the text of every event message, in order."""
    events = [orjson.loads(message.value or b"") for message in road.read("news.events.deal")]
    return [(event["article"]["id"], event["action"], event["trigger"]["start"]) for event in events]


def standing(road: Road) -> set[tuple[str, int]]:
    """What a subscriber who follows docs/updates.md has: article and place."""
    names = subscriber()
    for message in road.read("news.events.deal"):
        names["take"](orjson.loads(message.value or b""))
    return {(event["article"]["id"], event["trigger"]["start"]) for event in names["standing"]()}


def check(road: Road) -> Any:
    """The books balance."""
    with Client(road.settings) as client:
        report = audit(client, Range())
    assert report.complete, report
    assert report.in_flight == 0
    return report


def test_a_life_of_an_article(kafka: Broker, topic_prefix: str, start: Start, tmp_path: Path) -> None:
    """Added, updated, sent again, late, withdrawn, back; over restarts with an index that is kept, lost and damaged."""
    settings = plain(kafka, topic_prefix=topic_prefix, workers=1, slot="one/0", state=tmp_path / "state")
    road = Road.make(kafka, settings)
    worker = start(settings)
    send(
        road,
        {"id": "a", "text": "F KAUFT   KAUFT", "fetched_at": "2026-01-01T10:00:00Z"},
        {"id": "b", "text": "F KAUFT"},
        {"id": "b", "text": "F KAUFT"},  # in the same batch
        {"id": "a", "action": "update", "text": "F KAUFT KAUFT", "fetched_at": "2026-01-01T12:00:00Z"},
    )
    road.wait_until_done(worker)
    first = [("a", "add", 2), ("a", "add", 10), ("a", "delete", 10), ("a", "add", 8)]
    assert [event for event in told(road) if event[0] == "a"] == first
    assert [event for event in told(road) if event[0] == "b"] == [("b", "add", 2)]
    assert worker.stop() == 0
    (index,) = (tmp_path / "state").glob("*.sqlite")

    worker = start(settings)  # goes on with its index
    late = {"id": "a", "text": "F KAUFT     KAUFT", "fetched_at": "2026-01-01T11:00:00Z"}
    send(road, late, {"id": "b", "action": "delete"})
    road.wait_until_done(worker)
    assert told(road)[5:] == [("b", "delete", 2)]
    assert worker.stop() == 0

    index.write_bytes(b"damaged")
    worker = start(settings)
    send(
        road,
        {"id": "a", "action": "delete", "fetched_at": "2026-01-01T13:00:00Z"},
        late,
        {"id": "b", "text": "F KAUFT"},
    )
    road.wait_until_done(worker)
    assert sorted(told(road)[6:]) == [("a", "delete", 2), ("a", "delete", 8), ("b", "add", 2)]
    assert standing(road) == {("b", 2)}
    assert worker.stop() == 0

    records = road.read("news.articles.classified")
    by_trace = {header(record.headers, "ew_trace") for record in records}
    assert len(by_trace) == 9, "one a raw message"
    late_ones = [r for r in records if orjson.loads(r.value or b"").get("revision", {}).get("superseded")]
    assert len(late_ones) == 2
    last = {record.key: orjson.loads(record.value or b"") for record in records}
    assert not last[b"a"].get("revision", {}).get("superseded"), "compaction keeps the last record of a key"
    report = check(road)
    assert (report.raw, report.classified, report.repeated) == (9, 9, 2)
    assert (report.events, report.events_retracted) == (5, 4)


def test_segments_and_other_partitions(kafka: Broker, topic_prefix: str, start: Start) -> None:
    """The last stage as a worker of its own, messages without keys, more partitions than the classified topic has."""
    settings = plain(kafka, topic_prefix=topic_prefix, workers=1)
    road = Road.make(kafka, settings, partitions=5)
    first, second = start(settings, "--stages", "language,entities"), start(settings, "--stages", "events")

    def done() -> bool:
        assert first.process.poll() is None, first.tail()
        assert second.process.poll() is None, second.tail()
        return (
            road.lag("eventwire-language-entities") == 0 and road.lag("eventwire-events", "news.articles.entities") == 0
        )

    for version in ("F KAUFT", "F  KAUFT", "F   KAUFT"):
        send(road, *({"id": f"a{n}", "text": version} for n in range(4)), keyed=False)
        wait_until(lambda: road.count("news.articles.raw") and done(), "all is done")
    assert standing(road) == {(f"a{n}", 4) for n in range(4)}
    assert len(told(road)) == 4 * (1 + 2 + 2)
    check(road)


def test_killed_workers_and_a_second_one_lose_no_retraction(kafka: Broker, topic_prefix: str, start: Start) -> None:
    """Every article gets four versions, while workers are killed and a second one takes over half of the partitions."""
    count = 40
    settings = plain(kafka, topic_prefix=topic_prefix, workers=2, batch=4, slot="one", session_seconds=6.0)
    road = Road.make(kafka, settings, partitions=4)

    def version(number: int, place: int) -> dict[str, Any]:
        return {"id": f"a{number}", "text": "F" + " " * place + "KAUFT SCHLAF:0.02 "}

    def moving(at_least: int) -> Callable[[], bool]:
        return lambda: road.count("news.articles.classified") >= at_least

    one = start(settings)
    send(road, *(version(number, 1) for number in range(count)))
    for kill in range(3):  # in the middle of the work, twice of it in the updates
        wait_until(moving(count // 2 + kill * count // 2), "some are done")
        one.kill()
        send(road, *(version(number, 2 + kill) for number in range(count)))
        one = start(settings)
    wait_until(moving(2 * count), "more are done")
    other = start(plain(kafka, topic_prefix=topic_prefix, workers=1, batch=4, slot="two", session_seconds=6.0))
    other.wait_for("partitions assigned: [")
    road.wait_until_done(other)
    assert standing(road) == {(f"a{number}", 5) for number in range(count)}

    # What the one wrote, the other retracts: it has all partitions now.
    one.kill()
    send(road, *({"id": f"a{number}", "action": "delete"} for number in range(count)))
    road.wait_until_done(other)
    assert standing(road) == set()
    report = check(road)
    assert report.raw == 5 * count
    assert report.events_retracted >= count
    assert report.events_contradicted == 0
    last = {event_id(message): message for message in road.read("news.events.deal")}
    assert {orjson.loads(message.value or b"")["action"] for message in last.values()} == {"delete"}
    assert other.stop() == 0


def event_id(message: Any) -> str:
    return str(orjson.loads(message.value)["event_id"])


def batches(worker: WorkerProcess) -> float:
    """How many the worker has finished."""
    found = re.search(r"^eventwire_batch_seconds_count (\S+)", worker.get("/metrics")[1], re.MULTILINE)
    return float(found[1]) if found else 0.0


def test_frozen_in_the_middle(kafka: Broker, topic_prefix: str, start: Start, tmp_path: Path) -> None:
    """A worker that is frozen longer than its session comes back with work that another did meanwhile."""
    settings = plain(kafka, topic_prefix=topic_prefix, workers=1, batch=2, slot="one", session_seconds=6.0)
    road = Road.make(kafka, settings, partitions=1)
    one = start(settings)
    send(road, {"id": "warm", "text": "F KAUFT"})
    road.wait_until_done(one)
    go = tmp_path / "go"
    waits = f"WARTET:{go} "
    send(road, {"id": "a", "text": f"F KAUFT {waits}"}, {"id": "a", "action": "update", "text": f"F  KAUFT {waits}"})
    wait_until((tmp_path / "go.begun").exists, "the first of them is being worked on")
    for process in (one.process.pid, *one.children()):
        os.kill(process, signal.SIGSTOP)
    go.touch()
    other = start(plain(kafka, topic_prefix=topic_prefix, workers=1, slot="two", session_seconds=6.0))
    road.wait_until_done(other)
    send(road, {"id": "a", "action": "delete"})
    road.wait_until_done(other)
    assert standing(road) == {("warm", 2)}
    before = road.count("news.events.deal")
    for process in (one.process.pid, *one.children()):
        os.kill(process, signal.SIGCONT)
    send(road, {"id": "end", "text": "F KAUFT"})
    road.wait_until_done()
    ended = one.process.poll  # by its watchdog, if it was away for long
    wait_until(lambda: ended() is not None or batches(one) > 1, "the first one has said what it still had to say")
    assert standing(road) == {("warm", 2), ("end", 2)}
    print(f"{road.count('news.events.deal') - before} messages after it came back")
    check(road)
