"""Repeated blocks on the stage's side: which lines are the same, what is marked, what the table must look like."""

from pathlib import Path

import orjson
import pytest

from pipeline.errors import SettingsError
from pipeline.language.repeated import FORMAT, RepeatedBlocks, line_hash, source_key
from pipeline.language.stage import DetectLanguage
from pipeline.records import Boilerplate, LanguageArticle, RawArticle, Source
from pipeline.settings import Settings

NEWS = "Der Stadtrat hat am Montag den Bau einer neuen Brücke über den Fluss beschlossen."
BLOCK = "Im Rathaus wurde die Ausstellung über den Hafen eröffnet."  # what no model takes for boilerplate


def table(path: Path, *lines: str, source: str = "a.example") -> Path:
    rows = [{"hash": (line_hash(line) or b"").hex(), "count": 5, "example": line} for line in lines]
    path.write_bytes(orjson.dumps({"format": FORMAT, "sources": {source: {"articles": 5, "lines": rows}}}))
    return path


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Aktualisiert: 12.03.2026, 8:14 Uhr", "  AKTUALISIERT: 3.4.2027,  17:05 Uhr.", True),
        ("» Mehr aus der Region Neustadt", "Mehr aus der Region Neustadt:", True),
        ("Mehr aus der Region Neustadt", "Mehr aus der Region Altstadt", False),
        ("本報記者採訪整理報導", "（本報記者採訪整理報導）", True),
    ],
)
def test_lines_are_the_same_without_case_numbers_and_signs_around(one: str, other: str, same: bool) -> None:
    assert line_hash(one) is not None
    assert (line_hash(one) == line_hash(other)) is same


@pytest.mark.parametrize(
    "line", ["", "***", "Angela Meier", "Top-Nachrichten", "Hintergrund", "1 2 3 4", "Ja, er ist da", "記者報導"]
)
def test_short_lines_are_no_blocks(line: str) -> None:
    assert line_hash(line) is None


@pytest.mark.parametrize(
    ("source", "url", "key"),
    [
        (Source(domain="WWW.A.example", name="A"), "https://b.example/1", "a.example"),
        (Source(name="A"), "https://www.b.example:443/1", "b.example"),
        (Source(name=" The  Daily "), None, "the daily"),
        (Source(name="A"), "https://[broken", "a"),
        (Source(), None, None),
        (None, None, None),
    ],
)
def test_what_a_source_is_called(source: Source | None, url: str | None, key: str | None) -> None:
    assert source_key(source, url) == key


def test_a_repeated_line_is_one_span_unless_it_is_marked_whole(tmp_path: Path) -> None:
    blocks = RepeatedBlocks.load(table(tmp_path / "t.json", BLOCK, NEWS))
    text = f"{NEWS}\n\n{BLOCK}\nNicht wiederholt ist dieser Satz.\n {BLOCK.upper()} \nEnde der Meldung."
    first, second = text.index(BLOCK), text.index(BLOCK.upper())
    whole = Boilerplate(start=first, end=first + len(BLOCK), kind="disclaimer")
    part = Boilerplate(start=second, end=second + 3, kind="ad")
    last = Boilerplate(start=text.index("Ende"), end=len(text), kind="share")
    found = blocks.mark(text, (whole, part, last), source="a.example", title=len(NEWS))
    assert found[0] == whole
    assert [(text[span.start : span.end].strip(), span.kind) for span in found[1:]] == [
        (BLOCK.upper(), "repeated"),
        ("Ende der Meldung.", "share"),
    ]
    assert blocks.mark(text, (whole,), source="b.example") == (whole,)
    assert blocks.mark(text, (whole,), source=None) == (whole,)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"format": 99, "sources": {}}',
        b'{"format": 1, "sources": []}',
        b'{"format": 1, "sources": {"a": {"lines": [{}]}}}',
        b'{"format": 1, "sources": {"a": {"lines": [{"hash": "xyz"}]}}}',
        b'{"format": 1, "sources": {"a": {"lines": [{"hash": 7}]}}}',
        b"\xff\xfe",
    ],
)
def test_a_table_that_is_none_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "table.json"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"EVENTWIRE_REPEATED_BLOCKS=.*table\.json is no table"):
        RepeatedBlocks.load(path)


def test_a_table_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="can't be read"):
        DetectLanguage.load(Settings(repeated_blocks=tmp_path / "none.json"))


def test_the_stage_marks_them_for_their_source_only_and_says_which_table_it_has(tmp_path: Path) -> None:
    one, other = table(tmp_path / "one.json", BLOCK), table(tmp_path / "two.json", BLOCK, NEWS)
    stages = [DetectLanguage.load(Settings(repeated_blocks=path)) for path in (None, one, other)]
    raw = RawArticle(id="1", source=Source(domain="a.example"), text=f"{NEWS}\n\n{BLOCK}")
    strange = RawArticle(id="2", source=Source(domain="b.example"), text=f"{NEWS}\n\n{BLOCK}")
    references, marked = [], []
    for stage in stages:
        for article in stage.run([raw, strange]):
            assert isinstance(article, LanguageArticle)
            references.append(article.models.language)
            marked.append([article.text[s.start : s.end] for s in article.boilerplate if s.kind == "repeated"])
    assert marked == [[], [], [BLOCK], [], [NEWS, BLOCK], []]
    assert len(set(references)) == 3
    assert DetectLanguage.load(Settings(repeated_blocks=one)).run([raw]) == stages[1].run([raw])
