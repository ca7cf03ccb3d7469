"""Watching a worker from outside its event loop: committed offsets, lag, and whether it is still getting on.

A worker can stall without ending: two workers with one static id go on writing outputs while no commit succeeds any
more (measured), or one of them is refused by the group and waits for ever outside it (seen); a frozen event loop says
nothing at all. So the watch has a thread and a connection of its own,
and looks at what Kafka says is committed, not at what the worker does.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pipeline import metrics
from pipeline.broker.client import Client, Partition
from pipeline.errors import BrokerError
from pipeline.settings import Settings
from pipeline.streams.pool import Pool

logger = logging.getLogger(__name__)

EXIT_STALLED = 75


@dataclass
class State:
    """What the worker says of itself to the threads beside its event loop. Each field is written by one of them."""

    assigned: frozenset[Partition] = frozenset()
    joined: bool = False  # in the group, perhaps with no partitions: there may be more workers than these
    stopping: bool = False
    pool: Pool | None = None  # None until the broker is there
    beat: float = field(default_factory=time.monotonic)  # when the event loop last did something


@dataclass
class Progress:
    """Whether offsets move. `stalled_for(…)` is 0 as long as nothing is waiting or something moved."""

    _since: float | None = None
    _committed: Mapping[Partition, int] = field(default_factory=dict)

    def stalled_for(self, now: float, committed: Mapping[Partition, int], lag: Mapping[Partition, int]) -> float:
        """Seconds since the last movement, with work waiting all the while. Call it at every look."""
        moved = committed != self._committed
        self._committed = dict(committed)
        if moved or not any(lag.values()):
            self._since = None
            return 0.0
        if self._since is None:
            self._since = now
        return now - self._since

    def unknown(self) -> None:
        """Kafka could not be asked: a worker is not to blame for standing still while the broker is away."""
        self._since = None


class Watch(threading.Thread):
    """Looks every `every` seconds; calls `end` with the exit code when the worker is stalled.

    Feeds `LAG_MESSAGES` (of the partitions assigned to this worker) and `LAST_COMMIT_SECONDS`.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        group: str,
        topic: str,
        state: State,
        end: Callable[[int], None],
        every: float = 5.0,
    ) -> None:
        super().__init__(name="watch", daemon=True)
        self._settings = settings
        self._group = group
        self._topic = topic
        self._state = state
        self._end = end
        self._every = min(every, settings.stall_seconds / 4)
        self._progress = Progress()
        self._outside: float | None = None  # since when this worker is not in its group
        self._shown: set[Partition] = set()
        self._committed: Mapping[Partition, int] = {}

    def run(self) -> None:
        while not self._state.stopping:
            try:
                with Client(self._settings) as client:
                    while not self._state.stopping:
                        self._look(client)
                        time.sleep(self._every)
            except Exception as error:  # noqa: BLE001 (whatever a library raises: a worker without a watch may stall)
                self._progress.unknown()
                self._outside = None
                unexpected = "" if isinstance(error, BrokerError) else f"{type(error).__name__}: "
                logger.warning("the watch can't see the offsets: %s%s", unexpected, error)
                time.sleep(self._every)

    def _look(self, client: Client) -> None:
        lag = client.lag(self._group, [self._topic])
        committed = client.committed(self._group)
        # Without partitions of its own, a worker answers for the group: it may be the one that can't be joined.
        mine = self._state.assigned or frozenset(lag)
        lag = {key: value for key, value in lag.items() if key in mine}
        committed = {key: value for key, value in committed.items() if key in mine}
        self._tell(lag, committed)
        now = time.monotonic()
        stalled = self._progress.stalled_for(now, committed, lag)
        self._outside = None if self._state.joined else self._outside or now
        outside = 0.0 if self._outside is None else now - self._outside
        if max(stalled, outside) >= self._settings.stall_seconds and not self._state.stopping:
            self._report(client, lag, committed, stalled, outside)
            self._end(EXIT_STALLED)

    def _tell(self, lag: Mapping[Partition, int], committed: Mapping[Partition, int]) -> None:
        shown = self._state.assigned & lag.keys()
        name = self._topic.removeprefix(self._settings.topic_prefix)
        for _, number in self._shown - shown:
            metrics.LAG_MESSAGES.remove(name, str(number))
        for key in shown:
            metrics.LAG_MESSAGES.labels(name, str(key[1])).set(lag[key])
        self._shown = set(shown)
        if committed != self._committed:
            self._committed = committed
            metrics.LAST_COMMIT_SECONDS.set_to_current_time()

    def _report(
        self,
        client: Client,
        lag: Mapping[Partition, int],
        committed: Mapping[Partition, int],
        stalled: float,
        outside: float,
    ) -> None:
        try:
            group_state = client.group_state(self._group)
        except BrokerError as error:
            group_state = f"unknown ({error})"
        logger.critical(
            "stalled: %d messages of %s wait, nothing was committed for %.0f s, outside the group for %.0f s. Group %s "
            "is %s; partitions here: %s; committed: %s; the event loop was last alive %.0f s ago. Is there another "
            "worker with this slot (EVENTWIRE_SLOT)? Ending with exit code %d: started again, it goes on where "
            "it stood.",
            sum(lag.values()),
            self._topic,
            stalled,
            outside,
            self._group,
            group_state,
            sorted(number for _, number in self._state.assigned) or "none",
            {number: offset for (_, number), offset in sorted(committed.items())},
            time.monotonic() - self._state.beat,
            EXIT_STALLED,
        )
