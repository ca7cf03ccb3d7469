"""Cuts a text's pieces into the windows that the encoder reads one at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

WINDOW_PIECES = 254  # with <s> and </s> 256: attention makes longer windows slower a piece, training used the same
TITLE_PIECES = 64  # a longer first sentence is no title, and not repeated


class Window(NamedTuple):
    """Pieces `start` to `end` of the text, read after the `title` first pieces of the text as unscored context."""

    title: int
    start: int
    end: int


def plan_windows(lengths: Sequence[int], *, budget: int = WINDOW_PIECES) -> list[Window]:
    """Windows of whole consecutive sentences, given the piece count of every sentence in order.

    The windows cover every piece exactly once. The first sentence (the title) is repeated in front of all windows
    but the first. A sentence too long for one window is the only thing that is ever cut.
    """
    title = lengths[0] if lengths and lengths[0] <= TITLE_PIECES else 0
    windows: list[Window] = []
    start = end = 0
    for length in lengths:
        room = budget - (title if start else 0)
        if end + length - start > room and end > start:
            windows.append(Window(title if start else 0, start, end))
            start = end
            room = budget - title
        end += length
        while end - start > room:
            windows.append(Window(title if start else 0, start, start + room))
            start += room
            room = budget - title
    if end > start:
        windows.append(Window(title if start else 0, start, end))
    return windows
