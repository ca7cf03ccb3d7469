"""How much memory a replay takes: `python -m tests.bench.replay [articles] [--kafka HOST:PORT]`.

Tiny articles through the cheap stages, so that it is the replay that is measured: an archive is made in a temporary
folder, and replayed into another one (or on Kafka). Resident memory of the replay's own process, every ten seconds.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import orjson

from pipeline.history.archive_files import Store
from pipeline.history.archive_writer import write_messages
from pipeline.streams.message import Message

ROOT = Path(__file__).resolve().parents[2]
TOPIC = "news.articles.raw"
PARTITIONS = 12
_COMMIT = 5_000  # messages


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.replay", description=__doc__)
    parser.add_argument("articles", type=int, nargs="?", default=100_000)
    parser.add_argument("--kafka", help="replay on this broker instead of into a folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        archive, out = Path(folder, "archive"), Path(folder, "out")
        make(archive, options.articles)
        replay(archive, out, options.articles, options.kafka)


def make(root: Path, count: int) -> None:
    """An archive of `count` articles, a second apart."""
    store = Store(root)
    for partition in range(PARTITIONS):
        numbers = range(partition, count, PARTITIONS)
        for start in range(0, len(numbers), _COMMIT):
            messages = [_message(partition, at, numbers[at]) for at in range(start, min(start + _COMMIT, len(numbers)))]
            write_messages(store, messages)


def _message(partition: int, offset: int, number: int) -> Message:
    value = orjson.dumps({"id": f"a{number}", "text": f"Firma KAUFT Werk {number}."})
    when = 1_700_000_000_000 + number * 1000
    return Message(
        topic=TOPIC, partition=partition, offset=offset, key=f"a{number}".encode(), value=value, timestamp=when
    )


def replay(archive: Path, out: Path, count: int, kafka: str | None) -> None:
    """Replay it, and print a line every ten seconds."""
    target = (
        ["--run", f"bench{int(time.time())}", "--brokers", kafka, "--replication", "1"]
        if kafka
        else ["--out", str(out)]
    )
    command = [sys.executable, "-m", "tests.fake_eventwire", "replay", "--archive", str(archive), *target]
    started = time.monotonic()
    with subprocess.Popen([*command, "--workers", "1"], cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        for told in _told(process):
            memory = _megabytes(process.pid)
            print(f"{time.monotonic() - started:6.0f} s  {memory:4.0f} MB resident  {told}", flush=True)
    print(f"{count / (time.monotonic() - started):.0f} articles/s, exit code {process.returncode}")


def _told(process: "subprocess.Popen[str]") -> Iterator[str]:
    assert process.stderr is not None
    for line in process.stderr:
        yield line.strip()


def _megabytes(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    kilobytes = next((line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")), "0")
    return int(kilobytes) / 1024


if __name__ == "__main__":
    main()
