"""How the system did in the last two hours: what waits and how long articles take, looked at whether or not a page is
open, so that one that is opened later shows the past."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from pipeline.streams.codec import milliseconds_text
from pipeline.web.source import Source

SECONDS = 10.0  # between two samples
_KEPT = 720
_LATENCY_SECONDS = 60.0  # a sample's latencies are those of the articles of so long before it

# Unix time in milliseconds, messages that wait, p50 and p99 in seconds.
Sample = tuple[int, int | None, float | None, float | None]


class Samples:
    """Taken by a thread of its own between `start` and `stop`, read by all."""

    def __init__(self, source: Source, *, clock: Callable[[], float] = time.time) -> None:
        self._source = source
        self._clock = clock
        self._kept: deque[Sample] = deque(maxlen=_KEPT)
        self._stopping = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._take_on, name="samples", daemon=True).start()

    def stop(self) -> None:
        self._stopping.set()

    def take(self) -> None:
        """One sample. While the source can't be read, nothing is known of what waits."""
        now = self._clock()
        lags = None if self._source.trouble() else self._source.lag()
        seconds = self._source.intake.latencies(since=now - _LATENCY_SECONDS)
        waiting = None if lags is None else sum(group.messages for group in lags)
        self._kept.append((int(now * 1000), waiting, quantile(seconds, 0.5), quantile(seconds, 0.99)))

    def answer(self) -> dict[str, Any]:
        """A `History` of the API."""
        times, lag, p50, p99 = zip(*self._kept.copy(), strict=True) if self._kept else ((), (), (), ())
        return {
            "seconds": SECONDS,
            "times": [milliseconds_text(moment) for moment in times],
            "lag": lag,
            "p50": p50,
            "p99": p99,
        }

    def _take_on(self) -> None:
        while not self._stopping.is_set():
            self.take()
            self._stopping.wait(SECONDS)


def quantile(values: Sequence[float], share: float) -> float | None:
    """`values`: sorted. None if there are none."""
    return round(values[min(len(values) - 1, int(share * len(values)))], 3) if values else None
