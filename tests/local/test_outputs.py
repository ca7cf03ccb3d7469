"""A run's folder, read back as messages."""

from pathlib import Path

import pytest

from pipeline.errors import SettingsError
from pipeline.local.outputs import output_files, read_outputs
from pipeline.streams.codec import structured_line
from pipeline.streams.message import Message, Output
from tests.fake_stages import fake_steps, raw


def lines(count: int) -> list[bytes]:
    from pipeline.settings import Settings
    from pipeline.streams.processor import Processor

    processor = Processor(fake_steps(), Settings())
    outputs: list[Output] = []
    for number in range(count):
        outputs += processor.process(raw(f"Wort {number}.", id=f"a{number}", offset=number)).outputs
    return [structured_line(output) for output in outputs if output.topic == "news.articles.classified"]


def read(folder: Path, *topics: str) -> tuple[list[Message], list[str]]:
    complaints: list[str] = []
    found = read_outputs(folder, lambda topic: not topics or topic in topics, complain=complaints.append)
    return list(found), complaints


def test_lines_become_messages(tmp_path: Path) -> None:
    (tmp_path / "news.articles.classified.jsonl").write_bytes(b"".join(lines(3)))
    (tmp_path / "replay.r1.news.events.deal.jsonl").write_bytes(b"")
    (tmp_path / "notes.jsonl").write_bytes(b"something else")
    assert list(output_files(tmp_path)) == ["news.articles.classified", "replay.r1.news.events.deal"]
    messages, complaints = read(tmp_path)
    assert [(m.topic, m.partition, m.offset) for m in messages] == [
        ("news.articles.classified", 0, n) for n in range(3)
    ]
    assert [m.key for m in messages] == [b"a0", b"a1", b"a2"]
    assert complaints == []
    assert read(tmp_path, "news.articles.raw") == ([], [])


def test_a_damaged_line_costs_itself_and_a_torn_one_waits(tmp_path: Path) -> None:
    path = tmp_path / "news.articles.classified.jsonl"
    first, second, third = lines(3)
    path.write_bytes(first + b"damaged\n" + second + third[:-1])
    messages, complaints = read(tmp_path)
    assert [m.offset for m in messages] == [0, 2]
    assert complaints == [complaints[0]]
    assert "line 2: not a line that Eventwire wrote" in complaints[0]


def test_following(tmp_path: Path) -> None:
    path = tmp_path / "news.articles.classified.jsonl"
    first, second, third = lines(3)
    path.write_bytes(first)
    (tmp_path / "news.articles.language.jsonl").write_bytes(b"")
    stop = False
    seen: list[str] = []
    found = read_outputs(tmp_path, lambda topic: True, complain=print, follow=True, until=lambda: stop)
    for message in found:
        seen.append(message.topic)
        if len(seen) == 1:
            with path.open("ab") as file:
                file.write(second)
        elif len(seen) == 2:  # a topic whose file comes later
            (tmp_path / "news.events.deal.jsonl").write_bytes(third)
        else:
            stop = True
    assert seen == ["news.articles.classified", "news.articles.classified", "news.events.deal"]


def test_no_folder_of_a_run(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="holds no topic files"):
        read(tmp_path)
    with pytest.raises(SettingsError, match="is not a folder"):
        read(tmp_path / "none")
