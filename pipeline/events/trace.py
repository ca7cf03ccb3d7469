"""What was weighed and why it was kept or dropped: the working values between a reading and its events."""

from dataclasses import dataclass
from enum import StrEnum

from pipeline.events.words import Span
from pipeline.records import ClassifiedArticle, Participant
from pipeline.records.events import Status, Time


class Verdict(StrEnum):
    """Why a candidate became an event, or not. `OPEN`: not decided yet, never in a finished explanation."""

    OPEN = "open"
    KEPT = "kept"
    MERGED = "merged"  # more evidence of an event that another sentence tells better
    BELOW_THRESHOLD = "below threshold"
    BOILERPLATE = "boilerplate"
    QUESTION = "question"
    WISH = "wish"  # somebody says what ought to be done
    NO_TRIGGER = "no trigger"  # the words that carry it stand in boilerplate or in a question
    OVERRULED = "overruled"  # a clearly likelier type is read from the same words
    NO_PARTICIPANT = "no participant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """The words that name the event, and what the model says at them. `score` is not calibrated."""

    span: Span
    score: float
    status: Status
    time: Time


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A type that one sentence may report. `score` is the calibrated probability, `triggers` are in text order."""

    sentence: int
    type: str
    score: float
    threshold: float
    verdict: Verdict
    triggers: tuple[Trigger, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """One report of one event. `alone` is false when its sentence reports a second event of the same type: then only
    the figures that are participants are this event's amounts.
    """

    sentence: int
    type: str
    score: float
    trigger: Trigger
    evidence: Span  # covers the trigger and all participants
    participants: tuple[Participant, ...]  # in the order of the type's roles, then of the text
    alone: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What became of a candidate. `event` counts from 1 in the order of the article's events."""

    sentence: int
    type: str
    score: float
    threshold: float
    verdict: Verdict
    trigger: Span | None = None
    event: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """An article's result, and every decision on the way, by sentence and then by falling score."""

    article: ClassifiedArticle
    decisions: tuple[Decision, ...]
