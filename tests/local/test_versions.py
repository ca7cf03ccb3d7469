"""Updates and deletions in a run over files: with and without an output folder, over ends and new starts."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from pipeline.local.folder import Folder, message_digest
from pipeline.local.read import Item
from pipeline.local.runner import process
from pipeline.local.versions import Versions
from pipeline.settings import Settings
from pipeline.streams.message import Message, Outcome
from pipeline.streams.pool import Pool
from pipeline.streams.processor import Processor
from pipeline.streams.topics import load_topics
from tests import fake_stages as fake

ROAD = Processor(fake.fake_steps(), Settings(), clock=fake.noon)
PREFIXED = Processor(fake.fake_steps(), Settings(topic_prefix="r."), clock=fake.noon)
STORY = [
    fake.raw("F KAUFT   KAUFT", id="a", offset=0),
    fake.raw("F KAUFT", id="b", offset=1),
    fake.raw("F KAUFT KAUFT", id="a", action="update", offset=2),
    fake.message(b"{", offset=3),
    fake.raw("F KAUFT", id="b", offset=4),
    fake.raw("old", id="a", fetched_at="2020-01-01T00:00:00.000Z", offset=5),
    fake.raw(id="a", action="delete", offset=6),
    fake.raw("F KAUFT", id="a", offset=7),
]
TOLD = [
    ("a", "add", 2),
    ("a", "add", 10),
    ("b", "add", 2),
    ("a", "delete", 10),
    ("a", "add", 8),
    ("a", "delete", 2),
    ("a", "delete", 8),
    ("a", "add", 2),
]


def told(outcomes: Sequence[Outcome], prefix: str = "") -> list[tuple[str, str, int]]:
    events = [
        orjson.loads(output.value or b"")
        for outcome in outcomes
        for output in outcome.outputs
        if output.topic.startswith(f"{prefix}news.events.")
    ]
    return [(event["article"]["id"], event["action"], event["trigger"]["start"]) for event in events]


def open_folder(path: Path, prefix: str = "") -> Folder:
    return Folder(path, topics=[prefix + name for name in load_topics()], made_with={"version": "0"})


def go(path: Path, messages: Sequence[Message], *, prefix: str = "") -> list[Outcome]:
    """A run into a folder."""
    outcomes = []
    with open_folder(path, prefix) as folder:
        versions = Versions(path, topic_prefix=prefix)
        for message in messages:
            if folder.finished(message_digest(message)):
                continue
            outcomes.append(versions.revise(message, (PREFIXED if prefix else ROAD).process(message)))
            folder.write(message_digest(message), outcomes[-1].outputs)
        versions.close()
    return outcomes


def files(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(path.glob("*.jsonl"))}


def test_with_a_folder(tmp_path: Path) -> None:
    outcomes = go(tmp_path, STORY)
    assert told(outcomes) == TOLD
    assert [outcome.superseded for outcome in outcomes] == [n == 5 for n in range(8)]
    assert [outcome.retracted for outcome in outcomes] == [0, 0, 1, 0, 0, 0, 2, 0]


def test_with_a_topic_prefix(tmp_path: Path) -> None:
    assert told(go(tmp_path, STORY, prefix="r."), "r.") == TOLD


def test_without_a_folder() -> None:
    versions = Versions()
    outcomes = [versions.revise(message, ROAD.process(message)) for message in STORY]
    versions.close()
    assert told(outcomes) == TOLD


@pytest.mark.parametrize("kill", range(len(STORY)))
def test_a_run_that_was_killed_goes_on_as_if_it_never_was(tmp_path: Path, kill: int) -> None:
    """It dies in the middle of an article, with all of its lines written and nothing in the journal."""
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    go(whole, STORY)
    go(cut, STORY[:kill])
    for file in cut.glob("*.jsonl"):
        with file.open("ab") as more:
            more.write((whole / file.name).read_bytes()[file.stat().st_size :][:500])
    go(cut, STORY)
    assert files(cut) == files(whole)


def test_a_folder_that_a_later_run_adds_to(tmp_path: Path) -> None:
    go(tmp_path, STORY[:2])
    later = replace(fake.raw(id="b", action="delete", offset=0), timestamp=STORY[1].timestamp + 1)
    outcomes = go(tmp_path, [*STORY[:2], later])
    assert told(outcomes) == [("b", "delete", 2)]


def test_lines_that_are_no_records_are_passed_over(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Somebody edited the file; its length is what the journal says."""
    go(tmp_path, STORY[:2])
    path = tmp_path / "news.articles.classified.jsonl"
    first, second = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(
        b"x" * (len(first) - 1) + b"\n" + second.replace(b'"KAUFT"', b'"VERK" ', 1).replace(b"add", b"odd")
    )
    outcomes = go(tmp_path, [*STORY[:2], fake.raw(id="a", action="delete"), fake.raw(id="b", action="delete")])
    assert told(outcomes) == []
    assert "is no classified record" in caplog.text


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool(None, Settings(workers=2), steps=fake.fake_steps, clock=fake.noon) as pool:
        yield pool


@pytest.mark.parametrize("folder", [True, False])
def test_the_runner_asks_in_the_order_of_the_input(pool: Pool, tmp_path: Path, folder: bool) -> None:
    """Children work on versions of one article at the same time, and the later one may be done first."""
    texts = [f"F{' ' * n}KAUFT SCHLAF:{0.2 if n % 3 == 0 else 0} " for n in range(12)]
    items = [Item(fake.raw(text, id="a", offset=n)) for n, text in enumerate(texts)]
    options: dict[str, Any] = {"first_stage": "language", "versions": Versions(tmp_path) if folder else None}
    outcomes = []
    with open_folder(tmp_path) as files:
        for done in process(items, pool, Settings(workers=2), **options):
            assert done.outcome
            if folder:
                files.write(done.digest, done.outcome.outputs)
            outcomes.append(done.outcome)
    expected = [("a", "add", 1)]
    for n in range(1, 12):
        expected += [("a", "delete", n), ("a", "add", n + 1)]
    assert told(outcomes) == expected
