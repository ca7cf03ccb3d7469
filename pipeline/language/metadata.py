"""What a page says about itself: JSON-LD first, then OpenGraph and meta tags, then `time`, `link` and `html lang`."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson

MAX_JSON_LD = 200_000  # characters of one block; longer ones hold no article
ARTICLE_TYPES = ("article", "newsarticle", "reportagenewsarticle", "blogposting", "liveblogposting", "webpage")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageMetadata:
    """As the page has it, stripped, never empty. `url` is absolute. `published_at` is not parsed yet."""

    title: str | None = None
    published_at: str | None = None
    url: str | None = None
    source_name: str | None = None
    language: str | None = None


def read_metadata(tree: Any) -> PageMetadata:
    """Reads an lxml tree. Never fails: what is malformed is passed over."""
    metas: dict[str, str] = {}
    for element in tree.iter("meta"):
        name = element.get("property") or element.get("name") or element.get("itemprop")
        if name:
            metas.setdefault(name.lower(), element.get("content") or "")
    article = next(_articles(tree), {})
    links = (
        element.get("href")
        for element in tree.iter("link")
        if "canonical" in (element.get("rel") or "").lower().split()
    )
    times = (element.get("datetime") for element in tree.iter("time"))
    publisher, main = _one(article.get("publisher")), _one(article.get("mainEntityOfPage"))
    addresses = (metas.get("og:url"), article.get("url"), main.get("@id") if isinstance(main, dict) else main)
    return PageMetadata(
        title=_first(article.get("headline"), metas.get("og:title"), *_texts(tree, "h1"), *_texts(tree, "title")),
        published_at=_first(
            article.get("datePublished"),
            metas.get("article:published_time"),
            metas.get("datepublished"),
            metas.get("date"),
            metas.get("dc.date"),
            metas.get("dcterms.created"),
            *times,
        ),
        url=next((url for url in map(_first, (*links, *addresses)) if _absolute(url)), None),
        source_name=_first(publisher, metas.get("og:site_name")),
        language=_first(article.get("inLanguage"), tree.get("lang"), metas.get("og:locale"), metas.get("language")),
    )


def _articles(tree: Any) -> Iterator[dict[str, Any]]:
    """JSON-LD objects that describe an article, best kind first."""
    found = []
    for element in tree.iter("script"):
        if (element.get("type") or "").lower().strip() != "application/ld+json":
            continue
        text = element.text or ""
        if len(text) > MAX_JSON_LD:
            continue
        try:
            value = orjson.loads(text.strip())
        except orjson.JSONDecodeError:
            continue
        found += _objects(value)
    ranked = [(rank, item) for item in found if (rank := _rank(item)) is not None]
    yield from (item for _, item in sorted(ranked, key=lambda pair: pair[0]))


def _objects(value: Any) -> list[dict[str, Any]]:
    items = value if isinstance(value, list) else [value]
    objects = [item for item in items if isinstance(item, dict)]
    graphs = [item["@graph"] for item in objects if isinstance(item.get("@graph"), list)]
    return objects + [item for graph in graphs for item in graph if isinstance(item, dict)]


def _rank(item: dict[str, Any]) -> int | None:
    kinds = item.get("@type")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    names = [kind.lower() for kind in kinds if isinstance(kind, str)]
    ranks = [ARTICLE_TYPES.index(name) for name in names if name in ARTICLE_TYPES]
    return min(ranks) if ranks else 0 if any(name.endswith("newsarticle") for name in names) else None


def _one(value: Any) -> Any:
    """The first of several."""
    return value[0] if isinstance(value, list) and value else value


def _texts(tree: Any, tag: str) -> list[str]:
    return ["".join(element.itertext()) for element in list(tree.iter(tag))[:3]]


def _first(*values: Any) -> str | None:
    """The first value that is a string with anything in it; of objects with a name, the name."""
    for value in values:
        value = value.get("name") if isinstance(value, dict) else value
        if isinstance(value, str) and value.strip():
            return " ".join(value.split())[:2000]
    return None


def _absolute(url: str | None) -> bool:
    if url is None:
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)
