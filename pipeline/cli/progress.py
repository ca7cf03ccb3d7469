"""How far a run is, on standard error: a bar on a terminal, else a line every ten seconds."""

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pipeline.cli.terminal import safe
from pipeline.errors import SettingsError

_LINE_SECONDS = 10.0


class Progress:
    """Articles, articles/s, the time that is left, events and rejections so far. Use as a context manager.

    `total`: bytes there are to read; None if nobody knows. `bar`: whether there may be one, or lines only.
    """

    def __init__(self, total: int | None, *, quiet: bool, bar: bool = True) -> None:
        self._total = total
        self._position = 0
        self._quiet = quiet
        self._wanted = bar and not quiet and sys.stderr.isatty()
        self._bar: Any = None
        self._line = time.monotonic()
        self._first = self._line  # when the first article was done: loading the models is no part of the rate
        self._articles = 0
        self._note = "loading the models"

    def __enter__(self) -> "Progress":
        if self._wanted:
            self._bar = _bar()
            self._task = self._bar.add_task("", total=self._total, note="", rate="")
            self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar:
            self._bar.stop()

    def count(self, position: int, *, rejected: int, events: int) -> None:
        """One more article is done, which ends at `position`; rejections and events are counts so far."""
        self._articles += 1
        if self._articles == 1:
            self._first = time.monotonic()
        self._position = position
        self._note = f"{events:,} events" + (f", {rejected:,} rejected" if rejected else "")
        self.tick()

    def tick(self) -> None:
        now = time.monotonic()
        rate = (self._articles - 1) / (now - self._first) if self._articles > 1 else 0.0
        if self._bar:
            text = f"{self._articles:,} articles, {rate:.1f}/s"
            self._bar.update(self._task, completed=self._position, note=self._note, rate=text)
        elif not self._quiet and now - self._line >= _LINE_SECONDS:
            self._line = now
            self.say(
                ", ".join(filter(None, [f"{self._articles:,} articles", self._share(), f"{rate:.1f}/s", self._note]))
            )

    def _share(self) -> str:
        return f"{min(1.0, self._position / self._total):.0%}" if self._total else ""

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """No bar while something is printed on standard output, which may be the same terminal."""
        if self._bar:
            self._bar.stop()
        yield
        if self._bar:
            self._bar.start()

    def say(self, text: str) -> None:
        """A line on standard error, above the bar. It is printed as it is: what strangers wrote must be `safe`."""
        if self._bar:
            self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)
        else:
            print(text, file=sys.stderr)


def _bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        BarColumn(),
        TextColumn("{task.fields[rate]}", markup=False),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", markup=False),
    )
    return Bar(*columns, console=Console(stderr=True), transient=True)


@contextmanager
def log_through(say: Callable[[str], None], level: str) -> Iterator[None]:
    """The program's own log lines, above the bar instead of through it."""

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            say(safe(f"{record.levelname.lower()}: {record.getMessage()}"))

    logger, handler = logging.getLogger("pipeline"), Handler()
    known = logging.getLevelNamesMapping().get(level.upper())
    if known is None:
        raise SettingsError(f"There is no log level {level!r}: debug, info, warning or error.")
    logger.addHandler(handler)
    logger.setLevel(known)
    try:
        yield
    finally:
        logger.removeHandler(handler)
