"""`eventwire tail` on a real broker and over a run's folder; and the README's plain consumer."""

import json
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer

from pipeline.cli import main as cli
from pipeline.cli.options import known_languages, read_time
from pipeline.streams.message import Output
from tests.cli.road import Road, article, make_road
from tests.kafka.broker import Broker, die_with_parent

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = "Firma\x1b[2J\u202e KAUFT \x9b31m Werk."


def events(capsys: pytest.CaptureFixture[str], *options: str) -> list[dict[str, Any]]:
    assert cli.run(["tail", "--no-follow", "--format", "jsonl", *options]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.fixture
def road(kafka: Broker) -> Road:
    road = make_road(kafka)
    road.publish(*(article(number) for number in range(5)))
    road.work()
    return road


@pytest.mark.kafka
def test_kafka(road: Road, capsys: pytest.CaptureFixture[str]) -> None:
    assert {event["article"]["id"] for event in events(capsys, *road.options)} == {f"a{n}" for n in range(5)}
    assert len(events(capsys, "--class", "deal", "--entity", "FIRMA", "--min-confidence", "0.5", *road.options)) == 5
    assert events(capsys, "--class", "legal", *road.options) == []
    assert events(capsys, "--entity", "anybody", *road.options) == []
    assert len(events(capsys, "--limit", "2", *road.options)) == 2

    assert len(events(capsys, "--from", "1h", *road.options)) == 5
    assert events(capsys, "--to", "1h", *road.options) == []
    assert cli.run(["tail", "--no-follow", *road.options]) == 0
    shown = capsys.readouterr().out
    assert shown.count("deal.acquisition") == 5
    assert shown.count("evidence") == 1, "one heading"

    # What strangers write can't stop a subscriber, nor steer the terminal.
    deal = road.topic("news.events.deal")
    road.write([Output(topic=deal, key=b"k", value=value) for value in (b"{}", b"\xff", b'{"type": "\\u001b[2J"}')])
    assert cli.run(["tail", "--no-follow", "--format", "jsonl", *road.options]) == 0
    shown_twice = capsys.readouterr()
    assert len(shown_twice.out.splitlines()) == 5
    assert shown_twice.err.count("is no event and is passed over") == 3
    assert "\x1b" not in shown_twice.err
    assert cli.run(["tail", "--no-follow", "--brokers", road.settings.brokers, "--topic-prefix", "no.such."]) == 3


@pytest.mark.kafka
def test_following_shows_what_comes(road: Road) -> None:
    command = [sys.executable, "-m", "pipeline.cli.main", "tail", "--limit", "3", "--format", "jsonl", *road.options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent) as process:
        assert process.stdout is not None
        # It starts with the next event: publish until it has seen three, and none of the five before.
        stop = threading.Event()

        def feed() -> None:
            number = 100
            while not stop.wait(0.5):
                road.publish(article(number))
                road.work()
                number += 1

        thread = threading.Thread(target=feed)
        thread.start()
        try:
            seen = [json.loads(line)["article"]["id"] for line in process.stdout]
            assert process.wait(timeout=60) == 0
        finally:
            stop.set()
            thread.join()
            process.kill()
    assert len(seen) == 3
    assert all(int(name[1:]) >= 100 for name in seen)


@pytest.mark.kafka
def test_the_plain_consumer_of_the_readme(kafka: Broker, tmp_path: Path) -> None:
    """15 lines that know nothing of Eventwire but a topic and JSON."""
    source = (ROOT / "examples" / "consumer.py").read_text()
    assert len(source.splitlines()) == 15
    assert "import pipeline" not in source
    road = make_road(kafka)
    road.publish(article(1))
    road.work()
    script = tmp_path / "consumer.py"
    script.write_text(source.replace('"news.events.deal"', f'"{road.topic("news.events.deal")}"'))
    command = [sys.executable, str(script), kafka.bootstrap]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.kill()
    assert line == "deal.acquisition (announced): acquirer Firma | KAUFT\n"


def make_folder(path: Path, *texts: str) -> None:
    from pipeline.local.folder import Folder, message_digest
    from pipeline.settings import Settings
    from pipeline.streams.processor import Processor
    from pipeline.streams.topics import load_topics
    from tests.fake_stages import fake_steps, raw

    processor = Processor(fake_steps(), Settings())
    with Folder(path, topics=list(load_topics()), made_with={}) as folder:
        for number, text in enumerate(texts):
            one = raw(text, id=f"a{number}", offset=number)
            folder.write(message_digest(one), processor.process(one).outputs)


def test_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_folder(tmp_path, "Firma KAUFT.", "Nichts.", "Firma KAUFT und KAUFT.")
    assert [event["article"]["id"] for event in events(capsys, str(tmp_path))] == ["a0", "a2", "a2"]
    assert len(events(capsys, str(tmp_path), "--type", "deal.acquisition", "--language", "de", "--from", "1h")) == 3
    assert events(capsys, str(tmp_path), "--status", "completed") == []
    assert cli.run(["tail", str(tmp_path), "--limit", "2"]) == 0
    assert capsys.readouterr().out.count("deal.acquisition") == 2


def test_nothing_steers_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_folder(tmp_path, HOSTILE)
    path = tmp_path / "news.events.deal.jsonl"
    line = path.read_bytes()
    path.write_bytes(
        line.replace(b'"name":"Firma"', b'"name":"\\u001b[2J\xc2\x9b31m\xe2\x80\xae"') + b"not ours \x1b[2J\n"
    )
    for options in ([], ["--format", "jsonl"]):
        assert cli.run(["tail", str(tmp_path), *options]) == 0
        shown = capsys.readouterr()
        assert shown.out
        assert "line 2" in shown.err
        for bad in ("\x1b", "\x9b"):
            assert bad not in shown.out + shown.err
    assert json.loads(shown.out)["participants"][0]["name"] == "\x1b[2J\x9b31m\u202e"


def test_a_folder_can_be_followed(tmp_path: Path) -> None:
    make_folder(tmp_path, "Firma KAUFT.")
    path = tmp_path / "news.events.deal.jsonl"
    line = path.read_bytes()
    command = [sys.executable, "-m", "pipeline.cli.main", "tail", str(tmp_path), "--follow", "--limit", "3"]
    command += ["--format", "jsonl"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        with path.open("ab") as file:
            file.write(line + line[:20])
            file.flush()
            assert process.stdout.readline()
            file.write(line[20:])
        assert process.stdout.readline()
        assert process.wait(timeout=30) == 0


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--class", "deals"], "Nearest: deal"),
        (["--type", "analyst.ratings"], "Nearest: analyst.rating"),
        (["--status", "anounced"], "Nearest: announced"),
        (["--language", "dee"], "Nearest: de"),
        (["--class", "deal", "--type", "analyst.rating"], "its class is analyst"),
        (["--min-confidence", "80"], "between 0 and 1"),
        (["--entity", "-"], "no letter or digit"),
        (["--from", "2h", "--to", "3h"], "--from must be earlier"),
        (["--from", "2026-11-25T09:30"], "no time zone"),
        (["--format", "xml"], "--format"),
        (["nowhere"], "is not a folder"),
    ],
)
def test_what_can_never_match_is_an_error(options: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    started = time.monotonic()
    assert cli.run(["tail", "--brokers", "127.0.0.1:9", *options]) == 2
    assert says in capsys.readouterr().err
    assert time.monotonic() - started < 20


def test_languages() -> None:
    assert {"de", "en", "fr", "es", "it", "nl", "pt", "pl", "ja", "zh", "yue", "sr", "nb", "und"} <= set(
        known_languages()
    )


def test_times() -> None:
    now = datetime(2026, 11, 25, 12, tzinfo=UTC)
    assert read_time(None, "--from") is None
    assert read_time("90s", "--from", now=now) == datetime(2026, 11, 25, 11, 58, 30, tzinfo=UTC)
    assert read_time("2 d ago", "--from", now=now) == datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert read_time("2026-11-25", "--from") == datetime(2026, 11, 25, tzinfo=UTC)
    moment = read_time("2026-11-25T10:30:00+01:00", "--from")
    assert moment == datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
    for text in ("", "soon", "2026-13-01", "999999w", "2026-11-25T10:30"):
        with pytest.raises(typer.BadParameter):
            read_time(text, "--from", now=now)
