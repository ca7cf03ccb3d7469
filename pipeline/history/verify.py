"""Proof that a run's records follow from its input and its models alone: they are made again and compared.

By any number of processes; for a run on Kafka, whose workers take partitions as they come, in another order of
partitions too (a run in a folder has one order). For each topic and each partition of the raw topic there is a hash
over what was recorded and over what was made again. Nothing depends on the order of records; one that a worker wrote
twice counts once. Wall-clock fields (`ingested_at`, `produced_at`, `ce_time`) and places (`trace`) aside, a record is
compared byte for byte with its key and headers.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import blake2b

from pipeline.encoder.files import open_files
from pipeline.history import runs
from pipeline.history.prints import Group, Place, Prints, before, order, place_of
from pipeline.history.recorded import KafkaRecords, Records, finished, records_of
from pipeline.history.replay import Report, check_same, pin, recorded_settings
from pipeline.history.replay_select import Selection
from pipeline.history.replay_source import Feed, KafkaSource
from pipeline.history.replay_start import Moved, source_of
from pipeline.history.runs import RAW, Run
from pipeline.local.read import Item
from pipeline.local.runner import process
from pipeline.settings import Settings
from pipeline.streams.codec import read_structured, structured_line
from pipeline.streams.message import Message, Output
from pipeline.streams.pool import Pool, Steps
from pipeline.streams.topics import load_topics

TOPICS = tuple(name for name in load_topics() if name != RAW)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One topic and partition. Hashes are equal exactly if the records are."""

    topic: str
    partition: int
    records: int
    recorded: str
    again: str

    @property
    def equal(self) -> bool:
        return self.recorded == self.again


@dataclass(frozen=True, slots=True, kw_only=True)
class Differing:
    """The first raw message whose records differ: what was recorded and what was made again. None: nothing was."""

    topic: str
    trace: str
    recorded: Message | None
    again: Message | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    articles: int
    rows: tuple[Row, ...]
    first: Differing | None

    @property
    def equal(self) -> bool:
        return self.first is None and all(row.equal for row in self.rows)


def verify(name: str, settings: Settings, *, steps: Steps, report: Report, moved: Moved | None = None) -> Verified:
    """Make the records of the run `name` (on Kafka, or a folder) again.

    Raises `SettingsError` for a run that isn't finished or whose input is gone, `ModelError` if its models are not
    here, `BrokerError`. Memory is flat: the hashes stand in a temporary file, 48 bytes a record.
    """
    moved = moved or Moved()
    with records_of(name, settings, live=False) as records:
        run = finished(records)
        settings = recorded_settings(settings, run.pinned, moved.model)
        open_files(settings.model)
        if isinstance(records, KafkaRecords):
            mine = runs.settings_of(settings, run.name)
            source = KafkaSource(records.client)
            everything = replace(run.taken, since=None, before=None, where={}, partitions=tuple(source.partitions()))
            feed = Feed(source, everything, Selection(everything, mine), reverse=True)
            return _Verification(records, run, mine, steps, report).of(feed)
        mine = replace(settings, topic_prefix="")
        with source_of(run.taken, settings, moved.archive) as place:
            feed = Feed(place, run.taken, Selection(run.taken, mine))
            return _Verification(records, run, mine, steps, report).of(feed)


class _Verification:
    def __init__(self, records: Records, run: Run, settings: Settings, steps: Steps, report: Report) -> None:
        self._records, self._run, self._settings, self._report = records, run, settings, report
        self._steps = steps
        self._topic = settings.topic_prefix + RAW if isinstance(records, KafkaRecords) else run.taken.topic

    def of(self, feed: Feed) -> Verified:
        with Pool(None, self._settings, steps=self._steps) as pool:
            check_same(self._run, pin(self._settings, pool))
            recorded = Prints()
            for topic, message in self._records.read(TOPICS):
                recorded.add(topic, message)
            again = Prints()
            new: tuple[Place, Message] | None = None  # the first one made that was not recorded
            for topic, message in self._made(feed, pool):
                place, number = again.add(topic, message)
                if not recorded.holds(place, number) and (new is None or before(place, new[0])):
                    new = place, message
        rows = [_row(group, recorded, again) for group in sorted(recorded.groups() | again.groups())]
        gone = recorded.first_without(again)
        first = min((place for place in (gone, new and new[0]) if place), key=order, default=None)
        return Verified(
            articles=feed.given,
            rows=tuple(rows),
            first=self._differing(first, again, new[1] if new and new[0] == first else None) if first else None,
        )

    def _made(self, feed: Feed, pool: Pool) -> Iterator[tuple[str, Message]]:
        """Every record that the input leads to, with its topic as declared."""
        items = (Item(message, position=feed.scanned) for message in feed)
        ends = process(items, pool, self._settings, first_stage=self._steps(None)[0].name)
        for number, done in enumerate(ends, start=1):
            for output in done.outcome.outputs if done.outcome else ():
                yield output.topic.removeprefix(self._settings.topic_prefix), _as_read(output)
            self._report(number, done.position, feed.total)

    def _differing(self, first: Place, again: Prints, made: Message | None) -> Differing:
        """Reads the run once more: now the words are wanted."""
        trace = f"{self._topic}/{first.partition}/{first.offset}"
        candidates = (
            message
            for _, message in self._records.read([first.topic])
            if place_of(first.topic, message) == first and not again.has(first, message)
        )
        return Differing(topic=first.topic, trace=trace, recorded=next(candidates, None), again=made)


def _as_read(output: Output) -> Message:
    """As it would be read back from a file: on Kafka a record is the same."""
    return read_structured(structured_line(output), topic=output.topic)


def _row(group: Group, recorded: Prints, again: Prints) -> Row:
    sides = [recorded.prints(group), again.prints(group)]
    hashes = [blake2b(side.astype("<u8").tobytes(), digest_size=10).hexdigest() for side in sides]
    return Row(topic=group[0], partition=group[1], records=len(sides[0]), recorded=hashes[0], again=hashes[1])
