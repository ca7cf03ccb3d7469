"""`eventwire replay` on a real broker, with cheap stages: topics of its own, nothing twice, nothing lost."""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pipeline.broker.client import Client
from pipeline.cli import main as cli
from pipeline.history import runs
from pipeline.settings import Settings
from pipeline.streams.codec import header
from pipeline.streams.message import Message
from tests.cli.road import RAW, Road, article, make_road
from tests.history.replays import ALL_KINDS, fake, make_archive, raw_messages
from tests.kafka.broker import Broker, die_with_parent
from tests.kafka.broker_settings import plain

__all__ = ["fake"]
pytestmark = [pytest.mark.kafka, pytest.mark.timeout(900), pytest.mark.usefixtures("fake")]
ROOT = Path(__file__).resolve().parents[2]
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def name() -> str:
    return f"r{uuid.uuid4().hex[:10]}"


def on(settings: Settings, *options: object) -> list[str]:
    """A replay's options for this broker and prefix."""
    prefix = ["--topic-prefix", settings.topic_prefix] if settings.topic_prefix else []
    return ["replay", "--quiet", "--workers", "1", "--brokers", settings.brokers, *prefix, *map(str, options)]


def begin(settings: Settings, name: str, *options: object) -> int:
    return cli.run(on(settings, "--run", name, "--replication", "1", *options))


def read(settings: Settings, *topics: str) -> list[Message]:
    with Client(settings) as client:
        return list(client.read([settings.topic_prefix + topic for topic in topics]))


def ids(messages: list[Message]) -> "Counter[str]":
    return Counter((message.key or b"").decode() for message in messages)


def test_from_kafka_into_topics_of_its_own(kafka: Broker, name: str, tmp_path: Path, capsys: Capture) -> None:
    road: Road = make_road(kafka)
    road.publish(*(article(number) for number in range(20)), b"{", None)
    road.work()
    with Client(road.settings) as client:
        ours_live = [topic for topic in sorted(client.topics()) if topic.startswith(road.settings.topic_prefix)]
        before = {topic: client.end_offsets([topic]) for topic in ours_live}  # the broker has other tests' topics, too
    assert begin(road.settings, name) == 0, capsys.readouterr().err
    ours = runs.settings_of(road.settings, name)
    originals = {message.trace: message for message in read(road.settings, RAW)}
    copies = read(ours, RAW)
    assert len(copies) == len(originals) == 22
    for copy in copies:
        original = originals[header(copy.headers, "ew_origin") or ""]
        assert copy.headers == (*original.headers, ("ew_origin", original.trace.encode()))
        assert (copy.partition, copy.timestamp, copy.key) == (original.partition, original.timestamp, original.key)
        assert (copy.value or b"") == (original.value or b"")
    assert len(read(ours, "news.articles.classified")) == 20
    live = {m.key: json.loads(m.value or b"")["ingested_at"] for m in read(road.settings, "news.articles.classified")}
    again = {m.key: json.loads(m.value or b"")["ingested_at"] for m in read(ours, "news.articles.classified")}
    assert again == live, "the times of then"
    with Client(road.settings) as client:
        assert len(before) >= 19
        assert {topic: client.end_offsets([topic]) for topic in before} == before, "live topics are as they were"

    prefixed = ["--topic-prefix", road.settings.topic_prefix, "--brokers", road.settings.brokers]
    assert cli.run(["diff", "live", name, "--quiet", *prefixed]) == 0
    assert "no difference" in capsys.readouterr().out
    assert cli.run(on(road.settings, "--verify", name, "--workers", "2")) == 0
    assert "the same bytes" in capsys.readouterr().err

    assert begin(road.settings, name) == 2
    assert f"There is a run {name} already" in capsys.readouterr().err
    assert cli.run(["replay", "list", "--format", "json", *prefixed]) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert (listed["place"], listed["state"]) == (name, "done")
    assert listed["counts"] == {"raw": 22, "classified": 20, "dead_lettered": 2, "events": 20}

    out = tmp_path / "folder"
    assert cli.run(on(road.settings, "--out", out)) == 0
    assert cli.run(["diff", name, str(out), "--quiet", *prefixed]) == 0
    capsys.readouterr()

    assert cli.run(["replay", "delete", name, *prefixed]) == 0
    with Client(road.settings) as client:
        assert not [topic for topic in client.topics() if topic.startswith(ours.topic_prefix)]
    assert cli.run(["replay", "delete", name, *prefixed]) == 2
    assert f"There is no run {name}" in capsys.readouterr().err


def start(settings: Settings, *options: object, batch: int) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "tests.fake_eventwire", *on(settings, *options)]
    environment = {**os.environ, "EVENTWIRE_BATCH": str(batch)}
    return subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, preexec_fn=die_with_parent)


def wait_for(settings: Settings, count: int, process: "subprocess.Popen[bytes]") -> int:
    """Until so many articles of a run are classified; how many are."""
    topic = settings.topic_prefix + "news.articles.classified"
    with Client(settings) as client:
        while topic not in client.topics() or (done := sum(client.end_offsets([topic]).values())) < count:
            assert process.poll() is None, process.stderr and process.stderr.read().decode()
            time.sleep(0.1)
    return done


def test_killed_then_stopped_then_done(kafka: Broker, name: str, tmp_path: Path, capsys: Capture) -> None:
    """And with another batch size and number of processes each time: the records follow from input and models alone."""
    settings = plain(kafka)
    ours = runs.settings_of(settings, name)
    # The last ones of each partition wait for the blow before them, so that the run is not done when it falls.
    killed, stopped = tmp_path / "killed", tmp_path / "stopped"
    waits = [""] * 40 + [f"WARTET:{killed} "] * 10 + [f"WARTET:{stopped} "] * 10
    slow: list[Any] = [{"id": f"s{n}", "text": f"Firma KAUFT. {word}"} for n, word in enumerate(waits)]
    archive = make_archive(tmp_path / "archive", [*ALL_KINDS, *slow])
    process = start(settings, "--run", name, "--replication", "1", "--archive", archive, batch=16)
    before = wait_for(ours, 10, process)
    process.kill()
    process.communicate()
    killed.touch()
    process = start(settings, "--run", name, "--resume", batch=1)
    wait_for(ours, before + 2, process)
    assert cli.run(on(settings, "--run", name, "--resume")) == 2
    assert "is being replayed by another process" in capsys.readouterr().err
    assert cli.run(on(settings, "--verify", name)) == 2
    assert "is not finished (running)" in capsys.readouterr().err
    process.send_signal(signal.SIGTERM)
    stopped.touch()
    _, told = process.communicate(timeout=200)
    assert process.returncode == 130, told.decode()
    with Client(settings) as client:
        assert runs.read(client, name).state == "stopped"
    assert cli.run(on(settings, "--run", name, "--resume", "--workers", "2")) == 0, capsys.readouterr().err
    copies = read(ours, RAW)
    expected = raw_messages([*ALL_KINDS, *slow])
    assert Counter(header(m.headers, "ew_origin") for m in copies) == Counter(m.trace for m in expected), "each once"
    assert sorted(m.timestamp for m in copies) == sorted(m.timestamp for m in expected)
    found = ids(read(ours, "news.articles.classified"))
    assert found.keys() == {"a0", "a1", "a2", *(f"a{n}" for n in range(4, 12)), *(f"s{n}" for n in range(60))}
    assert cli.run(on(settings, "--verify", name, "--workers", "2")) == 0, capsys.readouterr().out
    out = tmp_path / "folder"
    assert cli.run(on(settings, "--archive", archive, "--out", out, "--workers", "2")) == 0
    assert cli.run(["diff", name, str(out), "--brokers", settings.brokers, "--quiet"]) == 0, "on Kafka as in a folder"


def test_mistakes_leave_no_topics(kafka: Broker, name: str, tmp_path: Path, capsys: Capture) -> None:
    settings = plain(kafka)
    archive = make_archive(tmp_path / "archive", ALL_KINDS)
    mistakes: list[tuple[list[object], str]] = [
        (["--archive", archive, "--models", tmp_path / "none"], "cannot be read"),
        (["--archive", archive, "--from", "2031-01-01"], "Nothing to replay"),
        (["--archive", tmp_path / "none"], "is no archive"),
        (["--resume"], f"There is no run {name}"),
    ]
    for options, says in mistakes:
        assert cli.run(on(settings, "--run", name, *options)) == 2
        told = capsys.readouterr().err
        assert says in told
        assert len(told.splitlines()) == 1
    assert cli.run(on(settings, "--run", name, "--archive", archive)) == 3
    assert "--replication 1" in capsys.readouterr().err, "the declared copies are more than one broker has"
    assert cli.run(on(settings, "--verify", name)) == 2
    assert cli.run(["diff", name, "live", "--brokers", settings.brokers]) == 2
    with Client(settings) as client:
        assert not [topic for topic in client.topics() if f".{name}." in topic]
    assert cli.run(["replay", "--run", name, "--brokers", kafka.bootstrap, "--topic-prefix", "no.such."]) == 3
    assert "eventwire topics create" in capsys.readouterr().err


def test_a_run_killed_while_it_was_being_made(kafka: Broker, name: str, capsys: Capture) -> None:
    from tests.kafka.fixtures import create_topics

    settings = plain(kafka, topic_prefix=f"{name}.")
    create_topics(kafka, {f"{name}.replay.{name}.run": 1})
    prefixed = ["--brokers", settings.brokers, "--topic-prefix", settings.topic_prefix]
    assert cli.run(["replay", "list", *prefixed]) == 0
    assert "broken" in capsys.readouterr().out
    assert cli.run(on(settings, "--run", name, "--resume")) == 2
    assert "interrupted while it was being made" in capsys.readouterr().err
    assert cli.run(["replay", "delete", name, *prefixed]) == 0
    assert cli.run(["replay", "list", *prefixed, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_no_broker(tmp_path: Path, capsys: Capture) -> None:
    archive = make_archive(tmp_path / "archive", ALL_KINDS)
    for options in (["--run", "x", "--archive", str(archive)], ["list"], ["delete", "x"], ["--verify", "x"]):
        assert cli.run(["replay", *options, "--brokers", "127.0.0.1:9"]) == 3
        assert "127.0.0.1:9" in capsys.readouterr().err
    assert cli.run(["diff", "live", "x", "--brokers", "127.0.0.1:9"]) == 3
