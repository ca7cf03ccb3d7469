"""Messages for the archive's tests: the topics' own examples, each article anew. No models are needed."""

from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import orjson

from pipeline.streams.codec import cloudevent_headers, timestamp_text
from pipeline.streams.message import Message, Output
from pipeline.streams.topics import example, find_topic

RAW = "news.articles.raw"
FIRST_DAY = datetime(2026, 1, 1, 6, tzinfo=UTC)
_ROAD = {
    RAW: "german.json",
    "news.articles.language": "german.json",
    "news.articles.entities": "german.json",
    "news.articles.classified": "german.json",
    "news.events.deal": "acquisition.json",
    "news.events.financial": "earnings.json",
    "news.events.analyst": "credit-rating.json",
}
EVENT_TOPICS = tuple(name for name in _ROAD if name.startswith("news.events."))


def records(number: int, *, days: int, topics: Collection[str] = _ROAD) -> Iterator[tuple[str, dict[str, Any]]]:
    """What article `number` leaves on the topics: raw, three records, one event. Valid by their schemas."""
    published = FIRST_DAY + timedelta(days=number % days, seconds=number)
    produced = published + timedelta(hours=1)
    for topic in topics:
        if topic in EVENT_TOPICS and topic != EVENT_TOPICS[number % len(EVENT_TOPICS)]:
            continue
        record = orjson.loads(_example(topic))
        of_event = topic in EVENT_TOPICS
        article = record["article"] if of_event else record
        article["id"], article["published_at"] = f"a{number}", timestamp_text(published)
        if topic != RAW:
            record["ingested_at"] = record["produced_at"] = timestamp_text(produced)
        if of_event:
            record["event_id"] = f"{number:016x}"
            record["trace"] = f"{RAW}/0/{number}"
        yield topic, record


@cache
def _example(topic: str) -> bytes:
    return example(find_topic(topic), _ROAD[topic])


def outputs(numbers: range, *, prefix: str = "", days: int = 3, topics: Collection[str] = _ROAD) -> Iterator[Output]:
    """The same as messages to write; on the raw topic also what strangers write: no JSON, no UTF-8, tombstones."""
    for number in numbers:
        for topic, record in records(number, days=days, topics=topics):
            yield Output(
                topic=prefix + topic,
                key=f"a{number}".encode(),
                value=orjson.dumps(record),
                headers=() if topic == RAW else _headers(topic, record),
            )
        if number % 50 == 0 and RAW in topics:
            yield from (
                Output(topic=prefix + RAW, key=None, value=b"{ no JSON"),
                Output(topic=prefix + RAW, key=b"\xff", value=None),
                Output(topic=prefix + RAW, key=b"k", value=b"\xff\x00", headers=(("x", b"\xff"), ("x", b""))),
                Output(topic=prefix + RAW, key=b"k", value=b'{"published_at":"0001-01-01T00:00:00+14:00","id":7}'),
            )


def _headers(topic: str, record: dict[str, Any]) -> tuple[tuple[str, bytes], ...]:
    article = record["article"]["id"] if "article" in record else record["id"]
    return cloudevent_headers(
        id=f"{topic}-{article}",
        type=f"eventwire.{topic.removeprefix('news.')}.v1",
        source="eventwire/test",
        time=record["produced_at"],
        subject=article,
        dataschema="urn:eventwire:schema:test:v1",
        trace=f"{RAW}/0/0",
    )


def message(
    value: bytes | dict[str, Any] | None, *, offset: int = 0, topic: str = RAW, partition: int = 0, **fields: Any
) -> Message:
    """One message as it would be read."""
    data = orjson.dumps(value) if isinstance(value, dict) else value
    defaults: dict[str, Any] = {"key": b"k", "timestamp": 1_750_000_000_000 + offset}
    return Message(topic=topic, partition=partition, offset=offset, value=data, **{**defaults, **fields})
