"""Writing to Kafka from a program that is not a worker."""

from types import TracebackType
from typing import Any

from pipeline.broker.connection import connecting, connection, missing_topics, told
from pipeline.errors import BrokerError
from pipeline.settings import Settings
from pipeline.streams.message import Output

# What the client may hand over at most. The topics' own limits are checked by the broker, after compression.
MAX_REQUEST_BYTES = 128 * 1024 * 1024
MAX_BUFFERED_BYTES = 32 * 1024 * 1024  # kafka-python's own buffer has no limit


class Writer:
    """An idempotent producer (acks from all replicas, zstd): `write` is fast, `flush` returns when all is acknowledged.

        with Writer(settings) as writer:
            writer.write(Output(topic="news.articles.raw", key=b"a1", value=b"{…}"))

    Leaving the block flushes, unless an exception leaves it. `acknowledged` counts the messages that Kafka has.
    Raises `BrokerError` when Kafka can't be reached, a topic is missing or a message was not taken; the messages
    written after that one may or may not be there.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.acknowledged = 0
        self._failed: tuple[str, BaseException] | None = None
        self._buffered = 0
        self._known: set[str] = set()
        self._producer: Any = None

    def __enter__(self) -> "Writer":
        from kafka import KafkaProducer

        with connecting(self.settings):
            self._producer = KafkaProducer(
                **connection(self.settings),
                enable_idempotence=True,
                acks="all",
                compression_type="zstd",
                linger_ms=20,
                batch_size=256 * 1024,
                max_request_size=MAX_REQUEST_BYTES,
                max_block_ms=5_000,
                delivery_timeout_ms=60_000,
                allow_auto_create_topics=False,
            )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if kind is None:
                self.flush()
        finally:
            self._producer.close(timeout=5)

    def write(self, output: Output, *, partition: int | None = None, timestamp: int | None = None) -> None:
        """Hand one message over. A message with neither key nor value is given an empty value: Kafka wants one.

        `partition`: this one instead of the key's. `timestamp`: of the message, in milliseconds, instead of now.
        """
        self._raise_failed()
        if output.topic not in self._known:
            self._check(output.topic)
        value = b"" if output.key is None and output.value is None else output.value
        with told(self.settings, f"writing to {output.topic}"):
            future = self._producer.send(
                output.topic,
                key=output.key,
                value=value,
                headers=list(output.headers),
                partition=partition,
                timestamp_ms=timestamp,
            )
        future.add_callback(self._taken)
        future.add_errback(self._not_taken, output.topic)
        self._buffered += len(value or b"") + len(output.key or b"")
        if self._buffered > MAX_BUFFERED_BYTES:
            self.flush()

    def flush(self) -> None:
        """Return when every message written so far is acknowledged."""
        with told(self.settings, "waiting for acknowledgements"):
            self._producer.flush(timeout=90)
        self._buffered = 0
        self._raise_failed()

    def _taken(self, _: object) -> None:
        self.acknowledged += 1  # only the producer's own thread calls this

    def _not_taken(self, topic: str, error: BaseException) -> None:
        self._failed = self._failed or (topic, error)

    def _raise_failed(self) -> None:
        if self._failed is not None:
            topic, error = self._failed
            raise BrokerError(f"Kafka at {self.settings.brokers} did not take a message for {topic}: {error}")

    def _check(self, topic: str) -> None:
        from kafka.errors import KafkaError, KafkaTimeoutError, UnknownTopicOrPartitionError

        try:
            found = self._producer.partitions_for(topic)
        except (KafkaTimeoutError, UnknownTopicOrPartitionError):
            found = None
        except KafkaError as error:
            raise BrokerError(f"Kafka at {self.settings.brokers}, asking for {topic}: {error}") from error
        if not found:
            raise missing_topics(self.settings, [topic])
        self._known.add(topic)
