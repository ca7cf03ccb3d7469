"""Reading, writing and asking Kafka, for everything but the workers' data path.

kafka-python is right for topics, offsets, lag and replays, and too slow for the stages (1,500 messages/s measured).

    with Client(settings) as client:
        for message in client.read(["news.articles.classified"], start="begin"):
            ...
    with Writer(settings) as writer:
        writer.write(Output(topic="news.articles.raw", key=b"a1", value=b"{…}"))

Topic names are the full ones, `settings.topic_prefix` included: nothing here adds it. A partition is a pair
`(topic, number)`. Whatever goes wrong is a `BrokerError` that says what and where.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from types import TracebackType
from typing import Any, Literal

from pipeline.broker.connection import REQUEST_SECONDS, BrokerRefused, connecting, connection, missing_topics, told
from pipeline.broker.writer import Writer
from pipeline.errors import BrokerError
from pipeline.settings import Settings
from pipeline.streams.message import Headers, Message

__all__ = ["BrokerRefused", "Client", "Writer", "admin_client", "connecting", "connection"]

Partition = tuple[str, int]
Start = Literal["begin", "end"] | datetime | Mapping[Partition, int]

PATIENCE_SECONDS = 15.0
COORDINATOR_SECONDS = 60.0  # a broker that was just started makes the topic of groups first, and may be busy
SILENCE_SECONDS = 60.0  # a read up to a known end that gets nothing for so long is given up


@contextmanager
def admin_client(settings: Settings) -> Iterator[Any]:
    """A `kafka.KafkaAdminClient` that is closed at the end; what it raises becomes a `BrokerError`."""
    from kafka import KafkaAdminClient

    with connecting(settings):
        admin = KafkaAdminClient(**connection(settings))
    try:
        with told(settings, "administration"):
            yield admin
    finally:
        admin.close()


class Client:
    """One connection for reading and asking. Not for several threads at a time.

    Raises `BrokerError` (on entering) when Kafka can't be reached, `BrokerRefused` when it will not have us.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._consumer: Any = None
        self._admin: Any = None

    def __enter__(self) -> "Client":
        self._consumer = self._open_consumer()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for client in (self._consumer, self._admin):
            if client is not None:
                client.close()
        self._consumer = self._admin = None

    # -- topics and offsets

    def topics(self) -> set[str]:
        """The names of all topics that we may see."""
        with told(self.settings, "listing topics"):
            return set(self._consumer.topics())

    def partitions(self, topics: Iterable[str]) -> list[Partition]:
        """The partitions of `topics`, sorted. A topic that doesn't exist is a `BrokerError`."""
        found: list[Partition] = []
        missing: list[str] = []
        with told(self.settings, "asking for partitions"):
            known = set(self._consumer.topics())  # refreshes the metadata: a topic may be a second old
            for topic in dict.fromkeys(topics):
                numbers = self._consumer.partitions_for_topic(topic) if topic in known else None
                if numbers:
                    found += [(topic, number) for number in numbers]
                else:
                    missing.append(topic)
        if missing:
            raise missing_topics(self.settings, missing)
        return sorted(found)

    def begin_offsets(self, topics: Iterable[str]) -> dict[Partition, int]:
        """The offset of the oldest message that is still there, by partition."""
        return self._offsets("beginning_offsets", self.partitions(topics))

    def end_offsets(self, topics: Iterable[str]) -> dict[Partition, int]:
        """The offset that the next message will get, by partition."""
        return self._offsets("end_offsets", self.partitions(topics))

    def offsets_at(self, topics: Iterable[str], when: datetime) -> dict[Partition, int]:
        """The offset of the first message appended at or after `when` (with a time zone); the end if there is none."""
        ends = self.end_offsets(topics)
        moment = int(when.timestamp() * 1000)
        with told(self.settings, f"asking for offsets at {when.isoformat()}"):
            found = self._consumer.offsets_for_times(
                {_key(partition): moment for partition in ends}, timeout_ms=int(REQUEST_SECONDS * 1000)
            )
        at = {(key.topic, key.partition): value.offset for key, value in found.items() if value is not None}
        return {partition: at.get(partition, end) for partition, end in ends.items()}

    def committed(self, group: str) -> dict[Partition, int]:
        """What the group has committed: the offset of the next message to work on. Partitions without are left out."""
        with told(self.settings, f"asking for the offsets of group {group}"):
            offsets = self._ask_admin(lambda admin: admin.list_group_offsets({group: None}))[group]
        return {(key.topic, key.partition): value.offset for key, value in offsets.items() if value.offset >= 0}

    def lag(self, group: str, topics: Iterable[str]) -> dict[Partition, int]:
        """Messages not yet committed by the group, by partition. One that never committed starts at the oldest."""
        topics = list(topics)
        committed = self.committed(group)  # first: the ends may only grow meanwhile
        begins = self.begin_offsets(topics)
        ends = self.end_offsets(topics)
        return {
            partition: max(0, end - max(committed.get(partition, 0), begins[partition]))
            for partition, end in ends.items()
        }

    def group_state(self, group: str) -> str:
        """What Kafka says of the group: `Stable`, `PreparingRebalance`, `CompletingRebalance`, `Empty`, `Dead`."""
        with told(self.settings, f"asking for the state of group {group}"):
            answer = self._ask_admin(lambda admin: admin.describe_groups([group]))[group]
        return str(answer["group_state"])

    def commit(self, group: str, offsets: Mapping[Partition, int]) -> None:
        """Set what the group has committed. The group must have no living member."""
        from kafka.structs import OffsetAndMetadata

        wanted = {_key(partition): OffsetAndMetadata(offset, "", -1) for partition, offset in offsets.items()}
        with told(self.settings, f"setting the offsets of group {group}"):
            done = self._ask_admin(lambda admin: admin.alter_group_offsets(group, wanted))
        for key, result in done.items():
            if result.errno:
                raise BrokerError(
                    f"Kafka at {self.settings.brokers} did not take the offset of group {group} for {key.topic} "
                    f"[{key.partition}]: {result.__name__}. Are all its workers stopped?"
                )

    # -- messages

    def read(
        self,
        topics: Iterable[str],
        *,
        start: Start = "begin",
        end: Mapping[Partition, int] | None = None,
        follow: bool = False,
        until: Callable[[], bool] | None = None,
    ) -> Iterator[Message]:
        """The messages of `topics` from `start` on, in order within a partition.

        `start`: the oldest or newest message, a point in time, or an offset for each partition (others: left out).
        Ends at the offsets `end` (exclusive), at the latest at the ends at the time of the call. With `follow` it never
        ends by itself and outlives a broker that goes away. `until` is asked about twice a second and after every
        batch: True ends the reading. Raises `BrokerError` if nothing comes for a minute before the end.
        """
        begins = self._starts(list(topics), start)
        ends: dict[Partition, int] | None = None
        if not follow:
            ends = self.end_offsets({topic for topic, _ in begins})
            if end is not None:
                ends = {key: min(offset, ends[key]) for key, offset in end.items() if key in ends}
        # A consumer of its own: several reads of one client may be open at a time.
        consumer = self._open_consumer()
        try:
            yield from _poll(self.settings, consumer, begins, ends, until)
        finally:
            consumer.close()

    def read_at(self, partition: Partition, offset: int) -> Message | None:
        """The one message at an offset; None if it isn't there (any more, or yet)."""
        found = self.read([partition[0]], start={partition: offset}, end={partition: offset + 1})
        return next((message for message in found if message.offset == offset), None)

    # -- inside

    def _open_consumer(self) -> Any:
        return open_consumer(self.settings, max_partition_fetch_bytes=4 * 1024 * 1024)

    def _ask_admin(self, question: Callable[[Any], Any]) -> Any:
        """The answer to an administrator's question, asked again for a while when the cluster says "not now"."""
        from kafka import KafkaAdminClient
        from kafka.errors import (
            CoordinatorLoadInProgressError,
            CoordinatorNotAvailableError,
            KafkaError,
            NotCoordinatorError,
        )

        if self._admin is None:
            with connecting(self.settings):
                self._admin = KafkaAdminClient(**connection(self.settings))
        elections = (CoordinatorLoadInProgressError, CoordinatorNotAvailableError, NotCoordinatorError)
        started = time.monotonic()
        while True:
            try:
                return question(self._admin)
            except KafkaError as error:
                patience = COORDINATOR_SECONDS if isinstance(error, elections) else PATIENCE_SECONDS
                if not error.retriable or time.monotonic() - started > patience:
                    raise
            time.sleep(0.2)

    def _offsets(self, question: str, partitions: list[Partition]) -> dict[Partition, int]:
        keys = [_key(partition) for partition in partitions]
        with told(self.settings, question.replace("_", " ")):
            answer = getattr(self._consumer, question)(keys, timeout_ms=int(REQUEST_SECONDS * 1000))
        return {(key.topic, key.partition): offset for key, offset in answer.items()}

    def _starts(self, topics: list[str], start: Start) -> dict[Partition, int]:
        if isinstance(start, Mapping):
            oldest = self.begin_offsets(topics)
            return {key: max(offset, oldest[key]) for key, offset in start.items() if key in oldest}
        if isinstance(start, datetime):
            return self.offsets_at(topics, start)
        return self.begin_offsets(topics) if start == "begin" else self.end_offsets(topics)


def open_consumer(settings: Settings, **options: Any) -> Any:
    """A kafka-python consumer of no group, which keeps its own place. Raises `BrokerError`."""
    from kafka import KafkaConsumer

    with connecting(settings):
        return KafkaConsumer(
            **connection(settings),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",  # what was deleted meanwhile is passed over
            allow_auto_create_topics=False,
            metadata_max_age_ms=30_000,
            **options,
        )


def headers_of(record: Any) -> Headers:
    """The headers of a kafka-python record."""
    return tuple((name, value or b"") for name, value in record.headers)


def _poll(
    settings: Settings,
    consumer: Any,
    begins: Mapping[Partition, int],
    ends: Mapping[Partition, int] | None,
    until: Callable[[], bool] | None,
) -> Iterator[Message]:
    """Messages from `begins` to `ends` (None: for ever).

    A position past the end ends a partition, not its last message: compaction and transactions leave gaps.
    """
    open_ = {key for key in begins if ends is None or begins[key] < ends.get(key, 0)}
    if not open_:
        return
    with told(settings, "starting to read"):
        consumer.assign([_key(partition) for partition in open_])
        for partition in open_:
            consumer.seek(_key(partition), begins[partition])
    silent = 0.0  # while we listened: between two polls, whoever consumes the messages may take their time
    while open_:
        if until is not None and until():
            return
        asked = time.monotonic()
        with told(settings, "reading"):
            batches = consumer.poll(timeout_ms=500)
        silent = 0.0 if batches else silent + time.monotonic() - asked
        for key, records in batches.items():
            partition = (key.topic, key.partition)
            for record in records:
                if ends is None or (partition in open_ and record.offset < ends[partition]):
                    yield _message(record)
        if ends is None:
            continue
        finished = {key for key in open_ if (consumer.position(_key(key), timeout_ms=1000) or 0) >= ends[key]}
        if finished:
            open_ -= finished
            consumer.pause(*(_key(key) for key in finished))
        if not finished and silent > SILENCE_SECONDS:
            topic, number = min(open_)
            raise BrokerError(
                f"Kafka at {settings.brokers} sent nothing for {SILENCE_SECONDS:.0f} s, before offset "
                f"{ends[topic, number]} of {topic} [{number}] was reached. Is its broker there?"
            )


def _message(record: Any) -> Message:
    return Message(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        value=record.value,
        headers=headers_of(record),
        timestamp=record.timestamp,
    )


def _key(partition: Partition) -> Any:
    from kafka import TopicPartition

    return TopicPartition(*partition)
