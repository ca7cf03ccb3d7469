"""What the boilerplate model learns from and is measured on, as pages of labelled units.

- `boilerplate/train.jsonl` (written by us, CC0): 118 page-like texts in 11 languages; the only ones it is measured on.
- `training/data/boilerplate.tsv` (written by us, CC0): single lines, language, kind, text; never measured on.
- Wikinews articles and business news (CC BY 2.5, CC BY 4.0; `training.articles`): news, with their held-out parts left
  out; Romanian newspapers (RONEC, MIT) and sentences in 75 languages (Apache-2.0): news, at a low weight.
"""

from __future__ import annotations

import csv
import json
import random
import re
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.language.boilerplate_model import KINDS
from pipeline.language.clean import clean
from pipeline.language.units import Unit, split_units
from training import articles, places

LINES = Path(__file__).resolve().parent / "data" / "boilerplate.tsv"
SMALL_WEIGHT, NEWS_WEIGHT, LINE_WEIGHT = 0.15, 0.4, 0.8


@dataclass(frozen=True)
class Page:
    """A text, its units, the label of each (number in `KINDS`) and the weight of one unit in training."""

    id: str
    language: str
    text: str
    units: tuple[Unit, ...]
    labels: tuple[int, ...]
    weight: float = 1.0
    title: int = 0  # characters of the headline


def measured_pages() -> list[Page]:
    """The pages with gold lines, which cross-validation splits by page: each is a source of its own."""
    pages = []
    with (places.data() / "boilerplate" / "train.jsonl").open(encoding="utf-8") as lines:
        for record in map(json.loads, lines):
            units = split_units(record["text"])
            labels = []
            for unit in units:
                kind = next(kind for start, end, kind in record["lines"] if start <= unit.start < end)
                labels.append(KINDS.index(kind))
            pages.append(Page(record["id"], record["language"], record["text"], tuple(units), tuple(labels)))
    return pages


def lines() -> list[Page]:
    """One page a line."""
    with LINES.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [_plain(f"line-{n}", language, text, kind, LINE_WEIGHT) for n, (language, kind, text) in enumerate(rows)]


def news(part: str, *, limit: int | None = None) -> list[Page]:
    """Articles of one part (`train`, `dev`, `test`), every unit news."""
    records = [record for record in articles.plain() if articles.part(record) == part]
    random.Random(7).shuffle(records)
    pages = []
    for record in records[:limit]:
        body = record["text"].removeprefix(record["title"]).strip()
        text = clean(record["title"], "\n".join(body.split("\n")[:25])).text
        page = _plain(record["id"], record["language"], text, "content", NEWS_WEIGHT)
        pages.append(replace(page, title=text.find("\n") + 1))
    return pages


def evidence(part: str) -> list[Page]:
    """The sentences that annotators read events from, one page an article: each one marked is a lost event."""
    pages = []
    for record in articles.annotated():
        quotes = sorted({event["evidence"]["text"].replace("\n", " ") for event in record["events"]})
        if quotes and articles.part(record) == part:
            text = "\n".join(quotes)
            pages.append(_plain(f"evidence-{record['id']}", record["language"], text, "content", NEWS_WEIGHT))
    return pages


def sentences() -> list[Page]:
    """News in languages of which there are no articles. Some of it is from the web and not quite news: low weight."""
    pages = []
    for path in sorted((places.data() / "language").glob("*.txt")):
        if path.stem == "LICENSE":
            continue
        count = 60 if path.stem in ("pt", "pl", "sv", "ru", "ro", "da", "nb", "cs", "tr") else 8
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()[:count]):
            pages.append(_plain(f"{path.stem}-{number}", path.stem, clean(None, line).text, "content", SMALL_WEIGHT))
    ronec = json.loads((places.data() / "ner" / "ro-ronec" / "data" / "valid.json").read_text(encoding="utf-8"))
    for record in ronec[:300]:
        pairs = zip(record["tokens"], record["space_after"], strict=True)
        text = "".join(token + " " * space for token, space in pairs).strip()
        pages.append(_plain(f"ronec-{record['id']}", "ro", clean(None, text).text, "content", SMALL_WEIGHT))
    return [page for page in pages if page.units]


def mixed(news_pages: list[Page], line_pages: list[Page], *, seed: int = 3) -> list[Page]:
    """Articles with lines put into them, as pages have them: most after the end, some between or before, some at the
    end of the last paragraph. News stays by far the greater part.
    """
    draw = random.Random(seed)
    by_language: dict[str, list[Page]] = {}
    for page in line_pages:
        if page.labels[0] != 0:
            by_language.setdefault(page.language, []).append(page)
    pages = []
    for page in news_pages:
        pool = by_language.get(page.language)
        paragraphs = [(line, "content") for line in page.text.split("\n") if line][:12]
        if not pool:
            continue
        for line in draw.sample(pool, min(len(pool), draw.choice((1, 2, 2, 3, 4, 6)))):
            kind, text = KINDS[line.labels[0]], line.text
            place = draw.random()
            if place < 0.2 and len(paragraphs) > 2:
                paragraphs.insert(draw.randrange(1, len(paragraphs)), (text, kind))
            elif place < 0.3:
                paragraphs.insert(0, (text, kind))
            else:
                paragraphs.append((text, kind))
        pages.append(_page(f"mixed-{page.id}", page.language, paragraphs, joined=draw.random() < 0.35))
    return pages


def _page(name: str, language: str, paragraphs: list[tuple[str, str]], *, joined: bool) -> Page:
    """A page of paragraphs; `joined`: advertising that follows a paragraph stands in it."""
    text, starts = "", []
    for number, (paragraph, kind) in enumerate(paragraphs):
        runs = kind in ("ad", "teaser", "content", "disclaimer")
        same = joined and runs and number and paragraphs[number - 1][1] != kind
        text += "" if not number else " " if same and re.search(r"[.!?]$", text) else "\n"
        starts.append((len(text), kind))
        text += paragraph
    units = split_units(text)
    labels = [KINDS.index([kind for start, kind in starts if start <= unit.start][-1]) for unit in units]
    return Page(name, language, text, tuple(units), tuple(labels), NEWS_WEIGHT)


def _plain(name: str, language: str, text: str, kind: str, weight: float) -> Page:
    units = split_units(text)
    return Page(name, language, text, tuple(units), (KINDS.index(kind),) * len(units), weight)
