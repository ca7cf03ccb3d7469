"""Records to messages: checked against their schema and size, under a CloudEvents id that depends on content alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from pipeline.errors import Code, InvalidInput
from pipeline.streams.codec import cloudevent_headers, digest
from pipeline.streams.events import EVENTS
from pipeline.streams.message import Output
from pipeline.streams.topics import load_topics, validate

# Kafka counts keys, headers and framing into max.message.bytes as well.
_ENVELOPE_BYTES = 16_384

# What differs between two runs over the same article: no part of a message's id.
OF_THIS_RUN = ("ingested_at", "produced_at", "trace")


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """What the messages of one article at one stage have in common. `time`: when its record was produced.

    `after`: the id of the record of the article's version before; "" for the first one. It goes into the ids, so
    that an event that is withdrawn and comes back in the same words is another message than the first time.
    """

    stage: str
    article_id: str
    time: str
    trace: str
    topic_prefix: str = ""
    after: str = ""


def article_output(writing: Writing, name: str, data: Mapping[str, Any]) -> Output:
    """An article's record for the topic `name` (without prefix). Raises `InvalidInput` (`INTERNAL`, `TOO_LARGE`)."""
    return _output(writing, name, data, kind=name.removeprefix("news."), key=writing.article_id)


def event_output(writing: Writing, event: Mapping[str, Any]) -> Output:
    """An event, stamped with times and trace, for its class's topic; its key is the primary participant's id, else
    the article's. Raises as `article_output` does."""
    participants = event.get("participants") or [{}]
    key = participants[0].get("entity_id") or writing.article_id
    return _output(writing, EVENTS + event["class"], event, kind=f"events.{event['type']}", key=key)


def _output(writing: Writing, name: str, data: Mapping[str, Any], *, kind: str, key: str) -> Output:
    topic = load_topics()[name]
    try:
        validate(name, data)
    except InvalidInput as error:  # nothing that breaks its schema is ever written, and it's our fault
        raise InvalidInput(Code.INTERNAL, f"the {writing.stage} stage broke the schema of {name}: {error}") from None
    value = orjson.dumps(data)
    if len(value) > topic.max_message_bytes - _ENVELOPE_BYTES:
        raise InvalidInput(
            Code.TOO_LARGE,
            f"its record for {name} has {len(value):,} bytes, the topic takes {topic.max_message_bytes:,}",
        )
    content = orjson.dumps({field: item for field, item in data.items() if field not in OF_THIS_RUN})
    headers = cloudevent_headers(
        id=digest(name.encode(), content, *([writing.after.encode()] if writing.after else [])),
        type=f"eventwire.{kind}.v{topic.schema_version}",
        source=f"eventwire/{writing.stage}",
        time=writing.time,
        subject=writing.article_id,
        dataschema=topic.dataschema or "",
        trace=writing.trace,
    )
    return Output(topic=writing.topic_prefix + name, key=key.encode(), value=value, headers=headers)
