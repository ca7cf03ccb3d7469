"""One record a topic of the road: raw -> language -> entities -> classified. Each adds to the one before."""

from dataclasses import dataclass
from typing import Any, Literal

from pipeline.records.events import NewsEvent
from pipeline.records.values import Amount, Boilerplate, Date, Entity, Language, Models

Action = Literal["add", "update", "delete"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    name: str | None = None
    domain: str | None = None
    country: str | None = None  # ISO 3166-1 alpha-2


@dataclass(frozen=True, slots=True, kw_only=True)
class RawArticle:
    """An article as received. `id` may be missing: see `pipeline.language.stage`. Times: RFC 3339."""

    id: str | None = None
    action: Action = "add"
    url: str | None = None
    source: Source | None = None
    title: str | None = None
    text: str | None = None
    html: str | None = None
    language: str | None = None  # the sender's hint: evidence, not truth
    published_at: str | None = None
    fetched_at: str | None = None
    metadata: dict[str, Any] | None = None  # passed through


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleRecord:
    """What the three article records share. `text` is title, blank line, body after cleaning.

    `ingested_at` (when the raw message arrived) and `produced_at` (when this record was made) belong to the
    processor: a stage leaves them alone. They are the only fields in which two runs over the same input differ.
    """

    id: str
    action: Action
    url: str | None = None
    source: Source | None = None
    title: str | None = None
    published_at: str | None = None
    fetched_at: str | None = None
    metadata: dict[str, Any] | None = None
    text: str
    models: Models
    ingested_at: str | None = None
    produced_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageArticle(ArticleRecord):
    language: Language
    boilerplate: tuple[Boilerplate, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EntitiesArticle(LanguageArticle):
    sentences: tuple[tuple[int, int], ...] = ()
    entities: tuple[Entity, ...] = ()
    amounts: tuple[Amount, ...] = ()
    dates: tuple[Date, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """What a version of an article changes, where an earlier one is known; made by `pipeline.streams.versions`.

    `superseded`: a newer version came before it, so nothing of it stands. `unchanged`: ids of the events that stand
    as they were sent before, and are not sent again. `retracted`: the events that no longer hold, as they are sent.
    `told_at`: the `ingested_at` of the events sent, where the record's own is before that of the version before.
    """

    superseded: bool | None = None
    unchanged: tuple[str, ...] = ()
    retracted: tuple[NewsEvent, ...] = ()
    told_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifiedArticle(EntitiesArticle):
    """Exactly one for each raw article that is not dead-lettered, also when it has no events."""

    events: tuple[NewsEvent, ...] = ()
    revision: Revision | None = None
