"""The archiver: reads topics for ever and writes what it read to an archive, each offset exactly once.

The commits of the archive are the only truth about how far it is: there is no consumer group. A start reads on behind
the last commit of each partition; what was read but not committed is read again.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from pipeline.broker.client import Client
from pipeline.broker.connection import missing_topics
from pipeline.errors import BrokerError, SettingsError
from pipeline.history import compact
from pipeline.history.archive_files import Store
from pipeline.history.archive_layout import Commit
from pipeline.history.archive_reader import Archive
from pipeline.history.archive_repair import Say, repair
from pipeline.history.archive_writer import size_of, write_messages
from pipeline.streams.message import Message

Partition = tuple[str, int]
Progress = Callable[[int, int | None], None]  # messages read, of how many (None: nobody knows)

FLUSH_BYTES = 64 * 1024 * 1024
FLUSH_SECONDS = 60.0
_TOLD_EVERY = 100  # messages
_LOOK_SECONDS = 30.0  # between two looks at what topics and partitions there are, and whether Kafka is there


@dataclass
class _Held:
    """Messages of one partition that are not archived yet."""

    since: float
    messages: list[Message] = field(default_factory=list)
    size: int = 0


class Archiver:
    """Topics of `client` to `store`, which must be locked (`Store.locked`).

    Held messages are flushed when they are `flush_bytes` in all (keys, values, headers), or `flush_seconds` old.
    `say` gets what a person should know. `read` and `archived` count messages, `commits` what was
    written.
    """

    def __init__(
        self,
        client: Client,
        store: Store,
        topics: Sequence[str],
        *,
        flush_bytes: int = FLUSH_BYTES,
        flush_seconds: float = FLUSH_SECONDS,
        say: Say,
        progress: Progress = lambda done, total: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.read = self.archived = self.commits = 0
        self._client, self._store, self._topics = client, store, list(topics)
        self._flush_bytes, self._flush_seconds = flush_bytes, flush_seconds
        self._say, self._progress, self._clock = say, progress, clock
        self._held: dict[Partition, _Held] = {}
        self._size = 0
        self._next: dict[Partition, int] = {}  # the offset to be read next
        self._repaired: set[str] = set()
        self._last: dict[Partition, list[Commit]] = {}  # commits that more may be merged with
        self._looked = clock()
        self._away = False

    def drain(self) -> None:
        """Archive what is there now, then return.

        Raises `BrokerError`, `ArchiveError`: what was committed before stays; the next start goes on behind it.
        """
        topics = self._there()
        starts, ends = self._starts(topics), self._client.end_offsets(topics)
        total = sum(max(0, ends[partition] - start) for partition, start in starts.items())
        for message in self._client.read(topics, start=starts, end=ends, until=self._tick):
            self._take(message, total)
        self.flush()

    def follow(self, stop: Callable[[], bool]) -> None:
        """Archive what comes until `stop` says so (asked twice a second), then flush and return.

        Outlives a broker that goes away. Raises as `drain`.
        """
        while not stop():
            topics = self._there()
            starts = self._starts(topics)

            def pause(partitions: frozenset[Partition] = frozenset(starts)) -> bool:
                self._tick()
                return stop() or self._changed(partitions)

            for message in self._client.read(topics, start=starts, follow=True, until=pause):
                self._take(message, None)
        self.flush()

    def flush(self) -> None:
        """Archive everything that is held."""
        for partition in sorted(self._held):
            self._flush(partition)

    # -- what there is to read

    def _there(self) -> list[str]:
        """Those of the topics that exist. Others may come; if none is there, something is wrong."""
        known = self._client.topics()
        there = [topic for topic in self._topics if topic in known]
        if not there:
            raise missing_topics(self._client.settings, self._topics)
        return there

    def _starts(self, topics: Iterable[str]) -> dict[Partition, int]:
        begins, ends = self._client.begin_offsets(topics), self._client.end_offsets(topics)
        new = sorted({topic for topic, _ in begins} - self._repaired)
        self._next |= repair(self._store, new, begins, say=self._say)
        self._repaired.update(new)
        for partition, begin in sorted(begins.items()):
            wanted = self._next.get(partition, begin)
            topic, number = partition
            if wanted > ends[partition]:
                raise SettingsError(
                    f"{self._store.name} has {topic} [{number}] up to offset {wanted - 1:,}, Kafka at "
                    f"{self._client.settings.brokers} only up to {ends[partition] - 1:,}: it is another cluster, or "
                    "the topic was made anew. Archive it to another place."
                )
            if wanted < begin:
                self._say(
                    f"{topic} [{number}]: Kafka no longer has the offsets {wanted:,} to {begin - 1:,}; they are not in "
                    "the archive. Its retention is shorter than the archiver was away."
                )
            self._next[partition] = max(wanted, begin)
        return {partition: self._next[partition] for partition in begins}

    def _changed(self, partitions: frozenset[Partition]) -> bool:
        """Whether there is more to read than `partitions`. Tells when Kafka goes away and comes back."""
        if self._clock() - self._looked < _LOOK_SECONDS:
            return False
        self._looked = self._clock()
        try:
            there = set(self._client.partitions(self._there()))
        except BrokerError as error:
            if not self._away:
                self._say(f"waiting for Kafka; what was archived is safe: {error}")
            self._away = True
            return False
        if self._away:
            self._say("Kafka is back")
        self._away = False
        return not there <= partitions

    # -- messages

    def _take(self, message: Message, total: int | None) -> None:
        partition = (message.topic, message.partition)
        if message.offset < self._next[partition]:
            return
        held = self._held.setdefault(partition, _Held(self._clock()))
        held.messages.append(message)
        size = size_of(message)
        held.size += size
        self._size += size
        self._next[partition] = message.offset + 1
        self.read += 1
        if self.read % _TOLD_EVERY == 0:
            self._progress(self.read, total)
        if self._size >= self._flush_bytes:
            self.flush()

    def _tick(self) -> bool:
        """Flush what is old. Never ends the reading."""
        old = self._clock() - self._flush_seconds
        for partition in sorted(key for key, held in self._held.items() if held.since <= old):
            self._flush(partition)
        return False

    def _flush(self, partition: Partition) -> None:
        held = self._held[partition]
        commit = write_messages(self._store, held.messages)
        del self._held[partition]
        self._size -= held.size
        self.archived += len(held.messages)
        self.commits += 1
        self._merge(partition, commit)

    def _merge(self, partition: Partition, commit: Commit) -> None:
        """Merge small files as they come, so that there are never many."""
        last = self._last.get(partition)
        commits = [*last, commit] if last is not None else list(Archive(self._store).commits(*partition))
        *full, open_ = compact.pack(commits)
        for group in full:
            if len(group) > 1:
                compact.merge(self._store, group)
        if len(open_) >= compact.MANY:
            some = compact.due(open_)
            open_[-len(some) :] = [compact.merge(self._store, some)]
        self._last[partition] = open_
