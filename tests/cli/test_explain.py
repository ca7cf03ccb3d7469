"""`eventwire explain`: what it takes, what it shows, and that a hostile article can't use it."""

import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console

from pipeline.cli import explain as command
from pipeline.cli.explain_html import page
from pipeline.cli.explain_marks import segments, visible
from pipeline.cli.explain_text import show
from pipeline.cli.main import run
from pipeline.errors import InvalidInput, SettingsError
from pipeline.events.trace import Explanation
from tests.events.story import Story

HOSTILE = "Siemens \x1b[2J\x9b5n<script>alert(1)</script> [bold]bought\u202e Alstom & Co"


def example() -> Explanation:
    story = Story(
        "Siemens bought Alstom for 5 billion euros on Monday. Buy the share now! Should you buy? It may sell parts.",
        title="Siemens buys Alstom",
    )
    story.entity("Siemens", "ORG").entity("Alstom", "ORG").amount("5 billion euros", "5000000000", "EUR")
    story.date("Monday", "2026-03-02").boilerplate("Buy the share now!")
    story.event("deal.acquisition", "buys", 0.95).role("acquirer", "Siemens").role("target", "Alstom")
    story.event("deal.acquisition", "bought").role("acquirer", "Siemens", after=20)
    story.event("financial.insider", "Buy", after=60).event("deal.acquisition", "buy", after=90)
    story.event("deal.divestiture", "sell", 0.3).event("deal.contract", "sell", 0.8)
    return story.explain()


def hostile() -> Explanation:
    story = Story(f"{HOSTILE}.", title=HOSTILE).entity("Siemens", "ORG", id='x:"><img src=x>')
    return story.event("deal.acquisition", "bought").role("acquirer", "Siemens").explain()


def shown(explanation: Explanation, *, colours: bool = False) -> str:
    out = io.StringIO()
    show(
        explanation,
        Console(file=out, force_terminal=colours, soft_wrap=True, highlight=False, emoji=False, markup=False, width=80),
    )
    return out.getvalue()


def test_every_candidate_has_its_reason() -> None:
    text = shown(example())
    for words in (
        "deal.acquisition           0.95 >= 0.50  kept: event 1",
        "deal.acquisition           0.90 >= 0.50  kept: merged into event 1",
        "dropped: boilerplate",
        "dropped: a question",
        "deal.divestiture           0.30 < 0.50  dropped: below the threshold",
        "dropped: no participant",
        "Monday  = 2026-03-02",
        "= 5000000000 EUR",
        "ORG      Siemens  x:siemens  x2",
    ):
        assert words in text


def test_a_hostile_article_does_not_command_the_terminal() -> None:
    text = shown(hostile())
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text)
    assert "<U+001B>[2J" in text
    assert "[bold]bought" in text  # no markup either
    colours = shown(hostile(), colours=True)
    assert not re.search(r"\x1b(?!\[[0-9;]*m)", colours)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_the_page_stands_alone_and_is_escaped() -> None:
    for explanation in (example(), hostile()):
        text = page(explanation)
        tags = _Tags()
        tags.feed(text)
        names = {tag for tag, _ in tags.found}
        assert not names & {"script", "img", "link", "iframe", "object", "form", "base"}
        for _, attributes in tags.found:
            assert not [name for name in attributes if name.startswith("on") or name in ("src", "action")]
            assert (attributes.get("href") or "#").startswith("#")
        assert "default-src 'none'" in text
        assert "<mark>" in text
    assert "&lt;script&gt;" in page(hostile())
    assert "\x1b" not in page(hostile())


def test_segments_cover_the_text_once() -> None:
    marks = [(2, 4, "a"), (3, 5, "b"), (6, 9, "c")]
    assert list(segments("0123456789", 1, 8, marks)) == [("1", None), ("23", "a"), ("4567", None)]


@pytest.mark.parametrize(
    ("text", "safe"), [("a\nb", "a b"), ("\x1b", "<U+001B>"), ("né 🙂", "né 🙂"), ("\u2066", "<U+2066>")]
)
def test_visible(text: str, safe: str) -> None:
    assert visible(text) == safe


def test_json_is_a_raw_article_or_an_event_with_one(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    raw = {"id": "1", "action": "add", "title": "T", "text": "Body."}
    for content in (raw, {"specversion": "1.0", "data": raw}):
        path.write_text(json.dumps(content))
        assert command.read_article(str(path)).title == "T"
    path.write_text(json.dumps({"action": "add", "title": 5}))
    with pytest.raises(InvalidInput, match="title"):
        command.read_article(str(path))
    path.write_text("{no json")
    with pytest.raises(InvalidInput, match="JSON"):
        command.read_article(str(path))


def test_articles_of_a_file_have_numbers(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"id":"1","action":"add","text":"one"}\n{"id":"2","action":"add","text":"two"}\n')
    assert command.read_article(str(path)).text == "one"
    assert command.read_article(str(path), number=2).text == "two"
    with pytest.raises(SettingsError, match="there is no number 3"):
        command.read_article(str(path), number=3)
    (tmp_path / "b.txt").write_text("Text.")
    with pytest.raises(SettingsError, match="directory of 2 files"):
        command.read_article(str(tmp_path))


def test_text_and_html(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("Siemens buys Alstom\n\nThe deal is done.\n")
    article = command.read_article(str(path), published="2026-03-05T09:30:00Z")
    assert (article.title, article.text) == ("Siemens buys Alstom", "The deal is done.")
    assert article.published_at == "2026-03-05T09:30:00Z"
    page = tmp_path / "a.html"
    page.write_text("<!doctype html><p>Hello")
    assert command.read_article(str(page)).html is not None
    with pytest.raises(SettingsError, match="nowhere"):
        command.read_article(str(tmp_path / "nowhere"))


@pytest.fixture
def fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "explain_article", lambda raw, settings: example())


@pytest.mark.usefixtures("fixed")
def test_the_command(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    path = tmp_path / "a.txt"
    path.write_text("Siemens bought Alstom.")
    assert run(["explain", str(path)]) == 0
    assert b"kept: event 1" in capfdbinary.readouterr().out
    assert run(["explain", str(path), "--json"]) == 0
    printed = json.loads(capfdbinary.readouterr().out)
    assert printed["article"]["events"][0]["type"] == "deal.acquisition"
    assert printed["decisions"][0]["verdict"] == "kept"
    assert run(["explain", str(path), "--html", str(tmp_path / "why.html")]) == 0
    assert "<mark>" in (tmp_path / "why.html").read_text("utf-8")
    assert run(["explain", str(path), "--html", str(tmp_path / "no" / "why.html")]) == 2
    assert b"cannot be written" in capfdbinary.readouterr().err


def test_mistakes_are_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "nowhere.txt"]) == 2
    error = capfd.readouterr().err
    assert error.startswith("error: ")
    assert "nowhere.txt" in error
    assert error.count("\n") == 1
