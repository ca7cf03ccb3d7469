"""What a new version of an article changes, on Kafka: the version before is read back from the classified records.

The topic is compacted by article id, so it holds the current version of every article (pipeline/streams/versions.py);
`known.py` finds it there.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import groupby

from pipeline.broker.connection import BrokerRefused
from pipeline.broker.known import KnownRecords
from pipeline.errors import BrokerError, EventwireError
from pipeline.settings import Settings
from pipeline.streams.codec import header
from pipeline.streams.message import Message, Outcome, Output
from pipeline.streams.positions import Position, digest_of
from pipeline.streams.processor import utc_now
from pipeline.streams.versions import Version, closing, done_before, read_version, revised

logger = logging.getLogger(__name__)

_IDLE_SECONDS = 10.0  # a worker with nothing to do reads on, so that it is not far behind when it is needed
_PAUSE_SECONDS = 1.0

Standing = tuple[Version, Output]  # a version, and the message it stands in


class Versions:
    """Settles batches against what stands on the topic of classified records. `start` it first.

    `slot` names this worker's index (`KnownRecords`). `seconds`: how long `revise` waits for a broker that is away.
    """

    def __init__(self, settings: Settings, *, slot: str, seconds: float) -> None:
        self._known = KnownRecords(settings, slot=slot)
        self._lock = threading.Lock()
        self._prefix = settings.topic_prefix
        self._seconds = seconds

    def start(self, stopping: Callable[[], bool] = lambda: False) -> bool:
        """Read on to the topic's end, with word of it in the log; True when done, False when it is to stop before.

        Waits for a broker that goes away. Raises `BrokerRefused`, `SettingsError`, `IndexFailed`.
        """
        while not stopping():
            try:
                with self._lock:
                    done = self._known.catch_up(stopping)
            except BrokerRefused:
                raise
            except BrokerError as error:
                logger.warning("the index of known articles waits for Kafka: %s", error)
                time.sleep(_PAUSE_SECONDS)
                continue
            if done:
                threading.Thread(target=self._follow, name="versions", daemon=True).start()
            return done
        return False

    async def revise(self, messages: Sequence[Message], outcomes: Sequence[Outcome]) -> list[Outcome]:
        """What is to be written for a batch, in its order (`pipeline.streams.versions.revise`).

        Nothing for a raw message whose record stands on the topic already, made by the same models. After a record
        that is superseded comes the current one once more, since compaction keeps the last of a key.
        Raises `BrokerError`, `IndexFailed`.
        """
        deadline = time.monotonic() + self._seconds
        while True:
            try:
                return await asyncio.to_thread(self._revise, messages, outcomes)
            except BrokerError as error:
                if time.monotonic() > deadline:
                    raise
                logger.warning("earlier versions can't be read now: %s", error)
            await asyncio.sleep(_PAUSE_SECONDS)

    def _revise(self, messages: Sequence[Message], outcomes: Sequence[Outcome]) -> list[Outcome]:
        with self._lock:
            self._known.catch_up()
            fresh: dict[bytes, Output] = {}  # records of this batch: not on the topic yet
            return [self._one(*pair, fresh) for pair in zip(messages, outcomes, strict=True)]

    def _one(self, message: Message, outcome: Outcome, fresh: dict[bytes, Output]) -> Outcome:
        record = closing(outcome)
        if record is None or record.key is None:
            return outcome
        places = self._known.find(record.key)
        if done := self._done_before(outcome, record, places):
            logger.info("%s was done before: nothing is written again", message.trace)
            return replace(outcome, outputs=self._hidden(*done, places), events=0)
        standing = self._standing(record.key, places, fresh)
        outcome = revised(
            message,
            outcome,
            standing and standing[0],
            topic_prefix=self._prefix,
            now=utc_now(),
        )
        if outcome.superseded and standing is not None:
            return replace(outcome, outputs=(*outcome.outputs, standing[1]))
        if written := closing(outcome):
            fresh[record.key] = written
        return outcome

    def _done_before(
        self, outcome: Outcome, record: Output, places: Sequence[Position]
    ) -> tuple[Position, Standing] | None:
        """Where the record of the same raw message stands."""
        trace = header(record.headers, "ew_trace") or ""
        place = next((place for place in places if place.trace == digest_of(trace)), None)
        output = None if place is None else self._known.read(place)
        found = None if output is None else _standing_in(output)
        return (place, found) if place and found and done_before(outcome, found[0]) else None

    def _hidden(self, place: Position, found: Standing, places: Sequence[Position]) -> tuple[Output, ...]:
        """The current record, where a superseded one is the last of its key: the worker that wrote that died before it
        wrote this once more, and compaction would drop it."""
        version, output = found
        last = next(other for other in places if other.partition == place.partition)
        if not version.superseded or last != place or output.key is None:
            return ()
        standing = self._standing(output.key, places, {})
        return () if standing is None else (standing[1],)

    def _standing(self, key: bytes, places: Sequence[Position], fresh: dict[bytes, Output]) -> Standing | None:
        """The current version: the last of its partition that is not superseded. An article stands in two partitions
        where the topic was given more of them."""
        if key in fresh:
            return _standing_in(fresh[key])
        found: Standing | None = None
        for _, group in groupby(places, key=lambda place: place.partition):
            last = self._last(key, group)
            if last and (found is None or found[0].older_than(last[0])):
                found = last
        return found

    def _last(self, key: bytes, places: Iterable[Position]) -> Standing | None:
        """Of one partition. Behind a tombstone nothing is known of the article, whether it was compacted yet or not."""
        for place in places:
            output = self._known.read(place)
            if output is None or output.key != key:
                continue
            if output.value is None:
                return None
            standing = _standing_in(output)
            if standing and not standing[0].superseded:
                return standing
        return None

    def _follow(self) -> None:
        while True:
            time.sleep(_IDLE_SECONDS)
            try:
                with self._lock:
                    self._known.catch_up()
            except EventwireError as error:
                logger.debug("reading on for the index of known articles: %s", error)


def _standing_in(output: Output) -> Standing | None:
    version = read_version(output)
    return None if version is None else (version, output)
