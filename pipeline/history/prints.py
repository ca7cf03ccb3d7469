"""Records as fingerprints: 64 bits that stand for a record at its place, without its clocks."""

import itertools
import tempfile
from array import array
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from pipeline.errors import SettingsError
from pipeline.history.content import digest, read_trace
from pipeline.streams.codec import header
from pipeline.streams.encode import OF_THIS_RUN
from pipeline.streams.message import Message

Group = tuple[str, int]  # topic as declared, partition of the raw topic

_CLOCK_HEADERS = ("ce_time", "ew_trace")
_HELD = 256  # records of a topic and partition in memory


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


def order(place: Place) -> tuple[int, int, int, str]:
    """By raw message, then along the road: what went wrong first is the cause of the rest."""
    kinds = [".articles.language", ".articles.entities", ".events.", ".articles.classified", ".deadletters."]
    kind = next((number for number, part in enumerate(kinds) if part in place.topic), len(kinds))
    return place.partition, place.offset, kind, place.topic


def before(one: Place, other: Place) -> bool:
    return order(one) < order(other)


class Prints:
    """A run's records as 64 bits each, by topic and partition of the raw topic, with the offset of the raw message.

    They stand in a temporary file: memory is flat but for what one topic and partition have, when it is looked at.
    Raises `SettingsError` when the disk has no room for them.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  it lives as long as this
        self._size = 0
        self._held: dict[Group, tuple[array[int], array[int]]] = {}
        self._written: dict[Group, list[tuple[int, int]]] = {}  # where in the file, and how many
        self._sorted: dict[Group, Any] = {}

    def add(self, topic: str, message: Message) -> tuple[Place, int]:
        """Its place and its fingerprint."""
        place = place_of(topic, message)
        number = fingerprint(place, message)
        group = (topic, place.partition)
        offsets, prints = self._held.setdefault(group, (array("q"), array("Q")))
        offsets.append(place.offset)
        prints.append(number)
        self._sorted.pop(group, None)
        if len(offsets) == _HELD:
            at = self._write(offsets.tobytes() + prints.tobytes())
            self._written.setdefault(group, []).append((at, len(offsets)))
            del self._held[group]
        return place, number

    def groups(self) -> set[Group]:
        return self._held.keys() | self._written.keys()

    def prints(self, group: Group) -> Any:
        """Each record once, whatever their order was: sorted numbers."""
        if group not in self._sorted:
            found = np.unique(self._columns(group)[1])
            if len(found):
                at = self._write(found.tobytes())
                found = np.memmap(self._file, np.uint64, "r", offset=at, shape=found.shape)
            self._sorted[group] = found
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
        for group in self.groups():
            offsets, prints = self._columns(group)
            missing = ~np.isin(prints, other.prints(group))
            if missing.any():
                found.append(Place(*group, int(offsets[missing].min())))
        return min(found, key=order, default=None)

    def _columns(self, group: Group) -> tuple[Any, Any]:
        """Offsets and fingerprints, as they came."""
        offsets, prints = self._held.get(group, (array("q"), array("Q")))
        parts = [(np.frombuffer(offsets, np.int64), np.frombuffer(prints, np.uint64))]
        for at, count in self._written.get(group, ()):
            self._file.seek(at)
            data = self._file.read(count * 16)
            parts.append((np.frombuffer(data, np.int64, count), np.frombuffer(data, np.uint64, count, count * 8)))
        return np.concatenate([one for one, _ in parts]), np.concatenate([other for _, other in parts])

    def _write(self, data: bytes) -> int:
        """At the end of the file; where that is."""
        at = self._size
        try:
            self._file.seek(at)
            self._file.write(data)
            self._file.flush()
        except OSError as error:
            folder = tempfile.gettempdir()
            raise SettingsError(
                f"{folder} can't be written: {error.strerror}. Make room, or name another folder (TMPDIR)."
            ) from error
        self._size += len(data)
        return at


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
