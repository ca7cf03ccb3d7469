"""Pages of events: the window, filtered, newest or oldest first."""

import time
from collections.abc import Callable, Iterator

import orjson

from pipeline.web.query import Filter
from pipeline.web.rows import Row
from pipeline.web.window import Window

SECONDS = 1.0  # of searching for one page: a request must not hold up the others
_STEP = 500  # rows looked at between two looks at the clock


def page(
    window: Window,
    wish: Filter,
    *,
    cursor: str | None,
    newest_first: bool,
    limit: int,
    deleted: bool,
    seconds: float = SECONDS,
    clock: Callable[[], float] = time.monotonic,
) -> bytes:
    """The JSON of an `EventPage`: up to `limit` events behind (newest first: before) the place `cursor`.

    After `seconds` of searching it ends with what was found. Raises `Problem` for a cursor that is none.
    """
    newest = window.newest
    deadline = clock() + seconds
    found: list[bytes] = []
    last: int | None = None  # the row that the next page starts behind
    for rows in _steps(window, cursor, newest, newest_first):
        for row in rows:
            if window.is_current(row) and (deleted or row.action != "delete") and wish.wants(row):
                found.append(row.json())
                if len(found) == limit:
                    last = row.seq
                    break
        if last is None and clock() > deadline:
            last = rows[-1].seq
        if last is not None:
            break
    end = last is None or (last >= newest if not newest_first else last <= window.oldest)
    following = None if last is None or end else window.cursor(last if not newest_first else last - 1)
    answer = {
        "events": [orjson.Fragment(event) for event in found],
        "next": following,
        "newest": window.cursor(newest),
    }
    return orjson.dumps(answer)


def _steps(window: Window, cursor: str | None, newest: int, newest_first: bool) -> Iterator[list[Row]]:
    """The rows on the way, in steps of `_STEP`, none of them empty."""
    if newest_first:
        last = newest if cursor is None else window.place(cursor, backwards=True)[0]
        while last >= window.oldest:
            rows = window.between(last - _STEP + 1, last)
            last -= _STEP
            if rows:
                yield rows[::-1]
    else:
        first = 1 if cursor is None else window.place(cursor)[0] + 1
        first = max(first, window.oldest)
        while first <= newest:
            rows = window.between(first, min(first + _STEP - 1, newest))
            first += _STEP
            if rows:
                yield rows
