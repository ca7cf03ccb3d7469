"""What the ledger compares: where a raw message stood, and what a record says, as numbers of a fixed size."""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

Position = tuple[str, int, int]  # topic, partition, offset

_CLOCK = ("ingested_at", "produced_at", "trace")  # of a record: differ from run to run, or say where it stood


def read_trace(trace: str | None) -> Position | None:
    """`<topic>/<partition>/<offset>`; None for anything else. A file's path may hold slashes."""
    topic, _, rest = (trace or "").rpartition("/")
    topic, _, number = topic.rpartition("/")
    if not (topic and number.isascii() and number.isdigit() and rest.isascii() and rest.isdigit()):
        return None
    return topic, int(number), int(rest)


def digests(value: bytes | None) -> tuple[int, int, dict[str, Any]]:
    """Of a record's bytes: its content without wall-clock fields (64 bits), its models (32 bits), and the record.

    What isn't a JSON object is its own content.
    """
    try:
        record = orjson.loads(value or b"")
    except orjson.JSONDecodeError:
        return digest(value or b""), 0, {}
    if not isinstance(record, dict):
        return digest(value or b""), 0, {}
    bare = {name: item for name, item in record.items() if name not in _CLOCK}
    if "events" in record:
        bare["events"] = [{n: v for n, v in event.items() if n not in _CLOCK} for event in events_of(record)]
    return digest(orjson.dumps(bare, option=orjson.OPT_SORT_KEYS)), models_of(record), record


def read_record(value: bytes | None) -> dict[str, Any]:
    """The JSON object that a value is; an empty one for anything else."""
    try:
        record = orjson.loads(value or b"")
    except orjson.JSONDecodeError:
        return {}
    return record if isinstance(record, dict) else {}


def models_of(record: Mapping[str, Any]) -> int:
    """32 bits that stand for the models that made a record or an event."""
    return digest(orjson.dumps(record.get("models"), option=orjson.OPT_SORT_KEYS)) & 0xFFFFFFFF


def events_of(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The events of a record that may be anybody's."""
    events = record.get("events")
    return [event for event in events if isinstance(event, dict)] if isinstance(events, list) else []


def sent_events(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The events that a classified record says were sent: all of a first version; of a later one those that are new,
    changed or retracted; none of one that came too late."""
    revision = record.get("revision")
    if not isinstance(revision, dict):
        return events_of(record)
    if revision.get("superseded"):
        return []
    unchanged = revision.get("unchanged")
    unchanged = unchanged if isinstance(unchanged, list) else []
    sent = [event for event in events_of(record) if event.get("event_id") not in unchanged]
    return sent + events_of({"events": revision.get("retracted")})


def digest(data: bytes) -> int:
    """64 bits that stand for `data`."""
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big")
