"""When a worker counts as stalled."""

import time
from typing import Any

import pytest

from pipeline.broker import watch as watching
from pipeline.broker.watch import Progress, State, Watch
from pipeline.settings import Settings

A, B = ("t", 0), ("t", 1)


def test_moving_offsets_are_no_stall() -> None:
    progress = Progress()
    for now in range(100):
        assert progress.stalled_for(float(now), {A: now, B: 5}, {A: 10, B: 10}) == 0


def test_nothing_waiting_is_no_stall() -> None:
    progress = Progress()
    for now in range(100):
        assert progress.stalled_for(float(now), {A: 7}, {A: 0, B: 0}) == 0


def test_standing_still_with_work_waiting_counts_from_the_first_look() -> None:
    progress = Progress()
    assert progress.stalled_for(10.0, {A: 7}, {A: 3}) == 0  # the first look: nothing to compare with
    assert progress.stalled_for(15.0, {A: 7}, {A: 3}) == 0
    assert progress.stalled_for(20.0, {A: 7}, {A: 9}) == 5
    assert progress.stalled_for(30.0, {A: 8}, {A: 9}) == 0
    assert progress.stalled_for(35.0, {A: 8}, {A: 9}) == 0
    assert progress.stalled_for(40.0, {A: 8}, {A: 9}) == 5


def test_never_committed_is_standing_still_too() -> None:
    progress = Progress()
    assert [progress.stalled_for(float(now), {}, {A: 3}) for now in (0, 5, 10)] == [0, 5, 10]


def test_an_outage_starts_the_count_again() -> None:
    progress = Progress()
    progress.stalled_for(0.0, {A: 7}, {A: 3})
    assert progress.stalled_for(0.0, {A: 7}, {A: 3}) == 0
    assert progress.stalled_for(50.0, {A: 7}, {A: 3}) == 50
    progress.unknown()
    assert progress.stalled_for(500.0, {A: 7}, {A: 3}) == 0
    assert progress.stalled_for(510.0, {A: 7}, {A: 3}) == 10


class _Client:
    """A group that gets on well: nothing waits."""

    def lag(self, group: str, topics: list[str]) -> dict[tuple[str, int], int]:
        return {A: 0}

    def committed(self, group: str) -> dict[tuple[str, int], int]:
        return {A: 5}

    def group_state(self, group: str) -> str:
        return "Stable"


def test_a_worker_that_stays_outside_its_group_is_ended() -> None:
    """What a second worker with the same static id does when it is refused: nothing, for ever."""
    codes: list[int] = []
    state = State()
    watch = Watch(Settings(stall_seconds=0.2), group="g", topic="t", state=state, end=codes.append)
    client: Any = _Client()
    watch._look(client)
    state.joined = True
    time.sleep(0.3)
    watch._look(client)
    assert codes == [], "in the group: nothing to do is no stall"
    state.joined = False
    watch._look(client)
    time.sleep(0.3)
    watch._look(client)
    assert codes == [75]


class _Broken:
    """A client library with an error of its own, once; then the broker is there."""

    made = 0

    def __init__(self, settings: Settings) -> None:
        _Broken.made += 1

    def __enter__(self) -> _Client:
        if _Broken.made == 1:
            raise AttributeError("'NoneType' object has no attribute 'sendall'")
        return _Client()

    def __exit__(self, *error: object) -> None:
        """None."""


def test_a_watch_outlives_errors_of_libraries(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(watching, "Client", _Broken)
    monkeypatch.setattr(_Broken, "made", 0)
    state = State(joined=True)
    watch = Watch(Settings(), group="g", topic="t", state=state, end=lambda code: None, every=0.01)
    watch.start()
    until = time.monotonic() + 10
    while _Broken.made < 2 and time.monotonic() < until:
        time.sleep(0.01)
    alive = watch.is_alive()
    state.stopping = True
    watch.join(10)
    assert alive
    assert "AttributeError: 'NoneType' object has no attribute 'sendall'" in caplog.text
