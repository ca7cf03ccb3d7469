"""`eventwire tail --count`: a subscription's dry run, over a run's folder, an archive and Kafka."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from pipeline.cli import main as cli
from pipeline.history.archive_files import Store
from pipeline.history.archive_writer import write_messages
from tests.cli.road import article, make_road
from tests.cli.test_tail import make_folder
from tests.history.archive_messages import EVENT_TOPICS, message, outputs
from tests.kafka.broker import Broker


def counts(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[dict[str, int], dict[str, Any]]:
    """Events by day, and the last line: the total and the examples."""
    assert cli.run(["tail", "--count", "--format", "jsonl", *options]) == 0
    *days, last = [orjson.loads(line) for line in capsys.readouterr().out.splitlines()]
    return {day["day"]: day["add"] for day in days}, last


@pytest.fixture
def archive(tmp_path: Path) -> str:
    """30 events of three days, one topic a day; the first of all was then updated and retracted."""
    for topic in EVENT_TOPICS:
        values = [output.value for output in outputs(range(30), topics=[topic])]
        if topic == EVENT_TOPICS[0]:
            first = orjson.loads(values[0] or b"")
            values += [orjson.dumps({**first, "action": action}) for action in ("update", "delete")]
        write_messages(Store(tmp_path), [message(value, topic=topic, offset=at) for at, value in enumerate(values)])
    return str(tmp_path)


def test_an_archive(archive: str, capsys: pytest.CaptureFixture[str]) -> None:
    days, last = counts(capsys, archive)
    assert days == {"2026-01-01": 10, "2026-01-02": 10, "2026-01-03": 10}
    assert last["total"] == 32
    assert [event["article"]["id"] for event in last["examples"]] == ["a29", "a26", "a23"], "the newest first"
    days, last = counts(capsys, archive, "--from", "2026-01-02", "--to", "2026-01-03", "--limit", "1")
    assert days == {"2026-01-02": 10}
    assert len(last["examples"]) == 1
    assert counts(capsys, archive, "--class", "legal") == ({}, {"total": 0, "examples": []})
    days, last = counts(capsys, archive, "--as-of", "2026-01-03T06:30:00Z")
    assert days == {"2026-01-01": 9, "2026-01-02": 10}, "one was retracted, the third day's were not yet said"

    assert cli.run(["tail", archive, "--count"]) == 0
    shown = capsys.readouterr().out
    assert shown.splitlines()[:4] == [
        "2026-01-01  10 new   1 updated   1 retracted  ########################################",
        "2026-01-02  10 new   0 updated   0 retracted  #################################",
        "2026-01-03  10 new   0 updated   0 retracted  #################################",
        "32 events on 3 days between 2026-01-01 and 2026-01-03; the newest:",
    ]
    assert shown.count("analyst.credit_rating") == 3
    assert cli.run(["tail", archive, "--count", "--class", "legal"]) == 0
    assert capsys.readouterr().out == "no event\n"


def test_times_that_there_are_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A writer's clock may say any number: that of one that counts in microseconds is in no year."""
    values = [output.value for output in outputs(range(9), topics=EVENT_TOPICS[:1])]
    times = [2**60, 2**63 - 1, -1, 0, 1_767_225_600_000]
    messages = [
        replace(message(value, topic=EVENT_TOPICS[0], offset=at), timestamp=time)
        for at, (value, time) in enumerate(zip(values * 2, times, strict=False))
    ]
    write_messages(Store(tmp_path), messages)
    for options, shown in {
        ("--from", "2020-01-01"): 3,
        ("--to", "2020-01-01"): 1,  # the one without a time has none
        ("--from", "0001-01-01T00:00:00+14:00", "--to", "9999-12-31T23:59:59-14:00"): 2,
        ("--as-of", "1s"): 3,
    }.items():
        assert cli.run(["tail", str(tmp_path), "--format", "jsonl", *options]) == 0
        assert len(capsys.readouterr().out.splitlines()) == shown, options
    _, last = counts(capsys, str(tmp_path))
    assert last["total"] == 5


def test_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_folder(tmp_path, "Firma KAUFT.", "Nichts.", "Firma KAUFT und KAUFT.")
    path = tmp_path / "news.events.deal.jsonl"
    path.write_bytes(path.read_bytes() + b"not ours\n")
    assert cli.run(["tail", str(tmp_path), "--count", "--as-of", "0s"]) == 0
    told = capsys.readouterr()
    assert told.out.splitlines()[0].split()[1:3] == ["3", "new"]
    assert told.err.count("line 4") == 1, "told once, though the folder is read twice"
    assert cli.run(["tail", str(tmp_path), "--as-of", "2020-01-01"]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.kafka
def test_kafka(kafka: Broker, capsys: pytest.CaptureFixture[str]) -> None:
    road = make_road(kafka)
    road.publish(*(article(number) for number in range(5)))
    road.work()
    _, last = counts(capsys, *road.options)
    assert last["total"] == 5
    road.work(twice=True)
    assert cli.run(["tail", "--as-of", "1s", "--format", "jsonl", *road.options]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 5, "each event once, however often it was delivered"
    assert cli.run(["tail", "--as-of", "1d", "--format", "jsonl", *road.options]) == 0


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--count", "--follow"], "choose one"),
        (["--as-of", "1h", "--follow"], "choose one"),
        (["--as-of", "2099-01-01"], "in the future"),
        (["--count", "--from", "2099-01-01"], "in the future"),
        (["--as-of", "2h", "--from", "1h"], "nothing from then was known"),
        (["--to", "1h"], "no new event can be from before"),
        (["--count", "--class", "deal", "--type", "analyst.rating"], "its class is analyst"),
        (["--count", "--status", "rumored"], "Nearest: rumoured"),
        (["--count", "--from", "2h", "--to", "3h"], "--from must be earlier"),
        (["ftp://host/x", "--count"], "can't be used as an archive"),
        (["nowhere", "--count"], "is not a folder"),
    ],
)
def test_what_can_never_match_is_an_error(options: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["tail", "--brokers", "127.0.0.1:9", *options]) == 2
    assert says in capsys.readouterr().err
