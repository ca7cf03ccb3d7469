"""What --verify compares, and that it finds what was changed behind its back."""

import json
import shutil
from pathlib import Path
from typing import Any

import orjson
import pytest

from pipeline.errors import SettingsError
from pipeline.history import prints as module
from pipeline.history.prints import Place, Prints, fingerprint, timeless
from pipeline.streams.message import Message
from tests.fake_stages import fake_steps, message
from tests.history.replays import ALL_KINDS, fake, into, make_archive, replay

__all__ = ["fake"]
ROOT = Path(__file__).resolve().parents[2]
Capture = pytest.CaptureFixture[str]
HEADERS = (("ce_id", b"1"), ("ce_time", b"2026"), ("ew_trace", b"news.articles.raw/3/7"))
DEAL = "news.events.deal"


def record(value: Any = None, **fields: Any) -> Message:
    data = orjson.dumps(value if value is not None else {"id": "a", "produced_at": "1", **fields})
    return message(data, headers=HEADERS)


def at(one: Message) -> int:
    return fingerprint(Place(DEAL, 3, 7), one)


def test_clocks_and_places_are_no_part_of_a_record() -> None:
    other = message(
        orjson.dumps({"ingested_at": "9", "id": "a", "produced_at": "2", "trace": "x"}),
        headers=(("ce_id", b"1"), ("ce_time", b"1999"), ("ew_trace", b"elsewhere/0/0")),
        offset=99,
        timestamp=5,
    )
    assert at(record()) == at(other)


@pytest.mark.parametrize(
    "other",
    [
        record(confidence=0.5),
        record({"produced_at": "1", "id": "b"}),
        message(b'{"id":"a"}', headers=(("ce_id", b"2"), *HEADERS[1:])),
        message(b'{"id":"a"}', headers=HEADERS, key=b"other"),
        message(b'{"id":"a"}', headers=()),
        message(None, headers=HEADERS),
        message(b"{", headers=HEADERS),
    ],
)
def test_everything_else_is(other: Message) -> None:
    assert at(record()) != at(other)


def test_records_within_a_record_have_clocks_too() -> None:
    one = {"events": [{"event_id": "e", "trace": "t"}], "revision": {"retracted": [{"event_id": "f", "trace": "t"}]}}
    assert timeless(orjson.dumps(one)) == (b'{"events":[{"event_id":"e"}],"revision":{"retracted":[{"event_id":"f"}]}}')
    assert timeless(b'{"metadata":{"trace":"the sender\'s"}}') == b'{"metadata":{"trace":"the sender\'s"}}'
    for strange in (b"", b"{", b"[1]", b'{"events": 5, "revision": []}'):
        assert timeless(strange).replace(b" ", b"") == strange.replace(b" ", b"")


def test_neither_order_nor_repetition_changes_the_prints() -> None:
    messages = [record(number=n) for n in range(5)]
    one, other = Prints(), Prints()
    for each in messages:
        one.add(DEAL, each)
    for each in (*reversed(messages), messages[2]):
        other.add(DEAL, each)
    assert one.prints((DEAL, 3)).tolist() == other.prints((DEAL, 3)).tolist()
    assert one.first_without(other) is None
    assert one.has(Place(DEAL, 3, 7), messages[0])
    assert not one.has(Place(DEAL, 3, 8), messages[0])
    other.add(DEAL, record(number=9))
    assert other.first_without(one) == Place(DEAL, 3, 7)


def test_prints_are_the_same_in_memory_and_on_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    messages = [record(number=n % 900) for n in range(1000)]
    few = Prints()
    for each in messages:
        few.add(DEAL, each)
    monkeypatch.setattr(module, "_HELD", 10_000)
    all_held = Prints()
    for each in messages:
        all_held.add(DEAL, each)
    assert few.prints((DEAL, 3)).tolist() == all_held.prints((DEAL, 3)).tolist()
    assert len(few.prints((DEAL, 3))) == 900
    assert few.first_without(all_held) is None
    assert few.holds(*few.add(DEAL, record(number=5000))), "also what comes after it was asked"
    assert few.first_without(all_held) == Place(DEAL, 3, 7)
    monkeypatch.setattr(module, "_HELD", 1)
    monkeypatch.setattr(few._file, "write", lambda data: exec("raise OSError(28, 'No space left on device')"))
    with pytest.raises(SettingsError, match=r"No space left on device\. Make room"):
        few.add("news.events.other", record())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run by two processes, and its archive beside it."""
    folder = tmp_path_factory.mktemp("verify")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.flow.segment", fake_steps)
        assert into(folder / "run", make_archive(folder / "archive", ALL_KINDS), "--workers", "2") == 0
    return folder


@pytest.fixture
def run(tmp_path: Path, made: Path, fake: None) -> Path:
    """A copy to spoil."""
    return Path(shutil.copytree(made / "run", tmp_path / "run"))


def test_a_run_proves_itself(run: Path, capsys: Capture) -> None:
    assert replay("--verify", run) == 0
    shown = capsys.readouterr()
    assert "16 articles" in shown.err
    assert "the same bytes" in shown.err
    rows = [line.split() for line in shown.out.splitlines() if line.strip().startswith("news.")]
    assert all(row[-2:] == ["the", "same"] for row in rows)
    assert {row[0] for row in rows} >= {"news.articles.classified", "news.events.deal", "news.deadletters.language"}
    assert {row[1] for row in rows} == {"0", "1", "2"}


def change(run: Path, topic: str, old: bytes, new: bytes) -> None:
    path = run / f"{topic}.jsonl"
    data = path.read_bytes()
    assert data.count(old) >= 1
    path.write_bytes(data.replace(old, new, 1))


def test_a_record_that_was_changed_is_named(run: Path, capsys: Capture) -> None:
    change(run, "news.articles.classified", b"Firma KAUFT Werk. Nummer 7.", b"Firma RAUFT Werk. Nummer 7.")
    assert replay("--verify", run) == 1
    shown = capsys.readouterr()
    assert "NOT the same" in shown.err
    assert "first difference: news.articles.classified, of the raw article news.articles.raw/" in shown.out
    assert 'text: "Firma RAUFT Werk. Nummer 7." recorded, "Firma KAUFT Werk. Nummer 7." made again' in shown.out
    assert "id a7" in shown.out
    different = [line for line in shown.out.splitlines() if " news." in f" {line}" and "the same" not in line]
    assert len([line for line in different if line.strip().startswith("news.")]) == 1


def test_a_record_that_is_gone_and_one_too_many(run: Path, capsys: Capture) -> None:
    path = run / "news.events.deal.jsonl"
    first, *rest = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(rest))
    assert replay("--verify", run, "--format", "json") == 1
    told = json.loads(capsys.readouterr().out)
    assert told["equal"] is False
    assert told["first"]["recorded"] is None
    assert told["first"]["again"]["event_id"] == orjson.loads(first)["data"]["event_id"]
    path.write_bytes(b"".join([first, *rest]) + first.replace(b'"confidence":0.5', b'"confidence":0.6'))
    assert replay("--verify", run, "--format", "json") == 1
    told = json.loads(capsys.readouterr().out)
    assert told["first"]["again"] is None
    assert told["first"]["recorded"]["confidence"] == 0.6
    assert sum(not row["equal"] for row in told["partitions"]) == 1


def test_hostile_words_of_a_difference_are_harmless(run: Path, capsys: Capture) -> None:
    change(run, "news.articles.classified", b"Firma KAUFT Werk. Nummer 7.", b"\\u001b[31m\\u202e\\u0000 rot")
    assert replay("--verify", run) == 1
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_a_run_that_did_not_end(run: Path, capsys: Capture) -> None:
    description = run / "run.json"
    description.write_bytes(description.read_bytes().replace(b'"done"', b'"running"'))
    assert replay("--verify", run) == 2
    assert "is not finished (running)" in capsys.readouterr().err
    description.unlink()
    assert replay("--verify", run) == 2
    assert "was not written by `eventwire replay`" in capsys.readouterr().err


def test_an_archive_that_has_moved(run: Path, made: Path, capsys: Capture) -> None:
    description = run / "run.json"
    description.write_bytes(description.read_bytes().replace(str(made / "archive").encode(), b"/nowhere/archive"))
    assert replay("--verify", run) == 2
    assert "/nowhere/archive is no archive" in capsys.readouterr().err
    assert replay("--verify", run, "--archive", made / "archive") == 0


@pytest.mark.model
def test_the_shipped_model_by_one_process_and_by_two(tmp_path: Path, capsys: Capture) -> None:
    lines = (ROOT / "examples" / "articles.jsonl").read_bytes().splitlines()[:5]
    archive = make_archive(tmp_path / "archive", [orjson.loads(line) for line in lines])
    assert into(tmp_path / "run", archive) == 0
    assert replay("--verify", tmp_path / "run", "--workers", "2", "--format", "json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["equal"] is True
    assert told["articles"] == 5
    assert {row["topic"] for row in told["partitions"]} >= {"news.articles.classified", "news.articles.language"}
    assert any(row["topic"].startswith("news.events.") for row in told["partitions"])
