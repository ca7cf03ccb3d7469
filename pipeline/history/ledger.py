"""The ledger: what became of every raw message of a range of offsets. Counts, never bodies; no broker, no files.

Memory is 13 bytes a raw message and 48 an event, however long the articles are. Tell it, in this order: the raw
messages (`add_raw`), what came of them (`add_classified`, `add_dead_letter`, `add_event`), then what is still on its
way (`add_waiting`), then ask (`report`).
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.history.content import Position, digest, digests, models_of, read_trace, sent_events
from pipeline.history.event_rows import EventRows, counted, event_digest, retracts
from pipeline.streams.codec import header
from pipeline.streams.message import Message

Partition = tuple[str, int]  # (topic, number); of a file: (its path, 0)

_PRESENT, _CLASSIFIED, _DEAD, _WAITING, _REDRIVEN, _CONTRADICTED, _COPY, _OLD = (1 << bit for bit in range(8))
_OFFSET_BITS = 48  # of a place in the books, packed into 64 bits; the others say which partition


@dataclass
class _Range:
    """One partition's raw messages from `begin` on: flags, and digests of the content and models of each outcome.

    `number`: which partition of the books it is.
    """

    number: int
    begin: int
    flags: Any
    contents: Any
    models: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The books. `complete`: nothing is missing and nothing contradicts itself.

    `raw` = `classified` + `dead_lettered` + `in_flight` + `compacted` + len(`missing`): each raw message counts once,
    as classified if a dead letter of it was redriven in the middle of the road and then read. Positions are in order.
    """

    raw: int
    classified: int
    dead_lettered: int
    in_flight: int
    missing: tuple[Position, ...]  # raw messages that nothing came of
    contradictions: tuple[Position, ...]  # raw messages with outcomes or events that differ, or two kinds of outcome
    lacking: tuple[Position, ...] = ()  # raw messages whose record tells of events that are not on the event topics
    repeated: int  # outcomes written more than once, with equal content: at-least-once delivery
    reclassified: int  # raw messages read again by other models
    codes: Mapping[str, int]  # dead letters by code
    redriven: int  # raw messages of which a dead letter was redriven
    redrives: int  # raw messages that are themselves a dead letter, sent again
    events: int  # different events on the event topics, without retractions
    events_repeated: int  # the same event of the same raw message again, equal
    events_missing: int  # in a classified record, but not on the event topics
    events_contradicted: int  # the same event of the same raw message, with other content
    events_of_updates: int  # the same event id from another raw message (an article sent again), with other content
    events_retracted: int = 0  # different retractions (action: delete) on the event topics
    compacted: int = 0  # raw messages so old that compaction may have taken their record, and without one
    outside: int = 0  # outcomes of raw messages outside the range

    @property
    def complete(self) -> bool:
        return not (self.missing or self.contradictions or self.events_missing or self.events_contradicted)


class Ledger:
    """The books of the raw messages from `begin` to before `end` of each partition."""

    def __init__(self, begin: Mapping[Partition, int], end: Mapping[Partition, int]) -> None:
        self._ranges: dict[Partition, _Range] = {}
        for number, (partition, first) in enumerate(sorted(begin.items())):
            count = max(0, end[partition] - first)
            self._ranges[partition] = _Range(
                number=number,
                begin=first,
                flags=np.zeros(count, np.uint8),
                contents=np.zeros(count, np.uint64),
                models=np.zeros(count, np.uint32),
            )
        self._events = EventRows()
        self._retracted = EventRows()
        self._told = EventRows()  # events that classified records tell of
        self._codes: Counter[str] = Counter()
        self._repeated = self._reclassified = self._outside = 0

    # -- telling

    def add_raw(self, message: Message) -> None:
        """A raw message is there. (Offsets have gaps: only what was seen is asked after.)"""
        place = self._place((message.topic, message.partition, message.offset))
        if place is None:
            return
        books, at = place
        books.flags[at] |= _PRESENT
        if header(message.headers, "ew_redriven"):
            books.flags[at] |= _COPY
            self.add_redriven(message)

    def add_redriven(self, message: Message) -> None:
        """A message that may be a redriven dead letter: its `ew_trace` names the raw message it goes back to."""
        if header(message.headers, "ew_redriven"):
            self._flag(message, _REDRIVEN)

    def add_classified(self, message: Message) -> None:
        """An outcome: the record that closes an article."""
        place = self._traced(message)
        if place is None:
            return
        books, at = place
        content, models, record = digests(message.value)
        if books.flags[at] & _CLASSIFIED:
            if books.models[at] != models:
                self._reclassified += 1
            elif books.contents[at] != content:
                books.flags[at] |= _CONTRADICTED
            else:
                self._repeated += 1
        books.flags[at] |= _CLASSIFIED
        books.contents[at], books.models[at] = content, models
        trace = header(message.headers, "ew_trace") or ""
        for event in sent_events(record):
            self._told.whose.append(event_digest(event, trace, models_of(event) if "models" in event else models))
            self._told.places.append(_packed(books, at))

    def add_dead_letter(self, message: Message) -> None:
        """The other outcome."""
        place = self._traced(message)
        if place is None:
            return
        books, at = place
        if books.flags[at] & _DEAD:
            self._repeated += 1
        else:
            self._codes[header(message.headers, "ew_code") or "unknown"] += 1
        books.flags[at] |= _DEAD

    def add_event(self, message: Message) -> None:
        """A message of an event topic."""
        place = self._traced(message)
        if place is None:
            return
        content, models, record = digests(message.value)
        rows = self._retracted if retracts(record) else self._events
        rows.whose.append(event_digest(record, header(message.headers, "ew_trace") or "", models))
        rows.ids.append(digest(str(record.get("event_id")).encode()))
        rows.contents.append(content)
        rows.places.append(_packed(*place))

    def add_waiting(self, message: Message) -> None:
        """A record between two stages that the next stage has not committed: its raw message is in flight."""
        self._flag(message, _WAITING)

    def wait_from(self, partition: Partition, offset: int) -> None:
        """Raw messages from `offset` on have not been committed by the first stage: they are in flight."""
        books = self._ranges.get(partition)
        if books is not None:
            books.flags[max(0, offset - books.begin) :] |= _WAITING

    def compacted_before(self, partition: Partition, offset: int) -> None:
        """Raw messages before `offset` are so old that compaction may have taken their records."""
        books = self._ranges.get(partition)
        if books is not None:
            books.flags[: max(0, offset - books.begin)] |= _OLD

    # -- asking

    @property
    def open(self) -> bool:
        """Whether a raw message has no outcome yet, or both kinds: then the records between the stages matter."""
        return any(
            bool(((b.flags & _PRESENT > 0) & ((b.flags & (_CLASSIFIED | _DEAD) == 0) | _both(b.flags))).any())
            for b in self._ranges.values()
        )

    def missing(self) -> Iterator[Position]:
        """Raw messages without outcome that are not in flight, nor so old that it may be gone."""
        yield from self._where(lambda f: (f & _PRESENT > 0) & (f & (_CLASSIFIED | _DEAD | _WAITING | _OLD) == 0))

    def contradictions(self) -> Iterator[Position]:
        """Raw messages whose outcomes can't both be true. A dead letter that was redriven may be read later."""
        yield from self._where(lambda f: (f & _CONTRADICTED > 0) | (_both(f) & (f & _REDRIVEN == 0)))

    def report(self) -> Report:
        every = [books.flags for books in self._ranges.values()]
        flags = np.concatenate(every) if every else np.zeros(0, np.uint8)
        seen = flags[flags & _PRESENT > 0]
        closed = seen & _CLASSIFIED > 0
        dead = ~closed & (seen & _DEAD > 0)
        waiting = ~closed & ~dead & (seen & _WAITING > 0)
        return Report(
            raw=len(seen),
            classified=int(closed.sum()),
            dead_lettered=int(dead.sum()),
            in_flight=int(waiting.sum()),
            compacted=int((~closed & ~dead & ~waiting & (seen & _OLD > 0)).sum()),
            missing=tuple(self.missing()),
            repeated=self._repeated,
            reclassified=self._reclassified,
            codes=dict(sorted(self._codes.items())),
            redriven=int((seen & _REDRIVEN > 0).sum()),
            redrives=int((seen & _COPY > 0).sum()),
            outside=self._outside,
            **self._report_events(),
        )

    def _report_events(self) -> dict[str, Any]:
        events, retracted = counted(self._events), counted(self._retracted)
        told, _, _, told_places = self._told.columns()
        lacking = ~np.isin(told, np.concatenate([events.names, retracted.names]))
        _, ids, contents, _ = self._events.columns()
        by_id = np.unique(np.stack([ids, contents]), axis=1).shape[1] if len(ids) else 0
        differs = np.concatenate([events.differs, retracted.differs])
        return {
            "events": len(events.names),
            "events_retracted": len(retracted.names),
            "events_repeated": events.repeated + retracted.repeated,
            "events_missing": len(np.unique(told[lacking])),
            "events_contradicted": events.contradicted + retracted.contradicted,
            "events_of_updates": max(0, by_id - len(np.unique(ids)) - (events.pairs - len(events.names))),
            "lacking": self._unpacked(told_places[lacking]),
            "contradictions": tuple(sorted({*self.contradictions(), *self._unpacked(differs)})),
        }

    def _unpacked(self, places: Any) -> tuple[Position, ...]:
        partitions = sorted(self._ranges)
        found = []
        for place in np.unique(places):
            partition = partitions[int(place) >> _OFFSET_BITS]
            at = int(place) & (1 << _OFFSET_BITS) - 1
            found.append((*partition, self._ranges[partition].begin + at))
        return tuple(found)

    # -- inside

    def _place(self, position: Position) -> tuple[_Range, int] | None:
        books = self._ranges.get(position[:2])
        at = position[2] - books.begin if books is not None else -1
        return (books, at) if books is not None and 0 <= at < len(books.flags) else None

    def _traced(self, message: Message) -> tuple[_Range, int] | None:
        position = read_trace(header(message.headers, "ew_trace"))
        place = self._place(position) if position else None
        if place is None:
            self._outside += 1
        return place

    def _flag(self, message: Message, flag: int) -> None:
        position = read_trace(header(message.headers, "ew_trace"))
        place = self._place(position) if position else None
        if place is not None:
            place[0].flags[place[1]] |= flag

    def _where(self, test: Any) -> Iterator[Position]:
        for (topic, number), books in sorted(self._ranges.items()):
            for at in np.flatnonzero(test(books.flags)):
                yield topic, number, books.begin + int(at)


def _packed(books: _Range, at: int) -> int:
    return books.number << _OFFSET_BITS | at


def _both(flags: Any) -> Any:
    return flags & (_CLASSIFIED | _DEAD) == _CLASSIFIED | _DEAD
