"""An index of the topic of classified records, always read on to the topic's end, and the records it leads to.

It is fed from the topic alone, so it does not matter who wrote a record, this worker or the one that had the partition
before. An index that is lost is read anew. Blocking, and for one thread at a time.
"""

import logging
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.broker.client import SILENCE_SECONDS, admin_client, headers_of, open_consumer
from pipeline.broker.connection import missing_topics, told
from pipeline.errors import BrokerError, SettingsError
from pipeline.settings import Settings
from pipeline.streams.codec import header
from pipeline.streams.message import Output
from pipeline.streams.positions import Position, Positions
from pipeline.streams.versions import CLASSIFIED

logger = logging.getLogger(__name__)

_RECORDS = 2_000  # indexed at a time
_FETCH_BYTES = 16 * 1024 * 1024
_READ_BYTES = 64 * 1024  # to read one record; a longer one comes whole
_SAID_SECONDS = 10.0
_FOR_EVER = 2**63 - 1


class KnownRecords:
    """Where the classified records of `settings.topic_prefix` stand, by key.

    `slot` names the index in the folder `settings.state`; without that folder it is a temporary file. Memory is flat.
    """

    def __init__(self, settings: Settings, *, slot: str) -> None:
        self._settings = settings
        self._topic = settings.topic_prefix + CLASSIFIED
        self._slot = slot
        self._index: Positions | None = None
        self._consumer: Any = None
        self._reader: Any = None
        self._next: dict[int, int] = {}  # by partition: the offset from which on nothing is indexed

    def catch_up(self, stopping: Callable[[], bool] = lambda: False) -> bool:
        """Index what was written since the last look, all of it the first time; False if it was to stop before.

        Raises `BrokerError`; `SettingsError` if the index can't be used, `IndexFailed` if it can't be written.
        """
        if self._index is None:
            self._index = self._open()
        with told(self._settings, f"reading {self._topic}"):
            ends = self._assign(self._index)
            total = left = self._left(ends)
            heard = said = time.monotonic()
            while left:
                if stopping():
                    return False
                found = self._consumer.poll(timeout_ms=500, max_records=_RECORDS)
                self._add(self._index, found)
                now, before, left = time.monotonic(), left, self._left(ends)
                heard = now if left < before else heard
                if now - heard > SILENCE_SECONDS:
                    raise BrokerError(f"Kafka at {self._settings.brokers} sent nothing for {SILENCE_SECONDS:.0f} s.")
                if now - said > _SAID_SECONDS:
                    logger.info("index of known articles: %d of %d records", total - left, total)
                    said = now
        return True

    def find(self, key: bytes) -> list[Position]:
        """The places of `key`, the last one of each partition first."""
        return self._index.find(key) if self._index is not None else []

    def read(self, place: Position) -> Output | None:
        """The message at a place; None if it is gone: retention, compaction. Raises `BrokerError`."""
        if self._reader is None:
            self._reader = self._open_consumer(max_partition_fetch_bytes=_READ_BYTES)
        partition = self._key(place.partition)
        deadline = time.monotonic() + SILENCE_SECONDS
        with told(self._settings, f"reading {self._topic} [{place.partition}] at {place.offset}"):
            self._reader.assign([partition])
            self._reader.seek(partition, place.offset)
            while not (found := self._reader.poll(timeout_ms=500, max_records=1)):
                if (self._reader.position(partition, timeout_ms=1000) or 0) > place.offset:
                    return None  # nothing is left of the partition
                if time.monotonic() > deadline:
                    raise BrokerError(f"Kafka at {self._settings.brokers} sent nothing for {SILENCE_SECONDS:.0f} s.")
        ((record,),) = found.values()
        if record.offset != place.offset:
            return None
        return Output(topic=self._topic, key=record.key, value=record.value, headers=headers_of(record))

    def close(self) -> None:
        for part in (self._consumer, self._reader, self._index):
            if part is not None:
                part.close()
        self._consumer = self._reader = self._index = None
        self._next.clear()

    # -- inside

    def _open(self) -> Positions:
        """Raises `BrokerError` if the topic is not there, `SettingsError` if the index can't be used."""
        with admin_client(self._settings) as admin:
            topics = {entry["name"]: entry for entry in admin.describe_topics([self._topic])}
        if self._topic not in topics or topics[self._topic].get("error_code"):
            raise missing_topics(self._settings, [self._topic])
        # Offsets mean nothing for a topic that was deleted and made again: its id tells.
        source = f"{self._topic} {topics[self._topic].get('topic_id')}"
        self._consumer = self._open_consumer(fetch_max_bytes=_FETCH_BYTES)
        return Positions(self._path(), source=source)

    def _path(self) -> Path | None:
        folder = self._settings.state
        if folder is None:
            return None
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(f"EVENTWIRE_STATE: {folder} can't be made: {error.strerror}.") from error
        return folder / (re.sub(r"[^\w.-]", "_", f"{self._topic}-{self._slot}") + ".sqlite")

    def _open_consumer(self, **options: int) -> Any:
        return open_consumer(
            self._settings,
            fetch_max_wait_ms=20,  # the next question waits behind a fetch that waits
            **options,
        )

    def _assign(self, index: Positions) -> dict[int, int]:
        """The partitions' ends; those that are new are read from where the index ends."""
        numbers = self._consumer.partitions_for_topic(self._topic)
        if not numbers:
            raise missing_topics(self._settings, [self._topic])
        if numbers != self._next.keys():
            covered = index.covered()
            begins = self._consumer.beginning_offsets([self._key(number) for number in numbers])
            self._consumer.assign([self._key(number) for number in numbers])
            for key, begin in begins.items():
                if begin > 0:
                    index.forget(key.partition, begin)
                self._next[key.partition] = max(covered.get(key.partition, 0), begin)
                self._consumer.seek(key, self._next[key.partition])
        ends = self._consumer.end_offsets([self._key(number) for number in numbers])
        for key, end in ends.items():
            if end < self._next[key.partition]:  # an election lost records: what is behind the end never was
                logger.warning("%s [%d] is shorter than it was: it is indexed anew", self._topic, key.partition)
                index.forget(key.partition, _FOR_EVER)
                self._next[key.partition] = 0
                self._consumer.seek(key, 0)
        return {key.partition: end for key, end in ends.items()}

    def _left(self, ends: dict[int, int]) -> int:
        return sum(max(0, end - self._next[number]) for number, end in ends.items())

    def _add(self, index: Positions, found: dict[Any, list[Any]]) -> None:
        rows = [
            (record.key, header(headers_of(record), "ew_trace"), record.partition, record.offset)
            for records in found.values()
            for record in records
            if record.key is not None
        ]
        # Compaction leaves gaps: what counts is where the next read begins.
        moved = {number: self._consumer.position(self._key(number), timeout_ms=1000) for number in self._next}
        moved = {number: at for number, at in moved.items() if at is not None and at != self._next[number]}
        index.add(rows, moved)
        self._next |= moved

    def _key(self, number: int) -> Any:
        from kafka import TopicPartition

        return TopicPartition(self._topic, number)
