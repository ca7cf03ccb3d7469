"""`eventwire dead-letters` on a real broker and over a run's folder."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli import main as cli
from pipeline.streams.codec import header
from pipeline.streams.message import Output
from tests.cli.road import RAW, Road, article, make_road
from tests.kafka.broker import Broker

BROKEN = b'{"id": "x1", "text": \xff}\x1b[31m'


def listed(capsys: pytest.CaptureFixture[str], *options: str) -> list[dict[str, Any]]:
    assert cli.run(["dead-letters", "list", "--format", "jsonl", *options]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.fixture
def road(kafka: Broker) -> Road:
    road = make_road(kafka)
    road.publish(article(1), BROKEN, article(2, text="", title=""), None, article(3, text="WIRF"))
    road.work()
    return road


@pytest.mark.kafka
def test_list_show_redrive(road: Road, capsys: pytest.CaptureFixture[str]) -> None:
    letters = {letter["code"]: letter for letter in listed(capsys, *road.options)}
    assert set(letters) == {"not_utf8", "empty_text", "tombstone", "internal"}
    broken = letters["not_utf8"]
    assert broken["stage"] == "language"
    assert broken["size"] == len(BROKEN)
    assert broken["source"].startswith(road.topic(RAW) + "/")
    assert broken["attempts"] == 1
    assert (letters["tombstone"]["size"], letters["tombstone"]["key"]) == (None, "gone")
    assert letters["internal"]["stage"] == "entities"

    found = listed(capsys, "--stage", "language", "--code", "not_utf8,tombstone", *road.options)
    assert {letter["code"] for letter in found} == {"not_utf8", "tombstone"}
    assert len(listed(capsys, "--limit", "1", *road.options)) == 1
    number, offset = broken["letter"].split("/")[1:]
    place = ["--stage", "language", "--partition", number, "--offset", offset, *road.options]
    assert [letter["code"] for letter in listed(capsys, *place)] == ["not_utf8"]

    assert cli.run(["dead-letters", "list", *road.options]) == 0
    shown = capsys.readouterr()
    assert "4 dead letters" in shown.err
    assert "\x1b" not in shown.out

    assert cli.run(["dead-letters", "show", broken["letter"], *road.options]) == 0
    shown = capsys.readouterr()
    assert "\x1b" not in shown.out
    assert "<U+001B>" in shown.out
    assert "ew_input: test.jsonl:2" in shown.out
    assert cli.run(["dead-letters", "show", "language/0/999", *road.options]) == 1


@pytest.mark.kafka
def test_the_original_comes_out_byte_for_byte(road: Road, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert cli.run(["dead-letters", "show", "--code", "not_utf8", "--raw", *road.options]) == 0
    assert capsysbinary.readouterr().out == BROKEN


@pytest.mark.kafka
def test_redriven_once(road: Road, capsys: pytest.CaptureFixture[str]) -> None:
    def redrive(*options: str) -> str:
        assert cli.run(["dead-letters", "redrive", *options, *road.options]) == 0
        return capsys.readouterr().err

    before = road.read(RAW)
    assert "would redrive 1 dead letters" in redrive("--code", "not_utf8", "--dry-run")
    assert len(road.read(RAW)) == len(before)

    assert "redrove 1 dead letters" in redrive("--code", "not_utf8")
    sent = [message for message in road.read(RAW) if header(message.headers, "ew_redriven")]
    (letter,) = [one for one in road.read("news.deadletters.language") if one.value == BROKEN]
    (original,) = [message for message in before if message.value == BROKEN]
    assert len(sent) == 1
    assert (sent[0].value, sent[0].key) == (original.value, original.key)
    assert header(sent[0].headers, "ew_redriven") == letter.trace
    assert header(sent[0].headers, "ew_attempts") == "1"
    assert [h for h in sent[0].headers if not h[0].startswith("ew_") or h[0] == "ew_input"] == list(original.headers)

    assert "redrove 0 dead letters; 1 were redriven before" in redrive("--code", "not_utf8")
    road.work()
    again = [one for one in listed(capsys, *road.options) if one["code"] == "not_utf8"]
    assert sorted(one["attempts"] for one in again) == [1, 2], "rejected again: a new letter, attempts counted on"
    assert len({one["first_seen"] for one in again}) == 1

    assert "redrove 1 dead letters" in redrive("--code", "not_utf8"), "the new letter only"
    assert "redrove 2 dead letters" in redrive("--code", "not_utf8", "--again")
    assert "redrove 1 dead letters" in redrive(again[0]["letter"], "--again")
    assert "redrove 3 dead letters" in redrive("--all"), "the other three"


@pytest.mark.kafka
def test_a_letter_that_is_not_there_is_an_error_to_redrive(road: Road, capsys: pytest.CaptureFixture[str]) -> None:
    (letter,) = listed(capsys, "--code", "not_utf8", *road.options)
    places = [letter["letter"], "language/0/999"]
    assert cli.run(["dead-letters", "redrive", *places, "--dry-run", *road.options]) == 1
    shown = capsys.readouterr()
    assert "would redrive 1 dead letters" in shown.err
    assert f"no such dead letter: {road.topic('news.deadletters.language')}/0/999." in shown.err


@pytest.mark.kafka
def test_a_letter_of_the_middle_goes_back_to_the_middle(kafka: Broker, capsys: pytest.CaptureFixture[str]) -> None:
    road = make_road(kafka)
    road.publish(article(1, text="WIRF"))
    road.work(names=["language"])
    middle = Road(road.settings)
    middle.work(names=["entities", "events"])
    (letter,) = listed(capsys, *road.options)
    assert letter["stage"] == "entities"
    assert cli.run(["dead-letters", "redrive", "--stage", "entities", *road.options]) == 0
    sent = road.read("news.articles.language")[-1]
    assert header(sent.headers, "ew_trace") == road.read(RAW)[0].trace
    middle.work(names=["entities", "events"])
    letters = road.read("news.deadletters.entities")
    assert [header(one.headers, "ew_attempts") for one in letters] == ["1", "2"]
    capsys.readouterr()
    assert cli.run(["audit", "--format", "json", *road.options]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["raw"], report["dead_lettered"], report["missing"]) == (1, 1, [])


@pytest.mark.kafka
def test_a_letter_from_nowhere_is_not_sent(road: Road, capsys: pytest.CaptureFixture[str]) -> None:
    headers = (("ew_stage", b"language"), ("ew_code", b"schema"), ("ew_source_topic", b"some.other\x1b[2J.topic"))
    letter = Output(topic=road.topic("news.deadletters.language"), key=b"k", value=b"v", headers=headers)
    road.write([letter])
    assert cli.run(["dead-letters", "redrive", "--code", "schema", *road.options]) == 1
    shown = capsys.readouterr()
    assert "which no stage reads" in shown.err
    assert "\x1b" not in shown.err


def test_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from pipeline.local.folder import Folder, message_digest
    from pipeline.settings import Settings
    from pipeline.streams.processor import Processor
    from pipeline.streams.topics import load_topics
    from tests.fake_stages import fake_steps, message

    processor = Processor(fake_steps(), Settings())
    with Folder(tmp_path, topics=list(load_topics()), made_with={}) as folder:
        for number, value in enumerate((BROKEN, b'{"text": "gut"}', b"[]")):
            one = message(value, offset=number, topic="feed.jsonl", partition=0)
            folder.write(message_digest(one), processor.process(one).outputs)
    letters = listed(capsys, str(tmp_path))
    assert [letter["code"] for letter in letters] == ["not_utf8", "schema"]
    assert [letter["source"] for letter in letters] == ["feed.jsonl/0/0", "feed.jsonl/0/2"]
    assert cli.run(["dead-letters", "show", str(tmp_path), letters[0]["letter"]]) == 0
    assert "<U+001B>" in capsys.readouterr().out
    assert cli.run(["dead-letters", "redrive", str(tmp_path), "--all"]) == 2
    assert "works on Kafka" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["list", "--code", "not_jso"], "Nearest: not_json"),
        (["list", "--stage", "entity"], "Nearest: entities"),
        (["list", "--offset", "3"], "--offset needs --partition"),
        (["show", "language/x/1"], "is no dead letter's position"),
        (["show", "news.events.deal/0/1"], "is no dead letter's position"),
        (["redrive"], "say which letters"),
        (["list", "nowhere"], "is not a folder"),
    ],
)
def test_mistakes(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["dead-letters", *arguments]) == 2
    assert says in capsys.readouterr().err
