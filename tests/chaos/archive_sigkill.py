"""The acceptance of the archive: 10,000 articles, an archiver that is killed three times, each offset exactly once.

    python -m tests.chaos.archive_sigkill [--articles 10000] [--kills 3]

The suite runs the same with a few hundred (`tests/history/test_archive_kafka.py`).
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from pipeline.broker.client import Client, Writer
from pipeline.errors import EventwireError
from pipeline.history.archive_reader import Archive
from pipeline.settings import Settings
from pipeline.streams.topics import load_topics
from tests.history.archive_messages import outputs
from tests.kafka.broker import Broker, die_with_parent
from tests.kafka.broker_settings import plain
from tests.kafka.fixtures import create_topics
from tests.kafka.workers import wait_until


@dataclass
class ArchiverProcess:
    """`eventwire archive` in a process of its own, to be killed and stopped; ends with the test run."""

    process: subprocess.Popen[str]
    log: Path

    @classmethod
    def start(cls, root: str | Path, settings: Settings, log: Path, *options: str) -> "ArchiverProcess":
        command = [sys.executable, "-m", "pipeline.cli.main", "archive", str(root), "--brokers", settings.brokers]
        command += ["--topic-prefix", settings.topic_prefix, *options]
        with log.open("a") as file:
            process = subprocess.Popen(command, stderr=file, text=True, preexec_fn=die_with_parent)
        return cls(process, log)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(timeout=120)


def make_topics(broker: Broker, *, prefix: str | None = None) -> Settings:
    """The declared topics, with few partitions: the declared 130 take the test broker seconds."""
    settings = plain(broker, topic_prefix=prefix or f"t{uuid.uuid4().hex[:12]}.")
    counts = {settings.topic_prefix + name: 3 if ".articles." in name else 1 for name in load_topics()}
    create_topics(broker, counts, max_message_bytes=str(8 * 1024 * 1024))
    return settings


def publish(settings: Settings, numbers: range, *, days: int = 3) -> None:
    with Writer(settings) as writer:
        for output in outputs(numbers, prefix=settings.topic_prefix, days=days):
            writer.write(output)


def offsets_of_files(root: Path) -> Counter[tuple[str, int, int]]:
    """How often each offset stands in the Parquet files, whoever wrote them: commits are not asked."""
    found: Counter[tuple[str, int, int]] = Counter()
    for path in root.rglob("*.parquet"):
        table = pq.ParquetFile(path).read(columns=["topic", "partition", "offset"])
        found.update(zip(*(table[name].to_pylist() for name in ("topic", "partition", "offset")), strict=True))
    return found


def archive_while_killing(
    settings: Settings, folder: Path, *, articles: int, kills: int, seed: int = 7
) -> dict[str, float]:
    """Publish `articles` while an archiver is killed again and again; then check every offset and every byte."""
    dice = random.Random(seed)
    root, log = folder / "archive", folder / "archiver.log"
    options = ("--flush-seconds", "0.3", "--flush-mb", "1")
    feeder = threading.Thread(target=publish, args=(settings, range(articles)), daemon=True)
    feeder.start()
    left = []
    for kill in range(kills):
        archiver = ArchiverProcess.start(root, settings, log, *options)
        share = articles * 4 * (kill + 1) // (kills + 1)
        wait_until(
            lambda share=share, archiver=archiver: committed(root) >= share or archiver.process.poll() is not None,
            f"{share} messages archived",
            seconds=600,
        )
        time.sleep(dice.random() * 0.5)
        assert archiver.process.poll() is None, log.read_text()[-2000:]
        archiver.kill()
        left.append(sum(1 for _ in strays(root)))
    feeder.join()
    started = time.monotonic()
    last = ArchiverProcess.start(root, settings, log, "--once")
    assert last.process.wait(timeout=900) == 0, log.read_text()[-2000:]
    seconds = time.monotonic() - started

    with Client(settings) as client:
        topics = [settings.topic_prefix + name for name in load_topics()]
        there = sorted(client.read(topics), key=lambda m: (m.topic, m.partition, m.offset))
    found = offsets_of_files(root)
    assert set(found.values()) == {1}, "no offset twice"
    assert sorted(found) == [(m.topic, m.partition, m.offset) for m in there], "each offset once"
    assert list(Archive(root).read()) == there, "and byte for byte"
    return {"messages": len(there), "unfinished files left by the kills": sum(left), "seconds of the last run": seconds}


def committed(root: Path) -> int:
    try:
        return Archive(root).rows()
    except EventwireError:  # not there yet
        return 0


def strays(root: Path) -> Iterator[Path]:
    """Files that no commit names."""
    for path in root.glob("topic=*/date=*/*"):
        commit = root / "_commits" / path.parts[-3].removeprefix("topic=") / f"{path.stem}.json"
        if not commit.exists():
            yield path


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--articles", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(2)))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        broker = Broker(Path(folder) / "kafka")
        broker.start()
        try:
            report = archive_while_killing(
                make_topics(broker), Path(folder), articles=options.articles, kills=options.kills, seed=options.seed
            )
        finally:
            broker.stop()
    print(f"{options.articles:,} articles, {options.kills} kills (seed {options.seed}): each offset exactly once")
    for name, value in report.items():
        print(f"  {name}: {value:,.0f}")


if __name__ == "__main__":
    main()
