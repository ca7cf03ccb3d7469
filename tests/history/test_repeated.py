"""Which lines a source repeats: the window, the least number, and that no order of the articles matters."""

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from pipeline.cli import main as cli
from pipeline.errors import SettingsError
from pipeline.history.archive_files import Store
from pipeline.history.archive_writer import write_messages
from pipeline.history.repeated import TEXTS, Read, reader, table
from pipeline.settings import Settings
from pipeline.streams.codec import read_structured, timestamp_text
from pipeline.streams.message import Message
from tests.history.archive_messages import FIRST_DAY, RAW, message, records

BLOCK = "Der Stadtrat hat am Montag den Bau einer Brücke beschlossen."  # what no model takes for boilerplate


def raw(number: int, *lines: str, minutes: float | None = None, **fields: Any) -> dict[str, Any]:
    """An article of a.example, `minutes` (default: its number) after the first; its other lines are its own."""
    at = FIRST_DAY + timedelta(minutes=number if minutes is None else minutes)
    letters = str(number).translate(str.maketrans("0123456789", "abcdefghij"))
    own = f"Meldung {letters} des Tages aus der Stadt"
    return {
        "id": f"a{number}",
        "source": {"domain": "a.example"},
        "text": "\n".join([own, *lines]),
        "published_at": timestamp_text(at),
        **fields,
    }


def reading(articles: Sequence[dict[str, Any]]) -> Read:
    def read() -> Iterator[tuple[str, Message]]:
        for number, article in enumerate(articles):
            yield RAW, message(article, offset=number)

    return read


def found(articles: Sequence[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """Source -> example -> count."""
    result = table(reading(articles), Settings(), progress=lambda what, done, total: None)
    return {
        name: {line["example"]: line["count"] for line in entry["lines"]} for name, entry in result["sources"].items()
    }


@pytest.mark.parametrize(("times", "counts"), [(4, {}), (5, {"a.example": {BLOCK: 5}}), (7, {"a.example": {BLOCK: 7}})])
def test_five_of_the_last_two_hundred(times: int, counts: dict[str, dict[str, int]]) -> None:
    assert found([raw(n, *([BLOCK] if n < times else [])) for n in range(200)]) == counts


def test_articles_before_the_last_two_hundred_do_not_count() -> None:
    blocks = [raw(n, BLOCK) for n in range(5)]
    assert found([*blocks, *(raw(n) for n in range(5, 200))]) == {"a.example": {BLOCK: 5}}
    later = [raw(n) for n in range(5, 201)]
    assert found([*blocks, *later]) == {}
    assert found([*later, *blocks]) == {}  # last by time, not by place


def test_sources_are_apart_and_those_without_one_do_not_count() -> None:
    articles = [raw(n, BLOCK, source={"domain": "b.example" if n < 4 else "a.example"}) for n in range(8)]
    assert found(articles) == {}
    assert found([*articles, raw(8, BLOCK), raw(9, BLOCK, source={})]) == {"a.example": {BLOCK: 5}}
    host = [raw(n, BLOCK, source={"name": "C"}, url=f"https://www.c.example/{n}") for n in range(5)]
    assert found(host) == {"c.example": {BLOCK: 5}}


def test_short_lines_headlines_versions_copies_and_deletions_do_not_count() -> None:
    assert found([raw(n, "Angela Meier", "Hintergrund") for n in range(20)]) == {}
    assert found([raw(n, title=BLOCK) for n in range(20)]) == {}
    assert found([raw(n % 4, f"Fassung {'abcde'[n // 4]} dieser Meldung", BLOCK) for n in range(20)]) == {}
    assert found([{**raw(0, BLOCK), "id": f"copy{n}"} for n in range(20)]) == {}
    assert found([{**raw(n, BLOCK), "action": "delete"} for n in range(20)]) == {}


def test_what_is_no_article_is_passed_over() -> None:
    broken: list[Any] = [{"id": 7}, {"text": ""}, {**raw(0, BLOCK), "published_at": "yesterday"}, [], {}]
    assert found([*broken, *(raw(n, BLOCK) for n in range(5))]) == {"a.example": {BLOCK: 5}}


def test_the_last_version_of_an_article_counts() -> None:
    articles = [raw(n, BLOCK) for n in range(5)]
    assert found([*articles, raw(0, "Ohne die übliche Zeile am Ende", minutes=900)]) == {}


def _spread(archive: Path, articles: Sequence[dict[str, Any]], partitions: int, topic: str) -> str:
    parts: list[list[Message]] = [[] for _ in range(partitions)]
    for article in articles:
        number = int.from_bytes(article["id"].encode(), "big") % partitions
        parts[number].append(message(article, offset=len(parts[number]), partition=number, topic=topic))
    for part in parts:
        if part:
            write_messages(Store(archive), part)
    return str(archive)


def test_the_table_is_the_same_whatever_the_partitions_and_the_order(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    articles = [raw(n, *([BLOCK] if n % 3 else []), f"Aktualisiert: {n % 28 + 1}.3.2026, 8 Uhr") for n in range(220)]
    tables = []
    for partitions in (1, 3):
        random.Random(partitions).shuffle(articles)
        names = [_spread(tmp_path / f"archive{partitions}", articles, partitions, RAW)]
        tables.append(_bytes(names))
    path = tmp_path / "articles.jsonl"
    path.write_bytes(b"".join(orjson.dumps(article) + b"\n" for article in articles))
    tables.append(_bytes([str(path)]))
    assert tables[0] == tables[1] == tables[2]
    lines = orjson.loads(tables[0])["sources"]["a.example"]["lines"]
    assert [line["count"] for line in lines] == [200, 133]
    assert lines[0]["example"].startswith("Aktualisiert: ")


def test_an_archive_of_texts_is_read_as_such(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    record = dict(records(0, days=1))[TEXTS]
    articles = [{**record, **raw(n, BLOCK), "title": None} for n in range(5)]
    articles = [{key: value for key, value in article.items() if value is not None} for article in articles]
    names = [_spread(tmp_path / "archive", articles, 2, TEXTS)]
    assert [line["example"] for line in orjson.loads(_bytes(names))["sources"]["a.example"]["lines"]] == [BLOCK]
    empty = _spread(
        tmp_path / "events", [dict(records(0, days=1))["news.events.deal"] | {"id": "e"}], 1, "news.events.deal"
    )
    with pytest.raises(SettingsError, match="archive one of them"):
        reader([empty], Settings())


def _bytes(names: list[str]) -> bytes:
    settings = Settings()
    return orjson.dumps(table(reader(names, settings), settings, progress=lambda what, done, total: None))


def run(*arguments: Any) -> int:
    return cli.run([str(argument) for argument in arguments])


def test_the_command_and_a_real_run_with_its_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one and in two processes; the language stage alone."""
    path, blocks = tmp_path / "in.jsonl", tmp_path / "blocks.json"
    path.write_bytes(b"".join(orjson.dumps(raw(n, BLOCK)) + b"\n" for n in range(6)))
    assert run("repeated-blocks", path, "--out", blocks) == 0
    assert "1 repeated lines of 1 sources" in capsys.readouterr().err
    monkeypatch.setenv("EVENTWIRE_REPEATED_BLOCKS", str(blocks))
    one, two = tmp_path / "one", tmp_path / "two"
    for out, workers in ((one, 1), (two, 2)):
        assert run("run", path, "--stages", "language", "--workers", workers, "--out", out, "-q") == 0
    assert _marked(one) == _marked(two) == [[BLOCK]] * 6
    assert _models(one) == _models(two)
    again = tmp_path / "again.json"
    assert run("repeated-blocks", one, "--out", again, "-q") == 0
    assert again.read_bytes() == blocks.read_bytes()  # from texts as from raw articles
    capsys.readouterr()
    monkeypatch.delenv("EVENTWIRE_REPEATED_BLOCKS")
    assert run("run", path, "--stages", "language", "--out", one, "-q") == 2
    assert "repeated_blocks" in capsys.readouterr().err


def _articles(out: Path) -> list[dict[str, Any]]:
    lines = (out / f"{TEXTS}.jsonl").read_bytes().splitlines()
    return sorted(
        (orjson.loads(read_structured(line, topic=TEXTS).value or b"") for line in lines), key=lambda a: a["id"]
    )


def _marked(out: Path) -> list[list[str]]:
    return [
        [a["text"][s["start"] : s["end"]] for s in a.get("boilerplate", ()) if s["kind"] == "repeated"]
        for a in _articles(out)
    ]


def _models(out: Path) -> set[str]:
    return {article["models"]["language"] for article in _articles(out)}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none.jsonl", "--out", "t.json"], "There is no file or directory none.jsonl"),
        (["-", "--out", "t.json"], "read twice"),
        ([".", "--out", "t.json"], "There is no article"),
        (["x.jsonl", "--out", "nowhere/t.json"], "can't be written"),
    ],
)
def test_mistakes_are_told_in_one_line(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("repeated-blocks", *arguments) == 2
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_times_may_have_any_zone() -> None:
    articles = [raw(n, BLOCK) for n in range(5)]
    shifted = [{**a, "published_at": datetime.fromisoformat(a["published_at"]).isoformat()} for a in articles]
    assert found(shifted) == found(articles)
