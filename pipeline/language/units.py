"""The pieces of which it is decided whether they are news: sentences, roughly, within lines.

Not the record's sentences (those are `entities`' business): here a wrong cut costs little, and speed counts.
"""

import re
from dataclasses import dataclass

# An end of sentence, its closing quotes and the space after it; what follows must look like a beginning.
_END = re.compile(r"(?<=[.!?…])[\"'”“’»«)\]*]{0,3}\s+(?=[\"'“„«»‚‘(\[¿¡]{0,2}[^\W_a-zà-ÿа-я])|(?<=[。！？])")
# Ends that are none: initials, ordinals, abbreviations with a dot inside or of one to four letters that are common.
_NO_END = re.compile(
    r"(?:^|[\s(\"„“«])(?:\w|\d{1,4}|[A-Za-zÀ-ÿ]\.\s?[A-Za-zÀ-ÿ]|Nr|Dr|Prof|Mr|Mrs|Ms|Jr|Sr|St|No|Co|Inc|Ltd|Corp|vs|bzw|ca|"
    r"usw|etc|evtl|inkl|Mio|Mrd|Str|Tel|Hr|Fr|Sen|Rep|Gov|Gen|Lt|Mme|Mlle|av|art|pág|Sig|sig|dott|ing|dhr|mevr|fot|Fot|"
    r"ul|tys|mln|mld|zł|proc|kr|nr|str|г|гг|ул|им|тыс|руб|млн|млрд|Jan|Feb|Apr|Aug|Sept|Oct|Nov|Dec|Okt|Dez)\.$"
)
LONGEST = 600  # characters: a longer unit is cut, so that features stay few


@dataclass(frozen=True, slots=True)
class Unit:
    """`text[start:end]`, without spaces around it; `line` counts the lines that are not blank."""

    start: int
    end: int
    line: int


def split_units(text: str) -> list[Unit]:
    """The units of `text`, in order, covering everything but spaces."""
    units: list[Unit] = []
    offset = number = 0
    for line in text.split("\n"):
        if line.strip():
            units += [Unit(offset + start, offset + end, number) for start, end in _sentences(line)]
            number += 1
        offset += len(line) + 1
    return units


def _sentences(line: str) -> list[tuple[int, int]]:
    spans = []
    start = 0
    for found in _END.finditer(line):
        stop = found.end()
        head = line[max(start, found.start() - 12) : found.start()]  # all that an abbreviation needs
        if stop - start < 4 or (head.endswith(".") and _NO_END.search(head)):
            continue
        spans += _pieces(line, start, stop)
        start = stop
    return spans + _pieces(line, start, len(line))


def _pieces(line: str, start: int, stop: int) -> list[tuple[int, int]]:
    """`line[start:stop]` without the spaces around it, cut at `LONGEST`."""
    pieces = []
    for first in range(start, stop, LONGEST):
        piece = line[first : min(stop, first + LONGEST)]
        inner = piece.strip()
        if inner:
            begin = first + piece.index(inner)
            pieces.append((begin, begin + len(inner)))
    return pieces
