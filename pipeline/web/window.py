"""The newest events, in the order in which they came in. One thread writes, all read.

Rows are numbered from 1 on (`seq`). A client's place is a number, so a slow one costs nothing but its connection: the
window itself is its queue, and a client that falls out of it is told so. Memory is bounded by `capacity`.
"""

import base64
import binascii
import secrets
import threading
from collections.abc import Callable

from pipeline.web.problems import Problem
from pipeline.web.rows import Row

OVERLAP_MILLISECONDS = (
    5_000  # after a restart, reading goes on so much earlier: events are not written in order of time
)


class Window:
    """The last `capacity` rows. An update replaces the row of its `event_id` in lists, a delete ends it; both stay
    in the order of rows, for those who follow."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._ring: list[Row | None] = [None] * capacity
        self._newest = 0
        self._current: dict[str, Row] = {}
        self._lock = threading.Lock()
        self._listeners: set[Callable[[], None]] = set()
        # Sequence numbers are this process's: a place of another one is found by its time.
        self._process = secrets.token_hex(4)

    @property
    def newest(self) -> int:
        """`seq` of the newest row; 0 if there is none yet."""
        return self._newest

    @property
    def oldest(self) -> int:
        """`seq` of the oldest row that is still there; 1 if there is none yet."""
        return max(1, self._newest - self.capacity + 1)

    def add(self, row: Row) -> bool:
        """Append a row, number it and wake those who listen.

        A repeated delivery is left out, and so is an older state of the event that comes late (docs/updates.md).
        """
        with self._lock:
            known = self._current.get(row.event_id)
            if known is not None and (known.identity == row.identity or row.ingested < known.ingested):
                return False
            row.seq = self._newest + 1
            gone = self._ring[row.seq % self.capacity]
            if gone is not None and self._current.get(gone.event_id) is gone:
                del self._current[gone.event_id]
            self._ring[row.seq % self.capacity] = row
            self._current[row.event_id] = row
            self._newest = row.seq
        for listener in tuple(self._listeners):
            listener()
        return True

    def listen(self, listener: Callable[[], None]) -> None:
        """`listener` is called after every change, in the writer's thread."""
        self._listeners.add(listener)

    def get(self, event_id: str) -> Row | None:
        return self._current.get(event_id)

    def is_current(self, row: Row) -> bool:
        """Whether the row is what now holds of its event."""
        return self._current.get(row.event_id) is row

    def between(self, first: int, last: int) -> list[Row]:
        """The rows `first` to `last` that are still there, both included, oldest first."""
        with self._lock:
            first, last = max(first, self.oldest), min(last, self._newest)
            return [row for seq in range(first, last + 1) if (row := self._ring[seq % self.capacity]) is not None]

    # -- places, as clients see them

    def cursor(self, seq: int) -> str:
        """The place behind row `seq`."""
        with self._lock:
            row = self._ring[seq % self.capacity] if self.oldest <= seq <= self._newest else None
            text = f"{self._process}.{seq}.{row.written if row is not None else 0}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def place(self, cursor: str, *, backwards: bool = False) -> tuple[int, bool]:
        """What `cursor` stands for: a `seq`, and whether it is certain that a reader from there on misses nothing.

        `backwards`: for reading towards older rows. Raises `Problem` for what is no cursor.
        """
        process, seq, written = _read(cursor)
        if process == self._process:
            if seq > self._newest:
                raise _no_cursor(cursor)
            return seq, seq >= self.oldest - 1
        rows = self.between(1, self._newest)
        # Not by bisection: times may jump back.
        if backwards:
            until = written + OVERLAP_MILLISECONDS
            return next((row.seq for row in reversed(rows) if row.written <= until), 0), True
        since = written - OVERLAP_MILLISECONDS
        first = next((row.seq for row in rows if row.written >= since), self._newest + 1)
        return first - 1, first > self.oldest


def _read(cursor: str) -> tuple[str, int, int]:
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
        process, seq, written = text.split(".")
        if not (seq.isdecimal() and written.isdecimal() and len(seq) < 19 and len(written) < 19):
            raise ValueError
        return process, int(seq), int(written)
    except (ValueError, binascii.Error):
        raise _no_cursor(cursor) from None


def _no_cursor(cursor: str) -> Problem:
    return Problem(400, f"{cursor[:60]!r} is no cursor of this server: leave it out to start from the beginning.")
