"""What a message says of itself: the columns of the archive that its value does not have to be unpacked for."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline.history.content import read_record
from pipeline.language.identity import article_id
from pipeline.streams.codec import header
from pipeline.streams.message import Message

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_LATEST = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MILLISECOND


@dataclass(frozen=True, slots=True)
class Facts:
    """Times are milliseconds since 1970 (UTC); None: the message doesn't say."""

    event_time: int
    ingested_at: int | None
    article_id: str | None
    language: str | None
    type: str | None
    action: str | None

    @property
    def day(self) -> str:
        """The UTC date of `event_time`."""
        return (_EPOCH + self.event_time * _MILLISECOND).date().isoformat()


def facts(message: Message) -> Facts:
    """Read from whatever the value is: never raises.

    `event_time`: when the article was published, else `ingested_at`, else Kafka's time, else 1970. `ingested_at` of a
    raw article is what the language stage will say: its `ce_time`, else Kafka's time; of a dead letter that never got
    one, its `ew_first_seen`. `language` of a raw article is its sender's hint.
    """
    record = read_record(message.value)
    kind = message.topic.rpartition("news.")[2]
    of_event = kind.startswith("events.")
    article = record.get("article") if of_event else record
    article = article if isinstance(article, dict) else {}
    ingested = milliseconds_of(record.get("ingested_at")) or milliseconds_of(header(message.headers, "ew_first_seen"))
    if kind == "articles.raw":
        ingested = milliseconds_of(header(message.headers, "ce_time")) or ingested or _of_kafka(message.timestamp)
    language = article.get("language")
    return Facts(
        event_time=event_time(milliseconds_of(article.get("published_at")), ingested, message.timestamp),
        ingested_at=ingested,
        article_id=_text(article.get("id")) if of_event else _article_id(article),
        language=_text(language.get("code") if isinstance(language, dict) else language),
        type=_text(record.get("type")) if of_event else None,
        action=_text(record.get("action")),
    )


def event_time(published: int | None, ingested: int | None, kafka: int) -> int:
    """The time that a message is about: when its article was published, else came in, else Kafka's, else 1970."""
    return next((time for time in (published, ingested, _of_kafka(kafka)) if time is not None), 0)


def _of_kafka(timestamp: int) -> int | None:
    return timestamp if 0 <= timestamp <= _LATEST else None


def _article_id(article: dict[str, Any]) -> str | None:
    return article_id(article) if article else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def milliseconds_of(text: Any) -> int | None:
    """Milliseconds of an RFC 3339 time; None for anything else, and for what isn't in the years 1 to 9999 in UTC."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
        return None if moment.tzinfo is None else (moment.astimezone(UTC) - _EPOCH) // _MILLISECOND
    except (ValueError, OverflowError):
        return None
