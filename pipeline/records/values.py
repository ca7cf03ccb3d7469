"""The small values that records are made of.

Offsets are Unicode code points, end exclusive, into the `text` of the record that holds them. A field that is
None is left out of the JSON: never guessed.
"""

from dataclasses import dataclass
from typing import Literal

BoilerplateKind = Literal[
    "ad", "teaser", "newsletter", "cookie", "disclaimer", "related", "byline", "caption", "share", "repeated"
]
EntityLabel = Literal["PER", "ORG", "LOC", "PRODUCT", "MISC"]
AmountKind = Literal["MONEY", "PERCENT", "QUANTITY"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageShare:
    """Another language of a mixed article and its share of the characters (0-1)."""

    code: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """`code`: ISO 639-1, 639-3 where there is none, `und` when unsure. `script`: ISO 15924. `confidence`: 0-1."""

    code: str
    script: str
    confidence: float
    others: tuple[LanguageShare, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Boilerplate:
    """A span that is not news. It stays in the text; no event is read from it."""

    start: int
    end: int
    kind: BoilerplateKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Ids:
    """What other systems call this entity."""

    isin: str | None = None
    ticker: str | None = None
    mic: str | None = None  # ISO 10383, the ticker's exchange
    lei: str | None = None
    country: str | None = None  # ISO 3166-1 alpha-2
    geonames_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """One mention. Mentions of one entity share `entity_id` and `name` (the fullest form in the article)."""

    start: int
    end: int
    text: str
    label: EntityLabel
    name: str
    entity_id: str
    ids: Ids | None = None
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """`value`, `low`, `high`: decimals as strings. `unit`: ISO 4217, percent, barrel, tonne, MW, people ..."""

    start: int
    end: int
    text: str
    kind: AmountKind
    value: str | None = None
    low: str | None = None
    high: str | None = None
    unit: str | None = None
    approximate: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Date:
    """`date`: ISO 8601, a day, month, week, quarter (2025-Q4), year, or an interval a/b."""

    start: int
    end: int
    text: str
    date: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """`name@version+digest` of what made each part: equal refs and equal input give equal bytes."""

    language: str
    entities: str | None = None
    events: str | None = None
