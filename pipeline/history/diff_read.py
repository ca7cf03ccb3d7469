"""Filling a comparison from what stands on topics and in folders."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from pipeline.errors import InvalidInput
from pipeline.flow import FLOW
from pipeline.history.archive_columns import facts
from pipeline.history.content import read_trace
from pipeline.history.diff import Diff, Event, Side
from pipeline.history.recorded import LIVE, Records
from pipeline.history.runs import Run
from pipeline.streams.codec import header
from pipeline.streams.decode import decode
from pipeline.streams.events import EVENTS
from pipeline.streams.message import Message
from pipeline.streams.topics import load_topics, validate
from pipeline.streams.versions import CLASSIFIED

Progress = Callable[[str, int, int | None], None]

DEAD_LETTERS = tuple(step.dead_letters for step in FLOW)
_CLOCKS = timedelta(hours=24)  # the clocks of two machines may be so far apart
_SAID_EVERY = 500


def fill(diff: Diff, a: Records, b: Records, *, progress: Progress) -> tuple[Side, Side]:
    """Read both sides. Of live topics only what came of the other side's input is compared: a live topic says more.

    A message that is no event by its schema is passed over.
    """
    sides = (a, b)
    for number, records in enumerate(sides):
        diff.add_articles(number, _articles(records, sides[1 - number].run, progress))
    names = (Side(name=a.name), Side(name=b.name))
    for number, records in enumerate(sides):
        if records.name == LIVE:
            diff.share_articles(1 - number, number)
        else:
            names[number].articles = diff.articles(number)
    for number, records in enumerate(sides):
        diff.add_events(number, _events(diff, records, sides[1 - number].run, names[number], progress))
    return names


def _articles(records: Records, other: Run | None, progress: Progress) -> Iterator[tuple[str, bool]]:
    topics = DEAD_LETTERS if records.name == LIVE else (CLASSIFIED, *DEAD_LETTERS)
    for topic, message in _read(records, topics, other, f"articles of {records.name}", progress):
        dead = topic in DEAD_LETTERS
        name = facts(message).article_id if dead else None
        yield name or (message.key or b"").decode("utf-8", "replace"), dead


def _events(diff: Diff, records: Records, other: Run | None, side: Side, progress: Progress) -> Iterator[Event]:
    topics = [name for name in load_topics() if name.startswith(EVENTS)]
    for topic, message in _read(records, topics, other, f"events of {records.name}", progress):
        subject = header(message.headers, "ce_subject")
        if subject is not None and not diff.compares(subject):
            continue
        try:
            event = decode(message.value)
            validate(topic, event)
        except InvalidInput:
            continue
        if diff.compares(event["article"]["id"]):
            models = event["models"]
            side.models[models.get("events") or models["language"]] += 1
            yield event


def _read(
    records: Records, topics: "tuple[str, ...] | list[str]", other: Run | None, what: str, progress: Progress
) -> Iterator[tuple[str, Message]]:
    live = records.name == LIVE
    since = datetime.fromisoformat(other.earliest) - _CLOCKS if live and other and other.earliest else None
    ends = {number: end for number, _, end in other.taken.partitions} if live and other else {}
    read = 0
    for read, (topic, message) in enumerate(records.read(topics, since=since), start=1):
        if read % _SAID_EVERY == 0:
            progress(f"{read:,} {what}", read, None)
        place = read_trace(header(message.headers, "ew_trace"))
        later = live and other and place and place[0] == other.taken.topic and place[2] >= ends.get(place[1], 0)
        if not later:
            yield topic, message
    progress(f"{read:,} {what}", read, None)
