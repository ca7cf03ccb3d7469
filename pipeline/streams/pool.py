"""Child processes that run the stages, and what happens when one dies or hangs: nothing is lost.

Each child works on one message at a time and sends each outcome back at once, so the message that a crash or a
time-out belongs to is known exactly: it alone is tried once more, in a fresh child, and dead-lettered if that
dies too. One thread of the parent hands out messages and collects outcomes.
"""

import atexit
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from multiprocessing import connection, get_context
from typing import Any

from pipeline.errors import Code, EventwireError, InvalidInput
from pipeline.settings import Settings
from pipeline.streams.child import Start, run_child
from pipeline.streams.dead_letters import dead_letter
from pipeline.streams.message import Message, Outcome
from pipeline.streams.processor import Step, trace_of, utc_now

logger = logging.getLogger(__name__)

Steps = Callable[[Sequence[str] | None], Sequence[Step]]

_ATTEMPTS = 2  # a message that costs a child is tried once more: the child may have been killed from outside
_START_ATTEMPTS = 3  # in a row; one child killed from outside while it loads is no reason to give up
_START_SECONDS = 300.0  # loading the models on a busy machine takes seconds; longer than this it hangs


class PoolError(EventwireError):
    """The child processes can't be started or are closed."""


@dataclass
class _Batch:
    """One call of `submit`: its outcomes as they come in, in the order of its messages."""

    future: "Future[list[Outcome]]"
    outcomes: list[Outcome | None]
    missing: int


@dataclass
class _Task:
    batch: _Batch
    index: int
    message: Message
    attempts: int = 0


@dataclass
class _Child:
    """A child process: `task` is the message it works on, `deadline` (monotonic) when it must have answered."""

    process: Any
    pipe: Any
    deadline: float
    ready: bool = False
    task: _Task | None = None
    stage: str = ""
    retry: deque[_Task] = field(default_factory=deque)  # cost its predecessor its life: goes first, and only here


class Pool:
    """`settings.workers` child processes (0: one for each core), each with its own `Processor`.

    `steps` makes the segment in each child, so it must be a function that can be imported: `pipeline.flow.segment`.
    `on_restart` is told why a child was replaced: `crash` or `timeout` (called in the pool's thread).

    The children ignore SIGINT and SIGTERM, which are the parent's business, and die with the parent.
    """

    def __init__(
        self,
        names: Sequence[str] | None,
        settings: Settings,
        *,
        steps: Steps,
        on_restart: Callable[[str], None] = lambda reason: None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._start = Start(names=names, settings=settings, steps=steps, clock=clock)
        self._first = steps(names)[0]
        self._settings = settings
        self._on_restart = on_restart
        self._clock = clock
        self.size = settings.workers or _cores()
        self._children: list[_Child] = []
        self._waiting: deque[_Task] = deque()
        self._failed_starts = 0
        self._lock = threading.Lock()
        self._broken: Exception | None = None
        self._wake_receiver, self._wake_sender = connection.Pipe(duplex=False)
        # A daemon, since a process that ends without `close` must not hang. Children live as long as this thread
        # does: Linux kills them when the thread that started them ends (PR_SET_PDEATHSIG).
        self._thread = threading.Thread(target=self._serve, name="pool", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    @property
    def ready(self) -> int:
        """How many of the `size` children are loaded now. One that was just replaced is not."""
        return sum(child.ready for child in self._children)

    @property
    def broken(self) -> Exception | None:
        """Why nothing can be submitted any more; None as long as something can."""
        return self._broken

    def submit(self, messages: Sequence[Message]) -> "Future[list[Outcome]]":
        """The outcomes of `messages`, in their order, once all are there. Never blocks.

        The future's error is the child's own (`ModelError` ...) when children can't start, `PoolError` after `close`.
        """
        future: Future[list[Outcome]] = Future()
        future.set_running_or_notify_cancel()
        if not messages:
            future.set_result([])
            return future
        batch = _Batch(future=future, outcomes=[None] * len(messages), missing=len(messages))
        with self._lock:
            broken = self._broken
            if broken is None:
                self._waiting.extend(_Task(batch, index, message) for index, message in enumerate(messages))
        if broken is None:
            self._wake()
        else:
            future.set_exception(broken)
        return future

    def close(self) -> None:
        """Kill the children, fail what is unfinished with `PoolError`. Call it after the last future you wait for."""
        self._break(PoolError("The pool of child processes is closed."))
        self._wake()
        if threading.current_thread() is not self._thread:
            self._thread.join()
        atexit.unregister(self.close)

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _wake(self) -> None:
        try:
            self._wake_sender.send_bytes(b"")
        except OSError:  # closed already
            return

    def _break(self, error: Exception) -> None:
        with self._lock:
            self._broken = self._broken or error

    # -- the pool's own thread from here on

    def _serve(self) -> None:
        try:
            self._children = [self._spawn() for _ in range(self.size)]
            while self._broken is None:
                self._hand_out()
                self._wait()
        except Exception as error:  # the thread must not die silently: callers would wait for ever
            logger.exception("the pool of child processes failed")
            self._break(PoolError(f"The pool of child processes failed: {type(error).__name__}: {error}"))
        self._shut_down()

    def _shut_down(self) -> None:
        for child in self._children:
            _kill(child)
        with self._lock:
            tasks = [*self._waiting]
            self._waiting.clear()
        for child in self._children:
            tasks += [*child.retry, *([child.task] if child.task else [])]
        for batch in {id(task.batch): task.batch for task in tasks}.values():
            batch.future.set_exception(self._broken or PoolError("closed"))
        self._wake_sender.close()
        self._wake_receiver.close()

    def _spawn(self) -> _Child:
        context = get_context("spawn")  # a fork would copy threads' locks, of the models' libraries too
        ours, theirs = context.Pipe()
        process = context.Process(target=run_child, args=(theirs, self._start, os.getpid()), daemon=True)
        process.start()
        theirs.close()  # so that the end of the child is the end of the pipe
        return _Child(process=process, pipe=ours, deadline=time.monotonic() + _START_SECONDS, stage=self._first.name)

    def _hand_out(self) -> None:
        for child in self._children:
            # Only to an idle child: it is reading, so this can't block on a full pipe.
            while child.ready and child.task is None and (task := self._next(child)):
                child.task, child.stage = task, self._first.name
                child.deadline = time.monotonic() + self._settings.document_seconds
                try:
                    child.pipe.send(task.message)
                except OSError:
                    break  # it died; `_wait` sees the end of its pipe

    def _next(self, child: _Child) -> _Task | None:
        if child.retry:
            return child.retry.popleft()
        with self._lock:
            return self._waiting.popleft() if self._waiting else None

    def _wait(self) -> None:
        busy = [child for child in self._children if child.task or not child.ready]
        timeout = max(0.0, min(child.deadline for child in busy) - time.monotonic()) if busy else None
        pipes: list[Any] = [self._wake_receiver, *(child.pipe for child in self._children)]
        readable = connection.wait(pipes, timeout)
        if self._wake_receiver in readable:
            while self._wake_receiver.poll():
                self._wake_receiver.recv_bytes()
        for position, child in enumerate(self._children):
            if child.pipe in readable:
                try:
                    kind, content = child.pipe.recv()
                except (EOFError, OSError):
                    self._replace(position, "crash")
                    continue
                self._receive(child, kind, content)
            elif (child.task or not child.ready) and time.monotonic() >= child.deadline:
                self._replace(position, "timeout")

    def _receive(self, child: _Child, kind: str, content: Any) -> None:
        if kind == "stage":
            child.stage = content
        elif kind == "ready":
            child.ready = True
            self._failed_starts = 0
        elif kind == "failed":
            self._break(content)
        elif child.task:
            task, child.task = child.task, None
            self._finish(task, content)

    def _finish(self, task: _Task, outcome: Outcome) -> None:
        batch = task.batch
        batch.outcomes[task.index] = outcome
        batch.missing -= 1
        if not batch.missing:
            batch.future.set_result([outcome for outcome in batch.outcomes if outcome])

    def _replace(self, position: int, reason: str) -> None:
        """A child died or hangs: start another in its place and settle the message it had."""
        child = self._children[position]
        _kill(child)
        if not child.ready:
            self._failed_starts += 1
        if self._failed_starts >= _START_ATTEMPTS or (not child.ready and reason == "timeout"):
            what = "take too long to start" if reason == "timeout" else f"die while starting ({_end_of(child)})"
            self._break(PoolError(f"The child processes {what}. Is there memory enough for {self.size} of them?"))
            return
        self._on_restart(reason)
        fresh = self._spawn()
        fresh.retry = child.retry
        self._children[position] = fresh
        if child.task is None:
            return
        task = child.task
        task.attempts += 1
        logger.warning("%s at %s in stage %s (%s)", reason, task.message.trace, child.stage, _end_of(child))
        if task.attempts < _ATTEMPTS:
            fresh.retry.append(task)
            return
        if reason == "timeout":
            error = InvalidInput(Code.TIMEOUT, f"took longer than {self._settings.document_seconds:g} s")
        else:
            error = InvalidInput(Code.CRASH, f"killed the process that worked on it ({_end_of(child)})")
        self._finish(task, self._dead(task, error, child.stage))

    def _dead(self, task: _Task, error: InvalidInput, stage: str) -> Outcome:
        output = dead_letter(
            task.message,
            InvalidInput(error.code, f"{error.reason}, in {task.attempts} attempts"),
            stage=stage,
            trace=trace_of(task.message, self._first),
            now=self._clock(),
            attempts=task.attempts,
            topic_prefix=self._settings.topic_prefix,
        )
        return Outcome(outputs=(output,), stage=stage, result=error.code.value)


def _kill(child: _Child) -> None:
    child.process.kill()
    child.process.join()
    child.pipe.close()


def _end_of(child: _Child) -> str:
    code = child.process.exitcode
    return f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))  # what this process may use, in a container too
    except AttributeError:  # not Linux
        return os.cpu_count() or 1
