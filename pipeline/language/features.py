"""What the boilerplate model sees of the units of a page: words, what they mean in any language, and shape.

`concepts.json` groups words of many languages under what they are about (subscribe, discount, read also ...), so that
what is learnt in one language holds in the others. All units of a page are looked at together: numbers are combined
in arrays, and what a word gives is remembered, because news uses the same words over and over.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any
from zlib import crc32

import numpy as np

from pipeline.language.shapes import SHAPES, shapes_of
from pipeline.language.units import Unit

BUCKETS = 1 << 15  # of hashed words and parts of words
MAX_WORDS = 60  # of a unit that are looked at
MAX_PARTS = 24  # of a word: scripts without spaces have long ones
MAX_CONCEPTS = 10  # of a unit that are paired
REMEMBERED = 50_000  # words that are kept

# Chinese and Japanese characters one by one, other scripts by words; vowel signs belong to words; some signs are words.
_LETTER = r"[^\W_\u3040-\u30ff\u3400-\u9fff]"
_SIGN = "[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0963\u0966-\u0dff\u0e30-\u0eff\u1000-\u109f\u1780-\u17ff]"
_WORD = re.compile(
    rf"[\u3040-\u30ff\u3400-\u9fff]|(?:{_LETTER}++|{_SIGN}++)++(?:[-'’.:](?:{_LETTER}++|{_SIGN}++)++)*[.:]?"
    r"|[©\"„“”«»‚‘|【】]|\d+\+"
)
_MIX, _PAIR, _FIRST, _LAST = (np.uint32(number) for number in (2654435761, 40503, 97, 131))


class Concepts:
    """Words to concepts: whole words, beginnings (`abonn*`), and two words in a row (`lire_aussi`)."""

    def __init__(self, table: Mapping[str, str]) -> None:
        self.names = tuple(table)
        self._words: dict[str, set[int]] = {}
        self._starts: dict[str, set[int]] = {}
        for number, words in enumerate(table.values()):
            for word in words.split():
                target = self._starts if word.endswith("*") else self._words
                target.setdefault(word.rstrip("*").replace("_", " "), set()).add(number)
        self._longest = max(map(len, self._starts), default=0)
        self.openers = {key.split(" ")[0] for key in (*self._words, *self._starts) if " " in key}

    def of(self, key: str) -> set[int]:
        """The numbers of the concepts that a word, or two with a space between (lower case), speak of."""
        bare = key.rstrip(".:")
        found = self._words.get(key, set()) | self._words.get(bare, set())
        lengths = range(min(len(bare), self._longest), 1, -1)
        return found | next((self._starts[bare[:n]] for n in lengths if bare[:n] in self._starts), set())


@dataclass(frozen=True, slots=True)
class Word:
    """What a word gives wherever it stands. `kind`: how it is written, one character."""

    lower: str
    code: int
    buckets: Any
    concepts: frozenset[int]
    opens: bool
    kind: str


@dataclass(frozen=True, slots=True)
class PageFeatures:
    """`dense` [units, concepts + shapes], 0 or 1; `columns`: the buckets of all units one after another, those of unit
    `n` from `starts[n]` on, at least one each.
    """

    dense: Any
    columns: Any
    starts: Any


class Lexicon:
    """Pages to features; the same text always gives the same."""

    def __init__(self, concepts: Concepts) -> None:
        self.concepts = concepts
        self.width = len(concepts.names) + len(SHAPES)
        self._known: dict[str, Word] = {}
        self._pairs: dict[str, frozenset[int]] = {}

    def features(self, text: str, units: Sequence[Unit]) -> PageFeatures:
        """Features of `units` of `text`; at least one unit."""
        words = [
            [self._word(word) for word in _WORD.findall(text, unit.start, unit.end)[:MAX_WORDS] or [""]]
            for unit in units
        ]
        flat = [word for row in words for word in row]
        counts = np.array([len(row) for row in words])
        first = np.cumsum(counts) - counts
        rows = np.repeat(np.arange(len(units)), counts)
        codes = np.array([word.code for word in flat], dtype=np.uint32)
        parts = np.array([len(word.buckets) for word in flat])
        within = np.ones(len(flat), dtype=bool)
        within[first] = False
        pairs = _bucket(codes[:-1] * _PAIR + codes[1:])[within[1:]]
        known = [self._concepts(row) for row in words]
        extra, extra_rows = self._extra(words, known)
        columns = np.concatenate(
            [
                *[word.buckets for word in flat],
                pairs,
                _bucket(codes[first] + _FIRST),
                _bucket(codes[first + counts - 1] + _LAST),
                np.array(extra, dtype=np.int64),
            ]
        )
        every = np.arange(len(units))
        owners = np.concatenate(
            [np.repeat(rows, parts), rows[1:][within[1:]], every, every, np.array(extra_rows, dtype=np.int64)]
        )
        order = np.argsort(owners, kind="stable")
        sizes = np.bincount(owners, minlength=len(units))
        dense = np.zeros((len(units), self.width), dtype=np.float32)
        for row, numbers in enumerate(known):
            dense[row, numbers] = 1
        dense[:, len(self.concepts.names) :] = shapes_of(text, units, [[word.kind for word in row] for row in words])
        return PageFeatures(dense=dense, columns=columns[order], starts=np.cumsum(sizes) - sizes)

    def _word(self, raw: str) -> Word:
        known = self._known.get(raw)
        if known is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            known = self._known[raw] = self._new_word(raw)
        return known

    def _new_word(self, raw: str) -> Word:
        lower = raw.lower()
        name = "0" if raw[:1].isdigit() else lower
        names = [name]
        if len(name) > 5:
            names.append("^" + name[:5])
        if len(name) > 3:
            framed = f"^{name}$"
            names += [framed[n : n + 4] for n in range(min(len(framed) - 3, MAX_PARTS))]
        buckets = np.array([crc32(n.encode()) % BUCKETS for n in names], dtype=np.int64)
        return Word(
            lower=lower,
            code=crc32(name.encode()),
            buckets=buckets,
            concepts=frozenset(self.concepts.of(lower)),
            opens=lower in self.concepts.openers,
            kind=_kind(raw),
        )

    def _concepts(self, words: Sequence[Word]) -> list[int]:
        found = set().union(*[word.concepts for word in words])
        for number, word in enumerate(words[:-1]):
            if word.opens:
                pair = f"{word.lower} {words[number + 1].lower.rstrip('.:')}"
                if pair not in self._pairs:
                    if len(self._pairs) >= REMEMBERED:
                        self._pairs.clear()
                    self._pairs[pair] = frozenset(self.concepts.of(pair))
                found |= self._pairs[pair]
        return sorted(found)

    @staticmethod
    def _extra(words: Sequence[Sequence[Word]], known: Sequence[Sequence[int]]) -> tuple[list[int], list[int]]:
        """Buckets, and the units they belong to: pairs of concepts, concepts with the length, how words are written."""
        buckets, owners = [], []
        for row, (unit, concepts) in enumerate(zip(words, known, strict=True)):
            some = concepts[:MAX_CONCEPTS]
            size = "s" if len(unit) < 8 else "m" if len(unit) < 16 else "l"
            names = [f"{one}&{other}" for one, other in combinations(some, 2)]
            names += [f"{number}&{size}" for number in some]
            if len(unit) < 9:
                kinds = "".join(word.kind for word in unit)
                names += ["=" + kinds, f"={unit[0].lower}{kinds[1:]}"]
            buckets += [crc32(name.encode()) % BUCKETS for name in names]
            owners += [row] * len(names)
        return buckets, owners


def _kind(raw: str) -> str:
    if not raw or not raw[0].isalnum():
        return raw[:1] or "-"
    if raw[0].isdigit():
        return "0"
    end = raw[-1] if raw[-1] in ".:" else ""
    if raw[0].islower():
        return "a" + end
    if len(raw) > 1 and raw.isupper():
        return "A" + end
    return ("T" if raw[0].isupper() else "x") + end


def _bucket(codes: Any) -> Any:
    """Codes spread over the buckets."""
    return ((codes * _MIX) >> np.uint32(15)).astype(np.int64) % BUCKETS
