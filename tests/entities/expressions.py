"""Reads the hand-written expressions (`amounts.txt`, `dates.txt`) and scores rules against them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent


class Case(NamedTuple):
    language: str
    text: str
    spans: list[tuple[int, int]]
    context: str | None  # what stands after @
    answers: list[str]
    line: str


def read_cases(name: str, separator: str) -> list[Case]:
    cases = []
    for line in (HERE / name).read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        language, sentence, answers = line.split("|")
        marked, _, context = sentence.partition("@")
        text, spans = "", []
        for part in re.split(r"([\[\]])", marked):
            if part == "[":
                spans.append((len(text), len(text)))
            elif part == "]":
                spans[-1] = (spans[-1][0], len(text))
            else:
                text += part
        wanted = [answer.strip() for answer in answers.split(separator) if answer.strip()]
        cases.append(Case(language, text, spans, context or None, wanted, line))
    return cases


Found = tuple[int, int, str]


class Score(NamedTuple):
    right: int
    found: int
    wanted: int
    errors: list[str]

    @property
    def precision(self) -> float:
        return self.right / max(1, self.found)

    @property
    def recall(self) -> float:
        return self.right / max(1, self.wanted)


def score(cases: Iterable[Case], find: Callable[[Case], list[Found]]) -> Score:
    """Compare what `find` gives for each case, (start, end, what), with what the case says."""
    right = found = wanted = 0
    errors = []
    for case in cases:
        got = find(case)
        expected = [(*span, answer) for span, answer in zip(case.spans, case.answers, strict=False)]
        hits = len(set(got) & set(expected))
        right += hits
        found += len(got)
        wanted += len(case.answers)
        if hits < len(case.answers) or hits < len(got):
            errors.append(f"{case.line}\n    found {[(case.text[a:b], what) for a, b, what in got]}")
    return Score(right, found, wanted, errors)
