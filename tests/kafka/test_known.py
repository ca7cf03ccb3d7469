"""The index of known articles against a real topic: what was written is found, and what is gone is not."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Any

import orjson
import pytest
from kafka import TopicPartition

from pipeline.broker import versions as module
from pipeline.broker.client import Client, Writer, admin_client
from pipeline.broker.known import KnownRecords
from pipeline.broker.versions import Versions
from pipeline.errors import BrokerError, SettingsError
from pipeline.history import audit as audit_module
from pipeline.history.audit import Range, audit
from pipeline.settings import Settings
from pipeline.streams.message import Outcome, Output
from pipeline.streams.positions import Position
from pipeline.streams.processor import Processor
from pipeline.streams.topics import load_topics
from pipeline.streams.versions import CLASSIFIED
from tests import fake_stages as fake
from tests.kafka.broker import Broker
from tests.kafka.broker_settings import plain
from tests.kafka.fixtures import create_topics
from tests.kafka.workers import Road, wait_until


@pytest.fixture
def settings(kafka: Broker, topic_prefix: str, tmp_path: Path) -> Settings:
    settings = plain(kafka, topic_prefix=topic_prefix, state=tmp_path / "state")
    create_topics(kafka, {topic_prefix + CLASSIFIED: 2})
    return settings


def write(settings: Settings, *outputs: Output, partition: int | None = None) -> None:
    with Writer(settings) as writer:
        for output in outputs:
            writer.write(output, partition=partition)


def outcome(settings: Settings, text: str, **fields: Any) -> tuple[Any, Outcome]:
    """A raw message and what the stages make of it."""
    message = fake.raw(text, **fields)
    return message, Processor(fake.fake_steps(), settings, clock=fake.noon).process(message)


def record(settings: Settings, text: str, **fields: Any) -> Output:
    return outcome(settings, text, **fields)[1].outputs[-1]


def places(known: KnownRecords, key: bytes) -> list[tuple[int, int]]:
    known.catch_up()
    return [place[:2] for place in known.find(key)]


def test_what_others_write_is_found_and_an_index_goes_on(settings: Settings) -> None:
    one, other = KnownRecords(settings, slot="one"), KnownRecords(replace(settings, state=None), slot="two")
    assert places(one, b"a") == places(other, b"a") == []
    first, second = record(settings, "F KAUFT", id="a", offset=1), record(settings, "F", id="a", offset=2)
    write(settings, first, record(settings, "F", id="b", offset=3), second)
    found = places(one, b"a")
    assert len(found) == 2
    assert found == places(other, b"a") == sorted(found, reverse=True)
    newest, oldest = one.find(b"a")
    assert (one.read(newest), one.read(oldest)) == (second, first)
    one.close()

    again = KnownRecords(settings, slot="one")
    assert [place[:2] for place in again.find(b"a")] == [], "not before it has caught up"
    assert places(again, b"a") == found
    with pytest.raises(SettingsError, match="another worker has this slot"):
        KnownRecords(settings, slot="one").catch_up()
    again.close()


def test_records_that_are_gone_and_partitions_that_are_new(settings: Settings) -> None:
    topic = settings.topic_prefix + CLASSIFIED
    known = KnownRecords(settings, slot="one")
    write(settings, *(record(settings, f"F {n}", id="a", offset=n) for n in range(3)), partition=0)
    assert places(known, b"a") == [(0, 2), (0, 1), (0, 0)]
    with admin_client(settings) as admin:
        admin.delete_records({TopicPartition(topic, 0): 2})
    assert known.read(Position(0, 1, 0)) is None
    assert known.read(Position(0, 2, 0)) is not None
    with admin_client(settings) as admin:
        admin.delete_records({TopicPartition(topic, 0): 3})
        admin.create_partitions({topic: 3})
    assert known.read(Position(0, 2, 0)) is None, "nothing is left of the partition"
    known.close()

    known = KnownRecords(settings, slot="one")
    assert places(known, b"a") == [], "what is gone is forgotten at the next start"

    def grown() -> bool:
        with Client(settings) as client:
            return len(client.partitions([topic])) == 3

    wait_until(grown, "three partitions")
    write(settings, record(settings, "F", id="a", offset=9), partition=2)
    known.close()
    known = KnownRecords(settings, slot="one")
    assert places(known, b"a") == [(2, 0)]
    known.close()


def test_a_topic_that_was_made_again_is_indexed_anew(settings: Settings, kafka: Broker) -> None:
    topic = settings.topic_prefix + CLASSIFIED
    known = KnownRecords(settings, slot="one")
    write(settings, record(settings, "F", id="a"), partition=0)
    assert places(known, b"a") == [(0, 0)]
    known.close()
    with admin_client(settings) as admin:
        admin.delete_topics([topic])
        wait_until(lambda: topic not in admin.list_topics(), "the topic is gone")
    with pytest.raises(BrokerError, match="Create them: eventwire topics create"):
        KnownRecords(settings, slot="one").catch_up()
    create_topics(kafka, {topic: 1})
    write(settings, *(record(settings, "F", id="b", offset=n) for n in range(3)))
    known = KnownRecords(settings, slot="one")
    assert places(known, b"a") == []
    assert len(places(known, b"b")) == 3
    known.close()


def settled(versions: Versions, *pairs: tuple[Any, Outcome]) -> list[Outcome]:
    messages, outcomes = zip(*pairs, strict=True)
    return asyncio.run(versions.revise(messages, outcomes))


def told(outcomes: Sequence[Outcome]) -> list[str]:
    events = [o for outcome in outcomes for o in outcome.outputs if ".news.events." in o.topic]
    return [orjson.loads(event.value or b"")["action"] for event in events]


def test_the_current_version_is_found_behind_late_ones_and_in_two_partitions(settings: Settings) -> None:
    versions = Versions(settings, slot="one", seconds=5.0)
    assert versions.start()
    times = {n: f"2023-01-01T00:00:0{n}.000Z" for n in range(8)}
    write(settings, record(settings, "F KAUFT", id="a", offset=1, fetched_at=times[5]), partition=0)
    write(
        settings, record(settings, "F  KAUFT", id="a", offset=2, fetched_at=times[3]), partition=1
    )  # another worker's
    late = outcome(settings, "F   KAUFT", id="a", offset=3, fetched_at=times[4])
    (done,) = settled(versions, late)
    assert done.superseded
    assert [output.key for output in done.outputs[-2:]] == [b"a", b"a"]
    assert done.outputs[-1] == record(settings, "F KAUFT", id="a", offset=1, fetched_at=times[5])
    write(settings, done.outputs[-2], partition=0)  # and it dies before the current one is there again
    delete = outcome(settings, "", id="a", action="delete", offset=4, fetched_at=times[6])
    assert told(settled(versions, delete)) == ["delete"]
    again = settled(versions, late)  # the late one, done before: its record would hide the current one
    assert again[0].outputs == done.outputs[-1:]
    write(settings, *again[0].outputs, partition=0)
    assert settled(versions, late)[0].outputs == ()


def test_compaction_changes_nothing(kafka: Broker, topic_prefix: str, tmp_path: Path) -> None:
    """Kafka's own cleaner, in a hurry: an index of before and a new one lead to what was led to before it ran."""
    settings = plain(kafka, topic_prefix=topic_prefix, state=tmp_path / "state")
    topic = topic_prefix + CLASSIFIED
    hurry = {"min_cleanable_dirty_ratio": "0.001", "segment_ms": "50", "delete_retention_ms": "0"}
    create_topics(kafka, {topic: 1}, cleanup_policy="compact,delete", **hurry)
    versions = Versions(settings, slot="kept", seconds=30.0)
    assert versions.start()
    numbers = count()

    def came(name: str, text: str, hour: int, action: str = "add") -> tuple[Any, Outcome]:
        time = f"2023-01-01T{hour:02}:00:00.000Z"
        return outcome(settings, text, id=name, action=action, fetched_at=time, offset=next(numbers))

    def told_of(name: str, *versions_of: tuple[str, int, str]) -> None:
        for text, hour, action in versions_of:
            (done,) = settled(versions, came(name, text, hour, action))
            write(settings, *(output for output in done.outputs if output.topic == topic))

    told_of("changed", ("F KAUFT KAUFT", 1, "add"), ("F KAUFT  KAUFT", 2, "update"))
    told_of("late", ("F KAUFT", 5, "add"), ("F  KAUFT", 3, "update"))
    told_of("withdrawn", ("F KAUFT", 1, "add"), ("", 2, "delete"))
    told_of("once", ("F KAUFT", 1, "add"))
    told_of("forgotten", ("F KAUFT", 1, "add"))
    write(settings, Output(topic=topic, key=b"forgotten", value=None))  # a tombstone: somebody wants it gone

    then = [
        came("changed", "F KAUFT", 6, "update"),
        came("late", "F   KAUFT", 4, "update"),
        came("withdrawn", "F KAUFT", 6),
        came("once", "", 6, "delete"),
        came("forgotten", "F KAUFT KAUFT", 6),
    ]
    before = settled(versions, *then)
    assert [told([one]) for one in before] == [["delete"], [], ["add"], ["delete"], ["add", "add"]]
    assert before[1].superseded

    def compacted() -> bool:
        write(settings, record(settings, "F", id="other", offset=next(numbers)))  # closes the segment before it
        with Client(settings) as client:
            left = Counter((message.key or b"").decode() for message in client.read([topic]))
        return all(left[name] == 1 for name in ("changed", "late", "withdrawn", "once")) and not left["forgotten"]

    wait_until(compacted, "one record of each article is left")
    assert settled(versions, *then) == before, "with the index of before"
    anew = Versions(replace(settings, state=None), slot="new", seconds=30.0)
    assert anew.start()
    assert settled(anew, *then) == before, "with a new index"


def test_a_broker_that_is_away_is_waited_for(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAUSE_SECONDS", 0.01)
    versions = Versions(settings, slot="one", seconds=60.0)
    real, calls = versions._known.catch_up, []

    def failing(*options: Any) -> bool:
        calls.append(options)
        if len(calls) % 3:
            raise BrokerError("away")
        return real(*options)

    monkeypatch.setattr(versions._known, "catch_up", failing)
    assert versions.start()
    assert len(calls) == 3
    assert len(settled(versions, outcome(settings, "F KAUFT", id="a"))) == 1
    assert len(calls) == 6
    versions._seconds = 0.0
    with pytest.raises(BrokerError, match="away"):
        settled(versions, outcome(settings, "F KAUFT", id="a"))
    assert not Versions(settings, slot="two", seconds=1.0).start(lambda: True)


def test_the_audit_does_not_ask_after_what_compaction_may_have_taken(
    kafka: Broker, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    road = Road.make(kafka, plain(kafka, topic_prefix=topic_prefix))
    with Client(road.settings) as client:
        road.publish({"a": b"{}"})
        monkeypatch.setattr(audit_module, "worker_groups", lambda client: [Everything(road)])
        assert len(audit(client, Range()).missing) == 1
        topics = dict(load_topics())
        topics[CLASSIFIED] = replace(topics[CLASSIFIED], compaction_lag_ms=0)
        monkeypatch.setattr(audit_module, "load_topics", lambda: MappingProxyType(topics))
        wait_until(lambda: datetime.now(UTC) - timedelta(seconds=1) > written(client, road), "a second has passed")
        report = audit(client, Range())
        assert (report.complete, report.compacted, report.missing) == (True, 1, ())


class Everything:
    """A group of workers that has committed all of the raw topic."""

    def __init__(self, road: Road) -> None:
        self.committed = {(road.topic("news.articles.raw"), number): 1 for number in range(3)}
        self.writes = CLASSIFIED


def written(client: Client, road: Road) -> datetime:
    (message,) = client.read([road.topic("news.articles.raw")])
    return datetime.fromtimestamp(message.timestamp / 1000, UTC)
