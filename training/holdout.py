"""Which articles no training may see. Fixed for ever by hashes, so that every model is measured on the same ones.

A unit is a translation group (an article and its translations) or a single article. Units whose number, a hash
in [0, 1), is below TEST are for testing, below DEV for choosing thresholds and calibration; in the small set of
entity annotations of our own (`ner/news-own`) all units below NEWS_OWN_TEST are for testing, hence seen by nobody.
Corpora overlap in ways that ids don't show, so `Shingles` also finds held-out text by its words.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Any

TEST, DEV, NEWS_OWN_TEST = 0.12, 0.20, 0.30
SHINGLE_WORDS = 6
MAX_SHARE, MAX_SHINGLES = 0.2, 15  # more of a text's word sequences than this in held-out text: dropped


def number(unit: str) -> float:
    """A unit's fixed place in [0, 1)."""
    return int.from_bytes(hashlib.sha256(f"eventwire:{unit}".encode()).digest()[:8], "big") / 2**64


def unit(record: dict[str, Any]) -> str:
    """The unit of an article record: its translation group, otherwise its id."""
    return str(record.get("translation_group") or record["id"])


def part(unit_name: str, news_own: frozenset[str] = frozenset()) -> str:
    """`test`, `dev` or `train`; `news_own` are the units of the entity annotations of our own."""
    place = number(unit_name)
    if place < TEST or (unit_name in news_own and place < NEWS_OWN_TEST):
        return "test"
    return "dev" if place < DEV else "train"


class Shingles:
    """Word sequences of held-out texts."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._seen = {shingle for text in texts for shingle in _shingles(text)}

    def overlap(self, text: str) -> bool:
        """Whether a text repeats so much of the held-out texts that it must not be trained on."""
        own = _shingles(text)
        common = len(own & self._seen)
        return common >= MAX_SHINGLES or (common >= 1 and common > MAX_SHARE * len(own))


def _shingles(text: str) -> set[int]:
    words = re.findall(r"\w+", text.lower())
    if len(words) == 1 and len(text) > 4 * SHINGLE_WORDS:  # scripts without spaces
        words = list(text)
    return {hash(tuple(words[i : i + SHINGLE_WORDS])) for i in range(max(0, len(words) - SHINGLE_WORDS + 1))}
