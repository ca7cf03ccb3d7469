"""The records on the topics, as frozen values. One JSON Schema each stands in `topics/schemas/`."""

from pipeline.records.articles import (
    Action,
    ArticleRecord,
    ClassifiedArticle,
    EntitiesArticle,
    LanguageArticle,
    RawArticle,
    Revision,
    Source,
)
from pipeline.records.codec import from_json, to_json
from pipeline.records.events import ArticleRef, NewsEvent, Participant, Quote
from pipeline.records.values import (
    Amount,
    Boilerplate,
    Date,
    Entity,
    Ids,
    Language,
    LanguageShare,
    Models,
)

__all__ = [
    "Action",
    "Amount",
    "ArticleRecord",
    "ArticleRef",
    "Boilerplate",
    "ClassifiedArticle",
    "Date",
    "EntitiesArticle",
    "Entity",
    "Ids",
    "Language",
    "LanguageArticle",
    "LanguageShare",
    "Models",
    "NewsEvent",
    "Participant",
    "Quote",
    "RawArticle",
    "Revision",
    "Source",
    "from_json",
    "to_json",
]
