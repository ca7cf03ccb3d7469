"""The exact words that tell an event: its sentence, or the clause of it when the sentence tells more."""

import re
from collections.abc import Sequence

from pipeline.events.words import Span, strip

LONG = 300  # characters; a longer sentence is cut to the clauses that tell the event

# Where clauses part with certainty. A bare comma does not: "Siemens, the German group, bought ..." is one clause.
_CUT = re.compile(r"[;；](?=\s|\w)|\s[–—]\s|\s-\s|\n{2,}|(?<=[.:!])\s(?=[A-ZÄÖÜ\u0400-\u042f])")


def evidence(text: str, sentence: Span, own: Sequence[Span], others: Sequence[Sequence[Span]]) -> Span:
    """The span of the sentence that covers all of `own` (trigger and participants).

    The whole sentence, without white space at its ends, unless it is long or also tells `others` (their triggers and
    participants): then the fewest neighbouring clauses that hold `own`; and where that still covers another one's,
    the part from one comma to another, if it holds all of `own` and nothing of another.
    """
    whole = strip(text, sentence)
    low, high = min(start for start, _ in own), max(end for _, end in own)
    if not others and whole[1] - whole[0] <= LONG:
        return min(whole[0], low), max(whole[1], high)
    span = _between(text, whole, (low, high), _CUT)
    foreign = [item for other in others for item in other if item not in own]
    if any(start < span[1] and span[0] < end for start, end in foreign):
        closer = _between(text, span, (low, high), re.compile(r"[,，、]\s?"))
        if not any(start < closer[1] and closer[0] < end for start, end in foreign):
            span = closer
    return min(span[0], low), max(span[1], high)


def _between(text: str, span: Span, kept: Span, cut: re.Pattern[str]) -> Span:
    """The part of `span` around `kept` that ends at the nearest cuts outside it."""
    start, end = span
    for match in cut.finditer(text, span[0], span[1]):
        if match.end() <= kept[0]:
            start = match.end()
        elif match.start() >= kept[1]:
            end = match.start()
            break
    return strip(text, (start, end))
