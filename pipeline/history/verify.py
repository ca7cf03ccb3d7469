"""Proof that a run's records follow from its input and its models alone: they are made again and compared.

By any number of processes; for a run on Kafka, whose workers take partitions as they come, in another order of
partitions too (a run in a folder has one order). For each topic and each partition of the raw topic there is a hash
over what was recorded and over what was made again. Nothing depends on the order of records; one that a worker wrote
twice counts once. Wall-clock fields (`ingested_at`, `produced_at`, `ce_time`) and places (`trace`) aside, a record is
compared byte for byte with its key and headers.
"""

import itertools
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

import numpy as np
import orjson

from pipeline.encoder.files import open_files
from pipeline.history import runs
from pipeline.history.content import digest, read_trace
from pipeline.history.recorded import KafkaRecords, Records, finished, records_of
from pipeline.history.replay import Report, check_same, pin, recorded_settings
from pipeline.history.replay_select import Selection
from pipeline.history.replay_source import Feed, KafkaSource
from pipeline.history.replay_start import Moved, source_of
from pipeline.history.runs import RAW, Run
from pipeline.local.read import Item
from pipeline.local.runner import process
from pipeline.settings import Settings
from pipeline.streams.codec import header, read_structured, structured_line
from pipeline.streams.encode import OF_THIS_RUN
from pipeline.streams.message import Message, Output
from pipeline.streams.pool import Pool, Steps
from pipeline.streams.topics import load_topics

TOPICS = tuple(name for name in load_topics() if name != RAW)
_CLOCK_HEADERS = ("ce_time", "ew_trace")
Group = tuple[str, int]  # topic as declared, partition of the raw topic


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One topic and partition. Hashes are equal exactly if the records are."""

    topic: str
    partition: int
    records: int
    recorded: str
    again: str

    @property
    def equal(self) -> bool:
        return self.recorded == self.again


@dataclass(frozen=True, slots=True, kw_only=True)
class Differing:
    """The first raw message whose records differ: what was recorded and what was made again. None: nothing was."""

    topic: str
    trace: str
    recorded: Message | None
    again: Message | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    articles: int
    rows: tuple[Row, ...]
    first: Differing | None

    @property
    def equal(self) -> bool:
        return self.first is None and all(row.equal for row in self.rows)


def verify(name: str, settings: Settings, *, steps: Steps, report: Report, moved: Moved | None = None) -> Verified:
    """Make the records of the run `name` (on Kafka, or a folder) again.

    Raises `SettingsError` for a run that isn't finished or whose input is gone, `ModelError` if its models are not
    here, `BrokerError`. Memory: 32 bytes a record.
    """
    moved = moved or Moved()
    with records_of(name, settings, live=False) as records:
        run = finished(records)
        settings = recorded_settings(settings, run.pinned, moved.model)
        open_files(settings.model)
        if isinstance(records, KafkaRecords):
            mine = runs.settings_of(settings, run.name)
            source = KafkaSource(records.client)
            everything = replace(run.taken, since=None, before=None, where={}, partitions=tuple(source.partitions()))
            feed = Feed(source, everything, Selection(everything, mine), reverse=True)
            return _Verification(records, run, mine, steps, report).of(feed)
        mine = replace(settings, topic_prefix="")
        with source_of(run.taken, settings, moved.archive) as place:
            feed = Feed(place, run.taken, Selection(run.taken, mine))
            return _Verification(records, run, mine, steps, report).of(feed)


class _Verification:
    def __init__(self, records: Records, run: Run, settings: Settings, steps: Steps, report: Report) -> None:
        self._records, self._run, self._settings, self._report = records, run, settings, report
        self._steps = steps
        self._topic = settings.topic_prefix + RAW if isinstance(records, KafkaRecords) else run.taken.topic

    def of(self, feed: Feed) -> Verified:
        with Pool(None, self._settings, steps=self._steps) as pool:
            check_same(self._run, pin(self._settings, pool))
            recorded = Prints()
            for topic, message in self._records.read(TOPICS):
                recorded.add(topic, message)
            again = Prints()
            new: tuple[Place, Message] | None = None  # the first one made that was not recorded
            for topic, message in self._made(feed, pool):
                place, number = again.add(topic, message)
                if not recorded.holds(place, number) and (new is None or _before(place, new[0])):
                    new = place, message
        rows = [_row(group, recorded, again) for group in sorted(recorded.groups() | again.groups())]
        gone = recorded.first_without(again)
        first = min((place for place in (gone, new and new[0]) if place), key=_order, default=None)
        return Verified(
            articles=feed.given,
            rows=tuple(rows),
            first=self._differing(first, again, new[1] if new and new[0] == first else None) if first else None,
        )

    def _made(self, feed: Feed, pool: Pool) -> Iterator[tuple[str, Message]]:
        """Every record that the input leads to, with its topic as declared."""
        items = (Item(message, position=feed.scanned) for message in feed)
        ends = process(items, pool, self._settings, first_stage=self._steps(None)[0].name)
        for number, done in enumerate(ends, start=1):
            for output in done.outcome.outputs if done.outcome else ():
                yield output.topic.removeprefix(self._settings.topic_prefix), _as_read(output)
            self._report(number, done.position, feed.total)

    def _differing(self, first: "Place", again: "Prints", made: Message | None) -> Differing:
        """Reads the run once more: now the words are wanted."""
        trace = f"{self._topic}/{first.partition}/{first.offset}"
        candidates = (
            message
            for _, message in self._records.read([first.topic])
            if place_of(first.topic, message) == first and not again.has(first, message)
        )
        return Differing(topic=first.topic, trace=trace, recorded=next(candidates, None), again=made)


def _as_read(output: Output) -> Message:
    """As it would be read back from a file: on Kafka a record is the same."""
    return read_structured(structured_line(output), topic=output.topic)


@dataclass(frozen=True, slots=True)
class Place:
    """A topic as declared, and partition and offset of the raw message that a record there is of."""

    topic: str
    partition: int
    offset: int


def place_of(topic: str, message: Message) -> Place:
    """A record that doesn't say where it is from has -1, -1."""
    place = read_trace(header(message.headers, "ew_trace"))
    return Place(topic, *(place[1:] if place else (-1, -1)))


def _order(place: Place) -> tuple[int, int, int, str]:
    """By raw message, then along the road: what went wrong first is the cause of the rest."""
    kinds = [".articles.language", ".articles.entities", ".events.", ".articles.classified", ".deadletters."]
    kind = next((number for number, part in enumerate(kinds) if part in place.topic), len(kinds))
    return place.partition, place.offset, kind, place.topic


def _before(one: Place, other: Place) -> bool:
    return _order(one) < _order(other)


class Prints:
    """A run's records as 64 bits each, by topic and partition of the raw topic, with the offset of the raw message."""

    def __init__(self) -> None:
        self._groups: dict[Group, tuple[array[int], array[int]]] = {}
        self._sorted: dict[Group, Any] = {}

    def add(self, topic: str, message: Message) -> tuple[Place, int]:
        """Its place and its fingerprint."""
        place = place_of(topic, message)
        number = fingerprint(place, message)
        offsets, prints = self._groups.setdefault((topic, place.partition), (array("q"), array("Q")))
        offsets.append(place.offset)
        prints.append(number)
        self._sorted.pop((topic, place.partition), None)
        return place, number

    def groups(self) -> set[Group]:
        return set(self._groups)

    def prints(self, group: Group) -> Any:
        """Each record once, whatever their order was: sorted numbers."""
        if group not in self._sorted:
            _, prints = self._groups.get(group, (array("q"), array("Q")))
            self._sorted[group] = np.unique(np.frombuffer(prints, np.uint64)) if prints else np.empty(0, np.uint64)
        return self._sorted[group]

    def has(self, place: Place, message: Message) -> bool:
        return self.holds(place, fingerprint(place, message))

    def holds(self, place: Place, number: int) -> bool:
        """Whether a record with this fingerprint is here."""
        known, wanted = self.prints((place.topic, place.partition)), np.uint64(number)
        at = int(np.searchsorted(known, wanted))
        return at < len(known) and bool(known[at] == wanted)

    def first_without(self, other: "Prints") -> Place | None:
        """The first record here that `other` hasn't."""
        found = []
        for group, (offsets, prints) in self._groups.items():
            missing = ~np.isin(np.frombuffer(prints, np.uint64), other.prints(group))
            if missing.any():
                found.append(Place(*group, int(np.frombuffer(offsets, np.int64)[missing].min())))
        return min(found, key=_order, default=None)


def _row(group: Group, recorded: Prints, again: Prints) -> Row:
    sides = [recorded.prints(group), again.prints(group)]
    hashes = [blake2b(side.astype("<u8").tobytes(), digest_size=10).hexdigest() for side in sides]
    return Row(topic=group[0], partition=group[1], records=len(sides[0]), recorded=hashes[0], again=hashes[1])


def fingerprint(place: Place, message: Message) -> int:
    """64 bits that stand for a record at its place, without its clocks."""
    headers = [(name.encode(), value) for name, value in message.headers if name not in _CLOCK_HEADERS]
    value = message.value or b""
    if not header(message.headers, "ew_code"):  # a dead letter holds the original bytes
        value = timeless(value)
    parts = [place.offset.to_bytes(8, "big", signed=True), message.key or b"", *itertools.chain(*headers), value]
    return digest(b"".join(len(part).to_bytes(8, "big") + part for part in parts))


def timeless(value: bytes) -> bytes:
    """A record's bytes without its wall-clock fields, those of the events in it included."""
    try:
        record = orjson.loads(value)
    except orjson.JSONDecodeError:
        return value
    return orjson.dumps(_timeless(record)) if isinstance(record, dict) else value


def _timeless(record: dict[str, Any]) -> dict[str, Any]:
    bare = {name: item for name, item in record.items() if name not in OF_THIS_RUN}
    for name in ("events", "retracted"):
        if isinstance(bare.get(name), list):
            bare[name] = [_timeless(item) if isinstance(item, dict) else item for item in bare[name]]
    if isinstance(bare.get("revision"), dict):
        bare["revision"] = _timeless(bare["revision"])
    return bare
