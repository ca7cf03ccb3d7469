"""The audit of a run's folder, made by the real writer with cheap stages."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.errors import SettingsError
from pipeline.history.folder_audit import audit_folder
from pipeline.local.folder import JOURNAL, Folder, message_digest
from pipeline.local.versions import Versions
from pipeline.settings import Settings
from pipeline.streams.processor import Processor
from pipeline.streams.topics import load_topics
from tests.fake_stages import fake_steps, message, noon, raw

MADE = {"version": "0", "stages": "language,entities,events", "model": "fake"}
Write = Callable[..., None]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def run(*messages: object, **options: object) -> None:
        processor = Processor(fake_steps(), Settings(), clock=noon)
        with Folder(tmp_path, topics=list(load_topics()), made_with=MADE) as folder:
            versions = Versions(tmp_path)
            for one in messages:
                folder.write(message_digest(one), versions.revise(one, processor.process(one)).outputs)

    return run


def test_complete(write: Write, tmp_path: Path) -> None:
    write(raw("Firma KAUFT und KAUFT.", id="a"), raw("Nichts.", id="b"), message(b"{"), message(None))
    report = audit_folder(tmp_path)
    assert report.complete
    assert (report.raw, report.classified, report.dead_lettered, report.events) == (4, 2, 2, 2)
    assert report.codes == {"not_json": 1, "tombstone": 1}


def test_the_same_line_twice(write: Write, tmp_path: Path) -> None:
    write(raw("Firma KAUFT.", id="a"), raw("Firma KAUFT.", id="a"))
    report = audit_folder(tmp_path)
    assert report.complete
    assert report.repeated == 1


def test_updates_and_deletions(write: Write, tmp_path: Path) -> None:
    """Equal lines are read equally, whatever was known of the article when they came."""
    first = raw("F KAUFT   KAUFT", id="a")
    write(first, raw("F KAUFT KAUFT", id="a", action="update"), first, raw("", id="a", action="delete"), first)
    report = audit_folder(tmp_path)
    assert report.complete
    assert (report.raw, report.repeated, report.events, report.events_retracted) == (5, 2, 6, 4)


def test_a_lost_retraction_is_told_of(write: Write, tmp_path: Path) -> None:
    write(raw("F KAUFT", id="a"), raw("", id="a", action="delete"))
    path = tmp_path / "news.events.deal.jsonl"
    first, second = lines(path)
    path.write_bytes(first + b"x" * (len(second) - 1) + b"\n")
    report = audit_folder(tmp_path)
    assert (report.events_missing, report.lacking) == (1, ((str(tmp_path / JOURNAL), 0, 1),))


def lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def test_a_record_that_was_put_out_of_shape_is_missing(write: Write, tmp_path: Path) -> None:
    write(raw("Eins.", id="a"), raw("Zwei.", id="b"))
    path = tmp_path / "news.articles.classified.jsonl"
    first, second = lines(path)
    path.write_bytes(first + b"x" * (len(second) - 1) + b"\n")
    report = audit_folder(tmp_path)
    assert report.missing == ((str(tmp_path / JOURNAL), 0, 1),)
    assert not report.complete


def test_a_lost_event_is_told_of(write: Write, tmp_path: Path) -> None:
    write(raw("Firma KAUFT.", id="a"))
    path = tmp_path / "news.events.deal.jsonl"
    path.write_bytes(b"x" * (path.stat().st_size - 1) + b"\n")
    report = audit_folder(tmp_path)
    assert report.events_missing == 1
    assert report.lacking == ((str(tmp_path / JOURNAL), 0, 0),)
    assert not report.complete


def test_content_that_differs_for_one_input(write: Write, tmp_path: Path) -> None:
    write(raw("Wort.", id="a"), raw("Wort.", id="a"))
    path = tmp_path / "news.articles.classified.jsonl"
    first, second = lines(path)
    path.write_bytes(first + second.replace(b"Wort.", b"Wert."))
    assert [place[2] for place in audit_folder(tmp_path).contradictions] == [1]


def test_an_article_that_is_being_written_is_in_flight(write: Write, tmp_path: Path) -> None:
    write(raw("Wort.", id="a"))
    with (tmp_path / "news.articles.language.jsonl").open("ab") as file:
        file.write(b'{"half":')
    report = audit_folder(tmp_path)
    assert report.complete
    assert (report.raw, report.classified, report.in_flight) == (2, 1, 1)


def test_a_file_that_is_gone(write: Write, tmp_path: Path) -> None:
    write(raw("Wort.", id="a"))
    os.remove(tmp_path / "news.articles.entities.jsonl")
    with pytest.raises(SettingsError, match="is gone"):
        audit_folder(tmp_path)


def test_not_a_run(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="holds no topic files"):
        audit_folder(tmp_path)
    (tmp_path / "news.events.deal.jsonl").write_bytes(b"")
    with pytest.raises(SettingsError, match="has no journal"):
        audit_folder(tmp_path)
    with pytest.raises(SettingsError, match="is not a folder"):
        audit_folder(tmp_path / "none")
