"""`eventwire explain`: one article, and why these events and no others."""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.html_page import check_place, write
from pipeline.errors import InvalidInput, SettingsError
from pipeline.records import RawArticle, from_json
from pipeline.settings import Settings, load_settings

if TYPE_CHECKING:
    from pipeline.events.trace import Explanation


def explain(
    article: Annotated[
        str, typer.Argument(metavar="FILE|-", help="JSON, JSON Lines, plain text or HTML; - is standard input.")
    ],
    number: Annotated[int, typer.Option("--number", "-n", min=1, help="Which article of the file.")] = 1,
    published: Annotated[
        str | None, typer.Option(help="When a text or page was published (2026-11-25T09:30:00Z): dates need it.")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page that stands alone into this file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the classified article and the decisions.")] = False,
    model: Annotated[Path | None, typer.Option(help="Folder of the model to use instead of the shipped one.")] = None,
) -> None:
    """Show what was read in one article, and for every sentence which events were considered and why they were kept
    or dropped.

    \b
    Examples:
      eventwire explain examples/articles.jsonl -n 3
      eventwire explain page.html --published 2026-11-25T09:30:00Z --html why.html
      cat article.txt | eventwire explain -
    """
    if html is not None:
        check_place(html)
    raw = read_article(article, number=number, published=published)
    settings = load_settings(model=model)
    explanation = explain_article(raw, settings)
    if html is not None:
        from pipeline.cli.explain_html import page

        write(page(explanation), html)
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


def read_article(source: str, *, number: int = 1, published: str | None = None) -> RawArticle:
    """Article `number` of a file or of standard input, in any format that `eventwire run` reads. JSON is a raw
    article, or a CloudEvent that carries one. `published` is for texts and pages, which don't say.

    Raises `SettingsError` if there is no such file or article, `InvalidInput` for bytes that are no article.
    """
    from pipeline.local.inputs import find_inputs
    from pipeline.local.read import Reader
    from pipeline.streams.decode import decode
    from pipeline.streams.topics import validate

    inputs = find_inputs([source])
    if len(inputs) > 1:
        raise SettingsError(f"{source} is a directory of {len(inputs)} files: name one of them.")
    items = list(islice(Reader(inputs, clock=lambda: 0), number))
    if len(items) < number:
        raise SettingsError(f"{source} has {len(items)} articles: there is no number {number}.")
    item = items[-1]
    if item.rejected is not None:
        raise item.rejected
    data = decode(item.message.value)
    if isinstance(data, dict) and "specversion" in data and isinstance(data.get("data"), dict):
        data = data["data"]
    validate("news.articles.raw", data)
    raw = from_json(RawArticle, data)
    return raw if raw.published_at or not published else replace(raw, published_at=published)
