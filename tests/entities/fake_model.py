"""A model that sees what a test tells it: readings made by hand, so that no test here needs weights."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from pipeline.encoder import Reading
from pipeline.records import Language, LanguageArticle, Models

LABELS = ("O", *(f"{prefix}-{kind}" for kind in ("PER", "ORG", "LOC", "PRODUCT", "MISC") for prefix in "BI"))
_PIECE = re.compile(
    r"[\u3040-\u30ff\u4e00-\u9fff\u0e00-\u0eff]|[^\W\u3040-\u30ff\u4e00-\u9fff\u0e00-\u0eff]{1,4}|[^\w\s]"
)


class FakeModel:
    """Tags every occurrence of the given names; the longest name wins where they overlap."""

    ref = "fake@0+000000000000"
    entity_labels = LABELS

    def __init__(self, names: dict[str, str]) -> None:
        self._names = sorted(names.items(), key=lambda item: len(item[0]))

    def read(self, text: str, sentences: Sequence[tuple[int, int]]) -> Reading:
        """Pieces of up to four characters, sure of their labels."""
        labels = ["O"] * len(text)
        for name, label in self._names:
            for found in re.finditer(re.escape(name), text):
                labels[found.start() : found.end()] = [f"B-{label}"] + [f"I-{label}"] * (len(name) - 1)
        pieces = [
            (start + found.start(), start + found.end(), i)
            for i, (start, end) in enumerate(sentences)
            for found in _PIECE.finditer(text[start:end])
        ]
        return make_reading(
            [(start, end) for start, end, _ in pieces], [i for *_, i in pieces], [labels[start] for start, *_ in pieces]
        )


def make_reading(spans: list[tuple[int, int]], sentence: list[int], labels: list[str]) -> Reading:
    """A reading whose pieces have these labels with a probability of about .95."""
    entity = np.full((len(spans), len(LABELS)), np.log(0.005), np.float32)
    for row, label in zip(entity, labels, strict=True):
        row[LABELS.index(label)] = np.log(0.95)
    empty = np.zeros((len(spans), 1), np.float32)
    return Reading(
        np.array(spans, np.int32).reshape(-1, 2),
        np.array(sentence, np.int32),
        entity,
        empty,
        empty,
        empty,
        empty,
        empty,
    )


def article(text: str, language: str, **fields: object) -> LanguageArticle:
    """An article of the language stage."""
    given = {"id": "a1", "action": "add", "models": Models(language="test@1+0")} | fields
    return LanguageArticle(text=text, language=Language(code=language, script="Latn", confidence=1.0), **given)  # type: ignore[arg-type]
