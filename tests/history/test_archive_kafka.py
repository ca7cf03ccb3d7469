"""`eventwire archive` on a real broker: what is killed, refused, away, new, gone."""

import threading
from pathlib import Path

import pytest

from pipeline.broker.client import Client, Writer, admin_client
from pipeline.cli import main as cli
from pipeline.history import archive as archiving
from pipeline.history.archive import Archiver
from pipeline.history.archive_files import Store
from pipeline.history.archive_reader import Archive, read
from pipeline.settings import Settings
from pipeline.streams.message import Message, Output
from tests.chaos.archive_sigkill import ArchiverProcess, archive_while_killing, make_topics, offsets_of_files, publish
from tests.history.archive_messages import RAW
from tests.kafka.broker import Broker
from tests.kafka.broker_settings import plain
from tests.kafka.fixtures import create_topics
from tests.kafka.workers import wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(900)]


def options(settings: Settings) -> list[str]:
    return ["--brokers", settings.brokers, "--topic-prefix", settings.topic_prefix]


def one_topic(broker: Broker, prefix: str, *, partitions: int = 1) -> Settings:
    create_topics(broker, {prefix + RAW: partitions})
    return plain(broker, topic_prefix=prefix)


def write(settings: Settings, *values: bytes) -> None:
    with Writer(settings) as writer:
        for value in values:
            writer.write(Output(topic=settings.topic_prefix + RAW, key=value, value=value))


def values(root: Path) -> list[bytes | None]:
    return [message.value for message in read(root)]


def test_once(kafka: Broker, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = make_topics(kafka)
    publish(settings, range(60))
    assert cli.run(["archive", str(tmp_path), "--once", "--topic", RAW, *options(settings)]) == 0
    assert Archive(tmp_path).topics() == [settings.topic_prefix + RAW]
    publish(settings, range(60, 100))
    assert cli.run(["archive", str(tmp_path), "--once", *options(settings)]) == 0
    with Client(settings) as client:
        there: list[Message] = sorted(
            client.read([name for name in client.topics() if name.startswith(settings.topic_prefix)]),
            key=lambda m: (m.topic, m.partition, m.offset),
        )
    assert list(read(tmp_path)) == there
    before = sorted(tmp_path.rglob("*"))
    capsys.readouterr()
    assert cli.run(["archive", str(tmp_path), "--once", *options(settings)]) == 0
    assert "archived 0 messages" in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == before
    assert cli.run(["archive", str(tmp_path), "--once", "--compact", *options(settings)]) == 0
    assert list(read(tmp_path)) == there
    assert set(offsets_of_files(tmp_path).values()) == {1}


def test_killed_and_nothing_is_lost_or_twice(kafka: Broker, tmp_path: Path) -> None:
    """The small brother of tests/chaos/archive_sigkill.py."""
    report = archive_while_killing(make_topics(kafka), tmp_path, articles=120, kills=1)
    assert report["messages"] > 480


def test_a_second_archiver_is_refused(
    kafka: Broker, tmp_path: Path, topic_prefix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = one_topic(kafka, topic_prefix)
    write(settings, b"a", b"b")
    root = tmp_path / "archive"
    archiver = ArchiverProcess.start(root, settings, tmp_path / "log", "--flush-seconds", "1")
    wait_until(lambda: (root / "_commits").is_dir() and values(root) == [b"a", b"b"], "the first flush, by age")
    assert cli.run(["archive", str(root), "--once", *options(settings)]) == 2
    assert f"Another archiver (process {archiver.process.pid}) writes to" in capsys.readouterr().err
    assert archiver.stop() == 0

    assert "archived 2 messages" in archiver.log.read_text()


class Following:
    """An archiver in a thread, which looks for news all the time."""

    def __init__(self, settings: Settings, root: Path, topics: list[str], *, flush_seconds: float = 0.2) -> None:
        self.told: list[str] = []
        self.error: Exception | None = None
        self.archiver: Archiver | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(settings, root, topics, flush_seconds))
        self._thread.start()

    def _run(self, settings: Settings, root: Path, topics: list[str], flush_seconds: float) -> None:
        try:
            with Client(settings) as client:
                store = Store(root)
                self.archiver = Archiver(client, store, topics, flush_seconds=flush_seconds, say=self.told.append)
                self.archiver.follow(self._ended.is_set)
        except Exception as error:  # noqa: BLE001  # whatever it was: the test shows it
            self.error = error

    def end(self) -> None:
        self._ended.set()
        self._thread.join(timeout=120)
        assert not self._thread.is_alive()
        assert self.error is None


def test_the_end_flushes_what_is_held(kafka: Broker, tmp_path: Path, topic_prefix: str) -> None:
    settings = one_topic(kafka, topic_prefix)
    write(settings, b"a", b"b", b"c")
    following = Following(settings, tmp_path, [topic_prefix + RAW], flush_seconds=600)
    wait_until(lambda: following.archiver and following.archiver.read == 3, "three messages read")
    assert not (tmp_path / "_commits").exists()
    following.end()
    assert values(tmp_path) == [b"a", b"b", b"c"]


def test_new_topics_and_partitions_are_found(
    kafka: Broker, tmp_path: Path, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kafka.admin import NewPartitions

    monkeypatch.setattr(archiving, "_LOOK_SECONDS", 0.3)
    settings = one_topic(kafka, topic_prefix)
    second = topic_prefix + "news.events.deal"
    following = Following(settings, tmp_path, [topic_prefix + RAW, second])
    try:
        write(settings, b"a")
        wait_until(lambda: (tmp_path / "_commits").is_dir() and values(tmp_path) == [b"a"], "the first message")
        create_topics(kafka, {second: 1})
        with admin_client(settings) as admin:
            admin.create_partitions({topic_prefix + RAW: NewPartitions(4)})
        with Writer(settings) as writer:
            writer.write(Output(topic=second, key=b"d", value=b"d"))
        write(settings, *(b"%d" % number for number in range(20)))
        wait_until(lambda: len(values(tmp_path)) == 22, "all messages")
    finally:
        following.end()
    assert len({p for t, p in Archive(tmp_path).partitions() if t == topic_prefix + RAW}) > 1
    assert set(offsets_of_files(tmp_path).values()) == {1}


def test_a_broker_that_goes_away_and_comes_back(
    own_kafka: Broker, tmp_path: Path, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archiving, "_LOOK_SECONDS", 0.3)
    settings = one_topic(own_kafka, topic_prefix)
    root = tmp_path / "archive"
    following = Following(settings, root, [topic_prefix + RAW])
    try:
        write(settings, b"a")
        wait_until(lambda: (root / "_commits").is_dir() and values(root) == [b"a"], "the first message")
        own_kafka.kill()
        wait_until(lambda: any("waiting for Kafka; what was archived is safe" in t for t in following.told), "a word")
        own_kafka.restart()
        write(settings, b"b")
        wait_until(lambda: values(root) == [b"a", b"b"], "the second message")
        wait_until(lambda: "Kafka is back" in following.told, "another word")
    finally:
        following.end()


def test_what_kafka_lost_is_told(
    kafka: Broker, tmp_path: Path, topic_prefix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = one_topic(kafka, topic_prefix)
    write(settings, *(b"%d" % number for number in range(10)))
    run = ["archive", str(tmp_path), "--once", "--topic", RAW, *options(settings)]
    assert cli.run(run) == 0
    write(settings, b"lost", b"lost", b"kept")
    with admin_client(settings) as admin:
        from kafka import TopicPartition

        admin.delete_records({TopicPartition(topic_prefix + RAW, 0): 12})
    assert cli.run(run) == 0
    assert "Kafka no longer has the offsets 10 to 11; they are not in the archive" in capsys.readouterr().err
    assert values(tmp_path) == [*(b"%d" % number for number in range(10)), b"kept"]

    with admin_client(settings) as admin:
        admin.delete_topics([topic_prefix + RAW])
    wait_until(lambda: _made_again(kafka, topic_prefix), "the topic, made anew")
    code = wait_until(lambda: (code := cli.run(run)) != 3 and code, "the broker to know the topic")
    assert code == 2
    assert "the topic was made anew. Archive it to another place" in capsys.readouterr().err


def _made_again(kafka: Broker, prefix: str) -> bool:
    from kafka.errors import KafkaError

    try:
        one_topic(kafka, prefix)
    except KafkaError:  # it is still being deleted
        return False
    return True


def test_what_is_not_there(kafka: Broker, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = ["archive", str(tmp_path), "--once", "--topic", RAW, "--topic-prefix", "no.such."]
    assert cli.run([*run, "--brokers", kafka.bootstrap]) == 3
    assert "has no topic no.such.news.articles.raw. Create them: eventwire topics create" in capsys.readouterr().err
    assert cli.run([*run, "--brokers", "127.0.0.1:9"]) == 3
