"""What a subscriber knew at a time: the last state of each event that had been said by then, retractions respected.

Nothing is ever overwritten: a record says when it was made (`produced_at`) and when its article arrived
(`ingested_at`). So a backfill of old articles changes nothing of what was known before it.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from pipeline.history.archive_columns import milliseconds_of
from pipeline.records import NewsEvent
from pipeline.streams.codec import digest
from pipeline.streams.events import read_event
from pipeline.streams.message import Message

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Read = Callable[[], Iterator[Message]]


def known(read: Read, moment: datetime, *, topic_prefix: str = "") -> Iterator[tuple[Message, NewsEvent]]:
    """The events that held at `moment` (what had been said until then, it included), with their messages.

    `read` gives the messages of all event topics, the same each time, and is called twice: in between, only an id and
    a place are held of each event. A later state is one produced later; of two of the same time, the one written
    later counts.
    """
    limit = (moment - _EPOCH) // timedelta(milliseconds=1)
    last: dict[str, tuple[int, int, int, str, int]] = {}
    for message in read():
        event = read_event(message, prefix=topic_prefix)
        if event is None:
            continue
        produced = _produced(message, event)
        if max(produced, milliseconds_of(event.ingested_at) or 0) > limit:
            continue
        key = digest(event.event_id.encode())
        state = (produced, message.timestamp, message.offset, message.topic, message.partition)
        if key not in last or state >= last[key]:
            last[key] = state
    places = {(topic, partition, offset) for _, _, offset, topic, partition in last.values()}
    del last
    for message in read():
        if (message.topic, message.partition, message.offset) in places:
            event = read_event(message, prefix=topic_prefix)
            if event is not None and event.action != "delete":
                yield message, event


def _produced(message: Message, event: NewsEvent) -> int:
    produced = milliseconds_of(event.produced_at)
    return message.timestamp if produced is None else produced
