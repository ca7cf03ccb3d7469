"""The whole road over files: read ahead a little, work in all child processes, hand on in the order of the input."""

import functools
import itertools
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TypeVar

from pipeline.errors import InvalidInput
from pipeline.local.folder import Finished, message_digest
from pipeline.local.read import Item
from pipeline.local.versions import Versions
from pipeline.settings import Settings
from pipeline.streams.dead_letters import dead_letter
from pipeline.streams.message import Message, Outcome
from pipeline.streams.pool import Pool
from pipeline.streams.processor import utc_now

_T = TypeVar("_T")

_AHEAD_PER_CHILD = 16  # messages read but not handed on yet, a child: enough that a slow one stops nobody
_AHEAD_BYTES = 64 * 1024 * 1024
_POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Done:
    """One message's end: its outcome, or how an earlier run finished it."""

    message: Message
    digest: str
    outcome: Outcome | None
    before: Finished | None = None
    position: int = 0  # as its `Item` has it


def process(
    items: Iterable[Item],
    pool: Pool,
    settings: Settings,
    *,
    first_stage: str,
    finished: Callable[[str], Finished | None] = lambda digest: None,
    versions: Versions | None = None,
    limit: int | None = None,
    tick: Callable[[], None] = lambda: None,
) -> Iterator[Done]:
    """Each of `items` (at most `limit`), once, in their order, whatever the number of child processes.

    `finished` says how an earlier run ended an input with this digest. `versions` knows what earlier versions of an
    article said (default: those of this run); write each outcome before you ask for the next. `tick` is called a few
    times a second while there is nothing to hand on. Items are read in a thread of their own and only a bounded number
    and size is held, so memory is flat on an endless stream and a slow input delays nothing that is done.
    Raises what reading raises, and the pool's errors.
    """
    known = versions or Versions(topic_prefix=settings.topic_prefix)
    window = _Window(count=pool.size * _AHEAD_PER_CHILD, size=_AHEAD_BYTES)
    ready: queue.SimpleQueue[tuple[Item | None, str, Future[list[Outcome]] | Finished | None]] = queue.SimpleQueue()
    failure: list[BaseException] = []

    def feed() -> None:
        try:
            for item in itertools.islice(items, limit):
                digest = message_digest(item.message)
                if not window.enter(_size(item.message)):
                    return
                if before := finished(digest):
                    ready.put((item, digest, before))
                elif item.rejected is not None:
                    ready.put((item, digest, _settled(_rejected(item.message, item.rejected, first_stage, settings))))
                else:
                    ready.put((item, digest, pool.submit([item.message])))
        except BaseException as error:  # noqa: BLE001  it is raised again where the items are consumed
            failure.append(error)
        finally:
            ready.put((None, "", None))

    threading.Thread(target=feed, name="reader", daemon=True).start()
    try:
        while True:
            item, digest, end = _patiently(functools.partial(ready.get, timeout=_POLL_SECONDS), queue.Empty, tick)
            if item is None:
                break
            if isinstance(end, Future):
                outcome = _patiently(functools.partial(_only, end), TimeoutError, tick)
                yield Done(item.message, digest, known.revise(item.message, outcome), position=item.position)
            else:
                yield Done(item.message, digest, None, end, item.position)
            window.leave(_size(item.message))
    finally:
        window.close()
        if versions is None:
            known.close()
    if failure:
        raise failure[0]


def _patiently(get: Callable[[], _T], not_yet: type[Exception], tick: Callable[[], None]) -> _T:
    """`get()` until it gives something. Short waits, so that Ctrl-C is heard and the progress moves."""
    while True:
        tick()
        try:
            return get()
        except not_yet:
            continue


def _only(future: "Future[list[Outcome]]") -> Outcome:
    (outcome,) = future.result(timeout=_POLL_SECONDS)
    return outcome


def _rejected(message: Message, error: InvalidInput, stage: str, settings: Settings) -> Outcome:
    output = dead_letter(
        message, error, stage=stage, trace=message.trace, now=utc_now(), topic_prefix=settings.topic_prefix
    )
    return Outcome(outputs=(output,), stage=stage, result=error.code.value)


def _settled(outcome: Outcome) -> "Future[list[Outcome]]":
    future: Future[list[Outcome]] = Future()
    future.set_result([outcome])
    return future


def _size(message: Message) -> int:
    return len(message.value or b"")


class _Window:
    """How much may be under way: `count` messages of `size` bytes together, but always at least one."""

    def __init__(self, *, count: int, size: int) -> None:
        self._count, self._size = count, size
        self._held = self._bytes = 0
        self._closed = False
        self._changed = threading.Condition()

    def enter(self, size: int) -> bool:
        """Wait for room. False once it is closed."""
        with self._changed:
            while not self._closed and self._held and (self._held >= self._count or self._bytes + size > self._size):
                self._changed.wait()
            self._held += 1
            self._bytes += size
            return not self._closed

    def leave(self, size: int) -> None:
        with self._changed:
            self._held -= 1
            self._bytes -= size
            self._changed.notify()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
