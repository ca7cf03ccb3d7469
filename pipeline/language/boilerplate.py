"""Spans of a text that are not news: advertising, teasers, newsletters and the like. They are marked, never deleted."""

import re

from pipeline.records import Boilerplate
from pipeline.records.values import BoilerplateKind

# First version: signs that are certain by themselves. The model that weighs the rest comes with its data file.
_CERTAIN: tuple[tuple[BoilerplateKind, re.Pattern[str]], ...] = (
    ("disclaimer", re.compile(r"^(?:©|\(c\)|copyright\b)", re.IGNORECASE)),
    ("ad", re.compile(r"^(?:anzeige|werbung|advertisement|publicité|publicidad|реклама)\b.{0,20}$", re.IGNORECASE)),
)


def find_boilerplate(text: str) -> tuple[Boilerplate, ...]:
    """The spans of `text` that are not news, in order, without overlaps. Offsets are code points into `text`."""
    spans = []
    position = 0
    for line in text.split("\n"):
        for kind, pattern in _CERTAIN:
            if line and pattern.search(line):
                spans.append(Boilerplate(start=position, end=position + len(line), kind=kind))
                break
        position += len(line) + 1
    return tuple(spans)
