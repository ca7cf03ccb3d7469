"""What is remembered of the messages that a source reads: events, where articles stand, how fast it all goes."""

import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import orjson

from pipeline.streams.dead_letters import read_dead_letter
from pipeline.streams.events import EVENTS
from pipeline.streams.message import Message
from pipeline.web.rows import Row, read_row
from pipeline.web.window import Window

CLASSIFIED = "news.articles.classified"
DEAD_LETTERS = "news.deadletters."
_LATENCIES = 10_000  # of the newest articles
_SECONDS = 3600  # for which is known when messages were written
_COUNTED = ("articles", "events", "dead_letters")
_KINDS = 1_000  # of dead letters: stage and code, which only a stranger's message could make many

# Where an article stands: what its source needs to read it again.
Place = tuple[Any, ...]


@dataclass(slots=True)
class DeadCount:
    count: int = 0
    newest: int = 0  # milliseconds


@dataclass
class Intake:
    """Written by the source's thread, read by all. `prefix`: the topic prefix of the messages."""

    window: Window
    prefix: str = ""
    clock: Callable[[], float] = time.time
    articles: OrderedDict[str, Place] = field(default_factory=OrderedDict)
    # Of the newest articles: when they were written (milliseconds), and the seconds from their arrival to that.
    seconds: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=_LATENCIES))
    dead: dict[tuple[str, str], DeadCount] = field(default_factory=dict)
    # How many were written in each second of the last hour.
    _written: dict[str, Counter[int]] = field(default_factory=lambda: {what: Counter() for what in _COUNTED})
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wanted(self, topic: str) -> bool:
        """Whether messages of this topic are of use here."""
        name = topic.removeprefix(self.prefix)
        return topic.startswith(self.prefix) and name.startswith((EVENTS, CLASSIFIED, DEAD_LETTERS))

    def take(self, message: Message, place: Place) -> None:
        """One message as it comes."""
        if (row := self.before(message, place)) is not None and self.window.add(row):
            self._count("events", row.written)

    def before(self, message: Message, place: Place) -> Row | None:
        """One message of the past: an event is returned, for `begin` with all of them; others are taken."""
        name = message.topic.removeprefix(self.prefix)
        if name.startswith(EVENTS):
            return read_row(message, prefix=self.prefix)
        if name == CLASSIFIED:
            self._article(message, place)
        elif name.startswith(DEAD_LETTERS):
            self._dead_letter(message)
        return None

    def begin(self, rows: list[Row]) -> None:
        """The events of the past, in any order: they get the order of their times."""
        for row in sorted(rows, key=lambda row: row.written)[-self.window.capacity :]:
            if self.window.add(row):
                self._count("events", row.written)

    def _article(self, message: Message, place: Place) -> None:
        found = _subject_and_seconds(message)
        if found is None:
            return
        name, seconds = found
        with self._lock:
            self.articles.pop(name, None)
            self.articles[name] = place
            while len(self.articles) > self.window.capacity:
                self.articles.popitem(last=False)
            if seconds is not None:
                self.seconds.append((message.timestamp, seconds))
        self._count("articles", message.timestamp)

    def _dead_letter(self, message: Message) -> None:
        letter = read_dead_letter(message)
        key = (letter.stage or message.topic.rpartition(".")[2], letter.code or "unknown")
        with self._lock:
            if key not in self.dead and len(self.dead) >= _KINDS:
                return
            count = self.dead.setdefault(key, DeadCount())
            count.count += 1
            count.newest = max(count.newest, message.timestamp)
        self._count("dead_letters", message.timestamp)

    def _count(self, what: str, milliseconds: int) -> None:
        oldest = int(self.clock()) - _SECONDS
        if milliseconds // 1000 < oldest:
            return
        with self._lock:
            written = self._written[what]
            written[milliseconds // 1000] += 1
            if len(written) > 2 * _SECONDS:
                for second in [second for second in written if second < oldest]:
                    del written[second]

    # -- read by the statistics

    def dead_letters(self) -> list[tuple[str, str, DeadCount]]:
        with self._lock:
            return [(*key, replace(self.dead[key])) for key in sorted(self.dead)]

    def latencies(self, since: float = 0.0) -> list[float]:
        """Seconds from arrival to events, sorted: of the newest articles those written since then (Unix time)."""
        with self._lock:
            return sorted(seconds for written, seconds in self.seconds if written >= since * 1000)

    def rate(self, what: str) -> float:
        """Messages of the last minute, per second."""
        now = int(self.clock())
        with self._lock:
            return sum(self._written[what][second] for second in range(now - 60, now)) / 60

    def by_minute(self, what: str) -> tuple[list[int], list[int]]:
        """The last 60 minutes, the present one included: their starts (milliseconds) and how many were written."""
        last = int(self.clock() // 60)
        counts = dict.fromkeys(range(last - 59, last + 1), 0)
        with self._lock:
            for second, count in self._written[what].items():
                if second // 60 in counts:
                    counts[second // 60] += count
        return [minute * 60_000 for minute in counts], list(counts.values())


def _subject_and_seconds(message: Message) -> tuple[str, float | None] | None:
    """The article's id, and the seconds from its arrival to this record; None for a record that isn't ours."""
    try:
        record = orjson.loads(message.value or b"")
        name = record["id"]
        arrived, made = record.get("ingested_at"), record.get("produced_at")
        seconds = None
        if arrived and made:
            seconds = (datetime.fromisoformat(made) - datetime.fromisoformat(arrived)).total_seconds()
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return (name, seconds) if isinstance(name, str) else None
