"""What the boilerplate model sees of a unit: its words, what they mean in any language, and its shape.

`concepts.json` groups words of many languages under what they are about (subscribe, discount, read also ...), so that
what is learnt in one language holds in the others.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np

BUCKETS = 1 << 14  # of hashed words
MAX_WORDS = 60  # of a unit that are looked at
REMEMBERED = 50_000  # words whose concepts are kept
SHAPES = (
    "words_1", "words_2_3", "words_4_7", "words_8_15", "words_16_30", "words_31", "end_period", "end_question",
    "end_exclamation", "end_colon", "end_none", "end_comma_dash", "question_inside", "exclamation_inside",
    "starts_lower", "starts_quote", "starts_star", "starts_bracket", "all_in_brackets", "all_caps",
    "caps_word_first", "title_case", "digits", "time", "date", "money", "percent", "url", "email", "phone",
    "bars", "slashes", "arrow", "early_colon", "dateline", "copyright_sign", "hash_tag", "quotes",
    "speech_dash", "quote_open",
)  # fmt: skip

_WORD = re.compile(r"[^\W_]+(?:[-'’.:][^\W_]+)*[.:]?|[©\"„“”«»‚‘|]|\d+\+")
_TIME = re.compile(r"\b\d{1,2}[:.h]\d{2}\b|\b\d{1,2}\s?(?:Uhr|am|pm|AM|PM|h)\b")
_DATE = re.compile(r"\b\d{1,2}[./-]\s?\d{1,2}[./-](?:\s?\d{2,4})?\b|\b\d{4}-\d{2}-\d{2}\b|\b(?:19|20)\d{2}\b")
_MONEY = re.compile(r"[€$£¥₽]|\b(?:euros?|dollars?|Franken|kronor|lei|zł|рубл\w+|EUR|USD|CHF)\b", re.IGNORECASE)
_URL = re.compile(r"https?://|www\.|\b\w+\.(?:com|de|org|net|fr|es|it|nl|pl|ru|ro|se|pt|br|ch|at)\b")
_PHONE = re.compile(r"(?:\+|\b0)\d[\d /()-]{6,}\d")
_EARLY_COLON = re.compile(r"^[^:.!?]{2,34}:\s")
_DATELINE = re.compile(r"^[A-ZÀ-ÞА-Я][\w.\- ]{2,24}(?:, [\w. ]{2,16})?\s?\([\w./ \-]{2,16}\)\s?[-–—.]")
_BARS = re.compile(r"[|·•]")
_SPEECH = re.compile(r"^[–—-] \w")


class Concepts:
    """Words to concepts: whole words, beginnings (`abonn*`), and two or three words in a row (`lire_aussi`)."""

    def __init__(self, table: Mapping[str, str]) -> None:
        self.names = tuple(table)
        self._words: dict[str, set[int]] = {}
        self._starts: dict[str, set[int]] = {}
        for number, words in enumerate(table.values()):
            for word in words.split():
                target = self._starts if word.endswith("*") else self._words
                target.setdefault(word.rstrip("*").replace("_", " "), set()).add(number)
        self._longest = max(map(len, self._starts), default=0)
        self._openers = {key.split(" ")[0] for key in (*self._words, *self._starts) if " " in key}
        self._known: dict[str, frozenset[int]] = {}

    def of(self, words: list[str]) -> set[int]:
        """The numbers of the concepts that `words` (lower case) speak of."""
        found: set[int] = set()
        before = ""
        for word in words:
            found |= self._of(word)
            bare = word.rstrip(".:")
            if before in self._openers:
                found |= self._of(f"{before} {bare}")
            before = bare
        return found

    def _of(self, key: str) -> frozenset[int]:
        """Concepts of one word or pair; remembered, because news uses the same words over and over."""
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            known = self._known[key] = frozenset(self._look_up(key))
        return known

    def _look_up(self, key: str) -> set[int]:
        bare = key.rstrip(".:")
        found = self._words.get(key, set()) | self._words.get(bare, set())
        lengths = range(min(len(bare), self._longest), 1, -1)
        return found | next((self._starts[bare[:n]] for n in lengths if bare[:n] in self._starts), set())


@dataclass(frozen=True, slots=True)
class UnitFeatures:
    """`dense`: concepts, then shapes (0 or 1). `hashed`: buckets of words, each once, sorted."""

    dense: Any
    hashed: Any


def features_of(unit: str, concepts: Concepts) -> UnitFeatures:
    """Features of one unit; the same text always gives the same."""
    found = _WORD.findall(unit)[:MAX_WORDS]
    words = ["0" if word[0].isdigit() else word.lower() for word in found]
    known = sorted(concepts.of([word.lower() for word in found]))
    shape = _shape(unit, found)
    dense = np.zeros(len(concepts.names) + len(SHAPES), dtype=np.float32)
    dense[known] = 1
    dense[[len(concepts.names) + number for number, value in enumerate(shape) if value]] = 1
    names = set()
    for position, word in enumerate(words):
        names.add(word)
        if len(word) > 5:
            names.add("^" + word[:5])
        if position:
            names.add(f"{words[position - 1]} {word}")
    if words:
        names |= {"< " + words[0], "> " + words[-1]}
    names |= {f"{one}&{other}" for number, one in enumerate(known[:10]) for other in known[number + 1 : 10]}
    buckets = sorted({crc32(name.encode()) & (BUCKETS - 1) for name in names})
    return UnitFeatures(dense=dense, hashed=np.array(buckets, dtype=np.int32))


def _shape(unit: str, words: list[str]) -> list[bool]:
    """One value for each of `SHAPES`."""
    count = len(words)
    last, first = unit[-1:], unit[:1]
    end = unit.rstrip("\"'”“’»«)*")[-1:]
    letters = [word for word in words if word[0].isalpha()]
    upper = sum(word[0].isupper() for word in letters)
    quotes = sum(unit.count(mark) for mark in '"„“”«»')
    return [
        count <= 1, 2 <= count <= 3, 4 <= count <= 7, 8 <= count <= 15, 16 <= count <= 30, count > 30,
        end == ".", end == "?", end == "!", last == ":", last.isalnum(), last in ",-–—…",
        "?" in unit[:-1], "!" in unit[:-1], first.islower(), first in "\"„“«»‚‘'", first == "*", first in "([",
        first == "(" and last == ")", unit.isupper(), bool(letters) and len(letters[0]) > 2 and letters[0].isupper(),
        len(letters) > 2 and upper > 0.7 * len(letters),
        any(map(str.isdigit, unit)), bool(_TIME.search(unit)), bool(_DATE.search(unit)), bool(_MONEY.search(unit)),
        "%" in unit, bool(_URL.search(unit)), "@" in unit, bool(_PHONE.search(unit)), bool(_BARS.search(unit)),
        "/" in unit, last in "›»→►▶>" or first in "›→►▶>+•",
        bool(_EARLY_COLON.search(unit)), bool(_DATELINE.search(unit)),
        "©" in unit, "#" in unit, quotes >= 2, bool(_SPEECH.search(unit)), quotes % 2 == 1,
    ]  # fmt: skip
