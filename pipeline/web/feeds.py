"""What a subscription reads, and how far it is: from Kafka (offsets in a consumer group) or from a run's folder."""

import time
from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from pathlib import Path
from typing import Protocol

from pipeline.broker.client import Client, Partition
from pipeline.errors import BrokerError
from pipeline.streams.message import Message
from pipeline.web.growing import GrowingFolder
from pipeline.web.undelivered import Kept

_SAVE_SECONDS = 1.0
# Kafka forgets a group's offsets a week after their last commit, also those of a topic on which nothing happens.
_SAVE_ALL_SECONDS = 3600.0
_PAUSE_SECONDS = 0.3  # between two looks at a folder

Tell = Callable[[str], None]


class Feed(Protocol):
    def messages(self) -> Iterator[Message]:
        """Messages from where the last run stopped. One counts as done when the next one is asked for."""

    def save(self) -> None:
        """Remember how far it is."""


class FolderFeed:
    """A run's folder; its positions are kept beside the dead letters."""

    def __init__(
        self, folder: Path, kept: Kept, *, topics: Collection[str], since: datetime | None, follow: bool, tell: Tell
    ) -> None:
        """Raises `SettingsError` if it is no run's folder."""
        self._kept = kept
        self._since = since
        self._follow = follow
        self._folder = GrowingFolder(folder, topics.__contains__, tell, positions=kept.positions())
        self._folder.sizes()
        self._positions = dict(self._folder.positions)
        self._saved = dict(self._positions)
        self._when = time.monotonic()

    def messages(self) -> Iterator[Message]:
        since = None if self._since is None else self._since.timestamp() * 1000
        while True:
            for line in self._folder.lines():
                if since is None or line.message.timestamp >= since:
                    yield line.message
                self._positions[line.path.name] = line.end
                if time.monotonic() - self._when > _SAVE_SECONDS:
                    self.save()
            self.save()
            if not self._follow:
                return
            time.sleep(_PAUSE_SECONDS)

    def save(self) -> None:
        self._when = time.monotonic()
        if self._positions != self._saved:
            self._kept.save(self._positions)
            self._saved = dict(self._positions)


class KafkaFeed:
    """Topics; the offsets are those of the consumer group `group`, which has no members: one process reads them all."""

    def __init__(
        self, client: Client, group: str, *, topics: Collection[str], since: datetime | None, follow: bool, tell: Tell
    ) -> None:
        """Raises `BrokerError`."""
        self._client = client
        self._group = group
        self._topics = list(topics)
        self._follow = follow
        self._tell = tell
        self._next = self._starts(since)
        self._saved: dict[Partition, int] = {}
        self._when = self._all = time.monotonic()
        self._commit(self._next)

    def messages(self) -> Iterator[Message]:
        found = self._client.read(self._topics, start=self._next, follow=self._follow, until=self._idle)
        for message in found:
            yield message
            self._next[message.topic, message.partition] = message.offset + 1
            self._save_when_due()
        self.save()

    def save(self) -> None:
        self._when = time.monotonic()
        everything = self._when - self._all > _SAVE_ALL_SECONDS
        moved = {key: at for key, at in self._next.items() if everything or self._saved.get(key) != at}
        if moved:
            self._commit(moved)
        if everything:
            self._all = self._when

    def _commit(self, offsets: dict[Partition, int]) -> None:
        self._client.commit(self._group, offsets)
        self._saved |= offsets

    def _idle(self) -> bool:
        """Asked about twice a second, also when nothing comes. It never ends the reading."""
        self._save_when_due()
        return False

    def _save_when_due(self) -> None:
        if time.monotonic() - self._when > _SAVE_SECONDS:
            try:
                self.save()
            except BrokerError as error:
                self._tell(f"how far it is can't be told to Kafka now, events may be sent twice: {error}")
                self._when = time.monotonic() + 10

    def _starts(self, since: datetime | None) -> dict[Partition, int]:
        """Where the group stopped. Topics that it doesn't know start at `since`, else at the end; a partition that
        a known topic got since then, at its begin."""
        committed = self._client.committed(self._group)
        begins = self._client.begin_offsets(self._topics)
        firsts = self._client.offsets_at(self._topics, since) if since else self._client.end_offsets(self._topics)
        known = {topic for topic, _ in committed}
        starts = {key: begins[key] if key[0] in known else first for key, first in firsts.items()}
        starts |= {key: offset for key, offset in committed.items() if key in starts}
        lost = sum(max(0, begins[key] - offset) for key, offset in starts.items())
        if lost:
            self._tell(f"{lost:,} messages were deleted by Kafka's retention before they were read")
        if committed and since:
            self._tell(f"--from is left aside: {self._group} goes on where it stopped")
        return starts
