"""What the terminal and the page of `eventwire explain` share: harmless characters, marked words, plain reasons."""

import unicodedata
from collections.abc import Iterator, Sequence

from pipeline.events.trace import Decision, Verdict
from pipeline.records import NewsEvent

Mark = tuple[int, int, str]  # start, end, what it is

REASONS = {
    Verdict.KEPT: "kept",
    Verdict.MERGED: "merged",
    Verdict.BELOW_THRESHOLD: "dropped: below the threshold",
    Verdict.BOILERPLATE: "dropped: boilerplate",
    Verdict.QUESTION: "dropped: a question",
    Verdict.WISH: "dropped: somebody's wish",
    Verdict.NO_TRIGGER: "dropped: its words stand in boilerplate or in a question",
    Verdict.OVERRULED: "dropped: a clearly likelier type has the same words",
    Verdict.NO_PARTICIPANT: "dropped: no participant",
}


def visible(text: str) -> str:
    """The text with line breaks as spaces and everything that could command a terminal as its code point."""
    return "".join(" " if char in "\n\r\t" else f"<U+{ord(char):04X}>" if _commands(char) else char for char in text)


def _commands(char: str) -> bool:
    """Controls, turns of direction, invisible and unassigned characters; not the joiners that real scripts need."""
    return unicodedata.category(char) in ("Cc", "Cs", "Cf", "Co", "Cn") and char not in "\u200c\u200d"


def reason(decision: Decision) -> str:
    """Why a candidate was kept or dropped, in words."""
    if decision.verdict is Verdict.KEPT:
        return f"kept: event {decision.event}"
    if decision.verdict is Verdict.MERGED:
        return f"kept: merged into event {decision.event}"
    return REASONS[decision.verdict]


def event_marks(event: NewsEvent) -> list[Mark]:
    """The trigger and the participants in an event's evidence; the trigger wins where they overlap."""
    marks = [(event.trigger.start, event.trigger.end, "trigger")]
    for participant in event.participants:
        if participant.end <= event.trigger.start or participant.start >= event.trigger.end:
            marks.append((participant.start, participant.end, participant.role))
    return sorted(marks)


def segments(text: str, start: int, end: int, marks: Sequence[Mark]) -> Iterator[tuple[str, str | None]]:
    """The text from `start` to `end` in pieces: marked ones with their mark, the others with None."""
    at = start
    for low, high, what in marks:
        if low < at or high > end:
            continue
        if low > at:
            yield text[at:low], None
        yield text[low:high], what
        at = high
    if at < end:
        yield text[at:end], None
