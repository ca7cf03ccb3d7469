"""The script that starts an agent in a container, with a stand-in for `eventwire`."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.conftest import ROOT

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start the script; `eventwire` is the given shell script. `settings` are environment variables."""

    started = []

    def run(body: str, **settings: str) -> subprocess.Popen[str]:
        stand_in = tmp_path / "eventwire"
        stand_in.write_text(f"#!/bin/sh\n{body}\n")
        stand_in.chmod(0o755)
        process = subprocess.Popen(
            [ROOT / "deploy" / "agent.sh", "worker", "--stages", "language"],
            env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", **settings},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # the stand-in, too
        process.communicate()


@pytest.mark.parametrize("code", [0, 2, 3, 70, 75, 137])
def test_exit_codes_come_through(code: int, start: Start) -> None:
    process = start(f'echo "$@"; exit {code}')
    out, _ = process.communicate(timeout=10)
    assert (process.returncode, out) == (code, "worker --stages language\n")


def test_sigterm_reaches_the_worker_and_its_end_is_waited_for(start: Start) -> None:
    process = start('trap "sleep 0.3; echo done; exit 7" TERM; echo ready; while :; do sleep 0.05; done')
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=10)
    assert (process.returncode, out) == (7, "done\n")


def test_too_many_dead_letters_hold_the_container_until_it_is_stopped(start: Start) -> None:
    process = start("exit 76")
    assert process.stderr
    assert "held: too many dead letters" in process.stderr.readline()
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=0.5)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 76


WAITS = 'echo "$EVENTWIRE_SLOT"; trap "exit 0" TERM; while :; do sleep 0.05; done'


def place(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def test_containers_with_one_folder_have_places_of_their_own(start: Start, tmp_path: Path) -> None:
    """And one that is made anew has the place of the one before, with its index."""
    state, other = tmp_path / "state", tmp_path / "other"
    state.mkdir()
    other.mkdir()
    running = [start(WAITS, EVENTWIRE_STATE=str(state)) for _ in range(3)]
    places = [place(process) for process in running]
    names = {name.rpartition("-")[0] for name in places}
    assert len(names) == 1
    assert sorted(name.rpartition("-")[2] for name in places) == ["0", "1", "2"]
    running[1].kill()  # the script alone: the worker still has the place
    assert place(start(WAITS, EVENTWIRE_STATE=str(state))).endswith("-3")
    running[0].terminate()
    assert running[0].wait(timeout=10) == 0
    assert place(start(WAITS, EVENTWIRE_STATE=str(state))) == places[0]
    assert place(start(WAITS, EVENTWIRE_STATE=str(other))).rpartition("-")[0] not in names, "another machine's"
    assert place(start(WAITS, EVENTWIRE_STATE=str(state), EVENTWIRE_SLOT="mine")) == "mine"


def test_a_folder_that_can_t_be_written_to(start: Start, tmp_path: Path) -> None:
    process = start("echo started", EVENTWIRE_STATE=str(tmp_path / "nowhere"))
    out, told = process.communicate(timeout=10)
    assert (process.returncode, out) == (2, "")
    assert "EVENTWIRE_STATE: can't write to" in told
