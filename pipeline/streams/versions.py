"""Versions of one article: which is newer, and what a newer one changes of the events that were told.

The classified record of the current version is what is known of an article: its `events` are those that stand. A new
version is compared with it, event by event (`event_id`: docs/updates.md), whatever the sender calls it: an `add` with
an id that was seen before is an update.

**Order.** A version was taken at `fetched_at`, but never after it arrived (`ingested_at`), which also stands for a
`fetched_at` that is missing. The later one is newer; then the one that arrived later; then the one that stands behind
the other on the raw topic or in the file; of two files, the one that is read later.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pipeline.errors import InvalidInput
from pipeline.streams.codec import header
from pipeline.streams.dead_letters import dead_letter
from pipeline.streams.decode import decode
from pipeline.streams.encode import OF_THIS_RUN, Writing, article_output, event_output
from pipeline.streams.events import EVENTS
from pipeline.streams.message import Message, Outcome, Output
from pipeline.streams.topics import validate

logger = logging.getLogger(__name__)

CLASSIFIED = "news.articles.classified"

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A classified record that was written: its JSON, where its raw message stood, and its CloudEvents id."""

    record: Mapping[str, Any]
    trace: str
    id: str

    @property
    def superseded(self) -> bool:
        return bool(self.record.get("revision", {}).get("superseded"))

    def older_than(self, other: "Version") -> bool:
        """By the order above. `other` was read before."""
        mine, theirs = _times(self.record), _times(other.record)
        if mine != theirs:
            return mine < theirs
        (topic, *place), (other_topic, *other_place) = _place(self.trace), _place(other.trace)
        return topic == other_topic and place < other_place


def read_version(message: Message | Output) -> Version | None:
    """The version that a message of the classified topic holds; None, and a warning in the log, if it is damaged."""
    try:
        record = decode(message.value)
        validate(CLASSIFIED, record)
    except InvalidInput as error:
        logger.warning("a message of %s is no classified record and is passed over: %s", message.topic, error)
        return None
    return _version(record, message)


def _version(record: Mapping[str, Any], message: Message | Output) -> Version:
    headers = message.headers
    return Version(record=record, trace=header(headers, "ew_trace") or "", id=header(headers, "ce_id") or "")


def closing(outcome: Outcome) -> Output | None:
    """The classified record of an outcome that has got so far."""
    return outcome.outputs[-1] if outcome.result == "classified" and outcome.outputs else None


def done_before(outcome: Outcome, version: Version) -> bool:
    """Whether `version` is what the same raw message led to before, read by the same models: nothing is to be written
    then, since a record is written only when all that it tells of is."""
    last = closing(outcome)
    if last is None or header(last.headers, "ew_trace") != version.trace:
        return False
    return bool(decode(last.value)["models"] == version.record["models"])


def revised(
    message: Message, outcome: Outcome, previous: Version | None, *, topic_prefix: str, now: datetime
) -> Outcome:
    """`revise`, and a dead letter for a message whose record can't be written so."""
    try:
        return revise(outcome, previous, topic_prefix=topic_prefix)
    except InvalidInput as error:
        trace = header(outcome.outputs[-1].headers, "ew_trace") or message.trace
        letter = dead_letter(message, error, stage=outcome.stage, trace=trace, now=now, topic_prefix=topic_prefix)
        return Outcome(outputs=(letter,), stage=outcome.stage, result=error.code.value, seconds=outcome.seconds)


def revise(outcome: Outcome, previous: Version | None, *, topic_prefix: str = "") -> Outcome:
    """What is to be written for `outcome`, when `previous` is the current version of its article.

    New events are sent as `add`, changed ones as `update`, those that are gone as `delete` with the content that they
    had; those that stand as they were are not sent again. The record says so in `revision`. A version older than
    `previous` changes nothing: its record is `superseded`. Without `previous` the outcome is as it was.

    A pure function. `ingested_at` of the events never goes back from version to version, even if clocks do, so of two
    messages about one event the one with the later `ingested_at` is true.
    Raises `InvalidInput` (`TOO_LARGE`, `INTERNAL`).
    """
    last = closing(outcome)
    if previous is None or last is None:
        return outcome
    record: dict[str, Any] = decode(last.value)
    new = _version(record, last)
    writing = Writing(
        stage=outcome.stage,
        article_id=record["id"],
        time=record["produced_at"],
        trace=new.trace,
        topic_prefix=topic_prefix,
        after=previous.id,
    )
    others = [output for output in outcome.outputs[:-1] if not output.topic.startswith(topic_prefix + EVENTS)]
    if new.older_than(previous):
        record["revision"] = {"superseded": True, "unchanged": [], "retracted": []}
        closed = article_output(writing, CLASSIFIED, record)
        return replace(outcome, outputs=(*others, closed), events=0, superseded=True)
    unchanged, sent = _compared(record["events"], previous.record["events"])
    kept = {event["event_id"] for event in record["events"]}
    retracted = [{**event, "action": "delete"} for event in previous.record["events"] if event["event_id"] not in kept]
    told_at = max(record["ingested_at"], _told_at(previous.record))
    later = {"told_at": told_at} if told_at != record["ingested_at"] else {}
    record["revision"] = {"unchanged": unchanged, "retracted": retracted, **later}
    stamp = {"ingested_at": told_at, "produced_at": record["produced_at"], "trace": new.trace}
    events = [event_output(writing, {**event, **stamp}) for event in (*retracted, *sent)]
    closed = article_output(writing, CLASSIFIED, record)
    return replace(outcome, outputs=(*others, *events, closed), events=len(sent), retracted=len(retracted))


def _compared(events: list[dict[str, Any]], before: list[dict[str, Any]]) -> tuple[list[str], list[dict[str, Any]]]:
    """Ids of the events that stand as before, and those to send; sets the action of each."""
    told = {event["event_id"]: event for event in before}
    unchanged: list[str] = []
    sent: list[dict[str, Any]] = []
    for event in events:
        old = told.get(event["event_id"])
        if old is not None and _content(event) == _content(old):
            event["action"] = old["action"]  # as it was sent
            unchanged.append(event["event_id"])
            continue
        event["action"] = "add" if old is None else "update"
        sent.append(event)
    return unchanged, sent


def _content(event: Mapping[str, Any]) -> dict[str, Any]:
    return {name: item for name, item in event.items() if name != "action" and name not in OF_THIS_RUN}


def _told_at(record: Mapping[str, Any]) -> str:
    """The `ingested_at` that the events of a version carry."""
    return str(record.get("revision", {}).get("told_at") or record.get("ingested_at") or "")


def _times(record: Mapping[str, Any]) -> tuple[datetime, datetime]:
    """When a version was taken and when it arrived."""
    arrived = _moment(record.get("ingested_at")) or _LONG_AGO
    return min(_moment(record.get("fetched_at")) or arrived, arrived), arrived


def _moment(text: str | None) -> datetime | None:
    """None for no time, and for a leap second, which datetime does not know."""
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None


def _place(trace: str) -> tuple[str, int, int]:
    topic, number, offset = ["", "", *trace.rsplit("/", 2)][-3:]
    return topic, int(number) if number.isdecimal() else 0, int(offset) if offset.isdecimal() else 0
