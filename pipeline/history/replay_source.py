"""Where a replay's raw messages come from: the archive or Kafka. One order for both: that of time."""

import heapq
import itertools
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Protocol

from pipeline.broker.client import Client
from pipeline.errors import SettingsError
from pipeline.history.archive_layout import spans_of_commits
from pipeline.history.archive_reader import Archive, Clock, in_days
from pipeline.history.replay_select import Selection
from pipeline.history.runs import RAW, By, Taken
from pipeline.streams.message import Message


class Source(Protocol):
    """Raw messages by partition."""

    topic: str  # full name

    def partitions(self) -> list[tuple[int, int, int]]:
        """Number, first offset and end offset (exclusive) of every partition, as they are now."""

    def read(self, number: int, first: int, end: int) -> Iterator[Message]:
        """What one partition holds of this range, offsets ascending. Several readers may be open at a time."""

    def count(self, number: int, first: int, end: int) -> int:
        """About how many messages `read` gives."""


class KafkaSource:
    """The raw topic, as far as Kafka still keeps it. `client`: open for as long as this is used."""

    def __init__(self, client: Client, topic: str | None = None) -> None:
        self._client = client
        self.topic = topic or client.settings.topic_prefix + RAW

    def partitions(self) -> list[tuple[int, int, int]]:
        ends = self._client.end_offsets([self.topic])
        return [(key[1], first, ends[key]) for key, first in self._client.begin_offsets([self.topic]).items()]

    def read(self, number: int, first: int, end: int) -> Iterator[Message]:
        key = (self.topic, number)
        return self._client.read([self.topic], start={key: first}, end={key: end})

    def count(self, number: int, first: int, end: int) -> int:
        return max(0, end - first)


class ArchiveSource:
    """The raw topic in an archive. Raises `SettingsError` if it isn't there.

    `since`, `before`: what lies outside of them by the clock `by` may be left out without a look at it.
    """

    def __init__(
        self,
        root: str,
        topic: str,
        *,
        since: datetime | None = None,
        before: datetime | None = None,
        by: By = "published",
    ) -> None:
        self._archive = Archive(root)
        self.topic = topic
        self._since, self._before = since, before
        self._by: Clock = "event_time" if by == "published" else "ingested_at"
        topics = self._archive.topics()
        if topic not in topics:
            raise SettingsError(
                f"{self._archive.store.name} holds no {topic}, only {', '.join(topics) or 'nothing'}. "
                "(What stands before a topic's name: --topic-prefix.)"
            )

    def partitions(self) -> list[tuple[int, int, int]]:
        spans: dict[int, tuple[int, int]] = {}
        for span in spans_of_commits(self._archive.store, self.topic):
            first, end = spans.get(span.partition, (span.first, 0))
            spans[span.partition] = (min(first, span.first), max(end, span.last + 1))
        return [(number, first, end) for number, (first, end) in sorted(spans.items())]

    def read(self, number: int, first: int, end: int) -> Iterator[Message]:
        messages = self._archive.read_partition(
            self.topic, number, since=self._since, until=self._before, by=self._by, after=first - 1
        )
        return itertools.takewhile(lambda message: message.offset < end, messages)

    def count(self, number: int, first: int, end: int) -> int:
        return sum(
            file.rows
            for commit in self._archive.commits(self.topic, number, after=first - 1)
            for file in commit.files
            if commit.span.first < end and (self._by != "event_time" or in_days(file.day, self._since, self._before))
        )


class Feed:
    """The messages of a run, each once, in the order in which they came in (within a partition: of offsets).

    `scanned` counts messages looked at, of about `total`; `given` those that are wanted. Iterate once. Memory: what a
    reader of each partition holds.
    """

    def __init__(
        self,
        source: Source,
        taken: Taken,
        selection: Selection,
        *,
        done: Mapping[int, int] | None = None,
        reverse: bool = False,
    ) -> None:
        """`done`: by partition, the offset to go on from. `reverse`: one partition after the other instead, the last
        one first: the same messages in another order. Raises `SettingsError` if messages are gone that were there
        when the run began."""
        here = {number: first for number, first, _ in source.partitions()}
        self._spans = []
        for number, first, end in taken.partitions:
            start = max(first, (done or {}).get(number, first))
            if start < end and here.get(number, end) > start:
                raise SettingsError(
                    f"{source.topic} [{number}] no longer has the messages from offset {start} on, which this run "
                    "takes: their retention has passed. Replay them from an archive."
                )
            self._spans.append((number, start, end))
        self._source, self._selection, self._reverse = source, selection, reverse
        self.total = sum(source.count(*span) for span in self._spans)
        self.scanned = self.given = 0
        self.first: Message | None = None  # known after `empty`
        self._messages = self._wanted()

    def __iter__(self) -> Iterator[Message]:
        return self._messages

    def empty(self) -> bool:
        """Whether it gives nothing; reads up to the first message that is wanted."""
        self.first = next(self._messages, None)
        if self.first is not None:
            self._messages = itertools.chain([self.first], self._messages)
        return self.first is None

    def _wanted(self) -> Iterator[Message]:
        for message in self._in_order():
            self.scanned += 1
            if self._selection.wants(message):
                self.given += 1
                yield message

    def _in_order(self) -> Iterator[Message]:
        readers = [self._source.read(number, start, end) for number, start, end in self._spans if start < end]
        if self._reverse:
            for reader in reversed(readers):
                yield from reader
        else:
            for _, _, message in heapq.merge(*(_timed(reader) for reader in readers)):
                yield message


def _timed(messages: Iterator[Message]) -> Iterator[tuple[int, int, Message]]:
    """With what they are ordered by: times of a partition may jump back, its order must not."""
    latest = 0
    for message in messages:
        latest = max(latest, message.timestamp)
        yield latest, message.partition, message


def read_speed(text: str) -> float | None:
    """`60x` -> 60.0, `max` -> None. Raises `SettingsError`."""
    if text == "max":
        return None
    try:
        factor = float(text.removesuffix("x"))
    except ValueError:
        factor = 0.0
    if not text.endswith("x") or not 0 < factor < 1e9:
        raise SettingsError(f"--speed {text!r}: max, or a multiple of real time, such as 1x, 60x or 0.5x.")
    return factor


class Pace:
    """Keeps the gaps between messages as they were, divided by `factor` (None: no waiting)."""

    def __init__(self, factor: float | None) -> None:
        self._factor = factor
        self._first: tuple[float, int] | None = None  # when the first one was let through, and its time

    def wait(self, message: Message, *, stop: threading.Event, tick: float = 0.5) -> Iterator[None]:
        """Yields every `tick` seconds until the message is due or `stop` is set."""
        if self._factor is None:
            return
        if self._first is None:
            self._first = (time.monotonic(), message.timestamp)
        started, first = self._first
        due = started + (message.timestamp - first) / 1000 / self._factor
        while (left := due - time.monotonic()) > 0 and not stop.wait(min(left, tick)):
            yield
