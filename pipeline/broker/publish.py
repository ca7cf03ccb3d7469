"""Articles as messages of the raw topic: the bytes as they came, a key, and headers that are the same each time."""

from datetime import datetime

import orjson

from pipeline.errors import Code, InvalidInput
from pipeline.flow import FLOW
from pipeline.language.identity import article_id
from pipeline.streams.codec import digest, timestamp_text
from pipeline.streams.message import Headers, Message, Output
from pipeline.streams.topics import load_topics

RAW = FLOW[0].reads
INPUT = "ew_input"  # header: which file, which line: a dead letter keeps it
_ENVELOPE_BYTES = 16_384  # Kafka counts key, headers and framing into max.message.bytes as well
_LONGEST_KEY = 2048  # bytes: an id by the schema; a longer one is rejected anyway


def raw_output(message: Message, *, now: datetime, topic_prefix: str = "") -> Output:
    """What is published for one input (`message.topic`: its file; `offset` + 1: its line).

    The value is not judged: what isn't an article becomes a dead letter of the language stage, where `dead-letters`
    shows it. The key is the id that the language stage will give, so that all messages about one article keep their
    order; None where there is no id. `ce_id` stands for the content: the same article published twice has one id.
    Raises `InvalidInput` (`TOO_LARGE`) for more bytes than the topic takes.
    """
    topic = load_topics()[RAW]
    value = message.value or b""
    if len(value) > topic.max_message_bytes - _ENVELOPE_BYTES:
        raise InvalidInput(
            Code.TOO_LARGE,
            f"{len(value):,} bytes, more than {RAW} takes ({topic.max_message_bytes - _ENVELOPE_BYTES:,})",
        )
    article = _object(value)
    name = None if article is None else article_id(article)
    key = name.encode("utf-8", "surrogatepass")[:_LONGEST_KEY] if name else None
    headers: list[tuple[str, bytes]] = [
        ("ce_specversion", b"1.0"),
        ("ce_id", digest(value).encode()),
        ("ce_type", f"eventwire.articles.raw.v{topic.schema_version}".encode()),
        ("ce_source", b"eventwire/publish"),
        ("ce_time", timestamp_text(now).encode()),
    ]
    if key is not None:
        headers.append(("ce_subject", key))
    if article is not None and topic.dataschema:
        headers.append(("ce_dataschema", topic.dataschema.encode()))
    headers.append(("content-type", b"application/octet-stream" if article is None else b"application/json"))
    headers.append((INPUT, _place(message).encode("utf-8", "backslashreplace")))
    return Output(topic=topic_prefix + RAW, key=key, value=value, headers=tuple(headers))


def is_article(headers: Headers) -> bool:
    """Whether what `raw_output` made of an input is at least a JSON object."""
    return ("content-type", b"application/json") in headers


def _object(value: bytes) -> dict[str, object] | None:
    try:
        data = orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
    return data if isinstance(data, dict) else None


def _place(message: Message) -> str:
    """`articles.jsonl:12`. The folder stays at home: it says nothing to those who read the topic."""
    return f"{message.topic.rpartition('/')[2]}:{message.offset + 1}"
