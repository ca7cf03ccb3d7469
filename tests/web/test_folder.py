"""A run's folder as a source: what is there, what comes, and files that are cut or replaced."""

import time
from pathlib import Path

import orjson
import pytest

from pipeline.errors import SettingsError
from pipeline.streams.message import Message
from pipeline.web.growing import GrowingFolder
from pipeline.web.intake import Intake
from pipeline.web.source import FolderSource
from pipeline.web.window import Window
from tests.cli.test_tail import make_folder
from tests.web.news import event, line


def append(folder: Path, *messages: Message) -> None:
    for message in messages:
        with (folder / f"{message.topic}.jsonl").open("ab") as file:
            file.write(line(message))


def source_of(folder: Path, capacity: int = 100) -> FolderSource:
    source = FolderSource(folder, Intake(Window(capacity)))
    source.load(lambda count: None)
    return source


def ids(source: FolderSource) -> list[str]:
    window = source.intake.window
    return [row.event_id for row in window.between(1, window.newest)]


def test_the_past_is_in_order_of_its_time(tmp_path: Path) -> None:
    append(tmp_path, event(3), event(1), event(2, "legal.crime"), event(0, "analyst.rating"))
    assert ids(source_of(tmp_path)) == [f"event-{number:06}" for number in range(4)]
    assert ids(source_of(tmp_path, capacity=2)) == ["event-000002", "event-000003"]


def test_only_the_newest_of_many(tmp_path: Path) -> None:
    append(tmp_path, *(event(number) for number in range(50, 0, -1)))
    assert ids(source_of(tmp_path, capacity=5)) == [f"event-{number:06}" for number in range(46, 51)]


def test_what_comes_is_read(tmp_path: Path) -> None:
    append(tmp_path, event(0))
    source = source_of(tmp_path)
    source.start()
    try:
        append(tmp_path, event(1), event(2, "legal.crime"))  # the second in a file that wasn't there
        deadline = time.monotonic() + 60
        while len(ids(source)) < 3:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert source.trouble() is None
        (tmp_path / "news.events.deal.jsonl").unlink()
        (tmp_path / "news.events.legal.jsonl").unlink()
        while source.trouble() is None:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert "no topic files" in str(source.trouble())
    finally:
        source.stop()


def test_articles_are_read_where_they_stand(tmp_path: Path) -> None:
    make_folder(tmp_path, "Firma KAUFT.", "Nichts.", "Ärger: Firma KAUFT und KAUFT.")
    source = source_of(tmp_path)
    for number, words in ((0, "KAUFT"), (1, "Nichts"), (2, "Ärger")):
        article = orjson.loads(source.article(f"a{number}") or b"")
        assert article["id"] == f"a{number}"
        assert words in article["text"]
    assert source.article("a3") is None
    path = tmp_path / "news.articles.classified.jsonl"
    path.write_bytes(path.read_bytes().replace(b"a1", b"b1"))
    assert source.article("a1") is None
    path.write_bytes(b"{" * 10)
    with pytest.raises(SettingsError, match="has changed"):
        source.article("a2")


def test_growing_cut_and_replaced(tmp_path: Path) -> None:
    told: list[str] = []
    folder = GrowingFolder(tmp_path, lambda topic: True, told.append)
    path = tmp_path / "news.events.deal.jsonl"

    def read() -> list[int]:
        return [int(found.message.headers[-1][1].rpartition(b"/")[2]) for found in folder.lines()]

    append(tmp_path, event(0), event(1))
    assert read() == [0, 1]
    assert read() == []
    # A line that is being written is left alone until it is complete.
    complete = line(event(2))
    with path.open("ab") as file:
        file.write(complete[:100])
        file.flush()
        assert read() == []
        file.write(complete[100:])
    assert read() == [2]
    # A run that goes on cuts what was not finished.
    with path.open("r+b") as file:
        file.truncate(len(line(event(0))))
    assert read() == []
    append(tmp_path, event(3))
    assert read() == [3]
    # Another file under the same name.
    path.rename(tmp_path / "old")
    append(tmp_path, event(4))
    assert read() == [4]
    with path.open("ab") as file:
        file.write(b"not ours\n\xff\n{}\n" + line(event(5)))
    assert read() == [5]
    assert len(told) == 3
    assert "line 2" in told[0]


def test_reading_on_from_a_place(tmp_path: Path) -> None:
    append(tmp_path, event(0), event(1), event(2))
    lines = list(GrowingFolder(tmp_path, lambda topic: True, print).lines())
    at = {"news.events.deal.jsonl": lines[1].end}
    again = list(GrowingFolder(tmp_path, lambda topic: True, print, positions=at).lines())
    assert [found.message.value for found in again] == [lines[2].message.value]


def test_what_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="not a folder"):
        source_of(tmp_path / "nowhere")
    with pytest.raises(SettingsError, match="no topic files"):
        source_of(tmp_path)
