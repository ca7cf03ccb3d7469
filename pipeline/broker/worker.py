"""A worker: one segment of the road as a Faust agent on Kafka, at least once, with nothing lost whatever ends it.

What is unusual here answers something measured (pipeline/ARCHITECTURE.md, "At least once, duplicates recognisable"):
- An exception, or a cancellation, that leaves the agent's body acknowledges the whole batch it was working on.
  So nothing leaves it before every output is acknowledged: the body finishes its batch even when it is cancelled,
  and whatever can't be finished ends the process hard, which acknowledges nothing.
- Faust's exactly-once and `concurrency` above 1 lose or duplicate messages: at least once with deterministic ids.
- The default codec crashes on what it can't decode, and commits it: the processor decodes.
- Static membership: a killed worker that comes back resumes in 2 s instead of after the session time-out.
Longer than other modules, since everything that knows Faust and aiokafka stands here and nowhere else.
"""

import asyncio
import logging
import os
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import aiokafka.client
import faust
from faust.types.tuples import ConsumerMessage

from pipeline.broker.batches import Batches, TooManyDeadLetters
from pipeline.broker.connection import broker_list, tls_context
from pipeline.broker.delivery import Delivery
from pipeline.broker.health import serve
from pipeline.broker.shutdown import Shutdown
from pipeline.broker.start import (
    check_topics_exist,
    group_id,
    instance_id,
    slot_of,
    unhealthy,
    unready,
    wait_for_broker,
    wait_for_children,
)
from pipeline.broker.versions import Versions
from pipeline.broker.watch import State, Watch
from pipeline.flow import segment
from pipeline.metrics import CHILD_RESTARTS, WORKER_INFO
from pipeline.settings import Settings
from pipeline.streams.message import Message, Output
from pipeline.streams.pool import Pool, Steps
from pipeline.streams.processor import Step
from pipeline.streams.versions import CLASSIFIED

logger = logging.getLogger(__name__)

EXIT_FAILED = 70  # can't deliver, or something went wrong that must not acknowledge a batch
EXIT_DEAD_LETTERS = 76

_DELIVERY_SECONDS = 90.0
_OUTAGE_PAUSE = 0.2
# A member that asks for no messages for so long leaves its group (1,000 s by default), and one that was asked to join
# again meanwhile never does. Ours asks when it has worked on all that one answer held: of tiny articles, or many
# partitions, that is hours of work. Whether it gets on is for `Watch` to say.
_POLL_SECONDS = 7 * 24 * 3600.0
# The topics' own limits (max.message.bytes) count after compression, and the processor keeps to them before it. This
# one only must not refuse what a topic takes: a raw message that compresses well, on its way to the dead letters.
_MAX_REQUEST_BYTES = 128 * 1024 * 1024


def run_worker(
    settings: Settings,
    names: Sequence[str] | None = None,
    *,
    steps: Steps = segment,
    delivery_seconds: float = _DELIVERY_SECONDS,
    watch_seconds: float = 5.0,
) -> int:
    """Run the stages `names` (default: all) until SIGTERM or SIGINT; the exit code. Logging must be set up.

    Waits for a broker that is down. Raises `SettingsError`, `ModelError`, `BrokerRefused`, or `BrokerError` for
    topics that are missing. Ends the process itself with 70 (can't deliver), 75 (stalled), 76 (too many dead letters)
    or 137 (shutdown took too long): all of them lose nothing, the work in hand is done again after a restart.
    `steps`, `delivery_seconds` and `watch_seconds` are for tests.
    """
    chosen = tuple(steps(names))
    group = group_id(settings, chosen)
    shutdown = Shutdown(seconds=settings.shutdown_seconds)
    state = State()
    port = serve(
        settings.metrics_host,
        settings.metrics_port,
        healthy=lambda: unhealthy(state, settings),
        ready=lambda: unready(state),
    )
    logger.info("metrics and health on http://%s:%d", settings.metrics_host, port)
    WORKER_INFO.labels(settings.topic_prefix).set(1)
    if not wait_for_broker(settings, shutdown):
        return 0
    check_topics_exist(settings, chosen)
    with Pool(names, settings, steps=steps, on_restart=lambda reason: CHILD_RESTARTS.labels(reason).inc()) as pool:
        state.pool = pool
        logger.info("%d child processes load the models", pool.size)
        versions = None
        if chosen[-1].writes == CLASSIFIED:
            versions = Versions(settings, slot=slot_of(settings), seconds=delivery_seconds)
            if not versions.start(shutdown.requested.is_set):
                return 0
        if not wait_for_children(pool, shutdown):
            return 0
        logger.info("joining group %s as %s", group, slot_of(settings))
        return _run_faust(
            chosen,
            settings,
            pool=pool,
            versions=versions,
            group=group,
            state=state,
            shutdown=shutdown,
            delivery_seconds=delivery_seconds,
            watch_seconds=watch_seconds,
        )


def _run_faust(
    steps: Sequence[Step],
    settings: Settings,
    *,
    pool: Pool,
    versions: Versions | None,
    group: str,
    state: State,
    shutdown: Shutdown,
    delivery_seconds: float,
    watch_seconds: float,
) -> int:
    """The Faust app from start to stop; the exit code."""
    _patch_libraries()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    app = _make_app(settings, group, delivery_seconds)
    delivery = Delivery(lambda output: _send(app, output), seconds=delivery_seconds)
    batches = Batches(steps, settings, pool=pool, delivery=delivery, versions=versions)
    _add_agent(app, steps[0], settings, batches, size=pool.size * settings.batch)
    _keep_state(app, state)
    reads = settings.topic_prefix + steps[0].reads
    Watch(settings, group=group, topic=reads, state=state, end=os._exit, every=watch_seconds).start()
    worker = _Worker(app, loop=loop, quiet=True, override_logging=False, redirect_stdouts=False, loglevel="INFO")
    worker.spinner = None
    try:
        shutdown.call(lambda: _ask_to_stop(worker, state))
        worker.execute_from_commandline()
    except SystemExit as end:
        code = end.code
    except Exception:
        logger.exception("the worker ended because of an error")
        code = EXIT_FAILED
    state.stopping = True
    if code:
        # Threads of a worker that crashed may hang; nothing is gained by waiting for them.
        _end_hard(EXIT_FAILED)
    logger.info("stopped")
    return 0


class _Worker(faust.Worker):
    """Faust's worker without its signal handlers: `Shutdown` has the signals."""

    def install_signal_handlers(self) -> None:
        """None: see `Shutdown`."""

    def stop_soon(self, state: State) -> None:
        """Stop in order; called in the event loop."""
        state.stopping = True
        if self._signal_stop_future is None:
            self._signal_stop_future = asyncio.ensure_future(self._stop_in_order(), loop=self.loop)

    async def _stop_in_order(self) -> None:
        await self.stop()
        if self._starting_fut is not None:
            self._starting_fut.cancel()


def _ask_to_stop(worker: _Worker, state: State) -> None:
    worker.loop.call_soon_threadsafe(worker.stop_soon, state)


def _make_app(settings: Settings, group: str, delivery_seconds: float) -> Any:
    session = settings.session_seconds
    return faust.App(
        group,
        broker=";".join(f"kafka://{broker}" for broker in broker_list(settings)),
        broker_credentials=_credentials(settings),
        broker_client_id="eventwire-worker",
        broker_session_timeout=session,
        broker_heartbeat_interval=min(3.0, session / 3),
        broker_request_timeout=max(90.0, session + 10),
        broker_max_poll_interval=_POLL_SECONDS,
        broker_commit_interval=0.5,
        consumer_group_instance_id=instance_id(settings, group),
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=4 * 1024 * 1024,
        producer_linger=0.01,
        producer_acks=-1,
        producer_compression_type="zstd",
        producer_max_batch_size=256 * 1024,
        producer_max_request_size=_MAX_REQUEST_BYTES,
        producer_request_timeout=delivery_seconds,
        stream_buffer_maxsize=256,
        stream_wait_empty=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        key_serializer="raw",
        value_serializer="raw",
        store="memory://",
        datadir=Path(tempfile.gettempdir()) / f"eventwire-faust-{os.getpid()}",
        web_enabled=False,
        autodiscover=False,
    )


def _credentials(settings: Settings) -> Any:
    context = tls_context(settings)
    if settings.security_protocol.startswith("SASL"):
        return faust.SASLCredentials(
            username=settings.sasl_username,
            password=settings.sasl_password,
            mechanism=settings.sasl_mechanism,
            ssl_context=context,
        )
    return faust.SSLCredentials(context=context) if context is not None else None


def _add_agent(app: Any, first: Step, settings: Settings, batches: Batches, *, size: int) -> None:
    topic = app.topic(
        settings.topic_prefix + first.reads,
        key_type=bytes,
        value_type=bytes,
        key_serializer="raw",
        value_serializer="raw",
    )

    @app.agent(topic, name=f"{settings.topic_prefix}{first.name}", concurrency=1)  # type: ignore[untyped-decorator]
    async def work(stream: Any) -> None:
        taken = stream.take_events(size, within=0.2)
        # A stream that stops closes its generators, and this one acknowledges its batch when it is closed, finished or
        # not: 5 messages in hand were lost in 4 of 8 orderly stops. So the stream must not know of it; it ends with
        # this body, after the batch. (faust-streaming 0.15.3, faust/streams.py, `Stream.on_stop`)
        stream._active_agens.discard(taken)
        async for events in taken:
            await _finish(batches.run([_message(event.message) for event in events]))


async def _finish(work: Awaitable[None]) -> None:
    """Run `work` to its end, also through cancellations (a stop, a rebalance); then let these through.

    What fails ends the process: leaving the body in any other way acknowledges the batch.
    """
    task = asyncio.ensure_future(work)
    cancelled = False
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            cancelled = True
        except BaseException:  # noqa: BLE001 (the task's own error: looked at below)
            break
    error = asyncio.CancelledError() if task.cancelled() else task.exception()
    if isinstance(error, TooManyDeadLetters):
        logger.critical("%s", error)
        _end_hard(EXIT_DEAD_LETTERS)
    if error is not None:
        logger.critical("a batch can't be finished, nothing of it is acknowledged: %s", error, exc_info=error)
        _end_hard(EXIT_FAILED)
    if cancelled:
        raise asyncio.CancelledError


def _end_hard(code: int) -> None:
    """End at once, without a chance for anything to commit. The children die with us."""
    for handler in logging.getLogger().handlers:
        handler.flush()
    sys.stderr.flush()
    os._exit(code)


async def _send(app: Any, output: Output) -> "asyncio.Future[object]":
    value = b"" if output.key is None and output.value is None else output.value  # Kafka wants one of them
    future: asyncio.Future[object] = await app.producer.send(
        output.topic, key=output.key, value=value, partition=None, timestamp=None, headers=list(output.headers)
    )
    return future


def _message(message: Any) -> Message:
    headers = message.headers.items() if isinstance(message.headers, dict) else message.headers or ()
    return Message(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        key=message.key,
        value=message.value,
        headers=tuple((name, value or b"") for name, value in headers),
        timestamp=round((message.timestamp or 0) * 1000),
    )


def _keep_state(app: Any, state: State) -> None:
    """Tell the threads beside the event loop which partitions are ours and that the loop is alive."""

    async def assigned(_: Any, partitions: Any, **options: Any) -> None:
        state.assigned = frozenset((tp.topic, tp.partition) for tp in partitions)
        state.joined = True
        logger.info("partitions assigned: %s", sorted(number for _, number in state.assigned) or "none")

    async def revoked(_: Any, partitions: Any, **options: Any) -> None:
        state.assigned = frozenset()
        state.joined = False

    app.on_partitions_assigned.connect(assigned, weak=False)
    app.on_partitions_revoked.connect(revoked, weak=False)

    @app.task  # type: ignore[untyped-decorator]
    async def beat() -> None:
        while not app.should_stop:
            state.beat = time.monotonic()
            await asyncio.sleep(1.0)


_patched = threading.Lock()


def _patch_libraries() -> None:
    """Two repairs of libraries, once a process."""
    if not _patched.acquire(blocking=False):
        return
    # With a send in flight during an outage, aiokafka's metadata loop runs without a pause: a whole core and 0.9 MB
    # of log a second were measured. With this pause 2 % of a core, and the same time to recover. Remove it when
    # `AIOKafkaClient._md_synchronizer` waits by itself. (aiokafka 0.14, aiokafka/client.py)
    update: Callable[..., Awaitable[bool]] = aiokafka.client.AIOKafkaClient._metadata_update

    async def patient_update(self: Any, cluster: Any, topics: Any) -> bool:
        done = await update(self, cluster, topics)
        if not done:
            await asyncio.sleep(_OUTAGE_PAUSE)
        return done

    aiokafka.client.AIOKafkaClient._metadata_update = patient_update

    # Faust's pure Python stream (where its C extension could not be built) acknowledges messages that it skips in a
    # rebalance, though nobody worked on them. What a stream took in hand is `tracked`. (faust-streaming 0.15.3,
    # faust/streams.py, `_py_aiter`)
    acknowledge: Callable[..., bool] = ConsumerMessage.on_final_ack

    def acknowledge_tracked(self: Any, consumer: Any) -> bool:
        return acknowledge(self, consumer) if self.tracked else False

    ConsumerMessage.on_final_ack = acknowledge_tracked  # type: ignore[method-assign]
