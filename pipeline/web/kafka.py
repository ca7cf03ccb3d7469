"""Events, articles and dead letters from Kafka, and how its consumer groups do."""

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Literal

from pipeline.broker.client import Client, Partition, admin_client
from pipeline.broker.connection import missing_topics
from pipeline.broker.members import describe_groups, segment_groups
from pipeline.errors import EventwireError
from pipeline.settings import Settings
from pipeline.streams.events import EVENTS
from pipeline.streams.topics import load_topics
from pipeline.web.intake import Intake
from pipeline.web.rows import Row
from pipeline.web.source import GroupLag, Tell
from pipeline.web.workers import Workers

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0  # between two looks at the groups: what a dead worker's session time is known later by
_AGAIN_SECONDS = 3.0  # before a reader that failed tries again
_MOST_DEAD_LETTERS = 10_000  # of those that were there before


class KafkaSource:
    """The topics under the settings' prefix. A thread reads them, another one looks at the groups."""

    kind: Literal["directory", "kafka"] = "kafka"

    def __init__(self, settings: Settings, intake: Intake, workers: Workers) -> None:
        self.name = settings.brokers
        self.intake = intake
        self._settings = settings
        self._workers = workers
        self._topics = [topic for name in load_topics() if intake.wanted(topic := settings.topic_prefix + name)]
        self._next: dict[Partition, int] = {}
        self._lag: list[GroupLag] | None = None
        self._reading: str | None = None
        self._looking: str | None = None
        self._stopping = threading.Event()
        self._one = threading.Lock()  # a client is not for several threads at a time

    def load(self, tell: Tell) -> None:
        rows: list[Row] = []
        capacity = self.intake.window.capacity
        with Client(self._settings) as client:
            if missing := set(self._topics) - client.topics():
                raise missing_topics(self._settings, missing)
            begins, ends = client.begin_offsets(self._topics), client.end_offsets(self._topics)
            starts: dict[Partition, int] = {}
            for most, mark in ((capacity, EVENTS), (capacity, ".classified"), (_MOST_DEAD_LETTERS, ".deadletters.")):
                starts |= newest(begins, ends, [key for key in ends if mark in key[0]], most)
            messages = client.read(self._topics, start=starts, end=ends)
            for count, message in enumerate(messages, start=1):
                row = self.intake.before(message, (message.topic, message.partition, message.offset))
                if row is not None:
                    rows.append(row)
                tell(count)
        self._next = ends
        self.intake.begin(rows)

    def start(self) -> None:
        threading.Thread(target=self._again, args=[self._read, "_reading"], name="events", daemon=True).start()
        threading.Thread(target=self._again, args=[self._look, "_looking"], name="groups", daemon=True).start()

    def stop(self) -> None:
        self._stopping.set()

    def article(self, name: str) -> bytes | None:
        place = self.intake.articles.get(name)
        if place is None:
            return None
        topic, number, offset = place
        with self._one, Client(self._settings) as client:
            message = client.read_at((topic, number), offset)
        return message.value if message is not None else None

    def trouble(self) -> str | None:
        return self._looking or self._reading

    def lag(self) -> list[GroupLag] | None:
        return self._lag

    def _again(self, work: Callable[[], None], trouble: str) -> None:
        """Do `work` until it is to end: Kafka may go away and come back. `trouble`: the attribute that says so."""
        while not self._stopping.is_set():
            try:
                work()
            except Exception as error:  # noqa: BLE001 (whatever a library raises: a page without news says nothing)
                text = str(error) if isinstance(error, EventwireError) else f"{type(error).__name__}: {error}"
                if getattr(self, trouble) is None:
                    logger.warning("%s", text)
                setattr(self, trouble, text)
                self._stopping.wait(_AGAIN_SECONDS)

    def _read(self) -> None:
        with Client(self._settings) as client:
            self._reading = None
            for message in client.read(self._topics, start=self._next, follow=True, until=self._stopping.is_set):
                key = (message.topic, message.partition)
                self.intake.take(message, (*key, message.offset))
                self._next[key] = message.offset + 1

    def _look(self) -> None:
        segments = segment_groups(self._settings)
        prefix = self._settings.topic_prefix
        with Client(self._settings) as client, admin_client(self._settings) as admin:
            while True:
                lags = []
                for group in describe_groups(admin, self._settings, segments):
                    if group.state == "Dead":  # there is no such group, or no more
                        self._workers.group(group.name, (), waiting=0, committed={})
                        continue
                    topic = prefix + segments[group.name][0].reads
                    committed = client.committed(group.name)
                    waiting = sum(client.lag(group.name, [topic]).values())
                    self._workers.group(group.name, group.members, waiting=waiting, committed=committed)
                    lags.append(GroupLag(name=group.name, topic=topic, messages=waiting, state=group.state))
                self._lag, self._looking = lags, None
                if self._stopping.wait(_LOOK_SECONDS):
                    return


def newest(
    begins: Mapping[Partition, int], ends: Mapping[Partition, int], keys: Iterable[Partition], most: int
) -> dict[Partition, int]:
    """Where to start in each of the partitions `keys` to read about the newest `most` messages of them together: every
    partition gives the same share of what it holds."""
    there = {key: ends[key] - begins[key] for key in keys}
    total = sum(there.values())
    share = min(1.0, most / total) if total else 1.0
    return {key: ends[key] - int(count * share) for key, count in there.items()}
