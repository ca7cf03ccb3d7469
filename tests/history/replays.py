"""A small archive, and replays of it with the cheap stages: what the tests of replay, verify and diff stand on."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from pipeline.cli import main as cli
from pipeline.history.archive_files import Store
from pipeline.history.archive_writer import write_messages
from pipeline.streams.message import Message
from tests.fake_stages import fake_steps

TOPIC = "news.articles.raw"
PARTITIONS = 3
BEGAN = 1_700_000_000_000  # 2023-11-14T22:13:20Z
STEP = 60_000  # milliseconds from one message to the next


def article(number: int, text: str = "Firma KAUFT Werk.", **fields: Any) -> dict[str, Any]:
    return {"id": f"a{number}", "text": f"{text} Nummer {number}.", "language": "de", **fields}


def raw_messages(values: Sequence[dict[str, Any] | bytes | None]) -> list[Message]:
    """One message a value, a minute apart; those of one article id in one partition."""
    ends = [0] * PARTITIONS
    messages = []
    for number, value in enumerate(values):
        name = value["id"] if isinstance(value, dict) else f"bytes{number}"
        partition = sum(name.encode()) % PARTITIONS
        messages.append(
            Message(
                topic=TOPIC,
                partition=partition,
                offset=ends[partition],
                key=name.encode(),
                value=orjson.dumps(value) if isinstance(value, dict) else value,
                headers=(("x_sender", b"\xff\x00"),),
                timestamp=BEGAN + number * STEP,
            )
        )
        ends[partition] += 1
    return messages


def make_archive(root: Path, values: Sequence[dict[str, Any] | bytes | None], *, topic: str = TOPIC) -> Path:
    by_partition: dict[int, list[Message]] = {}
    for message in raw_messages(values):
        by_partition.setdefault(message.partition, []).append(message)
    for messages in by_partition.values():
        half = (len(messages) + 1) // 2  # two commits a partition
        for some in (messages[:half], messages[half:]):
            if some:
                write_messages(Store(root), some)
    return root


# Everything that can become of an article: events, an update that takes one back, a deletion, dead letters.
ALL_KINDS: list[dict[str, Any] | bytes | None] = [
    article(0),
    article(1, "Firma KAUFT und KAUFT."),
    article(2, "Nichts."),
    b"{",
    None,
    article(0, "Firma KAUFT Werk doch nicht, KAUFT aber."),
    {"id": "a1", "action": "delete"},
    {"id": "a3", "title": "", "text": ""},
    *(article(number) for number in range(4, 12)),
]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line runs the cheap stages, in this process."""
    monkeypatch.setattr("pipeline.flow.segment", fake_steps)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return make_archive(tmp_path / "archive", ALL_KINDS)


def replay(*options: object) -> int:
    return cli.run(["replay", "--quiet", "--workers", "1", *map(str, options)])


def into(out: Path, archive: Path, *options: object) -> int:
    return replay("--no-kafka", "--archive", archive, "--out", out, *options)


def lines(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """What stands in each topic file."""
    return {
        path.name.removesuffix(".jsonl"): [orjson.loads(line) for line in path.read_bytes().splitlines()]
        for path in sorted(folder.glob("*.jsonl"))
    }


def timeless(value: Any) -> Any:
    """Without wall-clock fields."""
    if isinstance(value, dict):
        return {k: timeless(v) for k, v in value.items() if k not in ("time", "produced_at", "ingested_at")}
    return [timeless(item) for item in value] if isinstance(value, list) else value
