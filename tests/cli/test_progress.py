import logging
import sys

import pytest

from pipeline.cli import progress as module
from pipeline.cli.progress import Progress, log_through
from pipeline.errors import SettingsError


class Clock:
    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def test_lines_every_ten_seconds_where_there_is_no_terminal(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(1000, quiet=False) as progress:
        clock.now += 10
        progress.tick()
        clock.now += 5
        for n in range(1, 6):  # one a second, from the 15th second on
            progress.count(n * 100, rejected=0, events=2 * n)
            clock.now += 1
        progress.count(600, rejected=1, events=12)
        progress.tick()
    assert capsys.readouterr().err.splitlines() == [
        "0 articles, 0%, 0.0/s, loading the models",
        "6 articles, 60%, 1.0/s, 12 events, 1 rejected",
    ]


def test_no_share_of_an_endless_stream_and_nothing_if_quiet(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    for quiet in (False, True):
        with Progress(None, quiet=quiet) as progress:
            clock.now += 11
            progress.count(0, rejected=0, events=1)
    assert capsys.readouterr().err == "1 articles, 0.0/s, 1 events\n"


def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with Progress(10, quiet=False) as progress:
        progress.count(5, rejected=0, events=1)
        progress.say("rejected [red]x")
        with progress.hidden():
            print("events")
        progress.count(10, rejected=0, events=1)
    shown = capsys.readouterr()
    assert "rejected [red]x\n" in shown.err
    assert shown.out == "events\n"
    with Progress(10, quiet=False, bar=False) as progress:
        progress.count(5, rejected=0, events=1)
    assert capsys.readouterr().err == ""


def test_log_lines_go_above_the_bar_and_are_harmless() -> None:
    said: list[str] = []
    logger = logging.getLogger("pipeline.streams.pool")
    with log_through(said.append, "warning"):
        logger.warning("crash at %s", "\x1b[2J")
        logger.info("no")
    logger.warning("after")
    assert said == ["warning: crash at <U+001B>[2J"]
    with pytest.raises(SettingsError, match="no log level 'laut'"), log_through(said.append, "laut"):
        pass
