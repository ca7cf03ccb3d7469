import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import SettingsError
from pipeline.local.folder import JOURNAL, Finished, Folder, OutputError, message_digest
from pipeline.streams.codec import JSON
from pipeline.streams.message import Output
from tests import fake_stages as fake

TOPICS = ("news.articles.language", "news.articles.classified", "news.events.deal", "news.deadletters.language")


def open_folder(path: Path, **made_with: str) -> Folder:
    return Folder(path, topics=TOPICS, made_with={"version": "1", **made_with})


def outputs(n: int) -> list[Output]:
    """Article `n`'s: every third is dead, every second has an event."""
    topics = [TOPICS[3]] if n % 3 == 2 else [TOPICS[0], *([TOPICS[2]] * (n % 2)), TOPICS[1]]
    headers = (("content-type", JSON), ("ce_id", b"%d" % n))
    return [Output(topic=t, key=b"k%d" % n, value=b'{"n":%d}' % n, headers=headers) for t in topics]


def contents(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.iterdir() if file.name != ".eventwire.lock"}


def write(path: Path, numbers: range) -> None:
    with open_folder(path) as folder:
        for n in numbers:
            folder.write(f"{n:032x}", outputs(n))


@pytest.fixture
def whole(tmp_path: Path) -> dict[str, bytes]:
    write(tmp_path / "whole", range(20))
    return contents(tmp_path / "whole")


def test_lines_stand_in_the_file_of_their_topic(whole: dict[str, bytes]) -> None:
    assert set(whole) == {JOURNAL, *(f"{topic}.jsonl" for topic in TOPICS)}
    assert whole["news.events.deal.jsonl"].count(b"\n") == 7
    assert whole["news.deadletters.language.jsonl"].count(b"\n") == 6
    assert whole[JOURNAL].count(b"\n") == 21


def test_it_goes_on_where_it_ended(whole: dict[str, bytes], tmp_path: Path) -> None:
    path = tmp_path / "again"
    write(path, range(7))
    with open_folder(path) as folder:
        for n in range(20):
            end = folder.finished(f"{n:032x}")
            assert end == (None if n >= 7 else Finished.DEAD if n % 3 == 2 else Finished.DONE)
            if end is None:
                folder.write(f"{n:032x}", outputs(n))
    assert contents(path) == whole


def test_any_torn_end_is_repaired(whole: dict[str, bytes], tmp_path: Path) -> None:
    """Whatever the last writes left: the state after each write of the last article, also in the middle of one."""
    noise = random.Random(7)
    path = tmp_path / "torn"
    for n in (1, 2, 3, 5, 8, 19):
        for _ in range(4):
            for file in path.glob("*") if path.exists() else ():
                file.unlink()
            for file in path.glob(".e*") if path.exists() else ():
                file.unlink()
            write(path, range(n))
            before = contents(path)
            with open_folder(path) as folder:
                folder.write(f"{n:032x}", outputs(n))
            after = contents(path)
            grown = [name for name in after if after[name] != before.get(name)]
            grown.sort(key=lambda name: name == JOURNAL)
            cut = noise.randrange(len(grown))
            for name in grown[cut:]:  # not written any more, the first of them in part
                keep = len(before.get(name, b""))
                keep += noise.randrange(len(after[name]) - keep) if name == grown[cut] else 0
                (path / name).write_bytes(after[name][:keep])
                if not keep:
                    (path / name).unlink()
            with open_folder(path) as folder:
                assert contents(path) == before
                for m in range(n):
                    assert folder.finished(f"{m:032x}")
                for m in range(n, 20):
                    assert not folder.finished(f"{m:032x}")
                    folder.write(f"{m:032x}", outputs(m))
            assert contents(path) == whole


def test_after_a_power_cut_it_goes_back_to_what_reached_the_disk(whole: dict[str, bytes], tmp_path: Path) -> None:
    path = tmp_path / "whole"
    language = path / "news.articles.language.jsonl"
    language.write_bytes(language.read_bytes()[:-200])
    with open_folder(path) as folder:
        assert folder.cut > 200
        done = sum(folder.finished(f"{n:032x}") is not None for n in range(20))
        assert 10 < done < 20
        for n in range(done, 20):
            folder.write(f"{n:032x}", outputs(n))
    assert contents(path) == whole


def test_two_equal_inputs_are_two_articles(tmp_path: Path) -> None:
    with open_folder(tmp_path) as folder:
        folder.write("a", outputs(0))
    with open_folder(tmp_path) as folder:
        assert [folder.finished(d) for d in ("a", "a", "b")] == [Finished.DONE, None, None]
        folder.write("a", outputs(0))
        assert folder.finished("a") is None  # what this run wrote is not what an earlier one did


def test_inputs_in_another_order_are_still_known(tmp_path: Path) -> None:
    write(tmp_path, range(6))
    with open_folder(tmp_path) as folder:
        ids = [f"{n:032x}" for n in (0, 9, 5, 2, 2, 1, 4, 3, 0)]
        assert [bool(folder.finished(d)) for d in ids] == [True, False, True, True, False, True, True, True, False]


def test_a_digest_is_of_content_alone() -> None:
    same = {message_digest(fake.message(b"x", offset=n, topic=f"{n}")) for n in range(3)}
    others = {message_digest(fake.message(value)) for value in (None, b"", b"y")}
    assert len(same) == 1
    assert len(others | same) == 4


def test_one_run_at_a_time(tmp_path: Path) -> None:
    with (
        open_folder(tmp_path),
        pytest.raises(SettingsError, match=f"Another run .process {os.getpid()}. is writing to"),
    ):
        open_folder(tmp_path)
    open_folder(tmp_path).close()


def test_a_mixture_is_refused(tmp_path: Path) -> None:
    write(tmp_path, range(3))
    before = contents(tmp_path)
    with pytest.raises(SettingsError, match="was made with stages unknown, this run is made with stages x:"):
        open_folder(tmp_path, stages="x")
    assert contents(tmp_path) == before
    open_folder(tmp_path).close()  # the refused one left no lock


def test_files_that_are_not_a_runs_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "news.articles.classified.jsonl"
    path.write_text("mine\n")
    with pytest.raises(SettingsError, match="no journal of a run"):
        open_folder(tmp_path)
    assert path.read_text() == "mine\n"
    path.rename(tmp_path / "news.articles.raw.jsonl")  # an input that lies in its own output folder
    (tmp_path / "my.jsonl").write_text("mine\n")
    write(tmp_path, range(2))
    write(tmp_path, range(2, 3))
    assert (tmp_path / "news.articles.raw.jsonl").read_text() == (tmp_path / "my.jsonl").read_text() == "mine\n"


def test_a_removed_file_is_not_silently_made_anew(tmp_path: Path) -> None:
    write(tmp_path, range(3))
    (tmp_path / "news.articles.language.jsonl").unlink()
    with pytest.raises(SettingsError, match=r"news.articles.language.jsonl is gone"):
        open_folder(tmp_path)


def test_a_file_or_a_closed_place_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(SettingsError, match="is a file"):
        open_folder(tmp_path / "file")
    with pytest.raises(OutputError, match="can't be written"):
        open_folder(tmp_path / "file" / "below")


FULL = """
import resource, sys
from pathlib import Path
from tests.local.test_folder import OutputError, open_folder, outputs
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    with open_folder(Path(sys.argv[1])) as folder:
        for n in range(20):
            if not folder.finished(f"{n:032x}"):
                folder.write(f"{n:032x}", outputs(n))
except OutputError as error:
    print(error)
"""


@pytest.mark.parametrize("size", [1, 400, 1300])
def test_a_full_disk(size: int, whole: dict[str, bytes], tmp_path: Path) -> None:
    """No file may grow beyond `size`: the write that does is done in part and fails, as on a full disk."""
    path = tmp_path / "full"
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", FULL, str(path), str(size)]
    done = subprocess.run(command, capture_output=True, text=True, env=environ, check=True, timeout=60)
    assert "can't be written: File too large" in done.stdout
    assert done.stderr == ""
    for name, data in contents(path).items():  # complete already before the repair
        assert data == b"" or data.endswith(b"\n") or name == JOURNAL
    write_rest(path)
    assert contents(path) == whole


def write_rest(path: Path) -> None:
    with open_folder(path) as folder:
        for n in range(20):
            if not folder.finished(f"{n:032x}"):
                folder.write(f"{n:032x}", outputs(n))


def test_ctrl_c_between_two_files(whole: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "interrupted"
    write(path, range(3))
    before = contents(path)
    with open_folder(path) as folder:
        files = iter([folder._file(TOPICS[0])])  # the second is never opened
        monkeypatch.setattr(folder, "_file", lambda topic: next(files, None) or interrupt())
        with pytest.raises(KeyboardInterrupt):
            folder.write(f"{3:032x}", outputs(3))
    assert contents(path) == before
    write_rest(path)
    assert contents(path) == whole


def interrupt() -> int:
    raise KeyboardInterrupt
