import queue
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from pipeline.errors import Code, InvalidInput, ModelError, SettingsError
from pipeline.local import runner
from pipeline.local.folder import Finished, message_digest
from pipeline.local.read import Item
from pipeline.local.runner import Done, process
from pipeline.settings import Settings
from pipeline.streams.pool import Pool
from tests import fake_stages as fake

SETTINGS = Settings(workers=3)


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool(None, SETTINGS, steps=fake.fake_steps, clock=fake.noon) as pool:
        yield pool


def items(*texts: str) -> list[Item]:
    return [Item(fake.raw(text, offset=n)) for n, text in enumerate(texts)]


def run(source: Any, pool: Pool, **options: Any) -> list[Done]:
    return list(process(source, pool, SETTINGS, first_stage="language", **options))


def offsets(done: list[Done]) -> list[int]:
    return [d.message.offset for d in done]


def test_outcomes_come_in_the_order_of_the_input(pool: Pool) -> None:
    texts = [f"SCHLAF:{0.2 if n % 10 == 0 else 0} Nr. {n}" for n in range(60)]
    done = run(items(*texts), pool)
    assert offsets(done) == list(range(60))
    assert all(d.outcome and d.outcome.result == "classified" and not d.before for d in done)
    assert [d.digest for d in done] == [message_digest(d.message) for d in done]


def test_limit_and_nothing(pool: Pool) -> None:
    assert offsets(run(items("a", "b", "c"), pool, limit=2)) == [0, 1]
    assert run([], pool) == []


def test_what_is_finished_is_not_done_again(pool: Pool) -> None:
    todo = items("a", "b", "a")
    known = {message_digest(todo[1].message): Finished.DEAD}
    done = run(todo, pool, finished=known.get)
    assert [(d.before, d.outcome is None) for d in done] == [(None, False), (Finished.DEAD, True), (None, False)]


def test_what_the_file_is_to_blame_for_needs_no_stage(pool: Pool) -> None:
    bad = Item(fake.message(b"", offset=1), InvalidInput(Code.TOMBSTONE, "an empty line"))
    done = run([items("a")[0], bad, *items("b")], pool)
    assert [d.outcome and d.outcome.result for d in done] == ["classified", "tombstone", "classified"]
    assert done[1].outcome
    assert done[1].outcome.outputs[0].topic == "news.deadletters.language"


def test_reads_ahead_a_little_only(pool: Pool) -> None:
    taken: list[int] = []

    def endless() -> Iterator[Item]:
        for n in range(10_000_000):
            taken.append(n)
            yield Item(fake.raw(f"{n}", offset=n))

    ends = process(endless(), pool, SETTINGS, first_stage="language")
    for _ in range(5):
        next(ends)
        time.sleep(0.2)
        assert len(taken) <= 5 + 3 * runner._AHEAD_PER_CHILD + 1
    ends.close()
    time.sleep(0.1)
    after = len(taken)
    time.sleep(0.2)
    assert len(taken) == after  # the reading thread has stopped


def test_big_messages_are_held_by_size(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "_AHEAD_BYTES", 1000)
    taken: list[int] = []

    def big() -> Iterator[Item]:
        for n in range(20):
            taken.append(n)
            yield Item(fake.raw("x" * 400, offset=n))

    ends = process(big(), pool, SETTINGS, first_stage="language")
    next(ends)
    time.sleep(0.3)
    assert len(taken) <= 4
    assert len(list(ends)) == 19
    assert len(run(items("x" * 5000, "y" * 5000), pool)) == 2  # one that is larger than all the room still goes


def test_a_slow_input_delays_nothing_that_is_done(pool: Pool) -> None:
    source: queue.SimpleQueue[Item | None] = queue.SimpleQueue()
    ticks: list[float] = []
    ends = process(iter(source.get, None), pool, SETTINGS, first_stage="language", tick=lambda: ticks.append(1.0))
    source.put(items("a")[0])
    assert next(ends).message.offset == 0  # though the input is not at its end
    threading.Timer(0.7, source.put, [items("a", "b")[1]]).start()
    ticks.clear()
    assert next(ends).message.offset == 1
    assert len(ticks) >= 3
    source.put(None)
    assert list(ends) == []


def test_an_unreadable_input_ends_it_after_what_was_read(pool: Pool) -> None:
    def broken() -> Iterator[Item]:
        yield from items("a", "b")
        raise SettingsError("in.jsonl can't be read: Input/output error.")

    ends = process(broken(), pool, SETTINGS, first_stage="language")
    assert [next(ends).message.offset, next(ends).message.offset] == [0, 1]
    with pytest.raises(SettingsError, match="Input/output error"):
        next(ends)


def test_the_pools_errors_come_through() -> None:
    with Pool(None, SETTINGS, steps=fake.broken_steps) as broken, pytest.raises(ModelError, match="put it back"):
        run(items("a"), broken)
