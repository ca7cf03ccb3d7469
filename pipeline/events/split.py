"""One sentence, several events of one type: "the Dax gained 1 per cent, the Cac 2", two ratings of two banks."""

import re
from collections.abc import Sequence
from itertools import pairwise

from pipeline.events.trace import Candidate, Trigger
from pipeline.records import Participant

# Together in one event, however many they are: partners agree with each other, a report has many metrics.
COLLECTIVE = frozenset(
    {"partner", "party", "protester", "victim", "place", "polity", "addressee", "workers", "metric"} | {"candidate"}
)
APART = frozenset({("metric", "macro.indicator")})  # each statistic is published for itself
_CLAUSE = re.compile(r"[,;:–—，；、]|\s-\s|\b(and|while|und|während|et|tandis|y|mientras|e|mentre|enquanto|en|i|och)\b")

Part = tuple[Trigger, list[Participant]]


def split(
    text: str, candidate: Candidate, participants: Sequence[Participant], *, figures: frozenset[str]
) -> list[Part]:
    """The candidate's events: a trigger with its participants each; the best trigger with all of them as a rule.

    It is several events when one role is filled k > 1 times and each filler has its own figure (k fillers of one of
    the `figures`), or its own trigger with a clause between one and the next. The j-th filler takes the j-th of every
    role that has k, and shares what the sentence says once.
    """
    best = max(candidate.triggers, key=lambda trigger: (trigger.score, -trigger.span[0]))
    together = [(best, list(participants))]
    by_role: dict[str, list[Participant]] = {}
    for participant in participants:
        by_role.setdefault(participant.role, []).append(participant)
    counts = {role: len(fillers) for role, fillers in by_role.items()}
    for role, fillers in by_role.items():
        k = counts[role]
        together_anyway = role in COLLECTIVE and (role, candidate.type) not in APART
        if k < 2 or together_anyway or role in figures:
            continue
        own_figure = any(counts.get(figure) == k for figure in figures)
        if own_figure or _own_triggers(text, candidate.triggers, fillers):
            return [_part(candidate.triggers, by_role, fillers, at) for at in range(k)]
    return together


def _own_triggers(text: str, triggers: Sequence[Trigger], fillers: Sequence[Participant]) -> bool:
    """Whether triggers and fillers alternate, with a clause's end between one pair and the next."""
    if len(triggers) != len(fillers):
        return False
    pairs = [
        (min(trigger.span[0], filler.start), max(trigger.span[1], filler.end))
        for trigger, filler in zip(triggers, fillers, strict=True)
    ]
    return all(left[1] <= right[0] and _CLAUSE.search(text, left[1], right[0]) for left, right in pairwise(pairs))


def _part(
    triggers: Sequence[Trigger], by_role: dict[str, list[Participant]], fillers: Sequence[Participant], at: int
) -> Part:
    """The `at`-th event: its filler, its share of the other roles, and the trigger nearest to it."""
    own, k = fillers[at], len(fillers)
    chosen: list[Participant] = []
    for others in by_role.values():
        if len(others) == k:
            chosen.append(others[at])
        elif len(others) == 1:
            chosen += others
        else:  # neither one for all nor one for each: to the filler that stands nearest
            chosen += [other for other in others if min(range(k), key=lambda j: _gap(fillers[j], other)) == at]
    if len(triggers) == k:
        return triggers[at], chosen
    middle = (own.start + own.end) / 2
    return min(triggers, key=lambda trigger: (abs(trigger.span[0] - middle), trigger.span)), chosen


def _gap(one: Participant, other: Participant) -> int:
    return max(one.start - other.end, other.start - one.end, 0)
