"""The lines written for the boilerplate model (`data/boilerplate*.tsv`, CC0): language, kind, text.

A row whose kind begins with `@` lists what may stand in a slot of that name, separated by bars: `{name}` in a later
row of the language becomes one of them, `{name2}` the one after it. A line break within a text is written `\\n`.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "data"
FILES = ("boilerplate.tsv", "boilerplate-2.tsv", "boilerplate-3.tsv")
_SLOT = re.compile(r"\{([a-z]+)(\d?)\}")


@dataclass(frozen=True)
class Line:
    """One authored text; more than one line if it is a block."""

    language: str
    kind: str
    text: str


def read_lines(*, seed: int = 11) -> list[Line]:
    """All lines, slots filled; the same `seed` fills them alike."""
    draw = random.Random(seed)
    slots: dict[tuple[str, str], list[str]] = {}
    lines = []
    for name in FILES:
        for number, row in enumerate((FOLDER / name).read_text(encoding="utf-8").splitlines(), start=1):
            try:
                language, kind, text = row.split("\t")
            except ValueError as error:
                raise ValueError(f"{name}:{number}: needs language, kind and text, separated by tabs.") from error
            if kind.startswith("@"):
                slots[language, kind[1:]] = text.split("|")
            else:
                lines.append(Line(language, kind, _filled(text, language, slots, draw)))
    return lines


def _filled(text: str, language: str, slots: dict[tuple[str, str], list[str]], draw: random.Random) -> str:
    chosen: dict[str, int] = {}

    def value(found: re.Match[str]) -> str:
        values = slots[language, found[1]]
        first = chosen.setdefault(found[1], draw.randrange(len(values)))
        return values[(first + int(found[2] or 1) - 1) % len(values)]

    return _SLOT.sub(value, text).replace("\\n", "\n")
