"""The language stage: a raw article becomes clean text with its language and the spans that are not news."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.resources import files

from pipeline.errors import Code, InvalidInput, ModelError
from pipeline.language.boilerplate import find_boilerplate
from pipeline.language.boilerplate_model import BoilerplateModel
from pipeline.language.clean import clean
from pipeline.language.detect import Detector, read_calibration
from pipeline.language.html import Page, read_page
from pipeline.language.identity import identity
from pipeline.language.langid import shared_language_model
from pipeline.records import Language, LanguageArticle, Models, RawArticle, Source
from pipeline.settings import Settings

VERSION = "0.1.0"
DATA = ("boilerplate.npz", "concepts.json", "calibration.json", "close_words.json", "south_slavic.json")
READERS = ("trafilatura", "lxml")  # decide what a page's text is


class DetectLanguage:
    """Stage `language`: `RawArticle` -> `LanguageArticle`.

    An article without `id` gets the SHA-256 (hex) of its url, or else of title, line break and text as they came
    (the HTML where no text did): the same article sent twice has one id. `action: delete` needs an id or a url and
    passes with empty text.
    """

    name = "language"

    def __init__(
        self, *, detector: Detector, boilerplate: BoilerplateModel, reference: str, max_text: int, max_html: int
    ) -> None:
        self._detector = detector
        self._boilerplate = boilerplate
        self._models = Models(language=reference)
        self._max_text = max_text
        self._max_html = max_html

    @classmethod
    def load(cls, settings: Settings) -> "DetectLanguage":
        """Raises `ModelError` if a data file is missing or damaged."""
        model = shared_language_model()
        return cls(
            detector=Detector(model, read_calibration()),
            boilerplate=BoilerplateModel.load(),
            reference=f"eventwire-language@{VERSION}+{_digest(model.reference)[:12]}",
            max_text=settings.max_text,
            max_html=settings.max_html,
        )

    def run(self, records: Sequence[RawArticle], /) -> list[LanguageArticle | InvalidInput]:
        """One outcome a record, in order. Codes: schema, bad_text, too_large, bad_html, empty_text."""
        outcomes: list[LanguageArticle | InvalidInput] = []
        for record in records:
            try:
                outcomes.append(self._article(record))
            except InvalidInput as error:
                outcomes.append(error)
        return outcomes

    def _article(self, raw: RawArticle) -> LanguageArticle:
        self._check(raw)
        if raw.action == "delete":
            return self._deletion(raw)
        page = read_page(raw.html, raw.url) if raw.html and not (raw.text or "").strip() else None
        cleaned = clean(raw.title or (page.title if page else None), page.body if page else raw.text or "")
        if not cleaned.text:
            raise InvalidInput(Code.EMPTY_TEXT, "neither text nor html holds any text: nothing to read.")
        if len(cleaned.text) > self._max_text:
            raise InvalidInput(Code.TOO_LARGE, _too_large("text", len(cleaned.text), self._max_text, "MAX_TEXT"))
        hint = raw.language or (page.metadata.language if page else None)
        url = raw.url or (page.metadata.url if page else None)
        metadata = dict(raw.metadata or {})
        if cleaned.changes:
            metadata["normalised"] = list(cleaned.changes)
        published = _time("published_at", raw.published_at)
        headline = len(cleaned.title) if cleaned.title else 0
        return LanguageArticle(
            id=raw.id or identity(url=url, title=raw.title, text=raw.text, html=raw.html),
            action=raw.action,
            url=url,
            source=_source(raw.source, page),
            title=cleaned.title,
            published_at=published or (_page_time(page.metadata.published_at) if page else None),
            fetched_at=_time("fetched_at", raw.fetched_at),
            metadata=metadata or None,
            text=cleaned.text,
            models=self._models,
            language=self._detector.detect(cleaned.text, hint=hint),
            boilerplate=find_boilerplate(cleaned.text, self._boilerplate, title=headline),
        )

    def _deletion(self, raw: RawArticle) -> LanguageArticle:
        if not raw.id and not raw.url:
            raise InvalidInput(Code.SCHEMA, "action: delete needs the article's id or its url to say what to delete.")
        return LanguageArticle(
            id=raw.id or identity(url=raw.url, title=raw.title, text=raw.text, html=raw.html),
            action="delete",
            url=raw.url,
            source=raw.source,
            published_at=_time("published_at", raw.published_at),
            fetched_at=_time("fetched_at", raw.fetched_at),
            metadata=raw.metadata,
            text="",
            models=self._models,
            language=Language(code="und", script="Zyyy", confidence=0.0),
        )

    def _check(self, raw: RawArticle) -> None:
        """Lengths before any work, and text that UTF-8 can't carry."""
        if raw.text and len(raw.text) > self._max_text:
            raise InvalidInput(Code.TOO_LARGE, _too_large("text", len(raw.text), self._max_text, "MAX_TEXT"))
        if raw.html and len(raw.html) > self._max_html:
            raise InvalidInput(Code.TOO_LARGE, _too_large("html", len(raw.html), self._max_html, "MAX_HTML"))
        if raw.title and len(raw.title) > self._max_text:
            raise InvalidInput(Code.TOO_LARGE, _too_large("title", len(raw.title), self._max_text, "MAX_TEXT"))
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
    return _parse_time(value) if value else None


def _parse_time(value: str) -> str | None:
    """A time without zone is taken as UTC: the page doesn't say more."""
    value = value.strip().replace(":60", ":59", 1)  # a leap second, which datetime does not know
    try:
        time = datetime.fromisoformat(value)
        time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _digest(model: str) -> str:
    """SHA-256 over all that decides this stage's output: the language model, data, readers, and our own modules.

    Every module of the room counts: a rule that is changed and not counted would break "same reference, same bytes".
    """
    folder = files("pipeline.language")
    digest = hashlib.sha256(model.encode())
    for package in READERS:
        digest.update(f"{package} {version(package)}\n".encode())
    modules = sorted(item.name for item in folder.iterdir() if item.name.endswith(".py"))
    for name in (*DATA, *modules):
        try:
            digest.update(folder.joinpath(name).read_bytes())
        except OSError as error:
            raise ModelError(f"pipeline/language/{name} can't be read ({error}): reinstall eventwire.") from error
    return digest.hexdigest()
