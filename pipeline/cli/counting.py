"""How far a long piece of work is, on standard error: a bar on a terminal, else a line every ten seconds."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

_LINE_SECONDS = 10.0

Count = Callable[[str, int, int | None], None]  # what is being done, how much is done, of how much (None: unknown)


@contextmanager
def counting(*, quiet: bool = False) -> Iterator[Count]:
    """A function to tell how far one is. It prints nothing for work that is done in a moment."""
    if quiet:
        yield lambda what, done, total: None
    elif sys.stderr.isatty():
        yield from _bar()
    else:
        yield _lines()


def _bar() -> Iterator[Count]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total)


def _lines() -> Count:
    began = said = time.monotonic()

    def count(what: str, done: int, total: int | None) -> None:
        nonlocal said
        now = time.monotonic()
        if now - said >= _LINE_SECONDS:
            said = now
            print(what + (_share(done, total, now - began) if total else ""), file=sys.stderr)

    return count


def _share(done: int, total: int, seconds: float) -> str:
    """`, 25%, 0:12:30 left`"""
    left = timedelta(seconds=round(seconds * (total - done) / done)) if 0 < done <= total else None
    return f", {done / total:.0%}" + (f", {left} left" if left else "")
