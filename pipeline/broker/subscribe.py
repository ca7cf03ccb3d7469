"""Events as a subscriber reads them from Kafka."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from pipeline.broker.client import Client
from pipeline.events.selection import Selection
from pipeline.records import NewsEvent
from pipeline.streams.events import event_topics, read_event
from pipeline.streams.message import Message


def subscribe(
    client: Client,
    selection: Selection,
    *,
    since: datetime | None = None,
    before: datetime | None = None,
    follow: bool = False,
    until: Callable[[], bool] | None = None,
) -> Iterator[tuple[Message, NewsEvent]]:
    """The wanted events with their messages, in order within a partition.

    Only the topics of classes that can be wanted are read. `since` and `before` are times of the messages (of their
    writing). Without `since`, a follower starts at the end, others at the oldest message. A follower ends when
    `before` has passed, or when `until` says so. A message that is no event by its schema is logged and passed over.
    """
    prefix = client.settings.topic_prefix
    topics = event_topics(selection.wanted_classes, prefix=prefix)

    def finished() -> bool:
        return bool(until and until()) or bool(follow and before and datetime.now(UTC) > before)

    messages = client.read(
        topics,
        start=since or ("end" if follow else "begin"),
        end=client.offsets_at(topics, before) if before and not follow else None,
        follow=follow,
        until=finished,
    )
    first, last = _milliseconds(since), _milliseconds(before)
    for message in messages:
        # Times of messages are their writers': within a partition they may jump back.
        if (first is not None and message.timestamp < first) or (last is not None and message.timestamp >= last):
            continue
        event = read_event(message, prefix=prefix)
        if event is not None and selection.wants(event):
            yield message, event


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1000)
