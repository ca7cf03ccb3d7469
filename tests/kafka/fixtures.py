"""Fixtures of the real broker, for every test folder (a plug-in of `tests/conftest.py`)."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import skip_unless_ci
from tests.kafka.broker import Broker
from tests.kafka.runtime import Unavailable


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """The session's broker, plain and secured. Don't stop or kill it: `own_kafka` is for that.

    Topics are not created by themselves, and are shared by the session: take a fresh `topic_prefix` or `topic` a test.
    """
    yield from _running(tmp_path_factory.mktemp("kafka"), secured=True)


@pytest.fixture
def own_kafka(tmp_path: Path) -> Iterator[Broker]:
    """A broker of this test's own, to stop, kill and start at will."""
    yield from _running(tmp_path / "kafka", secured=False)


@pytest.fixture
def topic_prefix() -> str:
    """A prefix (`EVENTWIRE_TOPIC_PREFIX`) that no other test uses; also good for group ids."""
    return f"t{uuid.uuid4().hex[:12]}."


@pytest.fixture
def topic(kafka: Broker, topic_prefix: str) -> Callable[..., str]:
    """`topic(partitions=1, **config)` creates a topic on the session's broker and returns its name."""

    def create(partitions: int = 1, **config: str) -> str:
        name = f"{topic_prefix}{uuid.uuid4().hex[:8]}"
        create_topics(kafka, {name: partitions}, **config)
        return name

    return create


def create_topics(broker: Broker, partitions: dict[str, int], **config: str) -> None:
    """Create topics (name -> partitions) with one replica. `config`: `max_message_bytes="1048576"` and the like."""
    from kafka import KafkaAdminClient
    from kafka.admin import NewTopic

    settings = {name.replace("_", "."): value for name, value in config.items()}
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap, bootstrap_timeout_ms=20_000)
    try:
        admin.create_topics(
            [
                NewTopic(name, num_partitions=count, replication_factor=1, topic_configs=settings)
                for name, count in partitions.items()
            ]
        )
        admin.wait_for_topics(list(partitions), timeout_ms=60_000)  # a busy broker knows them a moment later
    finally:
        admin.close()


def _running(folder: Path, *, secured: bool) -> Iterator[Broker]:
    try:
        broker = Broker(folder, secured=secured)
    except Unavailable as error:
        skip_unless_ci(str(error))
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """A failed test shows the end of its broker's log."""
    report = yield
    if report.failed:
        for name in ("kafka", "own_kafka"):
            broker = getattr(item, "funcargs", {}).get(name)
            if isinstance(broker, Broker):
                report.sections.append((f"{name}: broker log", broker.log_tail()))
    return report
