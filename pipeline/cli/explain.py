"""`eventwire explain`: one article, and why these events and no others."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.errors import InvalidInput, SettingsError
from pipeline.records import RawArticle, from_json
from pipeline.settings import Settings, load_settings

if TYPE_CHECKING:
    from pipeline.events.trace import Explanation

STDIN = "-"
LONGEST_TITLE = 200  # characters; a longer first line of a plain text is no title


def explain(
    article: Annotated[
        str, typer.Argument(help="A file with one article: JSON, plain text or HTML; .jsonl with --line; - for stdin.")
    ],
    line: Annotated[int, typer.Option(min=1, help="Which line of a .jsonl file.")] = 1,
    published: Annotated[
        str | None, typer.Option(help="When a text or page was published (2026-11-25T09:30:00Z): dates need it.")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page that stands alone into this file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the classified article and the decisions.")] = False,
    model: Annotated[Path | None, typer.Option(help="Folder of the model to use instead of the shipped one.")] = None,
) -> None:
    """Show what was read in one article, and for every sentence which events were considered and why they were kept
    or dropped.

    Examples:

    eventwire explain examples/articles.jsonl --line 3

    eventwire explain page.html --published 2026-11-25T09:30:00Z --html why.html

    cat article.txt | eventwire explain -
    """
    raw = read_article(article, line=line, published=published)
    settings = load_settings(model=model)
    explanation = explain_article(raw, settings)
    if html is not None:
        from pipeline.cli.explain_html import page

        try:
            html.write_text(page(explanation), encoding="utf-8")
        except OSError as error:
            raise SettingsError(f"--html {html}: cannot be written ({error.strerror}).") from error
        print(f"written: {html}", file=sys.stderr)
    if as_json:
        import orjson

        sys.stdout.buffer.write(orjson.dumps(as_dict(explanation), option=orjson.OPT_INDENT_2) + b"\n")
    elif html is None:
        from pipeline.cli.explain_text import show

        show(explanation)


def explain_article(raw: RawArticle, settings: Settings) -> Explanation:
    """The article through all three stages. Raises the `InvalidInput` that would send it to the dead letters."""
    from pipeline.entities.stage import TagEntities
    from pipeline.events.stage import ClassifyEvents
    from pipeline.language.stage import DetectLanguage

    (language,) = DetectLanguage.load(settings).run([raw])
    if isinstance(language, InvalidInput):
        raise language
    (entities,) = TagEntities.load(settings).run([language])
    if isinstance(entities, InvalidInput):
        raise entities
    return ClassifyEvents.load(settings).explain(entities)


def as_dict(explanation: Explanation) -> dict[str, Any]:
    """What `--json` prints: the record of `news.articles.classified`, and the decisions."""
    from pipeline.records import to_json

    return {"article": to_json(explanation.article), "decisions": [to_json(item) for item in explanation.decisions]}


def read_article(source: str, *, line: int = 1, published: str | None = None) -> RawArticle:
    """The article in a file or on stdin. JSON is a raw article or a CloudEvent with one under `data`.

    Raises `SettingsError` if there is no such file or line, `InvalidInput` for bytes that are no article.
    """
    from pipeline.streams.decode import decode
    from pipeline.streams.topics import validate

    try:
        content = sys.stdin.buffer.read() if source == STDIN else Path(source).read_bytes()
    except OSError as error:
        raise SettingsError(f"{source}: cannot be read ({error.strerror}).") from error
    if source.endswith((".jsonl", ".ndjson")):
        lines = [row for row in content.splitlines() if row.strip()]
        if line > len(lines):
            raise SettingsError(f"{source} has {len(lines)} articles: there is no line {line}.")
        content = lines[line - 1]
    elif line != 1:
        raise SettingsError(f"--line {line}: {source} is no .jsonl file.")
    if content.lstrip()[:1] == b"{":
        data = decode(content)
        if isinstance(data, dict) and "specversion" in data and isinstance(data.get("data"), dict):
            data = data["data"]
        validate("news.articles.raw", data)
        return from_json(RawArticle, data)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingsError(f"{source} is not UTF-8 (byte {error.start}): convert it, e.g. with iconv.") from error
    if text.lstrip()[:1] == "<" or source.endswith((".html", ".htm")):
        return RawArticle(html=text, published_at=published)
    title, body = split_title(text)
    return RawArticle(title=title, text=body, published_at=published)


def split_title(text: str) -> tuple[str | None, str]:
    """A first line of its own, with an empty line after it, is the title."""
    first, _, rest = text.strip().partition("\n")
    if rest.strip() and rest[:1] in "\r\n" and len(first) <= LONGEST_TITLE:
        return first.strip(), rest.strip()
    return None, text
