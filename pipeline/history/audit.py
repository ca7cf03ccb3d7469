"""The audit of the topics on Kafka: every raw message of a range is classified, dead-lettered or in flight.

The order of the questions makes the answer sound while workers run: the ends of the raw topic are taken first, then
what workers have committed, then the ends of the topics that outcomes stand on. A raw message that was committed by
then had its outcome acknowledged before, so it must be found.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pipeline.broker.client import Client, Partition
from pipeline.broker.groups import WorkerGroup, worker_groups
from pipeline.flow import FLOW
from pipeline.history.content import Position
from pipeline.history.ledger import Ledger, Report
from pipeline.streams.events import EVENTS
from pipeline.streams.message import Message
from pipeline.streams.topics import load_topics

Progress = Callable[[str, int, int], None]  # what is read, messages read, messages to read

RAW = FLOW[0].reads
# An outcome is later than its raw message by the clocks of two machines: so far they may be apart.
_CLOCKS = timedelta(hours=24)
_LATEST = 253_402_300_799_000  # milliseconds: the end of the year 9999


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Which raw messages: offsets (of each partition) from `first` to before `last`, or written from `since` to before
    `before`; `partition`: of this one only."""

    first: int | None = None
    last: int | None = None
    since: datetime | None = None
    before: datetime | None = None
    partition: int | None = None


def audit(
    client: Client,
    wanted: Range,
    *,
    progress: Progress = lambda what, done, total: None,
) -> Report:
    """Read the topics and give the books. Needs no stopped workers. Raises `BrokerError`.

    Reads each message of the range, every outcome since (a day's allowance for clocks), and the records between the
    stages only where something is open. Memory: see `Ledger`.
    """
    return _Audit(client, progress).run(wanted)


def keys_of(client: Client, positions: Iterable[Position]) -> Iterator[tuple[Position, bytes | None]]:
    """The keys of raw messages, which the ledger doesn't keep: read once more, in one pass a partition."""
    wanted: dict[Partition, set[int]] = {}
    for topic, number, offset in positions:
        wanted.setdefault((topic, number), set()).add(offset)
    for partition, offsets in wanted.items():
        for message in client.read([partition[0]], start={partition: min(offsets)}, end={partition: max(offsets) + 1}):
            if message.offset in offsets:
                yield (*partition, message.offset), message.key


class _Audit:
    def __init__(self, client: Client, progress: Progress) -> None:
        self._client = client
        self._prefix = client.settings.topic_prefix
        self._progress = progress

    def run(self, wanted: Range) -> Report:
        raw = self._prefix + RAW
        begin, end = self._bounds(raw, wanted)
        ledger = Ledger(begin, end)
        oldest: int | None = None
        for message in self._read("raw messages", [raw], begin, end):
            ledger.add_raw(message)
            oldest = message.timestamp if oldest is None else min(oldest, message.timestamp)
        groups = worker_groups(self._client)
        outcomes = [self._prefix + name for name in load_topics() if _is_outcome(name)]
        begins, ends = self._client.begin_offsets(outcomes), self._client.end_offsets(outcomes)
        starts = begins
        if oldest is not None and self._partly(raw, begin):
            starts = self._client.offsets_at(outcomes, _moment(oldest) - _CLOCKS)
        self._add(ledger, "outcomes", outcomes, starts, ends)
        self._add_waiting(ledger, raw, groups)
        self._allow_for_compaction(ledger, raw)
        if starts != begins and next(ledger.missing(), None):
            # Before calling a message missing: a clock may be further off than we allowed.
            self._add(ledger, "older outcomes", outcomes, begins, starts)
        return ledger.report()

    def _bounds(self, raw: str, wanted: Range) -> tuple[dict[Partition, int], dict[Partition, int]]:
        oldest, newest = self._client.begin_offsets([raw]), self._client.end_offsets([raw])
        begin, end = dict(oldest), dict(newest)
        if wanted.since is not None:
            begin = self._client.offsets_at([raw], wanted.since)
        if wanted.before is not None:
            end = self._client.offsets_at([raw], wanted.before)
        if wanted.first is not None:
            begin = {key: max(first, wanted.first) for key, first in begin.items()}
        if wanted.last is not None:
            end = {key: min(last, wanted.last) for key, last in end.items()}
        mine = [key for key in oldest if wanted.partition is None or key[1] == wanted.partition]
        first = {key: min(max(begin[key], oldest[key]), newest[key]) for key in mine}
        return first, {key: max(first[key], min(end[key], newest[key])) for key in mine}

    def _partly(self, raw: str, begin: Mapping[Partition, int]) -> bool:
        """Whether the range leaves out older messages: then older outcomes need not be read."""
        oldest = self._client.begin_offsets([raw])
        return any(key not in begin or begin[key] > first for key, first in oldest.items())

    def _add(
        self,
        ledger: Ledger,
        what: str,
        topics: list[str],
        starts: Mapping[Partition, int],
        ends: Mapping[Partition, int],
    ) -> None:
        closing = self._prefix + FLOW[-1].writes
        events = self._prefix + EVENTS
        for message in self._read(what, topics, starts, ends):
            if message.topic == closing:
                ledger.add_classified(message)
            elif message.topic.startswith(events):
                ledger.add_event(message)
            else:
                ledger.add_dead_letter(message)

    def _add_waiting(self, ledger: Ledger, raw: str, groups: list[WorkerGroup]) -> None:
        """What is in flight: raw messages that no worker has committed, and records that wait between two stages."""
        for key, first in self._client.begin_offsets([raw]).items():
            ledger.wait_from(key, max((group.committed.get(key, first) for group in groups), default=first))
        if not ledger.open:
            return
        for step in FLOW[1:]:
            topic = self._prefix + step.reads
            begins, ends = self._client.begin_offsets([topic]), self._client.end_offsets([topic])
            committed = {key: max((g.committed.get(key, -1) for g in groups), default=-1) for key in begins}
            ends_here = any(group.writes == step.reads for group in groups)
            for message in self._read(f"records that wait for {step.name}", [topic], begins, ends):
                ledger.add_redriven(message)
                done = committed[message.topic, message.partition]
                if message.offset >= done and (done >= 0 or ends_here):
                    ledger.add_waiting(message)

    def _allow_for_compaction(self, ledger: Ledger, raw: str) -> None:
        """Only the last record of an article is kept for longer than the compaction's lag."""
        lag = load_topics()[FLOW[-1].writes].compaction_lag_ms
        if lag is not None and next(ledger.missing(), None):
            for key, offset in self._client.offsets_at([raw], datetime.now(UTC) - timedelta(milliseconds=lag)).items():
                ledger.compacted_before(key, offset)

    def _read(
        self, what: str, topics: list[str], starts: Mapping[Partition, int], ends: Mapping[Partition, int]
    ) -> Iterator[Message]:
        total = sum(max(0, ends[key] - first) for key, first in starts.items())
        done = 0
        for message in self._client.read(topics, start=starts, end=ends):
            done += 1
            yield message
            if done % 500 == 0:
                self._progress(what, done, total)
        self._progress(what, done, total)


def _is_outcome(name: str) -> bool:
    return name == FLOW[-1].writes or name.startswith(EVENTS) or name in {step.dead_letters for step in FLOW}


def _moment(milliseconds: int) -> datetime:
    """A writer's clock may say any time: the nearest that there is."""
    return datetime.fromtimestamp(min(max(0, milliseconds), _LATEST) / 1000, UTC)
