"""Whether a clause tells of the past or of what is to come: "on Friday" is the last one or the next one.

Verbs say it, by their endings or by a list of the irregular ones (`data/tense.yaml`). The nearest one of the clause
counts: in "the bank said on Monday it will" that is "said".
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from pipeline.entities.tables import read_table

REACH = 160  # characters looked at on each side
_STOP = re.compile(r"[,;:!?()\n\"„“”«»–—。、，；：！？]|\.(?=\s)|\s-\s")


class TenseRules(NamedTuple):
    """What tells the time in one language."""

    verb: re.Pattern[str]  # group `future` or `past`
    clause: re.Pattern[str]  # where another clause begins
    default: int  # -1 last, 1 next


@cache
def tense_rules(language: str) -> TenseRules | None:
    """The rules of an ISO 639 code; None without a table."""
    table = read_table("tense.yaml")
    own = table.get(table["like"].get(language, language))
    if own is None or "past" not in own:
        return None
    words = rf"|(?<!\w)(?:{own['clause']})(?!\w)" if own.get("clause") else ""
    return TenseRules(
        re.compile(rf"(?<!\w)(?:(?P<future>{own['future']})|(?P<past>{own['past']}))(?!\w)"),
        re.compile(_STOP.pattern + words),
        1 if own["default"] == "next" else -1,
    )


def tense(text: str, start: int, end: int, language: str) -> int:
    """-1 past, 1 future, 0 nothing tells, for the clause of `text` around `start` to `end`."""
    rules = tense_rules(language)
    if rules is None:
        return 0
    if text[end - 1 : end] == ".":
        end -= 1  # the full stop of an abbreviation may be the sentence's
    left = text[max(0, start - REACH) : start]
    for stop in rules.clause.finditer(left):
        cut = stop.end()
        if cut < len(left) - 1 or not stop[0].isalpha():
            left = " " * cut + left[cut:]
    first = len(left) - len(left.lstrip())
    left = left[:first] + left[first : first + 1].lower() + left[first + 1 :]  # a verb may open the clause
    right = text[end : end + REACH]
    stopped = rules.clause.search(right)
    right = right[: stopped.start()] if stopped else right
    before = list(rules.verb.finditer(left))
    after = rules.verb.search(right)
    if before and (after is None or len(left) - before[-1].end() <= after.start() + 1):
        return 1 if before[-1]["future"] else -1
    return 0 if after is None else 1 if after["future"] else -1


def default_tense(language: str) -> int:
    """What a clause means that doesn't tell."""
    rules = tense_rules(language)
    return -1 if rules is None else rules.default
