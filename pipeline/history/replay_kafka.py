"""A replay on Kafka: raw messages go to the run's raw topic, a worker in a process of its own does the rest.

The worker is the one that always runs (`broker/worker.py`), so delivery is as it always is, and more of them may help
on other machines. A raw message keeps its partition, key, headers and time; a header more, `ew_origin`, says where it
stood. So the last message of each partition tells where a replay that was killed goes on, without a loss or a repeat.
"""

import ctypes
import fcntl
import hashlib
import logging
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

from pipeline.broker.admin import remove_member
from pipeline.broker.client import Client, Writer
from pipeline.broker.redrive import REDRIVEN
from pipeline.broker.start import group_id, instance_id, set_up_logging
from pipeline.errors import BrokerError, EventwireError, SettingsError
from pipeline.flow import FLOW
from pipeline.history import runs
from pipeline.history.content import read_trace
from pipeline.history.replay import Report, Stopped, now_text
from pipeline.history.replay_source import Feed, Pace, read_speed
from pipeline.history.runs import RAW, Run
from pipeline.settings import Settings
from pipeline.streams.codec import header
from pipeline.streams.events import EVENTS
from pipeline.streams.message import Message, Output
from pipeline.streams.pool import Steps
from pipeline.streams.topics import load_topics

logger = logging.getLogger(__name__)

ORIGIN = "ew_origin"  # header: topic/partition/offset of the message that was replayed
_LOOK_SECONDS = 1.0  # between two looks at how far the worker is
_PR_SET_PDEATHSIG = 1
_ENDS = {
    76: "too many messages in a row were rejected (EVENTWIRE_DEAD_LETTER_RATE)",
    3: "Kafka refuses it",
    70: "it could not deliver to Kafka",
    75: "it made no progress any more",
}


@contextmanager
def only_here(settings: Settings, name: str) -> Iterator[None]:
    """Raises `SettingsError` while another process of this machine is replaying the same run."""
    place = hashlib.sha256(f"{settings.brokers} {runs.prefix_of(settings, name)}".encode()).hexdigest()[:16]
    path = Path(tempfile.gettempdir()) / f"eventwire-replay-{os.getuid()}-{place}.lock"
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        raise SettingsError(f"The run {name} is being replayed by another process.") from None
    try:
        yield
    finally:
        os.close(file)


def published(client: Client, run: Run) -> dict[int, int]:
    """By partition, the offset of the source from which on a run has still to be published. Raises `SettingsError`."""
    topic = runs.prefix_of(client.settings, run.name) + RAW
    begins, ends = client.begin_offsets([topic]), client.end_offsets([topic])
    found: dict[int, int] = {}
    for key, end in ends.items():
        for offset in range(end - 1, begins[key] - 1, -1):
            message = client.read_at(key, offset)
            if message is None or header(message.headers, REDRIVEN):
                continue
            origin = read_trace(header(message.headers, ORIGIN))
            if origin is None or origin[0] != run.taken.topic:
                raise SettingsError(
                    f"{message.trace} was not written by this replay: delete the run and make it again "
                    f"(eventwire replay delete {run.name})."
                )
            found[key[1]] = origin[2] + 1
            break
    return found


def replay_on_kafka(run: Run, feed: Feed, settings: Settings, *, steps: Steps, report: Report) -> Run:
    """Publish `feed` to the topics of `run`, which exist, and run the stages there; the run as it is in the end, saved.

    `settings` are the live ones with the run's model. An exception, Ctrl-C too, stops the worker in order and leaves a
    run that is `stopped`. Raises `BrokerError`, `Stopped` for a worker that ended by itself, and the source's errors.
    """
    ours = replace(
        runs.settings_of(settings, run.name), metrics_port=0, state=None, slot=f"{socket.gethostname()}-replay"
    )
    state: runs.State = "stopped"
    with Client(ours) as client:
        worker = _Worker(ours, steps)
        try:
            _Replay(run, feed, ours, client, worker, report).go()
            state = "done"
        finally:
            worker.stop()
            group = group_id(ours, FLOW)
            with suppress(BrokerError):  # then it is counted for a while
                remove_member(ours, group, instance_id(ours, group))
            with suppress(BrokerError) if state == "stopped" else nullcontext():  # it may be why we stop
                run = replace(run, state=state, finished_at=now_text(), counts=_counts(client))
                runs.save(settings, run)
    return run


class _Replay:
    def __init__(self, run: Run, feed: Feed, ours: Settings, client: Client, worker: "_Worker", report: Report) -> None:
        self._run, self._feed, self._ours, self._client = run, feed, ours, client
        self._worker, self._report = worker, report
        self._raw = ours.topic_prefix + RAW
        self._group = group_id(ours, FLOW)
        self._looked = 0.0
        self._never = threading.Event()

    def go(self) -> None:
        pace = Pace(read_speed(self._run.speed))
        with Writer(self._ours) as writer:
            for message in self._feed:
                for waited, _ in enumerate(pace.wait(message, stop=self._never)):
                    if waited == 0:
                        writer.flush()
                    self._look()
                when = message.timestamp if message.timestamp >= 0 else None
                writer.write(replayed(message, self._raw), partition=message.partition, timestamp=when)
                self._look()
        while self._look(now=True):
            time.sleep(_LOOK_SECONDS / 2)

    def _look(self, *, now: bool = False) -> int:
        """Tell how far it is, at most once a second; messages still to be done. Raises `Stopped`."""
        if not now and time.monotonic() - self._looked < _LOOK_SECONDS:
            return 1
        self._worker.check()
        lag = sum(self._client.lag(self._group, [self._raw]).values())
        written = sum(self._client.end_offsets([self._raw]).values())
        done = max(0, written - lag)
        share = done / written if written else 0.0
        self._report(done, int(self._feed.scanned * share), self._feed.total)
        self._looked = time.monotonic()
        return lag


def replayed(message: Message, topic: str) -> Output:
    """The message as it is written to a run's raw topic."""
    headers = tuple((name, value) for name, value in message.headers if name != ORIGIN)
    return Output(
        topic=topic,
        key=message.key,
        value=message.value,
        headers=(*headers, (ORIGIN, message.trace.encode())),
    )


def _counts(client: Client) -> dict[str, int]:
    """Messages on the run's topics. A worker that was killed may have written a few of them twice."""
    prefix = client.settings.topic_prefix
    ends = client.end_offsets([prefix + name for name in load_topics()])

    def count(part: str) -> int:
        return sum(end for (topic, _), end in ends.items() if topic.startswith(prefix + part))

    return {
        "raw": count(RAW),
        "classified": count(FLOW[-1].writes),
        "dead_lettered": count("news.deadletters."),
        "events": count(EVENTS),
    }


class _Worker:
    """The worker's process. It dies with this one, whatever ends it."""

    def __init__(self, settings: Settings, steps: Steps) -> None:
        self._seconds = settings.shutdown_seconds + 10
        self._process: BaseProcess = get_context("spawn").Process(
            target=_work, args=(settings, steps, os.getpid()), name="replay-worker"
        )
        self._process.start()

    def check(self) -> None:
        """Raises `Stopped` or `BrokerError` if it has ended."""
        code = self._process.exitcode
        if code is None:
            return
        why = _ENDS.get(code, f"exit code {code}" if code >= 0 else f"signal {-code}")
        kind = BrokerError if code in (3, 70) else Stopped
        raise kind(f"The worker of this replay ended: {why}. What is done is kept; --resume goes on.")

    def stop(self) -> None:
        """In order, at the latest after the setting `shutdown_seconds`."""
        self._process.terminate()
        self._process.join(self._seconds)
        self._process.kill()
        self._process.join()


def _work(settings: Settings, steps: Steps, parent: int) -> None:
    os.setpgid(0, 0)  # Ctrl-C goes to the whole group: the parent decides when the worker stops
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)
    debug = settings.log_level.lower() == "debug"
    set_up_logging("debug" if debug else "warning")
    for library in () if debug else ("kafka", "aiokafka", "faust", "mode"):
        # Ten lines a second while a broker is away: the command says it in one.
        logging.getLogger(library).setLevel(logging.CRITICAL)
    from pipeline.broker.worker import run_worker

    try:
        code = run_worker(settings, steps=steps)
    except EventwireError as error:
        logger.error("%s", error)
        code = 3 if isinstance(error, BrokerError) else 2
    sys.exit(code)
