"""What a full stop after a word means, by language: `data/sentences.yaml`, whose comments explain the lists."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from pipeline.entities.tables import read_table


@dataclass(frozen=True, slots=True)
class SentenceRules:
    """The lists of one language; all empty but the international ones for a language without any."""

    language: str  # what sentencex is asked for
    inside: frozenset[str]
    either: frozenset[str]
    starters: frozenset[str]
    months: frozenset[str]
    measures: frozenset[str]
    ordinals: bool
    ordinal_before: frozenset[str]


@cache
def sentence_rules(language: str) -> SentenceRules:
    """The rules for an ISO 639 code."""
    table = read_table("sentences.yaml")

    def words(name: str, code: str = language) -> frozenset[str]:
        lists: dict[str, Any] = table[name]
        return frozenset(f"{lists.get('all', '')} {lists.get(code, '')}".split())

    either = words("either")
    return SentenceRules(
        language=language if re.fullmatch(r"[a-z]{2,3}", language) and language != "und" else "en",
        inside=words("inside") - either - words("words"),
        either=either,
        starters=words("starters", table["like"].get(language, language)),
        months=words("months"),
        measures=frozenset(table["measures"].split()),
        ordinals=language in table["ordinal_languages"],
        ordinal_before=words("ordinal_before"),
    )
