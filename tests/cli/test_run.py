"""`eventwire run` over fake stages: in this process where that does, else as a process that can be killed."""

import gzip
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import orjson
import pytest

import pipeline.flow
from pipeline.cli import main
from pipeline.streams.codec import read_structured
from pipeline.streams.dead_letters import read_dead_letter
from tests import fake_stages as fake

ENVIRON = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
COMMAND = [sys.executable, "-m", "tests.fake_eventwire", "run"]
# Wall-clock fields, in records and around them; all are equally long.
CLOCKS = re.compile(rb'("(?:ingested_at|produced_at|time|ewfirstseen)":)"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"')


@pytest.fixture(autouse=True)
def fake_stages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline.flow, "segment", fake.fake_steps)


def start(*arguments: Any, **options: Any) -> "subprocess.Popen[str]":
    command = [*COMMAND, *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
    # A shell's background job ignores Ctrl-C, and so do its children, unless they are told otherwise.
    return subprocess.Popen(
        command, env=ENVIRON, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL), **pipes
    )


def articles(path: Path, *texts: str, **fields: Any) -> Path:
    path.write_bytes(b"".join(orjson.dumps({"id": f"a{n}", "text": t, **fields}) + b"\n" for n, t in enumerate(texts)))
    return path


def files(out: Path) -> dict[str, bytes]:
    """What stands in the folder, wall-clock fields apart."""
    return {f.name: CLOCKS.sub(rb"\1", f.read_bytes()) for f in out.iterdir() if f.name != ".eventwire.lock"}


def letters(out: Path, stage: str = "language") -> list[Any]:
    path = out / f"news.deadletters.{stage}.jsonl"
    lines = path.read_bytes().splitlines() if path.exists() else []
    return [read_dead_letter(read_structured(line, topic=path.stem)) for line in lines]


def lines(path: Path) -> list[Any]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def test_events_are_printed_as_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = articles(tmp_path / "in.jsonl", "Firma KAUFT", "nichts", title="Titel")
    assert main.run(["run", str(path)]) == 0
    shown = capsys.readouterr()
    assert re.search(r"deal.acquisition +acquirer Firma +KAUFT +0.50 +de +Titel", shown.out)
    assert shown.err == "2 articles, 1 events, 0 rejected\n"
    assert list(tmp_path.iterdir()) == [path]


def test_events_as_json_lines_and_none(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    path = articles(tmp_path / "in.jsonl", "KAUFT KAUFT", "KAUFT")
    assert main.run(["run", str(path), "--format", "jsonl", "--quiet"]) == 0
    shown = capsysbinary.readouterr()
    events = [orjson.loads(line) for line in shown.out.splitlines()]
    assert [event["article"]["id"] for event in events] == ["a0", "a0", "a1"]
    assert events[0]["trace"] == f"{path}/0/0"
    assert shown.err == b""
    assert main.run(["run", str(path), "--format", "none"]) == 0
    assert capsysbinary.readouterr().out == b""


def test_every_topic_is_a_file_of_cloudevents(tmp_path: Path) -> None:
    path, out = articles(tmp_path / "in.jsonl", "KAUFT", "nichts"), tmp_path / "out"
    assert main.run(["run", str(path), "--out", str(out)]) == 0
    assert {f.name for f in out.glob("*.jsonl")} == {
        "news.articles.language.jsonl",
        "news.articles.entities.jsonl",
        "news.articles.classified.jsonl",
        "news.events.deal.jsonl",
    }
    (event,) = lines(out / "news.events.deal.jsonl")
    assert event["type"] == "eventwire.events.deal.acquisition.v1"
    assert event["partitionkey"] == "org:firma"
    assert [line["data"]["id"] for line in lines(out / "news.articles.classified.jsonl")] == ["a0", "a1"]


def test_files_are_equal_whatever_the_number_of_workers(tmp_path: Path) -> None:
    path = articles(tmp_path / "in.jsonl", *(f"SCHLAF:{n % 3 / 100} KAUFT {n}" for n in range(40)))
    for workers in ("1", "3"):
        assert main.run(["run", str(path), "--out", str(tmp_path / workers), "--workers", workers, "-q"]) == 0
    assert files(tmp_path / "1") == files(tmp_path / "3")


BAD_LINES: dict[str, tuple[bytes, str, str]] = {
    "not JSON": (b"kein JSON", "not_json", "not JSON"),
    "wrong shape": (b'{"text": 3}', "schema", "at text: 3 is not of type"),
    "no object": (b"[1]", "schema", "at the top"),
    "empty text": (b'{"text": ""}', "empty_text", "neither text nor html"),
    "empty object": (b"{}", "empty_text", "neither text nor html"),
    "lone surrogate": (b'{"text": "\\ud800"}', "not_json", "surrogate"),
    "wrong encoding": ('{"text": "Größe"}'.encode("cp1252"), "not_utf8", "byte 0xf6"),
    "UTF-16": ('{"text": "a"}'.encode("utf-16-be"), "not_json", "not JSON"),
    "empty line": (b"", "tombstone", "an empty line"),
    "null": (b"null", "schema", "at the top"),
    "year 9999 in no format": (b'{"text": "a", "published_at": "9999-99-99T00:00:00Z"}', "schema", "at published_at"),
    "huge integer": (b'{"text": "a", "metadata": {"n": 98765432109876543210987}}', "not_json", "64 bits"),
    "17 MB": (b'{"text": "' + b"x" * 17_000_000 + b'"}', "too_large", "more than 16 MiB"),
}  # fmt: skip


def test_bad_lines_are_named_and_kept_and_the_rest_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = tmp_path / "in.jsonl", tmp_path / "out"
    good = [b'{"text": "Firma KAUFT %d"}\n' % number for number in range(len(BAD_LINES) + 1)]
    bad = [line + b"\n" for line, _, _ in BAD_LINES.values()]
    path.write_bytes(b"".join(one + other for one, other in zip(good, [*bad, b""], strict=True)))
    assert main.run(["run", str(path), "--out", str(out), "--format", "none"]) == 0
    said = capsys.readouterr().err.splitlines()
    assert said[-1].startswith(
        f"{2 * len(BAD_LINES) + 1} articles, {len(BAD_LINES) + 1} events, {len(BAD_LINES)} rejected"
    )
    found = letters(out)
    for position, (name, (line, code, reason)) in enumerate(BAD_LINES.items()):
        number = 2 * position + 2
        assert any(s.startswith(f"rejected {path}:{number}: {code}: ") and reason in s for s in said), name
        letter = found[position]
        assert (letter.source_topic, letter.source_offset, letter.code) == (str(path), number - 1, code)
        assert reason in letter.error
        assert letter.message.value == (line[: 16 << 20])
    assert len(found) == len(BAD_LINES)
    assert len(lines(out / "news.articles.classified.jsonl")) == len(BAD_LINES) + 1


def test_strict(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(b'{"text": "a"}\nkaputt\n')
    assert main.run(["run", str(path), "--strict", "-q"]) == 1
    out = str(tmp_path / "out")
    assert main.run(["run", str(path), "--out", out, "-q"]) == 0
    assert main.run(["run", str(path), "--out", out, "-q", "--strict"]) == 1  # it was rejected, if not this time
    assert main.run(["run", str(articles(path, "a", "b")), "--strict", "-q"]) == 0


def test_same_id_other_content_is_a_new_version_and_equal_lines_say_nothing_new(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "in.jsonl", tmp_path / "out"
    old, new = b'{"id": "a", "text": "alt KAUFT"}\n', b'{"id": "a", "text": "neuer KAUFT"}\n'
    path.write_bytes(old + new + old)
    assert main.run(["run", str(path), "--out", str(out), "--format", "none"]) == 0
    assert "3 articles, 3 events, 2 retracted, 0 rejected" in capsys.readouterr().err
    records = [line["data"] for line in lines(out / "news.articles.classified.jsonl")]
    assert [record["text"] for record in records] == ["alt KAUFT", "neuer KAUFT", "alt KAUFT"]
    events = lines(out / "news.events.deal.jsonl")
    told = [(event["data"]["action"], event["data"]["trigger"]["start"]) for event in events]
    assert told == [("add", 4), ("delete", 4), ("add", 6), ("delete", 6), ("add", 4)]
    assert events[0]["data"]["event_id"] == events[4]["data"]["event_id"]
    assert len({event["id"] for event in events}) == 5
    path.write_bytes(old + old + new + old + b'{"id": "b", "text": "c"}\n')
    assert main.run(["run", str(path), "--out", str(out), "-q"]) == 0
    assert len(lines(out / "news.articles.classified.jsonl")) == 5
    assert len(lines(out / "news.events.deal.jsonl")) == 5


def test_a_stage_that_dies_or_raises_costs_its_article_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = articles(tmp_path / "in.jsonl", "KAUFT", "STIRB", "WIRF", "KAUFT"), tmp_path / "out"
    assert main.run(["run", str(path), "--out", str(out), "--format", "none"]) == 0
    assert [(letter.code, letter.attempts) for letter in letters(out, "entities")] == [("crash", 2), ("internal", 1)]
    said = capsys.readouterr().err
    assert f"rejected {path}:2: crash: killed the process that worked on it (signal 9), in 2 attempts" in said
    assert f"rejected {path}:3: internal: unexpected ValueError: geworfen" in said
    assert "Traceback" not in said
    assert "4 articles, 2 events, 2 rejected" in said


def test_directories_packed_files_text_and_html(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "in"
    source.mkdir()
    (source / "a.jsonl.gz").write_bytes(gzip.compress(b'{"id":"gz","text":"KAUFT"}\n'))
    (source / "b.html").write_text("<p>KAUFT</p>")
    (source / "c.txt").write_bytes("Überschrift\n\nKAUFT".encode("utf-16"))
    (source / "d.pdf").write_text("x")
    out = source / "out"
    for _ in range(2):  # the second finds its own output beside its input, and nothing to do
        assert main.run(["run", str(source), "--out", str(out), "--format", "none"]) == 0
    assert "skipped 1 files that are no articles by their names" in capsys.readouterr().err
    found = lines(out / "news.articles.classified.jsonl")
    assert [line["data"]["text"] for line in found] == ["KAUFT", "<p>KAUFT</p>", "Überschrift\n\nKAUFT"]
    assert [line["ewtrace"] for line in found] == [f"{source}/{name}/0/0" for name in ("a.jsonl.gz", "b.html", "c.txt")]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["nirgends.jsonl"], "There is no file or directory nirgends.jsonl."),
        (["-", "-"], "once only"),
        (["in.jsonl", "--stages", "events"], "must begin with language"),
        (["in.jsonl", "--out", "in.jsonl"], "in.jsonl is a file"),
    ],
)
def test_mistakes(
    arguments: list[str],
    reason: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    articles(tmp_path / "in.jsonl", "a")
    assert main.run(["run", *arguments]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert said.count("\n") == 1
    assert reason in said


def test_a_model_that_cannot_be_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pipeline.flow, "segment", fake.broken_steps)
    assert main.run(["run", str(articles(tmp_path / "in.jsonl", "a"))]) == 2
    assert capsys.readouterr().err == "error: the fake model is missing: put it back\n"


def test_only_the_first_stages(tmp_path: Path) -> None:
    path, out = articles(tmp_path / "in.jsonl", "KAUFT"), tmp_path / "out"
    assert main.run(["run", str(path), "--out", str(out), "--stages", "language, entities", "-q"]) == 0
    assert {f.name for f in out.glob("*.jsonl")} == {"news.articles.language.jsonl", "news.articles.entities.jsonl"}
    assert main.run(["run", str(path), "--out", str(out), "-q"]) == 2


def test_limit(tmp_path: Path) -> None:
    path, out = articles(tmp_path / "in.jsonl", "a", "b", "c"), tmp_path / "out"
    for limit in ("1", "2"):
        assert main.run(["run", str(path), "--out", str(out), "--limit", limit, "-q"]) == 0
        assert len(lines(out / "news.articles.classified.jsonl")) == int(limit)


def test_standard_input_is_worked_on_as_it_comes() -> None:
    with start("-", "--format", "jsonl", stdin=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        for text in ("eins KAUFT", "zwei KAUFT"):
            process.stdin.write(f'{{"text": "{text}"}}\n')
            process.stdin.flush()
            assert orjson.loads(process.stdout.readline())["trigger"]["text"] == "KAUFT"  # before the input ends
        process.stdin.close()
        assert process.wait(timeout=30) == 0
        assert process.stderr
        assert process.stderr.read() == "2 articles, 2 events, 0 rejected\n"


def test_plain_text_and_html_on_standard_input() -> None:
    for given, text in (("Titel\n\nFirma KAUFT", "Titel\n\nFirma KAUFT"), ("<html><p>KAUFT", "<html><p>KAUFT")):
        with start("-", "--format", "jsonl", "-q", stdin=subprocess.PIPE) as process:
            out, err = process.communicate(given, timeout=30)
        assert err == ""
        assert orjson.loads(out)["trigger"]["start"] == text.index("KAUFT")


def test_a_reader_that_has_seen_enough(tmp_path: Path) -> None:
    path = articles(tmp_path / "in.jsonl", *["KAUFT " * 20] * 200)
    with start(path, "--format", "jsonl", "-q") as process:
        assert process.stdout
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=30) == 1
        assert process.stderr
        assert process.stderr.read() == ""


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """Input of 150 articles, some bad, some with two events, and what a run that nobody stops leaves."""
    folder = tmp_path_factory.mktemp("whole")
    # The last ones are slow, so that whoever wants to stop it in the middle is in time on a busy machine, too.
    texts = (
        f"SCHLAF:{0.3 if n >= 140 else 0.01} Nr. {n} {'KAUFT ' * (n % 3)}" + ("WIRF" if n % 20 == 7 else "")
        for n in range(150)
    )
    path = articles(folder / "in.jsonl", *texts, metadata={"pad": "x" * 5000})
    # Every third one is a new version of the one before it but one.
    path.write_bytes(re.sub(rb'"id":"a(\d*[258])"', lambda at: b'"id":"a%d"' % (int(at[1]) - 2), path.read_bytes()))
    with start(path, "--out", folder / "out", "-q") as process:
        process.communicate(timeout=60)
        assert process.returncode == 0
    whole = files(folder / "out")
    assert len(whole) == 6
    return path, whole


def wait_for_articles(out: Path, process: Any, more_than: int) -> None:
    deadline = time.monotonic() + 200  # a busy machine is slow
    journal = out / ".eventwire.journal"
    while process.poll() is None:
        if journal.exists() and journal.read_bytes().count(b"\n") > more_than:
            return
        assert time.monotonic() < deadline, f"{more_than} articles: not in time"
        time.sleep(0.005)


def test_killed_at_random_moments_it_leaves_the_same_files(
    uninterrupted: tuple[Path, dict[str, bytes]], tmp_path: Path
) -> None:
    path, whole = uninterrupted
    out, noise, kills = tmp_path / "out", random.Random(), 0
    done = 0
    while kills < 5:
        with start(path, "--out", out, "-q", "--workers", noise.choice((1, 2))) as process:
            wait_for_articles(out, process, done)
            time.sleep(noise.random() * 0.15)
            process.kill()
            assert process.wait() in (-signal.SIGKILL, 0)
        kills += 1
        done = (out / ".eventwire.journal").read_bytes().count(b"\n")
    assert 1 < done < 151  # it was stopped on the way
    with start(path, "--out", out, "-q") as process:
        process.communicate(timeout=60)
        assert process.returncode == 0
    assert files(out) == whole


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_leaves_complete_files(
    how: signal.Signals, uninterrupted: tuple[Path, dict[str, bytes]], tmp_path: Path
) -> None:
    path, whole = uninterrupted
    out = tmp_path / "out"
    with start(path, "--out", out, "--format", "none") as process:
        wait_for_articles(out, process, 20)
        os.kill(process.pid, how)
        assert process.stderr
        said = process.stderr.read()
        assert process.wait(timeout=60) == 130, said
    assert re.fullmatch(
        rf"(?s).*interrupted: \d+ articles are complete in {out}; the same command goes on from there\n", said
    )
    assert "Traceback" not in said
    before = files(out)
    for name, data in before.items():
        assert whole[name].startswith(data)
        assert data.endswith(b"\n")
    with start(path, "--out", out, "--format", "none") as process:
        assert "removed" not in process.communicate(timeout=60)[1]  # nothing had to be repaired
    assert files(out) == whole


def test_two_runs_cannot_write_one_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    with start("-", "--out", out, "-q", stdin=subprocess.PIPE) as process:
        assert process.stdin
        process.stdin.write('{"text": "a"}\n')
        process.stdin.flush()
        wait_for_articles(out, process, 1)
        assert main.run(["run", str(articles(tmp_path / "in.jsonl", "a")), "--out", str(out), "-q"]) == 2
        assert capsys.readouterr().err == f"error: Another run (process {process.pid}) is writing to {out}.\n"
        process.stdin.close()
        assert process.wait(timeout=30) == 0


FULL_DISK = """
import resource, sys
from tests import fake_eventwire
if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
    sys.exit(fake_eventwire.main.run(sys.argv[1:]))
"""


def test_a_full_disk(uninterrupted: tuple[Path, dict[str, bytes]], tmp_path: Path) -> None:
    path, whole = uninterrupted
    out, script = tmp_path / "out", tmp_path / "full.py"
    script.write_text(FULL_DISK)
    command = [sys.executable, str(script), "run", str(path), "--out", str(out), "--format", "none"]
    done = subprocess.run(command, env=ENVIRON, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.endswith(
        f"error: {out} can't be written: File too large. What is there is complete; "
        "when this is mended, the same command goes on.\n"
    )
    assert "Traceback" not in done.stderr
    with start(path, "--out", out, "-q") as process:
        process.communicate(timeout=60)
    assert files(out) == whole


def test_memory_stays_flat_on_a_long_stream(tmp_path: Path) -> None:
    """4,000 articles of 20 kB; the parent may not grow by more than a tenth of what went through it."""
    command = f'{sys.executable} -c "{_PRINT_MANY}" | {" ".join(COMMAND)} - --out {tmp_path / "out"} --format none'
    with subprocess.Popen(["bash", "-c", command], env=ENVIRON, stderr=subprocess.PIPE) as process:
        journal = tmp_path / "out" / ".eventwire.journal"
        grown: list[int] = []
        while process.poll() is None:
            if journal.exists() and journal.stat().st_size > 20_000:
                grown.append(_resident(tmp_path / "out" / ".eventwire.lock"))
            time.sleep(0.05)
        assert process.stderr
        assert b"4,000 articles" in process.stderr.read()
    grown = [size for size in grown if size]
    assert len(grown) > 3
    assert max(grown) - grown[0] < 8_000_000


_PRINT_MANY = "for n in range(4000): print('{\\\"text\\\": \\\"' + str(n) + 'x' * 20000 + '\\\"}')"


def _resident(lock: Path) -> int:
    try:
        status = Path(f"/proc/{lock.read_text().strip()}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    found = re.search(r"VmRSS:\s+(\d+)", status)
    return int(found.group(1)) * 1024 if found else 0
