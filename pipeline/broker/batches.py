"""What a worker does with a batch of messages: the stages in child processes, then delivery, then the metrics."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from datetime import datetime

import orjson

from pipeline import metrics
from pipeline.broker.delivery import Delivery
from pipeline.broker.versions import Versions
from pipeline.errors import EventwireError
from pipeline.settings import Settings
from pipeline.streams.codec import header
from pipeline.streams.measure import measure
from pipeline.streams.message import Message, Outcome
from pipeline.streams.pool import Pool
from pipeline.streams.processor import Step
from pipeline.streams.versions import CLASSIFIED, closing

_CAP_WINDOW = 200
_LONGEST_READ = 65_536  # bytes of a record that is decoded for a metric


class TooManyDeadLetters(EventwireError):
    """So many messages are rejected that the fault is probably ours: stop before the topic is emptied into it."""


class DeadLetterCap:
    """Counts what became of the last 200 messages; redriven ones don't count: they were rejected before."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._recent: deque[bool] = deque(maxlen=_CAP_WINDOW)

    def check(self, messages: Sequence[Message], outcomes: Sequence[Outcome]) -> None:
        """Raises `TooManyDeadLetters` if, with these, more than `rate` of a full window are dead letters."""
        for message, outcome in zip(messages, outcomes, strict=True):
            if header(message.headers, "ew_attempts") is not None:
                continue
            self._recent.append(outcome.dead)
            dead = sum(self._recent)
            if len(self._recent) == _CAP_WINDOW and dead > self._rate * _CAP_WINDOW:
                raise TooManyDeadLetters(
                    f"{dead} of the last {_CAP_WINDOW} messages were rejected, the last one at {message.trace} with "
                    f"the code {outcome.result}; EVENTWIRE_DEAD_LETTER_RATE allows {self._rate:g}. The worker stops "
                    "before more of the topic becomes dead letters; this batch is not acknowledged. "
                    "See: eventwire dead-letters list"
                )


class Batches:
    """The work of one segment. `run` returns when everything the messages lead to is acknowledged by Kafka."""

    def __init__(
        self,
        steps: Sequence[Step],
        settings: Settings,
        *,
        pool: Pool,
        delivery: Delivery,
        versions: Versions | None = None,
    ) -> None:
        """`versions`: of a segment that ends the road."""
        self._steps = tuple(steps)
        self._settings = settings
        self._pool = pool
        self._delivery = delivery
        self._versions = versions
        self._closing = settings.topic_prefix + CLASSIFIED
        self._cap = DeadLetterCap(settings.dead_letter_rate)

    async def run(self, messages: Sequence[Message]) -> None:
        """Raises `TooManyDeadLetters`, `DeliveryFailed` or what the pool raises; then nothing may be acknowledged."""
        started = time.perf_counter()
        outcomes = await asyncio.wrap_future(self._pool.submit(messages))
        if self._versions is not None:
            outcomes = await self._versions.revise(messages, outcomes)
        self._cap.check(messages, outcomes)
        outputs = [output for outcome in outcomes for output in outcome.outputs]
        # A record that closes an article says that everything else of it is there: whoever finds one, after a crash
        # in the middle of this, may rely on it.
        await self._delivery.deliver([output for output in outputs if output.topic != self._closing])
        await self._delivery.deliver([output for output in outputs if output.topic == self._closing])
        metrics.BATCH_SECONDS.observe(time.perf_counter() - started)
        self._measure(messages, outcomes)

    def _measure(self, messages: Sequence[Message], outcomes: Sequence[Outcome]) -> None:
        now = time.time()
        reads = self._steps[0].reads
        for message, outcome in zip(messages, outcomes, strict=True):
            arrived = self._arrival(message, outcome)
            measure(
                outcome,
                reads=reads,
                topic_prefix=self._settings.topic_prefix,
                seconds_since_arrival=None if arrived is None else now - arrived,
            )
        metrics.LAG_SECONDS.labels(reads).set(max(0.0, now - max(message.timestamp for message in messages) / 1000))

    def _arrival(self, message: Message, outcome: Outcome) -> float | None:
        """When the raw article came in (Unix time), for an outcome that ends its road; None if it goes on."""
        if not outcome.dead and outcome.result != "classified":
            return None
        record = closing(outcome)
        value = None if record is None else record.value
        if value is None or len(value) > _LONGEST_READ:
            return message.timestamp / 1000
        try:
            return datetime.fromisoformat(orjson.loads(value)["ingested_at"]).timestamp()
        except (KeyError, TypeError, ValueError):
            return message.timestamp / 1000
