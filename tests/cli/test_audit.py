"""`eventwire audit` on a real broker: what is there, what isn't, and what contradicts itself."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.broker.client import Client
from pipeline.cli import main as cli
from pipeline.streams.message import Output
from tests.cli.road import RAW, Road, article, make_road
from tests.kafka.broker import Broker

pytestmark = pytest.mark.kafka
Books = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def road(kafka: Broker) -> Road:
    return make_road(kafka)


@pytest.fixture
def books(road: Road, capsys: pytest.CaptureFixture[str]) -> Books:
    def audit(*options: str) -> tuple[int, dict[str, Any]]:
        code = cli.run(["audit", "--format", "json", *road.options, *options])
        return code, json.loads(capsys.readouterr().out)

    return audit


def test_complete_with_everything_that_can_become_of_an_article(road: Road, books: Books) -> None:
    road.publish(*(article(number) for number in range(20)), b"{", None, article(99, text="", title=""))
    road.work()
    code, report = books()
    assert code == 0
    assert report["complete"] is True
    assert (report["raw"], report["classified"], report["dead_lettered"]) == (23, 20, 3)
    assert report["codes"] == {"empty_text": 1, "not_json": 1, "tombstone": 1}
    assert report["events"] == 20
    assert report["outside"] == 0


def test_before_a_worker_has_been_there_all_is_in_flight(road: Road, books: Books) -> None:
    road.publish(*(article(number) for number in range(5)))
    code, report = books()
    assert (code, report["in_flight"], report["missing"]) == (0, 5, [])


def test_committed_without_outcome_is_missing_and_named(road: Road, books: Books, capsys: Any) -> None:
    road.publish(*(article(number) for number in range(3)))
    road.work()
    road.publish(article(3), article(4))
    with Client(road.settings) as client:
        client.commit(road.group(), client.end_offsets([road.topic(RAW)]))
    code, report = books()
    assert code == 1
    assert sorted(lost["key"] for lost in report["missing"]) == ["a3", "a4"]
    assert all(lost["topic"] == road.topic(RAW) for lost in report["missing"])
    assert cli.run(["audit", *road.options]) == 1
    shown = capsys.readouterr()
    assert "key a3" in shown.out
    assert "NOT complete" in shown.err


def test_repeats_are_counted_and_contradictions_named(road: Road, books: Books) -> None:
    road.publish(article(1), article(2))
    road.work(twice=True)
    code, report = books()
    assert (code, report["repeated"], report["events_repeated"]) == (0, 2, 2)
    (one, _) = road.read("news.articles.classified")[:2]
    assert one.value is not None
    changed = one.value.replace(b"Firma KAUFT", b"Firma RAUFT")
    road.write([Output(topic=one.topic, key=one.key, value=changed, headers=one.headers)])
    code, report = books()
    assert code == 1
    assert [place["key"] for place in report["contradictions"]] == [(one.key or b"").decode()]


def test_stages_on_their_own(road: Road, books: Books) -> None:
    """A record that waits between two stages is in flight, one that its stage committed without outcome is missing."""
    road.publish(*(article(number) for number in range(4)))
    road.work(names=["language"])
    code, report = books()
    assert (code, report["in_flight"], report["missing"]) == (0, 4, [])
    rest = Road(road.settings)
    rest.work(names=["entities", "events"])
    code, report = books()
    assert (code, report["classified"]) == (0, 4)
    road.publish(article(4))
    road.work(names=["language"])
    assert books()[1]["in_flight"] == 1
    with Client(road.settings) as client:
        client.commit(road.group(["entities", "events"]), client.end_offsets([road.topic("news.articles.language")]))
    code, report = books()
    assert (code, [lost["key"] for lost in report["missing"]]) == (1, ["a4"])


def test_ranges(road: Road, books: Books) -> None:
    road.publish(*(article(number) for number in range(60)))
    road.work()
    ends = {number: offset for (_, number), offset in road.done.items()}
    number = max(ends, key=lambda key: ends[key])
    code, report = books("--partition", str(number))
    assert (code, report["raw"]) == (0, ends[number])
    code, report = books("--partition", str(number), "--from-offset", "2", "--to-offset", "4")
    assert (code, report["raw"], report["classified"]) == (0, 2, 2)
    assert report["outside"] > 0
    assert books("--from", "1h")[1]["raw"] == 60
    assert books("--to", "1h")[1]["raw"] == 0
    assert books("--from-offset", "100000")[1]["raw"] == 0


def test_a_redrive_is_followed(road: Road, books: Books) -> None:
    road.publish(article(1), b"{", article(2, text="", title=""))
    road.work()
    assert cli.run(["dead-letters", "redrive", "--code", "not_json", *road.options]) == 0
    road.work()
    code, report = books()
    assert code == 0
    assert (report["raw"], report["classified"], report["dead_lettered"]) == (4, 1, 3)
    assert (report["redriven"], report["redrives"]) == (1, 1)


def test_progress_and_table(road: Road, capsys: pytest.CaptureFixture[str]) -> None:
    road.publish(article(1))
    road.work()
    assert cli.run(["audit", *road.options]) == 0
    shown = capsys.readouterr()
    rows = dict(line.rsplit(maxsplit=1) for line in shown.out.splitlines() if line.strip() and "   " in line)
    assert rows["raw messages"] == rows["= classified"] == "1"
    assert shown.err == "complete\n"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--from-offset", "5", "--to-offset", "5"], "nothing lies between"),
        (["--from", "1h", "--to", "2h"], "--from must be earlier"),
        (["--from", "yesterday"], "is not a time"),
        (["nowhere"], "is not a folder"),
    ],
)
def test_mistakes(options: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["audit", *options]) == 2
    assert says in capsys.readouterr().err


def test_no_topics(kafka: Broker, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["audit", "--brokers", kafka.bootstrap, "--topic-prefix", "no.such."]) == 3
    assert "eventwire topics create" in capsys.readouterr().err


def test_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from pipeline.local.folder import Folder, message_digest
    from pipeline.settings import Settings
    from pipeline.streams.processor import Processor
    from pipeline.streams.topics import load_topics
    from tests.fake_stages import fake_steps, raw

    processor = Processor(fake_steps(), Settings())
    made_with = {"stages": "language,entities,events"}
    with Folder(tmp_path, topics=list(load_topics()), made_with=made_with) as folder:
        folder.write(message_digest(raw("KAUFT")), processor.process(raw("KAUFT")).outputs)
    assert cli.run(["audit", str(tmp_path), "--format", "json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["raw"], report["classified"], report["events"]) == (1, 1, 1)
    assert cli.run(["audit", str(tmp_path), "--from-offset", "1"]) == 2
