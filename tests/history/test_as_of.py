"""What was known at a time: in Python, in the documented query, on the command line."""

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pytest

from pipeline.cli import main as cli
from pipeline.history.archive_files import Store
from pipeline.history.archive_writer import write_messages
from pipeline.history.as_of import known
from pipeline.streams.codec import timestamp_text
from pipeline.streams.message import Message
from tests.history.archive_messages import message, records
from tests.history.test_archive import documented

DEAL = "news.events.deal"
START = datetime(2026, 1, 2, 9, tzinfo=UTC)


def said(
    event_id: str, minutes: float, action: str = "add", *, ingested: float | None = None, **fields: Any
) -> dict[str, Any]:
    """An event as it was said so many minutes after the start."""
    record = dict(records(0, days=1))[DEAL]
    produced = START + timedelta(minutes=minutes)
    arrived = produced if ingested is None else START + timedelta(minutes=ingested)
    times = {"produced_at": timestamp_text(produced), "ingested_at": timestamp_text(arrived)}
    return {**record, "event_id": event_id, "action": action, **times, **fields}


def stream(*values: Any) -> list[Message]:
    return [message(value, topic=DEAL, offset=at, timestamp=1_800_000_000_000 + at) for at, value in enumerate(values)]


STORY = stream(
    said("corrected", 0, confidence=0.5),
    said("retracted", 1),
    b"no event",
    said("corrected", 10, "update", confidence=0.6),
    said("retracted", 11, "delete"),
    said("corrected", 10, "update", confidence=0.6),  # delivered twice
    said("corrected", 5, "update", confidence=0.1),  # written late, by a worker that was slow
    said("retracted", 20, confidence=0.7),
    said("backfill", 0, ingested=15),
    said("corrected", 30, "delete"),
)


def held(messages: list[Message], minutes: float) -> dict[str, float]:
    found = known(lambda: iter(messages), START + timedelta(minutes=minutes))
    return {event.event_id: event.confidence for _, event in found}


@pytest.mark.parametrize(
    ("minutes", "holds"),
    [
        (-1, {}),
        (0, {"corrected": 0.5}),
        (5, {"corrected": 0.1, "retracted": 0.97}),
        (10.5, {"corrected": 0.6, "retracted": 0.97}),
        (11, {"corrected": 0.6}),
        (15, {"corrected": 0.6, "backfill": 0.97}),
        (25, {"corrected": 0.6, "backfill": 0.97, "retracted": 0.7}),
        (99, {"backfill": 0.97, "retracted": 0.7}),
    ],
)
def test_what_was_known(minutes: float, holds: dict[str, float]) -> None:
    assert held(STORY, minutes) == holds


def test_the_order_of_partitions_changes_nothing() -> None:
    for seed in range(20):
        shuffled = random.Random(seed).sample(STORY, len(STORY))
        for minutes in (5, 11, 25, 99):
            assert held(shuffled, minutes) == held(STORY, minutes)


def test_the_documented_query(tmp_path: Path) -> None:
    events = [one for one in STORY if one.value != b"no event"]
    write_messages(Store(tmp_path), events)
    query = documented("sql", tmp_path)[2]
    for minutes in (-1, 0, 5, 10.5, 11, 15, 25, 99):
        moment = timestamp_text(START + timedelta(minutes=minutes))
        rows = duckdb.sql(query.replace("2026-01-02T12:00:00Z", moment)).fetchall()
        found = {event["event_id"]: event["confidence"] for event in (json.loads(row[2]) for row in rows)}
        assert found == held(events, minutes)


def test_the_command_over_an_archive(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_messages(Store(tmp_path), STORY)

    def shown(*options: str) -> list[Any]:
        assert cli.run(["tail", str(tmp_path), "--format", "jsonl", *options]) == 0
        return [orjson.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert [event["event_id"] for event in shown("--as-of", "2026-01-02T09:25:00Z")] == [
        "corrected",
        "retracted",
        "backfill",
    ]
    assert [e["event_id"] for e in shown("--as-of", "2026-01-02T09:25:00Z", "--min-confidence", "0.7")] == [
        "retracted",
        "backfill",
    ]
    assert shown("--as-of", "2026-01-02T09:25:00Z", "--class", "legal") == []
    assert len(shown()) == 9, "without --as-of, all that was said"
    assert len(shown("--limit", "2")) == 2
    assert cli.run(["tail", str(tmp_path), "--as-of", "2026-01-02T09:25:00Z"]) == 0
    told = capsys.readouterr()
    assert told.out.count("deal.acquisition") == 3
    assert told.err.count("is no event and is passed over") == 1
    assert cli.run(["tail", str(tmp_path), "--follow"]) == 2
    assert "can't be followed" in capsys.readouterr().err
