"""A raw article as it was sent -> its id, its clean text and what its page says of it: no language, no models."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from pipeline.errors import Code, InvalidInput
from pipeline.language.clean import clean
from pipeline.language.html import Page, read_page
from pipeline.language.identity import identity
from pipeline.records import RawArticle, Source
from pipeline.records.articles import Action


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The fields of an article's record that come before its language. `hint`: the language that sender or page name.

    `text` is '' only of a deletion.
    """

    id: str
    action: Action
    url: str | None
    source: Source | None
    title: str | None
    published_at: str | None
    fetched_at: str | None
    metadata: dict[str, Any] | None
    text: str
    hint: str | None = None


def read_article(raw: RawArticle, *, max_text: int, max_html: int) -> Reading:
    """Raises `InvalidInput`: schema, bad_text, too_large, bad_html, empty_text."""
    _check(raw, max_text, max_html)
    if raw.action == "delete":
        return _deletion(raw)
    page = read_page(raw.html, raw.url) if raw.html and not (raw.text or "").strip() else None
    cleaned = clean(raw.title or (page.title if page else None), page.body if page else raw.text or "")
    if not cleaned.text:
        raise InvalidInput(Code.EMPTY_TEXT, "neither text nor html holds any text: nothing to read.")
    if len(cleaned.text) > max_text:
        raise InvalidInput(Code.TOO_LARGE, _too_large("text", len(cleaned.text), max_text, "MAX_TEXT"))
    url = raw.url or (page.metadata.url if page else None)
    metadata = dict(raw.metadata or {})
    if cleaned.changes:
        metadata["normalised"] = list(cleaned.changes)
    published = _time("published_at", raw.published_at)
    return Reading(
        id=raw.id or identity(url=url, title=raw.title, text=raw.text, html=raw.html),
        action=raw.action,
        url=url,
        source=_source(raw.source, page),
        title=cleaned.title,
        published_at=published or (_page_time(page.metadata.published_at) if page else None),
        fetched_at=_time("fetched_at", raw.fetched_at),
        metadata=metadata or None,
        text=cleaned.text,
        hint=raw.language or (page.metadata.language if page else None),
    )


def _deletion(raw: RawArticle) -> Reading:
    if not raw.id and not raw.url:
        raise InvalidInput(Code.SCHEMA, "action: delete needs the article's id or its url to say what to delete.")
    return Reading(
        id=raw.id or identity(url=raw.url, title=raw.title, text=raw.text, html=raw.html),
        action="delete",
        url=raw.url,
        source=raw.source,
        title=None,
        published_at=_time("published_at", raw.published_at),
        fetched_at=_time("fetched_at", raw.fetched_at),
        metadata=raw.metadata,
        text="",
    )


def _check(raw: RawArticle, max_text: int, max_html: int) -> None:
    """Lengths before any work, and text that UTF-8 can't carry."""
    if raw.text and len(raw.text) > max_text:
        raise InvalidInput(Code.TOO_LARGE, _too_large("text", len(raw.text), max_text, "MAX_TEXT"))
    if raw.html and len(raw.html) > max_html:
        raise InvalidInput(Code.TOO_LARGE, _too_large("html", len(raw.html), max_html, "MAX_HTML"))
    if raw.title and len(raw.title) > max_text:
        raise InvalidInput(Code.TOO_LARGE, _too_large("title", len(raw.title), max_text, "MAX_TEXT"))
    for name in ("id", "url", "title", "text", "html"):
        value = getattr(raw, name) or ""
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise InvalidInput(
                Code.BAD_TEXT, f"{name}: a lone surrogate at character {error.start}: not Unicode text."
            ) from error


def _too_large(name: str, length: int, limit: int, setting: str) -> str:
    return f"{name}: {length} characters, more than {limit} (EVENTWIRE_{setting})."


def _source(source: Source | None, page: Page | None) -> Source | None:
    """The sender's source; the page's name for it where the sender gave none."""
    name = page.metadata.source_name if page else None
    if name is None:
        return source
    if source is None:
        return Source(name=name)
    return source if source.name else replace(source, name=name)


def _time(field: str, value: str | None) -> str | None:
    """RFC 3339 in UTC with milliseconds. Raises `InvalidInput` (`SCHEMA`) for what is no time."""
    if value is None:
        return None
    time = _parse_time(value)
    if time is None:
        raise InvalidInput(Code.SCHEMA, f"{field}: {value[:40]!r} is not an RFC 3339 time (2026-11-25T09:30:00Z).")
    return time


def _page_time(value: str | None) -> str | None:
    """As `_parse_time`, or as mails have it (`Mon, 02 Mar 2026 06:15:00 GMT`). None for what is no time."""
    if not value:
        return None
    found = _parse_time(value)
    if found is None:
        try:
            found = _parse_time(parsedate_to_datetime(value).isoformat())
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    return found


def _parse_time(value: str) -> str | None:
    """A time without zone is taken as UTC: the page doesn't say more."""
    value = value.strip().replace(":60", ":59", 1)  # a leap second, which datetime does not know
    try:
        time = datetime.fromisoformat(value)
        time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
