"""The product: one event, with the words it was read from."""

from dataclasses import dataclass
from typing import Literal

from pipeline.records.values import Amount, Date, EntityLabel, Ids, Models

Status = Literal["announced", "completed", "scheduled", "rumoured", "cancelled", "denied", "ongoing"]
Time = Literal["current", "background"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleRef:
    id: str
    url: str | None = None
    source: str | None = None  # the source's name
    title: str | None = None
    published_at: str | None = None
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The exact words: `article.text[start:end] == text`."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """Who or what took part, in which role. `text` is what the evidence says; when that is "the company",
    `name`, `entity_id` and `ids` are those of the entity it stands for and `resolved` is true.
    """

    role: str
    text: str
    start: int
    end: int
    label: EntityLabel | None = None
    entity_id: str | None = None
    name: str | None = None
    ids: Ids | None = None
    resolved: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsEvent:
    """One event of one article. JSON calls `event_class` by its proper name, `class`.

    The event stage leaves `ingested_at`, `produced_at` and `trace` (topic/partition/offset of the raw message) to
    the processor.
    """

    event_id: str
    action: Literal["add", "update", "delete"]
    event_class: str
    type: str
    status: Status
    time: Time
    article: ArticleRef
    evidence: tuple[Quote, ...]
    trigger: Quote
    participants: tuple[Participant, ...] = ()
    amounts: tuple[Amount, ...] = ()
    event_date: Date | None = None
    confidence: float
    relevance: float
    similarity_key: str
    models: Models
    ingested_at: str | None = None
    produced_at: str | None = None
    trace: str | None = None
