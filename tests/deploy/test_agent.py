"""The script that starts an agent in a container, with a stand-in for `eventwire`."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT

Start = Callable[[str], subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Start the script; `eventwire` is the given shell script."""

    def run(body: str) -> subprocess.Popen[str]:
        stand_in = tmp_path / "eventwire"
        stand_in.write_text(f"#!/bin/sh\n{body}\n")
        stand_in.chmod(0o755)
        return subprocess.Popen(
            [ROOT / "deploy" / "agent.sh", "worker", "--stages", "language"],
            env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return run


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
