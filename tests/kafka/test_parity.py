"""The same articles through files and through Kafka, with the shipped model, give the same records."""

import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from pipeline.broker.publish import raw_output
from pipeline.broker.writer import Writer
from pipeline.streams.codec import header, read_structured
from pipeline.streams.message import Message
from pipeline.streams.topics import load_topics
from tests.kafka.broker import Broker
from tests.kafka.broker_settings import plain
from tests.kafka.workers import ROOT, Road, WorkerProcess, wait_until

ARTICLES = ROOT / "examples" / "articles.jsonl"
BAD = [b'{"text": "x"', b'{"text": 5}', b'{"title": ""}']
WALL_CLOCK = ("ingested_at", "produced_at", "trace")


@pytest.mark.model
def test_files_and_kafka_give_the_same_records(kafka: Broker, topic_prefix: str, tmp_path: Path) -> None:
    lines = [*ARTICLES.read_bytes().splitlines(), *BAD]
    source = tmp_path / "articles.jsonl"
    source.write_bytes(b"\n".join(lines) + b"\n")
    settings = plain(kafka, topic_prefix=topic_prefix, workers=1)
    road = Road.make(kafka, settings)
    with Writer(settings) as writer:  # by article, so that an update comes after what it updates, as in the file
        for line in lines:
            writer.write(raw_output(raw_message(line), now=datetime.now(UTC), topic_prefix=topic_prefix))
    worker = WorkerProcess(tmp_path, settings, command=("-m", "pipeline.cli.main", "worker"))
    try:
        folder = tmp_path / "out"
        command = [sys.executable, "-m", "pipeline.cli.main", "run", str(source), "--out", str(folder)]
        command += ["--workers", "1", "--format", "none", "--quiet"]  # while the worker does the same
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, done.stderr
        wait_until(lambda: worker.process.poll() is not None or road.lag() == 0, "all is done", seconds=600)
        assert worker.stop(seconds=300) == 0, worker.tail()
    finally:
        worker.kill()

    found = 0
    for name in load_topics():
        if name == "news.articles.raw":
            continue
        file = folder / f"{name}.jsonl"
        lines_of = file.read_bytes().splitlines() if file.is_file() else []
        from_files = Counter(_kept(read_structured(line, topic=name)) for line in lines_of)
        from_kafka = Counter(_kept(message) for message in road.read(name))
        assert from_kafka == from_files, f"{name}: {_difference(from_kafka, from_files)}"
        found += from_kafka.total()
    assert found >= 3 * (len(lines) - len(BAD)) + len(BAD)


def raw_message(value: bytes) -> Message:
    return Message(topic=ARTICLES.name, partition=0, offset=0, key=None, value=value, timestamp=0)


def _kept(message: Message) -> tuple[Any, ...]:
    """All of a message that must not depend on the way it took: without wall clock, place and senders' keys."""
    if header(message.headers, "ew_code") is not None:
        return tuple(header(message.headers, name) for name in ("ew_code", "ew_stage", "ew_error")), message.value
    record = orjson.loads(message.value or b"")
    content = {name: part for name, part in record.items() if name not in WALL_CLOCK}
    ours = tuple(header(message.headers, f"ce_{name}") for name in ("id", "type", "source", "subject", "dataschema"))
    return message.key, ours, orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


def _difference(kafka: "Counter[tuple[Any, ...]]", files: "Counter[tuple[Any, ...]]") -> str:
    """The fields in which one message that only Kafka has differs from that of the same key in the files."""
    ours, theirs = list(kafka - files), list(files - kafka)
    if not ours or not theirs:
        return f"{len(ours)} only on Kafka, {len(theirs)} only in files"
    first = ours[0]
    same = [item for item in theirs if item[0] == first[0]] or theirs
    here, there = orjson.loads(first[-1]), orjson.loads(same[0][-1])
    fields = {name for name in here | there if here.get(name) != there.get(name)}
    shown = {name: (str(here.get(name))[:300], str(there.get(name))[:300]) for name in fields}
    return f"{len(ours)} differ; of {first[0]!r}: {shown}"
