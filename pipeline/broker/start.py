"""What a worker needs before it joins its group, and what it says of its health. Nothing here knows Faust."""

import logging
import socket
import time
from collections.abc import Sequence

from pipeline.broker.client import Client
from pipeline.broker.connection import BrokerRefused, check, missing_topics
from pipeline.broker.shutdown import Shutdown
from pipeline.broker.watch import State
from pipeline.errors import BrokerError, SettingsError
from pipeline.settings import Settings
from pipeline.streams.pool import Pool
from pipeline.streams.processor import Step
from pipeline.streams.topics import load_topics

logger = logging.getLogger(__name__)

LONGEST_WAIT = 15.0  # seconds between two tries to reach a broker that is down


def set_up_logging(level: str) -> None:
    """One line an event on stderr. The libraries tell of every step they take: that is for `debug` only.

    Raises `SettingsError` for an unknown level.
    """
    if level.lower() not in ("debug", "info", "warning", "error"):
        raise SettingsError(f"The log level {level!r} is none of debug, info, warning, error.")
    logging.basicConfig(level=level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    if level.lower() != "debug":
        for library in ("kafka", "faust", "mode"):
            logging.getLogger(library).setLevel(max(logging.WARNING, logging.getLogger().level))


def group_id(settings: Settings, steps: Sequence[Step]) -> str:
    """The consumer group of a segment: `eventwire-language-events` for the whole road, after the topic prefix."""
    ends = dict.fromkeys((steps[0].name, steps[-1].name))
    return f"{settings.topic_prefix}eventwire-{'-'.join(ends)}"


def topics_of(settings: Settings, steps: Sequence[Step]) -> list[str]:
    """Every topic that a worker of these steps reads or writes, with the prefix."""
    names = [steps[0].reads]
    for step in steps:
        names += [step.writes, step.dead_letters]
        if step.writes == "news.articles.classified":
            names += [name for name in load_topics() if name.startswith("news.events.")]
    return [settings.topic_prefix + name for name in names]


def check_topics_exist(settings: Settings, steps: Sequence[Step]) -> None:
    """Raises `BrokerError` naming the topics that are missing, and the command that makes them."""
    with Client(settings) as client:
        missing = set(topics_of(settings, steps)) - client.topics()
    if missing:
        raise missing_topics(settings, missing)


def slot_of(settings: Settings) -> str:
    return settings.slot or f"{socket.gethostname()}-0"


def instance_id(settings: Settings, group: str) -> str:
    """The static member of `group` that the worker in this place is."""
    return f"{group}-{slot_of(settings)}"


def wait_for_broker(settings: Settings, shutdown: Shutdown) -> bool:
    """True when a broker lets us in, False when we are to stop before. Raises `BrokerRefused`, `SettingsError`."""
    pause = 1.0
    while not shutdown.requested.is_set():
        try:
            check(settings)
        except BrokerRefused:
            raise
        except BrokerError as error:
            logger.warning("waiting for Kafka, again in %.0f s: %s", pause, error)
        else:
            return True
        shutdown.requested.wait(pause)
        pause = min(pause * 2, LONGEST_WAIT)
    return False


def wait_for_children(pool: Pool, shutdown: Shutdown) -> bool:
    """True when all children have loaded their models: only then partitions are of use. Raises their error."""
    while pool.ready < pool.size:
        if pool.broken is not None:
            raise pool.broken
        if shutdown.requested.wait(0.05):
            return False
    return True


def unhealthy(state: State, settings: Settings) -> str | None:
    """Why this process should be started again; None if it should not. Waiting for Kafka is healthy."""
    if state.pool is not None and state.pool.broken is not None:
        return f"the child processes are gone: {state.pool.broken}"
    silent = time.monotonic() - state.beat
    if state.joined and silent > settings.stall_seconds:
        return f"the event loop has done nothing for {silent:.0f} s"
    return None


def unready(state: State) -> str | None:
    """Why no work is done here now; None if it can be."""
    if state.stopping:
        return "stopping"
    if state.pool is None:
        return "waiting for Kafka"
    if state.pool.ready == 0:
        return "the child processes are loading"
    return None if state.joined else "no partitions assigned yet"
