"""An event as the window holds it: its bytes, packed, and beside them what filters and counts look at."""

import sys
import threading
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import orjson
import zstandard

from pipeline.events.selection import fold_name
from pipeline.records import NewsEvent, from_json
from pipeline.streams.codec import header
from pipeline.streams.events import read_event
from pipeline.streams.message import Message
from pipeline.streams.topics import example, load_topics

LATEST = 253_402_300_799_999  # 9999-12-31T23:59:59.999Z, in milliseconds: the last moment that a text can say


@dataclass(slots=True, eq=False)
class Row:
    """`seq`: its place in the order in which events came in. `written`, `published`: milliseconds since 1970.

    `ingested`: when the version of the article came in that says so; of two states of one event the later one is true.
    `identity` is equal for repeated deliveries of one state of one event. `search`: the words that it is searched by,
    folded.
    """

    seq: int
    event_id: str
    identity: str
    action: str
    event_class: str
    type: str
    status: str
    time: str
    language: str
    source: str
    confidence: float
    article: str
    ingested: str
    written: int
    published: int
    search: str
    packed: bytes

    def json(self) -> bytes:
        """The NewsEvent's bytes as they stand on the topic."""
        return _zstd.unpacker.decompress(self.packed)

    def event(self) -> NewsEvent:
        return from_json(NewsEvent, orjson.loads(self.json()))


def read_row(message: Message, *, prefix: str) -> Row | None:
    """The row of a message of an event topic; None, and a warning in the log, if it is no event. `seq` is 0."""
    event = read_event(message, prefix=prefix)
    if event is None or message.value is None:
        return None
    article = event.article
    written = min(max(message.timestamp, 0), LATEST)
    intern = sys.intern
    return Row(
        seq=0,
        event_id=event.event_id,
        identity=header(message.headers, "ce_id") or message.trace,
        action=intern(event.action),
        event_class=intern(event.event_class),
        type=intern(event.type),
        status=intern(event.status),
        time=intern(event.time),
        language=intern(article.language),
        source=intern(article.source or ""),
        confidence=event.confidence,
        article=intern(article.id),
        ingested=event.ingested_at or "",
        written=written,
        published=_milliseconds(article.published_at, written),
        search=_words(event),
        packed=_zstd.packer.compress(_one_line(message.value)),
    )


def _words(event: NewsEvent) -> str:
    article = event.article
    words = [article.title or "", article.source or "", *(quote.text for quote in event.evidence)]
    for participant in event.participants:
        ids = participant.ids
        words += [participant.text, participant.name or "", participant.entity_id or ""]
        words += [ids.isin or "", ids.ticker or "", ids.lei or ""] if ids else []
    return fold_name("\n".join(dict.fromkeys(words)))


def _one_line(value: bytes) -> bytes:
    # Server-sent events end a line at a line feed or carriage return, which JSON may have between its tokens.
    return orjson.dumps(orjson.loads(value)) if b"\n" in value or b"\r" in value else value


def _milliseconds(text: str | None, otherwise: int) -> int:
    if text is None:
        return otherwise
    try:
        moment = datetime.fromisoformat(text)
        return min(max(int(moment.timestamp() * 1000), 0), LATEST) if moment.tzinfo else otherwise
    except (ValueError, OverflowError):  # a leap second
        return otherwise


@cache
def _alike() -> bytes:
    """What events have in common, by example: it makes a packed one a third smaller, and packing ten times faster."""
    topics = [topic for topic in load_topics().values() if topic.event_class]
    return b"".join(orjson.dumps(orjson.loads(example(topic, name))) for topic in topics for name in topic.examples)


class _Zstd(threading.local):
    """zstandard's objects are not for several threads at a time: each thread gets its own on its first use."""

    def __init__(self) -> None:
        alike = zstandard.ZstdCompressionDict(_alike(), dict_type=zstandard.DICT_TYPE_RAWCONTENT)
        self.packer = zstandard.ZstdCompressor(level=1, dict_data=alike)
        self.unpacker = zstandard.ZstdDecompressor(dict_data=alike)


_zstd = _Zstd()
