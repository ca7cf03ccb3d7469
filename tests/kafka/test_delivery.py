"""Nothing is lost, whatever happens: real worker processes with cheap stages on a real broker.

Every raw message must end in exactly one classified article or one dead letter, by its id; what is there twice must
have the same content (`Ledger` fails otherwise). Workers and children are killed from outside, for real.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from pipeline.streams.codec import header
from tests.kafka.broker import Broker
from tests.kafka.broker_settings import plain
from tests.kafka.workers import Road, WorkerProcess, articles, wait_until

Start = Callable[..., WorkerProcess]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """`start(settings, *options)` starts a worker; those that still live at the end are killed."""
    started: list[WorkerProcess] = []

    def begin(settings: Any, *options: str, **more: Any) -> WorkerProcess:
        started.append(WorkerProcess(tmp_path / "workers", settings, *options, **more))
        return started[-1]

    yield begin
    for worker in started:
        worker.kill()


def test_what_cannot_be_read_becomes_a_dead_letter_and_the_rest_goes_on(
    kafka: Broker, topic_prefix: str, start: Start
) -> None:
    """Exceptions, poison messages, a document that kills its process: one dead letter each."""
    settings = plain(kafka, topic_prefix=topic_prefix, workers=2, document_seconds=60.0)
    road = Road.make(kafka, settings)
    good = articles(60)
    bad: dict[str, tuple[bytes | None, str]] = {
        "not-json": (b'{"text": "x"', "not_json"),
        "not-utf8": (b'{"text": "\xff"}', "not_utf8"),
        "surrogate": (rb'{"text": "\ud800"}', "not_json"),
        "wrong-shape": (b'{"text": 5}', "schema"),
        "a-list": (b"[1, 2]", "schema"),
        "empty-text": (b'{"title": ""}', "empty_text"),
        "tombstone": (None, "tombstone"),
        "empty": (b"", "tombstone"),
        "exception": (orjson.dumps({"text": "WIRF"}), "internal"),
        "kills": (orjson.dumps({"text": "STIRB"}), "crash"),
        # Fits its own topic, but not with what the stages add.
        "huge": (orjson.dumps({"id": "huge", "text": "A" * (8 * 1024 * 1024 - 5_000)}), "too_large"),
    }
    first, second = list(good.items())[:30], list(good.items())[30:]
    road.publish(dict(first) | {key: value for key, (value, _) in bad.items()} | dict(second))
    worker = start(settings)
    road.wait_until_done(worker)

    ledger = road.ledger()
    ledger.check(dict.fromkeys(good, "classified") | {key: code for key, (_, code) in bad.items()})
    assert ledger.duplicates == 0
    assert ledger.events == dict.fromkeys(good, 1)
    letters = {
        (m.key or b"").decode(): m
        for m in road.read(*(f"news.deadletters.{s}" for s in ("language", "entities", "events")))
    }
    raw = {(m.partition, m.offset): m for m in road.read("news.articles.raw")}
    for key, (value, code) in bad.items():
        letter = letters[key]
        assert letter.value == value, "the original bytes"
        assert header(letter.headers, "ew_code") == code
        assert header(letter.headers, "ew_source_topic") == road.topic("news.articles.raw")
        place = (
            int(header(letter.headers, "ew_source_partition") or -1),
            int(header(letter.headers, "ew_source_offset") or -1),
        )
        assert (raw[place].key, raw[place].value) == (key.encode(), value)
    status, text = worker.get("/metrics")
    assert status == 200
    for line in (
        'eventwire_consumed_messages_total{topic="news.articles.raw"} 71.0',
        'eventwire_produced_messages_total{topic="news.articles.classified"} 60.0',
        'eventwire_outcomes_total{outcome="classified",stage="events"} 60.0',
        'eventwire_dead_letters_total{code="crash",stage="entities"} 1.0',
        'eventwire_dead_letters_total{code="not_json",stage="language"} 2.0',
        'eventwire_child_restarts_total{reason="crash"} 2.0',
        'eventwire_events_total{event_class="deal"} 60.0',
        'eventwire_articles_total{language="de"} 60.0',
    ):
        assert line in text.splitlines(), text
    assert "eventwire_lag_messages{" in text
    assert worker.get("/healthz") == (200, "ok\n")
    assert worker.get("/readyz") == (200, "ok\n")
    assert worker.stop() == 0


def test_a_message_with_neither_key_nor_value_becomes_a_dead_letter(
    kafka: Broker, topic_prefix: str, start: Start
) -> None:
    """Kafka's clients refuse to write such a message, so a dead letter for it must not stop the worker.

    None can be written here either: an empty value is the next best.
    """
    from kafka import KafkaProducer

    settings = plain(kafka, topic_prefix=topic_prefix, workers=1)
    road = Road.make(kafka, settings)
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap)
    producer.send(road.topic("news.articles.raw"), value=b"", key=None).get(30)
    producer.close()
    worker = start(settings)
    road.wait_until_done(worker)
    (letter,) = road.read("news.deadletters.language")
    assert (letter.key, letter.value) == (None, b"")


def test_children_killed_in_mid_batch(kafka: Broker, topic_prefix: str, start: Start) -> None:
    """SIGKILL to a child process costs a repetition of its one message, nothing else."""
    settings = plain(kafka, topic_prefix=topic_prefix, workers=2)
    road = Road.make(kafka, settings)
    worker = start(settings)
    for _ in range(3):
        # Between two blows something must be finished, so that no message is hit twice: that would be its own fault.
        goal = road.count("news.articles.classified") + 60
        road.feed_until(lambda: road.count("news.articles.classified") > goal, "articles are classified")  # noqa: B023
        os.kill(wait_until(worker.children, "there are children")[0], signal.SIGKILL)
    road.wait_until_done(worker)
    assert road.check().duplicates == 0
    assert 'eventwire_child_restarts_total{reason="crash"} 3.0' in worker.get("/metrics")[1]
    assert worker.stop() == 0


def test_workers_killed_and_stopped_in_mid_batch(kafka: Broker, topic_prefix: str, start: Start) -> None:
    """SIGKILL, SIGTERM, SIGKILL in the middle of batches, each followed by a new worker in the same slot.

    The session lasts longer than the whole test: only static membership lets the next worker in before it ends.
    """
    settings = plain(kafka, topic_prefix=topic_prefix, workers=1, session_seconds=600.0)
    road = Road.make(kafka, settings)
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
        goal = road.count("news.articles.classified") + 40
        worker = start(settings)
        road.feed_until(lambda: road.count("news.articles.classified") > goal, "articles are classified")  # noqa: B023
        if number == signal.SIGKILL:
            worker.kill()
        else:
            assert worker.stop() == 0
        assert road.lag() > 0, "all was done before the blow: nothing was tested"
    worker = start(settings)
    road.wait_until_done(worker)
    road.check()
    assert worker.stop() == 0


def test_a_second_worker_comes_and_the_first_one_goes(kafka: Broker, topic_prefix: str, start: Start) -> None:
    """Two rebalances in the middle of the work."""
    settings = plain(kafka, topic_prefix=topic_prefix, workers=1, session_seconds=6.0, slot="first")
    road = Road.make(kafka, settings, partitions=4)
    first = start(settings)
    road.feed_until(lambda: road.count("news.articles.classified") > 40, "the first one works")
    second = start(plain(kafka, topic_prefix=topic_prefix, workers=1, session_seconds=6.0, slot="second"))
    second.wait_for("metrics and health on")
    road.feed_until(
        lambda: "eventwire_consumed_messages_total{" in second.get("/metrics")[1], "the second one works as well"
    )
    assert first.stop() == 0
    assert road.lag() > 0, "all was done before the first one went: nothing was tested"
    road.wait_until_done(second)
    road.check()
    assert second.stop() == 0


def test_a_broker_that_is_down_at_first_and_goes_away_later(own_kafka: Broker, start: Start) -> None:
    """The worker waits for it and says so; killed for four seconds in the middle of the work, it costs nothing."""
    settings = plain(own_kafka, workers=1)
    road = Road.make(own_kafka, settings)
    own_kafka.kill()
    worker = start(settings)
    worker.wait_for("waiting for Kafka")
    assert "nothing listens at that address" in worker.text()
    assert worker.get("/healthz")[0] == 200
    assert worker.get("/readyz") == (503, "waiting for Kafka\n")
    own_kafka.start()
    road.feed_until(lambda: road.count("news.articles.classified") > 40, "articles are classified")
    own_kafka.kill()
    time.sleep(4)
    assert worker.process.poll() is None, worker.tail()
    own_kafka.start()
    road.wait_until_done(worker)
    road.check()
    lines = worker.text().count("\n")
    assert lines < 3000, f"{lines} lines of log: an outage must not flood it"
    assert worker.stop() == 0


def test_what_cannot_be_delivered_ends_the_worker_and_is_done_again(own_kafka: Broker, start: Start) -> None:
    settings = plain(own_kafka, workers=1)
    road = Road.make(own_kafka, settings)
    worker = start(settings, "--delivery-seconds", "3")
    road.feed_until(lambda: road.count("news.articles.classified") > 40, "articles are classified")
    own_kafka.kill()
    assert worker.wait() == 70
    assert "nothing of it is acknowledged" in worker.text()
    own_kafka.start()
    worker = start(settings)
    road.wait_until_done(worker)
    road.check()
    assert worker.stop() == 0


def test_one_worker_a_stage_writes_what_one_worker_for_all_writes(
    kafka: Broker, topic_prefix: str, start: Start
) -> None:
    expected = {**articles(40), **articles(20, "Nichts.", start=40), "bad": b"{"}
    written: list[dict[str, list[Any]]] = []
    for variant in ("whole", "single"):
        settings = plain(kafka, topic_prefix=f"{topic_prefix}{variant}.", workers=1)
        road = Road.make(kafka, settings)
        road.publish(expected)
        if variant == "whole":
            workers = [start(settings)]
        else:
            workers = [start(settings, "--stages", stage) for stage in ("language", "entities", "events")]
        ended = ("news.articles.classified", "news.deadletters.language")
        wait_until(lambda: road.count(*ended) >= len(expected), "every message has ended")  # noqa: B023
        assert len(road.ledger().ends) == len(expected)
        written.append({name: _values(road, name) for name in COMPARED})
        for worker in workers:
            assert worker.stop() == 0
    assert written[0] == written[1]
    assert len(written[0]["news.articles.classified"]) == 60


COMPARED = (
    *("news.articles.language", "news.articles.entities", "news.articles.classified"),
    *("news.events.deal", "news.deadletters.language"),
)


def _values(road: Road, name: str) -> list[Any]:
    """Key, id and content of the messages on a topic, but for wall clock and the prefix of this test."""
    found = []
    for message in road.read(name):
        record = None
        if "deadletters" not in name:
            record = orjson.loads(message.value or b"")
            for part in ("ingested_at", "produced_at", "trace"):
                record.pop(part, None)
        kept = tuple(header(message.headers, part) for part in ("ce_id", "ce_type", "ew_code", "ew_stage"))
        found.append((message.key, kept, record if record is not None else message.value))
    return sorted(found, key=repr)
