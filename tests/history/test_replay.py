"""Replays into a folder: complete, the same whatever the processes, resumable, and never onto something that exists."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import orjson
import pytest

from pipeline.encoder.files import MODELS, open_files
from pipeline.events.own import read_own_type
from pipeline.events.own_heads import OwnHead
from pipeline.events.own_store import write_own_type
from pipeline.history import runs
from tests.fake_stages import broken_steps
from tests.history.replays import TOPIC, archive, article, fake, into, lines, make_archive, replay, timeless
from tests.kafka.broker import die_with_parent

__all__ = ["archive", "fake"]
ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.usefixtures("fake")
Capture = pytest.CaptureFixture[str]


def test_everything_in_the_archive_once(tmp_path: Path, archive: Path, capsys: Capture) -> None:
    out = tmp_path / "runs" / "one"
    assert into(out, archive) == 0
    run = runs.read_folder(out)
    assert run is not None
    assert (run.name, run.state, run.earliest) == ("one", "done", "2023-11-14T22:13:20.000Z")
    assert run.counts == {"raw": 16, "classified": 13, "dead_lettered": 3, "events": 14}
    assert (run.pinned.language, run.taken.archive, run.taken.topic) == ("fake@1+0123abcd", str(archive), TOPIC)
    found = lines(out)
    assert len(found["news.articles.classified"]) == 13
    letters = found["news.deadletters.language"]
    assert sorted(letter["ewcode"] for letter in letters) == ["empty_text", "not_json", "tombstone"]
    assert {letter["time"] for letter in letters} <= {f"2023-11-14T22:{13 + n}:20.000Z" for n in range(16)}
    records = {line["ewtrace"]: line["data"] for line in found["news.articles.classified"]}
    place = next(trace for trace, record in records.items() if record["id"] == "a11")
    assert records[place]["ingested_at"] == "2023-11-14T22:28:20.000Z", "as it was then, not now"
    assert place.startswith(f"{TOPIC}/")
    told = [line["data"]["action"] for line in found["news.events.deal"] if line["subject"] == "a1"]
    assert sorted(told) == ["add", "add", "delete", "delete"], "versions of an article are compared as ever"


def test_the_number_of_processes_changes_nothing(tmp_path: Path, archive: Path) -> None:
    assert into(tmp_path / "one", archive) == 0
    assert into(tmp_path / "two", archive, "--workers", "2") == 0
    assert timeless(lines(tmp_path / "one")) == timeless(lines(tmp_path / "two"))


def test_only_what_is_wanted(tmp_path: Path, archive: Path) -> None:
    minute = "2023-11-14T22:23:20Z"
    options = ["--from", minute, "--by", "ingested", "--where", "id=a6,a7,a0", "--run", "some"]
    assert into(tmp_path / "out", archive, *options) == 0
    assert sorted(line["subject"] for line in lines(tmp_path / "out")["news.articles.classified"]) == ["a6", "a7"]
    run = runs.read_folder(tmp_path / "out")
    assert run is not None
    assert run.name == "some"
    assert (run.taken.since, run.taken.by, run.taken.where) == (
        "2023-11-14T22:23:20.000Z",
        "ingested",
        {"id": ["a6", "a7", "a0"]},
    )


def test_a_folder_that_is_taken(tmp_path: Path, archive: Path, capsys: Capture) -> None:
    out = tmp_path / "out"
    assert into(out, archive) == 0
    before = {path: path.read_bytes() for path in out.iterdir()}
    assert into(out, archive) == 2
    assert "holds a run already (out, done)" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in out.iterdir()} == before
    (out / runs.FILE).unlink()
    assert into(out, archive) == 2
    assert "the output of `eventwire run`" in capsys.readouterr().err


def test_going_on_with_a_run_that_is_done_changes_nothing(tmp_path: Path, archive: Path) -> None:
    out = tmp_path / "out"
    assert into(out, archive) == 0
    before = lines(out)
    assert replay("--out", out, "--resume") == 0
    assert lines(out) == before
    run = runs.read_folder(out)
    assert run is not None
    assert run.counts == {"raw": 16, "classified": 13, "dead_lettered": 3, "events": 14}


def start(*options: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.fake_eventwire", "replay", "--workers", "1", *map(str, options)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        preexec_fn=die_with_parent,
    )


def wait_for_lines(out: Path, count: int, process: "subprocess.Popen[bytes]") -> None:
    path = out / "news.articles.classified.jsonl"
    while not path.exists() or path.read_bytes().count(b"\n") < count:
        assert process.poll() is None
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_killed_and_stopped_in_the_middle(tmp_path: Path, number: signal.Signals) -> None:
    values = [article(n, "Firma KAUFT. SCHLAF:0.05 ") for n in range(60)]
    archive, out = make_archive(tmp_path / "archive", values), tmp_path / "out"
    process = start("--archive", archive, "--out", out, "--no-kafka")
    wait_for_lines(out, 10, process)
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    run = runs.read_folder(out)
    assert run is not None
    if number is signal.SIGTERM:
        assert process.returncode == 130
        assert b"--resume goes on" in told
        assert run.state == "stopped"
        assert run.counts["raw"] >= 10
    else:
        assert run.state == "running"
    make_archive(tmp_path / "archive", values + [article(n) for n in range(60, 63)])  # it has grown since
    assert replay("--out", out, "--resume") == 0
    found = sorted(line["subject"] for line in lines(out)["news.articles.classified"])
    assert found == sorted(f"a{n}" for n in range(60)), "each once, and nothing that came later"
    assert len(lines(out)["news.events.deal"]) == 60


def test_a_slow_replay_can_be_stopped(tmp_path: Path, archive: Path) -> None:
    out = tmp_path / "out"
    process = start("--archive", archive, "--out", out, "--speed", "0.001x")
    wait_for_lines(out, 1, process)
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == 130
    run = runs.read_folder(out)
    assert run is not None
    assert (run.state, run.counts["raw"]) == ("stopped", 1)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ((), "name a run on Kafka"),
        (("--out", "x", "--no-kafka"), "--no-kafka needs --archive"),
        (("--run", "a", "--no-kafka", "--archive", "x"), "--no-kafka needs"),
        (("--run", "a.b"), "can't be the name of a run"),
        (("--out", "x", "--archive", "nowhere"), "is no archive"),
        (("--out", "x", "--archive", "ARCHIVE", "--from", "yesterday"), "is not a time"),
        (("--out", "x", "--archive", "ARCHIVE", "--from", "2026-01-01T00:00"), "no time zone"),
        (("--out", "x", "--archive", "ARCHIVE", "--from", "1h", "--to", "2h"), "must be earlier"),
        (("--out", "x", "--archive", "ARCHIVE", "--where", "colour=red"), "FIELD=VALUE"),
        (("--out", "x", "--archive", "ARCHIVE", "--speed", "fast"), "--speed 'fast'"),
        (("--out", "x", "--archive", "ARCHIVE", "--by", "chance"), "--by"),
        (("--out", "x", "--archive", "ARCHIVE", "--from", "2030-01-01"), "Nothing to replay: the archive"),
        (("--out", "x", "--archive", "ARCHIVE", "--where", "id=none"), "has no message of news.articles.raw id=none"),
        (("--out", "x", "--archive", "ARCHIVE", "--models", "nowhere"), "model file nowhere/model.json"),
        (("--out", "x", "--archive", "ARCHIVE", "--topic-prefix", "prod."), "holds no prod.news.articles.raw"),
        (("--out", "x", "--resume"), "holds no run to go on with"),
        (("--out", "x", "--resume", "--from", "1h"), "--from is what a run began with"),
        (("--verify", "x", "--run", "x"), "--verify RUN stands alone"),
        (("--verify", "x/y"), "is not a folder"),
    ],
)
def test_mistakes_leave_no_trace(
    options: tuple[str, ...], says: str, tmp_path: Path, archive: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert replay(*(str(archive) if option == "ARCHIVE" else option for option in options)) == 2
    told = capsys.readouterr().err
    assert says in told
    assert len(told.splitlines()) == 1
    assert not Path("x").exists()


def test_a_model_that_is_damaged_or_does_not_load(
    tmp_path: Path, archive: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(MODELS / "news-s6", damaged)
    with (damaged / "heads.npz").open("ab") as file:
        file.write(b"x")
    assert into(tmp_path / "out", archive, "--models", damaged) == 2
    assert "heads.npz has SHA-256" in capsys.readouterr().err
    monkeypatch.setattr("pipeline.flow.segment", broken_steps)
    assert into(tmp_path / "out", archive) == 2
    assert "the fake model is missing" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_another_model_than_the_run_began_with(tmp_path: Path, archive: Path, capsys: Capture) -> None:
    out = tmp_path / "out"
    assert into(out, archive) == 0
    description = json.loads((out / runs.FILE).read_bytes())
    description["pinned"]["language"] = "other@2"
    (out / runs.FILE).write_bytes(json.dumps(description).encode())
    assert replay("--out", out, "--resume") == 2
    assert "was made with language other@2" in capsys.readouterr().err
    assert replay("--verify", out) == 2
    assert "was made with language other@2" in capsys.readouterr().err


def own_types(folder: Path, threshold: float = 0.5) -> str:
    """A folder with one type of a user's own, as it was learned for the shipped model."""
    own = read_own_type(Path(__file__).resolve().parents[1] / "events" / "own" / "product.award.yaml")
    numbers = {"sentence_bias": 0.0, "trigger_bias": 0.0, "trigger_share": 0.5, "scale": 1.0, "shift": 0.0}
    arrays = {name: np.zeros(4, np.float32) for name in ("sentence", "trigger", "roles", "role_bias")}
    head = OwnHead(name=own.name, threshold=threshold, **numbers, **arrays)
    write_own_type(folder, own, head, open_files(None).digest, {})
    return str(folder)


def test_other_own_types_than_the_run_began_with(
    tmp_path: Path, archive: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    monkeypatch.setenv("EVENTWIRE_TYPES", own_types(tmp_path / "types"))
    assert into(out, archive) == 0
    run = runs.read_folder(out)
    assert run is not None
    assert run.pinned.types_digest is not None
    own_types(tmp_path / "types", threshold=0.6)  # learned again
    for again in (("--out", out, "--resume"), ("--verify", out)):
        assert replay(*again) == 2
        told = capsys.readouterr().err
        assert "The run out was made with other event types of your own" in told
        assert str(tmp_path / "types") in told
    monkeypatch.setenv("EVENTWIRE_TYPES", own_types(tmp_path / "moved"))
    assert replay("--verify", out) == 0, "those of then, in another place"
    assert replay("--out", out, "--resume") == 0
    monkeypatch.delenv("EVENTWIRE_TYPES")
    shutil.rmtree(tmp_path / "types")
    assert replay("--verify", out) == 2
    assert f"there is no folder {tmp_path / 'types'}" in capsys.readouterr().err


def test_a_damaged_archive_is_told_with_its_file(tmp_path: Path, archive: Path, capsys: Capture) -> None:
    (archive / f"topic={TOPIC}" / "date=2023-11-14" / "readme.txt").write_text("somebody's note")
    (archive / f"topic={TOPIC}" / "date=2023-11-14" / "9-0-1.parquet").write_bytes(b"not committed: no part of it")
    assert into(tmp_path / "foreign", archive) == 0
    file = sorted((archive / f"topic={TOPIC}").rglob("[0-2]-*.parquet"))[-1]
    file.write_bytes(file.read_bytes()[:100])
    assert into(tmp_path / "out", archive) == 2
    told = capsys.readouterr().err
    assert file.name in told
    assert "damaged" in told


def test_listed_and_deleted(tmp_path: Path, archive: Path, capsys: Capture) -> None:
    from pipeline.cli import main as cli

    assert into(tmp_path / "runs" / "one", archive, "--where", "action=add", "--where", "id=a4") == 0
    capsys.readouterr()
    assert cli.run(["replay", "list", str(tmp_path / "runs")]) == 0
    shown = capsys.readouterr().out
    assert "done" in shown
    assert "action=add" in "".join(shown.split())
    assert cli.run(["replay", "list", str(tmp_path / "runs"), "--format", "json"]) == 0
    (run,) = orjson.loads(capsys.readouterr().out)
    assert (run["name"], run["counts"]["raw"], run["taken"]["where"]["id"]) == ("one", 1, ["a4"])
    assert cli.run(["replay", "delete", str(tmp_path / "runs" / "one")]) == 0
    assert not (tmp_path / "runs" / "one").exists()
    assert cli.run(["replay", "delete", str(archive)]) == 2
    assert archive.is_dir()
