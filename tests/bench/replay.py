"""How much memory a replay, its proof and its comparison take: `python -m tests.bench.replay [articles]`.

Tiny articles through the cheap stages, so that it is the replay that is measured. An archive is made in a temporary
folder; it is replayed into another folder and into the topics of a broker of its own, each run is verified, and the two
are compared. Of every command, the resident memory of its processes over time, in MB: its own, that of its children
(the worker, or the stages) and that of theirs (a worker's stages).
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from pipeline.history.archive_files import Store
from pipeline.history.archive_writer import write_messages
from pipeline.streams.message import Message
from tests.kafka.broker import Broker

ROOT = Path(__file__).resolve().parents[2]
TOPIC = "news.articles.raw"
PARTITIONS = 12
_COMMIT = 5_000  # messages
_EVERY = 1.0  # seconds between two looks at the memory
_SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)  # of the time that a command takes, at which its memory is told


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.replay", description=__doc__)
    parser.add_argument("articles", type=int, nargs="?", default=100_000)
    count = parser.parse_args().articles
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder / "archive", count)
        broker = Broker(folder / "kafka")
        broker.start()
        kafka = ("--brokers", broker.bootstrap)
        archive = ("--archive", str(folder / "archive"))
        out = str(folder / "out")
        print(f"{count:,} articles; MB at {', '.join(f'{share:.0%}' for share in _SHARES)} of the time, and at most")
        try:
            measure(count, "replay", "--no-kafka", *archive, "--out", out, "--workers", "1")
            measure(count, "replay", "--verify", out, "--workers", "1")
            measure(count, "replay", "--run", "bench", *archive, "--replication", "1", "--workers", "1", *kafka)
            measure(count, "replay", "--verify", "bench", "--workers", "1", *kafka)
            measure(count, "diff", "bench", out, *kafka)
        finally:
            broker.stop()


def make(root: Path, count: int) -> None:
    """An archive of `count` articles of one day."""
    store = Store(root)
    step = 24 * 3_600_000 // count
    for partition in range(PARTITIONS):
        numbers = range(partition, count, PARTITIONS)
        for start in range(0, len(numbers), _COMMIT):
            places = range(start, min(start + _COMMIT, len(numbers)))
            write_messages(store, [_message(partition, at, numbers[at], step) for at in places])


def _message(partition: int, offset: int, number: int, step: int) -> Message:
    value = orjson.dumps({"id": f"a{number}", "text": f"Firma KAUFT Werk {number}."})
    when = 1_700_006_400_000 + number * step  # from the midnight of a day on
    return Message(
        topic=TOPIC, partition=partition, offset=offset, key=f"a{number}".encode(), value=value, timestamp=when
    )


@dataclass
class Memory:
    """Resident memory (MB) of a process and of those below it, by how far below, at each look."""

    looks: list[list[float]] = field(default_factory=list)

    def look(self, pid: int) -> None:
        self.looks.append([sum(map(_megabytes, pids)) for pids in _generations(pid)])

    def rows(self) -> Iterator[str]:
        for depth, name in enumerate(("itself", "its children", "their children")):
            sizes = [look[depth] if depth < len(look) else 0.0 for look in self.looks]
            if any(sizes):
                told = " ".join(f"{sizes[int(len(sizes) * share)]:5.0f}" for share in _SHARES)
                yield f"  {name:15} {told}   at most {max(sizes):4.0f}"


def measure(count: int, *command: str) -> None:
    """Run the command and print what it took."""
    memory = Memory()
    started = time.monotonic()
    whole = [sys.executable, "-m", "tests.fake_eventwire", *command, "--quiet"]
    environment = {**os.environ, "EVENTWIRE_BATCH": "200"}  # these stages take no time: a worker would only wait
    with subprocess.Popen(whole, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            memory.look(process.pid)
            time.sleep(_EVERY)
    seconds = time.monotonic() - started
    print(f"{' '.join(command[:2])}: {seconds:.0f} s, {count / seconds:,.0f} articles/s, exit {process.returncode}")
    print(*memory.rows(), sep="\n", flush=True)


def _generations(pid: int) -> Iterator[list[int]]:
    """The process, its children, and so on."""
    parents = {int(status.parent.name): _read(status) for status in Path("/proc").glob("[0-9]*/status")}
    pids = [pid]
    while pids:
        yield pids
        pids = [child for child, lines in parents.items() if _after("PPid:", lines) in pids]


def _megabytes(pid: int) -> float:
    return _after("VmRSS:", _read(Path(f"/proc/{pid}/status"))) / 1024


def _read(status: Path) -> list[str]:
    try:
        return status.read_text().split()
    except OSError:  # it has ended
        return []


def _after(name: str, words: list[str]) -> int:
    return int(words[words.index(name) + 1]) if name in words else 0


if __name__ == "__main__":
    main()
