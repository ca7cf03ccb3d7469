"""What the boilerplate model learns from and is measured on, as pages of labelled units.

- `boilerplate/train.jsonl` (written by us, CC0): 118 page-like texts in 11 languages; the only ones it is measured on.
- `training/data/boilerplate*.tsv` (written by us, CC0): lines in 74 languages; never measured on.
- Wikinews articles and business news (CC BY 2.5, CC BY 4.0; `training.articles`): news, with their held-out parts left
  out; Romanian newspapers (RONEC, MIT), sentences of UNER (CC BY-SA 4.0) and in 75 languages (Apache-2.0): news, at a
  low weight.
"""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass, replace

from pipeline.language.boilerplate_model import KINDS
from pipeline.language.clean import clean
from pipeline.language.units import Unit, split_units
from training import articles, places
from training.boilerplate_lines import read_lines

SMALL_WEIGHT, NEWS_WEIGHT, MIXED_WEIGHT = 0.3, 0.7, 0.4
LINE_WEIGHT = 0.8


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
    """One page a line or block, all of one kind."""
    return [
        _plain(f"line-{n}", line.language, line.text, line.kind, LINE_WEIGHT) for n, line in enumerate(read_lines())
    ]


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


# Languages with many texts to be read and few articles here.
_MANY = ("pt", "pl", "sv", "ru", "ro", "nl", "it", "es", "fr", "da", "nb", "cs", "tr", "uk")
_UNER = {"pt": "Portuguese-Bosque", "sv": "Swedish-Talbanken", "da": "Danish-DDT", "hr": "Croatian-SET"}


def sentences() -> list[Page]:
    """News in languages of which there are no articles, six lines a page. Some of it is from the web and not quite
    news: low weight.
    """
    lines: dict[str, list[str]] = {}
    for path in sorted((places.data() / "language").glob("*.txt")):
        if path.stem != "LICENSE":
            count = 90 if path.stem in _MANY else 18
            lines[path.stem] = path.read_text(encoding="utf-8").splitlines()[:count]
    for language, name in _UNER.items():
        (path,) = (places.data() / "ner" / "uner" / f"UNER_{name}").glob("*train.iob2")
        texts = [line[9:] for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("# text = ")]
        lines[language] += texts[:300]
    ronec = json.loads((places.data() / "ner" / "ro-ronec" / "data" / "valid.json").read_text(encoding="utf-8"))
    for record in ronec[:300]:
        pairs = zip(record["tokens"], record["space_after"], strict=True)
        lines["ro"].append("".join(token + " " * space for token, space in pairs).strip())
    pages = []
    for language, found in lines.items():
        for start in range(0, len(found), 6):
            text = "\n".join(clean(None, line).text for line in found[start : start + 6])
            pages.append(_plain(f"{language}-{start}", language, text, "content", SMALL_WEIGHT))
    return [page for page in pages if page.units]


# Where lines of a kind stand on a page: chances of the top, the middle and the end.
_PLACES = {
    "byline": (0.75, 0.05, 0.2), "caption": (0.4, 0.5, 0.1), "ad": (0.1, 0.55, 0.35), "teaser": (0.1, 0.6, 0.3),
    "newsletter": (0.1, 0.35, 0.55), "cookie": (0.3, 0.3, 0.4), "disclaimer": (0.1, 0.1, 0.8),
    "related": (0.1, 0.2, 0.7), "share": (0.4, 0.1, 0.5),
}  # fmt: skip


def mixed(news_pages: list[Page], line_pages: list[Page], *, seed: int = 3) -> list[Page]:
    """Pages made of articles and lines, as pages have them: bylines above, links below, advertising in between or at
    the end of a paragraph. Some pages are nearly all news, some hardly.
    """
    draw = random.Random(seed)
    by_language: dict[str, list[Page]] = {}
    for page in line_pages:
        if page.labels and page.labels[0] != 0:
            by_language.setdefault(page.language, []).append(page)
    pages = []
    for page in news_pages:
        pool = by_language.get(page.language)
        paragraphs = [(line, "content") for line in page.text.split("\n") if line]
        paragraphs = paragraphs[: draw.choice((3, 5, 8, 12))]
        if not pool or not paragraphs:
            continue
        parts: tuple[list[tuple[str, str]], ...] = ([], [], [])
        for line in draw.sample(pool, min(len(pool), draw.choice((1, 2, 3, 4, 6, 8, 10)))):
            kind = KINDS[line.labels[0]]
            parts[draw.choices((0, 1, 2), _PLACES[kind])[0]].append((line.text, kind))
        for middle in parts[1]:
            paragraphs.insert(draw.randrange(1, len(paragraphs) + 1), middle)
        whole = [*parts[0], *paragraphs, *parts[2]]
        pages.append(_page(f"mixed-{page.id}", page.language, whole, joined=draw.random() < 0.35))
    return pages


def _page(name: str, language: str, paragraphs: list[tuple[str, str]], *, joined: bool) -> Page:
    """A page of paragraphs; `joined`: advertising that follows a paragraph stands in it."""
    text, starts = "", []
    for number, (paragraph, kind) in enumerate(paragraphs):
        runs = kind in ("ad", "teaser", "content", "disclaimer") and "\n" not in paragraph
        same = joined and runs and number and paragraphs[number - 1][1] != kind
        text += "" if not number else " " if same and re.search(r"[.!?]$", text) else "\n"
        starts.append((len(text), kind))
        text += paragraph
    units = split_units(text)
    labels = [KINDS.index([kind for start, kind in starts if start <= unit.start][-1]) for unit in units]
    return Page(name, language, text, tuple(units), tuple(labels), MIXED_WEIGHT)


def _plain(name: str, language: str, text: str, kind: str, weight: float) -> Page:
    units = split_units(text)
    return Page(name, language, text, tuple(units), (KINDS.index(kind),) * len(units), weight)
