import os
from pathlib import Path

import pytest

from pipeline.errors import SettingsError
from pipeline.local.inputs import Format, Input, find_inputs, format_of


def test_formats_by_ending() -> None:
    assert format_of("a.JSONL") is Format.JSONL
    assert format_of("b/c.ndjson.gz") is Format.JSONL
    assert format_of("c.json.zst") is Format.JSON
    assert format_of("c.txt.gz") is Format.TEXT
    assert format_of("d.htm") is format_of("d.html.gz") is Format.HTML
    assert format_of("e") is format_of("e.gz") is format_of("e.pdf") is None


def test_a_directory_is_walked_in_order_without_what_is_no_article(tmp_path: Path) -> None:
    for name in ("b/2.txt", "b/10.txt", "a.jsonl", "c.html", "notes.pdf", ".hidden.txt", ".git/x.txt", "out/t.jsonl"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    skipped: list[str] = []
    found = find_inputs([str(tmp_path)], without=tmp_path / "b" / ".." / "out", on_skip=skipped.append)
    assert [os.path.relpath(i.name, tmp_path) for i in found] == ["a.jsonl", "c.html", "b/10.txt", "b/2.txt"]
    assert [i.format for i in found] == [Format.JSONL, Format.HTML, Format.TEXT, Format.TEXT]
    assert skipped == [str(tmp_path / "notes.pdf")]
    assert all(i.size == 1 for i in found)


def test_a_run_does_not_read_what_it_wrote_beside_its_articles(tmp_path: Path) -> None:
    """It would dead-letter its own lines, read these too, and never end."""
    for name in ("a.jsonl", "news.articles.raw.jsonl", "news.events.deal.jsonl", "x.news.deadletters.language.jsonl"):
        (tmp_path / name).write_text("x")
    found = find_inputs([str(tmp_path)], without=tmp_path)
    assert [Path(i.name).name for i in found] == ["a.jsonl", "news.articles.raw.jsonl"]
    assert len(find_inputs([str(tmp_path)], without=tmp_path / "out")) == 4


def test_a_file_that_cannot_be_read_is_told_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "b.txt").symlink_to(tmp_path / "gone.txt")
    with pytest.raises(SettingsError, match=r"b\.txt can't be read: a link to nothing"):
        find_inputs([str(tmp_path)])


def test_a_folder_that_cannot_be_listed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "shut").mkdir()
    listing = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("shut"):
            raise PermissionError(13, "Permission denied", str(path))
        return listing(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(SettingsError, match="shut can't be listed: Permission denied"):
        find_inputs([str(tmp_path)])


def test_names_stay_as_the_user_gave_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in.txt").write_text("x")
    assert find_inputs(["./in.txt", "-"], format=Format.HTML) == [
        Input("./in.txt", Format.HTML),
        Input("-", Format.HTML),
    ]
    assert find_inputs(["in.txt"])[0].name == "in.txt"
    assert find_inputs(["."])[0].name == "./in.txt"


@pytest.mark.parametrize(
    ("names", "reason"),
    [(["no.txt"], "no file or directory no.txt"), (["-", "-"], "once only"), (["."], "no article in .")],
)
def test_mistakes(names: list[str], reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match=reason):
        find_inputs(names)


def test_a_file_that_went_away(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    (found,) = find_inputs([str(tmp_path / "a.txt")])
    (tmp_path / "a.txt").unlink()
    with pytest.raises(SettingsError, match="can't be read: No such file"):
        found.open()
