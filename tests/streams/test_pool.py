"""With real child processes: what dies, hangs or raises costs its own message at most, and nothing else."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import ModelError
from pipeline.settings import Settings
from pipeline.streams.dead_letters import read_dead_letter
from pipeline.streams.message import Outcome
from pipeline.streams.pool import Pool, PoolError
from pipeline.streams.processor import Processor
from tests import fake_stages as fake
from tests.streams.test_processor import as_message

SETTINGS = Settings(workers=2, document_seconds=2.0)


class Watched:
    """A pool and the reasons for which its children were replaced."""

    def __init__(self) -> None:
        self.restarts: list[str] = []
        self.pool = Pool(None, SETTINGS, steps=fake.fake_steps, on_restart=self.restarts.append, clock=fake.noon)

    def run(self, *texts: str) -> list[Outcome]:
        return self.pool.submit([fake.raw(text, offset=i) for i, text in enumerate(texts)]).result(timeout=60)


@pytest.fixture
def watched() -> Iterator[Watched]:
    watched = Watched()
    with watched.pool:
        yield watched


def results(outcomes: list[Outcome]) -> list[str]:
    return [outcome.result for outcome in outcomes]


def letter(outcome: Outcome) -> Any:
    (output,) = outcome.outputs
    return read_dead_letter(as_message(output))


def test_outcomes_are_those_of_the_processor_in_order(watched: Watched) -> None:
    messages = [fake.raw(f"Firma {n} KAUFT", id=f"a{n}", offset=n) for n in range(50)] + [fake.message(None)]
    alone = Processor(fake.fake_steps(), SETTINGS, clock=fake.noon)
    outcomes = watched.pool.submit(messages).result(timeout=60)
    assert [outcome.outputs for outcome in outcomes] == [alone.process(message).outputs for message in messages]
    assert watched.pool.submit([]).result(timeout=1) == []
    assert watched.restarts == []


def test_a_document_that_kills_its_child_is_the_only_one_lost(watched: Watched) -> None:
    outcomes = watched.run(*["a"] * 5, "STIRB", *["b"] * 5)
    assert results(outcomes) == ["classified"] * 5 + ["crash"] + ["classified"] * 5
    dead = letter(outcomes[5])
    assert (dead.stage, dead.code, dead.attempts, dead.source_offset) == ("entities", "crash", 2, 5)
    assert dead.error == "killed the process that worked on it (signal 9), in 2 attempts"
    assert dead.trace == "news.articles.raw/3/5"
    assert dead.message.value == fake.raw("STIRB").value
    assert watched.restarts == ["crash", "crash"]
    assert results(watched.run("c", "d")) == ["classified"] * 2


def test_a_document_that_kills_its_child_once_survives(watched: Watched, tmp_path: Path) -> None:
    outcomes = watched.run("a", f"STIRB_EINMAL:{tmp_path / 'marker'}", "b")
    assert results(outcomes) == ["classified"] * 3
    assert watched.restarts == ["crash"]


def test_a_document_that_hangs_is_given_up(watched: Watched) -> None:
    watched.run("a", "b")  # both children are up
    started = time.monotonic()
    outcomes = watched.run("a", "SCHLAF:60 ", *["b"] * 10)
    assert 4.0 < time.monotonic() - started < 30.0
    assert results(outcomes) == ["classified", "timeout", *["classified"] * 10]
    dead = letter(outcomes[1])
    assert (dead.stage, dead.code, dead.attempts) == ("entities", "timeout", 2)
    assert dead.error == "took longer than 2 s, in 2 attempts"
    assert watched.restarts == ["timeout", "timeout"]


def test_a_stage_that_raises_costs_no_child(watched: Watched) -> None:
    outcomes = watched.run("a", "WIRF", "b")
    assert results(outcomes) == ["classified", "internal", "classified"]
    assert watched.restarts == []


def test_several_batches_at_once_and_a_big_message(watched: Watched) -> None:
    big = "x" * 3_000_000
    futures = [
        watched.pool.submit([fake.raw(f"{n}"), fake.raw("STIRB" if n == 3 else "b"), fake.raw(big)]) for n in range(6)
    ]
    done = [results(future.result(timeout=60)) for future in futures]
    assert done == [["classified", "crash" if n == 3 else "classified", "classified"] for n in range(6)]


def test_children_killed_from_outside_in_mid_batch_lose_nothing(watched: Watched) -> None:
    watched.run("a", "b")
    future = watched.pool.submit([fake.raw("SCHLAF:0.05 ", offset=n) for n in range(40)])
    for place in (-1, 0):  # never the one that tries the first victim's document again: twice is a dead letter
        time.sleep(0.3)
        victim = children_of(os.getpid())[place]
        os.kill(victim, signal.SIGKILL)
    assert results(future.result(timeout=60)) == ["classified"] * 40
    deadline = time.monotonic() + 60
    while len(watched.restarts) < 2 and time.monotonic() < deadline:  # on a busy machine the last one may have been
        time.sleep(0.05)  # idle by then: that it died is seen a moment later
    assert watched.restarts == ["crash", "crash"]


def test_a_child_killed_while_idle_is_replaced(watched: Watched) -> None:
    watched.run("a")
    for child in children_of(os.getpid()):
        os.kill(child, signal.SIGKILL)
    assert results(watched.run("a", "b", "c")) == ["classified"] * 3


def test_ctrl_c_and_sigterm_are_the_parents_business(watched: Watched) -> None:
    watched.run("a")
    for child in children_of(os.getpid()):
        os.kill(child, signal.SIGINT)
        os.kill(child, signal.SIGTERM)
    assert results(watched.run("a", "b")) == ["classified"] * 2
    assert watched.restarts == []


@pytest.mark.timeout(60)
def test_a_model_that_cannot_be_loaded_is_the_submitters_error() -> None:
    with Pool(None, SETTINGS, steps=fake.broken_steps) as pool:
        first = pool.submit([fake.raw("a")])
        with pytest.raises(ModelError, match="the fake model is missing: put it back"):
            first.result(timeout=30)
        with pytest.raises(ModelError):
            pool.submit([fake.raw("b")]).result(timeout=1)


@pytest.mark.timeout(60)
def test_children_that_die_while_starting_are_not_restarted_for_ever() -> None:
    with (
        Pool(None, SETTINGS, steps=fake.dying_steps) as pool,
        pytest.raises(PoolError, match=r"die while starting \(exit code 3\)"),
    ):
        pool.submit([fake.raw("a")]).result(timeout=30)


def test_close_fails_what_is_unfinished_and_leaves_no_child() -> None:
    before = set(children_of(os.getpid()))
    pool = Pool(None, SETTINGS, steps=fake.fake_steps)
    futures = [pool.submit([fake.raw("SCHLAF:1 ")]) for _ in range(4)]
    time.sleep(0.2)
    pool.close()
    pool.close()
    for future in [*futures, pool.submit([fake.raw("a")])]:
        with pytest.raises(PoolError, match="closed"):
            future.result(timeout=1)
    assert set(children_of(os.getpid())) <= before


def test_a_future_callback_may_submit_more(watched: Watched) -> None:
    chained: Future[list[Outcome]] = Future()

    def more(done: "Future[list[Outcome]]") -> None:
        watched.pool.submit([fake.raw("b")]).add_done_callback(lambda f: chained.set_result(f.result()))

    watched.pool.submit([fake.raw("a")]).add_done_callback(more)
    assert results(chained.result(timeout=30)) == ["classified"]


PARENT = """
import os, sys, time
from pipeline.settings import Settings
from pipeline.streams.pool import Pool
from tests import fake_stages as fake
if __name__ == "__main__":
    pool = Pool(None, Settings(workers=2), steps=fake.fake_steps)
    pool.submit([fake.raw("a"), fake.raw("b"), fake.raw("c")]).result()
    print("ready", flush=True)
    pool.submit([fake.raw("SCHLAF:60 "), fake.raw("SCHLAF:60 ")])
    time.sleep(float(sys.argv[1]))
"""


@pytest.mark.parametrize("killed", [True, False])
def test_no_orphans(killed: bool, tmp_path: Path) -> None:
    """Neither when the parent is killed, nor when it ends without closing its pool."""
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    command = [sys.executable, str(script), "60" if killed else "0.3"]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environ) as parent:
        assert parent.stdout
        assert parent.stdout.readline() == b"ready\n"
        time.sleep(0.2)
        children = children_of(parent.pid)
        assert len(children) >= 2
        if killed:
            parent.kill()
        assert parent.wait(timeout=20) == (-signal.SIGKILL if killed else 0)
    deadline = time.monotonic() + 10
    while any(map(alive, children)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(alive, children))


def children_of(pid: int) -> list[int]:
    """Child processes that run Python's spawn entry, oldest first (without the resource tracker)."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                found.append(int(child))
    return sorted(found)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


if sys.platform != "linux":
    pytest.skip("reads /proc", allow_module_level=True)
