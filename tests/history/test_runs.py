"""A run's description: what can be a name, what is kept, what is damaged."""

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.errors import SettingsError
from pipeline.history import runs
from pipeline.history.runs import Pinned, Run, Taken

RUN = Run(
    name="q3",
    state="stopped",
    pinned=Pinned(version="1", digest="d", language="l@1+0", max_text=10, max_html=20),
    taken=Taken(
        topic="news.articles.raw", partitions=((0, 5, 17), (2, 0, 1)), since="2026-01-01T00:00:00Z", where={"id": ["a"]}
    ),
    created_at="2026-01-02T00:00:00.000Z",
    counts={"raw": 3},
)


@pytest.mark.parametrize("name", ["q3", "2026-Q3", "a", "A-1", "x" * 40])
def test_names(name: str) -> None:
    assert runs.check_name(name) == name


@pytest.mark.parametrize("name", ["", "live", "a.b", "a_b", "-a", "a/b", "ä", "x" * 41, "a b", "a\n", "../x"])
def test_no_names(name: str) -> None:
    with pytest.raises(SettingsError, match="can't be the name of a run"):
        runs.check_name(name)


def test_what_is_saved_is_read_back(tmp_path: Path) -> None:
    runs.save_folder(tmp_path, RUN)
    assert runs.read_folder(tmp_path) == RUN
    runs.save_folder(tmp_path, replace(RUN, state="done"))
    assert runs.read_folder(tmp_path) == replace(RUN, state="done")
    assert [path.name for path in tmp_path.iterdir()] == [runs.FILE]
    assert runs.read_folder(tmp_path / "none") is None


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff", b'{"name": "x"}', b"null"])
def test_a_damaged_description_is_told_with_its_place(tmp_path: Path, data: bytes) -> None:
    (tmp_path / runs.FILE).write_bytes(data)
    with pytest.raises(SettingsError, match=r"run\.json does not describe a run"):
        runs.read_folder(tmp_path)


def test_runs_below_a_folder(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / name).mkdir()
        runs.save_folder(tmp_path / name, replace(RUN, name=name))
    (tmp_path / "other").mkdir()
    (tmp_path / "file").touch()
    assert [run.name for _, run in runs.runs_below(tmp_path)] == ["a", "b"]
    assert [path for path, _ in runs.runs_below(tmp_path / "a")] == [tmp_path / "a"]
    with pytest.raises(SettingsError, match="no folder"):
        list(runs.runs_below(tmp_path / "none"))


def test_deleting_takes_a_runs_own_files_only(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    for name in ("news.events.deal.jsonl", ".eventwire.journal", ".eventwire.lock", "notes.txt", "my.jsonl"):
        (folder / name).touch()
    with pytest.raises(SettingsError, match="nothing was deleted"):
        runs.delete_folder(folder)
    assert len(list(folder.iterdir())) == 5
    runs.save_folder(folder, RUN)
    runs.delete_folder(folder)
    assert sorted(path.name for path in folder.iterdir()) == ["my.jsonl", "notes.txt"]
    for path in folder.iterdir():
        path.unlink()
    runs.save_folder(folder, RUN)
    runs.delete_folder(folder)
    assert not folder.exists()
