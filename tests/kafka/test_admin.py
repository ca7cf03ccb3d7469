"""Creating and comparing topics on a real cluster."""

import threading

import pytest

from pipeline.broker import admin as topics_admin
from pipeline.broker.admin import MISSING, UNDECLARED, check_topics
from pipeline.broker.client import admin_client
from pipeline.cli import main as cli
from pipeline.errors import BrokerError
from pipeline.settings import Settings
from pipeline.streams.topics import load_topics
from tests.kafka.broker import Broker
from tests.kafka.fixtures import create_topics


@pytest.fixture
def settings(kafka: Broker, topic_prefix: str) -> Settings:
    return Settings(brokers=kafka.bootstrap, topic_prefix=topic_prefix)


def make(broker: Broker, settings: Settings, topics: dict[str, int], **config: str) -> None:
    """Create topics that are not as declared, and wait until the broker shows them."""
    create_topics(broker, topics, **config)
    with admin_client(settings) as admin:
        admin.wait_for_topics(list(topics))


def whats(settings: Settings) -> dict[str, str]:
    """What differs, by topic and thing, without the prefix."""
    return {
        f"{difference.topic.removeprefix(settings.topic_prefix)} {difference.what}": difference.found
        for difference in check_topics(settings, replication=1)
    }


def test_created_topics_are_as_declared_and_creating_again_changes_nothing(settings: Settings) -> None:
    assert whats(settings) == {f"{name} {MISSING}": "" for name in load_topics()}
    first = topics_admin.create_topics(settings, replication=1)
    assert first.created == tuple(settings.topic_prefix + name for name in load_topics())
    assert first.differences == first.grown == ()
    assert check_topics(settings, replication=1) == ()
    again = topics_admin.create_topics(settings, replication=1)
    assert (again.created, again.grown, again.differences) == ((), (), ())


def test_the_cluster_has_what_the_files_say(settings: Settings) -> None:
    topics_admin.create_topics(settings, replication=1)
    from kafka.admin import ConfigResource, ConfigResourceType

    with admin_client(settings) as admin:
        name = settings.topic_prefix + "news.articles.raw"
        (described,) = admin.describe_topics([name])
        answer = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
    assert len(described["partitions"]) == 12
    ((configs,),) = (found.values() for found in answer.values())
    shown = {key: entry["value"] for key, entry in configs.items()}
    assert shown["retention.ms"] == str(30 * 86_400_000)
    assert shown["max.message.bytes"] == str(8 << 20)


def test_existing_topics_are_never_made_smaller_and_grow_only_when_asked(settings: Settings, kafka: Broker) -> None:
    big, small = settings.topic_prefix + "news.events.deal", settings.topic_prefix + "news.events.macro"
    year = str(365 * 86_400_000)
    make(kafka, settings, {big: 9}, retention_ms=year, max_message_bytes=str(9 << 20), cleanup_policy="compact")
    make(kafka, settings, {small: 2}, retention_ms="1000", max_message_bytes="1000")
    left = {
        "news.events.deal partitions": "9",
        "news.events.deal retention.ms": year,
        "news.events.deal max.message.bytes": str(9 << 20),
        "news.events.deal cleanup.policy": "compact",
    }
    lower = {
        "news.events.macro partitions": "2",
        "news.events.macro retention.ms": "1000",
        "news.events.macro max.message.bytes": "1000",
    }
    # As it was before it was compacted.
    ledger = settings.topic_prefix + "news.articles.classified"
    make(kafka, settings, {ledger: 12}, retention_ms=str(30 * 86_400_000), max_message_bytes=str(8 << 20))
    lower |= {
        "news.articles.classified retention.ms": str(30 * 86_400_000),
        "news.articles.classified min.compaction.lag.ms": "0",
        "news.articles.classified cleanup.policy": "delete",
    }
    done = topics_admin.create_topics(settings, replication=1)
    assert len(done.created) == 16
    assert len(done.differences) == 10
    assert whats(settings) == left | lower  # nothing was touched

    grown = topics_admin.create_topics(settings, replication=1, grow=True)
    assert {difference.topic for difference in grown.grown} == {small, ledger}
    assert len(grown.grown) == 6
    assert whats(settings) == left  # what was bigger stayed so


def test_a_topic_nobody_declared_is_a_difference(settings: Settings, kafka: Broker) -> None:
    topics_admin.create_topics(settings, replication=1)
    make(kafka, settings, {settings.topic_prefix + "news.events.deals": 1, settings.topic_prefix + "yours": 1})
    assert whats(settings) == {f"news.events.deals {UNDECLARED}": ""}


def test_more_copies_than_brokers_is_an_error_that_says_what_to_do(settings: Settings) -> None:
    with pytest.raises(BrokerError, match=r"want 3 copies .* has 1 broker\. .*--replication 1"):
        topics_admin.create_topics(settings)
    assert len(check_topics(settings)) == len(load_topics())  # nothing was created


def test_two_creators_at_a_time(settings: Settings) -> None:
    """Every worker of a deployment may run the creation before it starts."""
    errors: list[BaseException] = []

    def create() -> None:
        try:
            topics_admin.create_topics(settings, replication=1)
        except BaseException as error:  # noqa: BLE001  # whatever it is, the test must show it
            errors.append(error)

    threads = [threading.Thread(target=create) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert check_topics(settings, replication=1) == ()


def test_the_command_line(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--brokers", settings.brokers, "--prefix", settings.topic_prefix, "--replication", "1"]
    assert cli.run(["topics", "check", *where]) == 1
    assert f"{settings.topic_prefix}news.articles.raw\n  missing\n" in capsys.readouterr().out
    assert cli.run(["topics", "create", *where]) == 0
    assert "19 created, 0 settings grown, 0 differences left" in capsys.readouterr().out
    assert cli.run(["topics", "check", *where]) == 0
    assert "All 19 topics" in capsys.readouterr().out
