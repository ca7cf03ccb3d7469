"""Messages of the event topics as events, for whoever subscribes to them: on Kafka or in files."""

import logging
from collections.abc import Iterable

from pipeline.errors import InvalidInput
from pipeline.records import NewsEvent, from_json
from pipeline.streams.decode import decode
from pipeline.streams.message import Message
from pipeline.streams.topics import validate

logger = logging.getLogger(__name__)

EVENTS = "news.events."


def event_topics(classes: Iterable[str], *, prefix: str = "") -> list[str]:
    """The topics that events of these classes stand on."""
    return [f"{prefix}{EVENTS}{name}" for name in classes]


def read_event(message: Message, *, prefix: str = "") -> NewsEvent | None:
    """The event that `message` is; None, and a warning in the log, if it is none by its topic's schema.

    `prefix`: the topic prefix, which schemas don't know.
    """
    try:
        data = decode(message.value)
        validate(message.topic.removeprefix(prefix), data)
    except InvalidInput as error:
        logger.warning("%s is no event and is passed over: %s", message.trace, error)
        return None
    return from_json(NewsEvent, data)
