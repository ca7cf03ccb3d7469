"""Entity scores: exact spans and labels PER, ORG, LOC on the held-out part of every corpus."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from pipeline.encoder import Model
from pipeline.entities.decode import decode
from training.labels import CLASSES
from training.ner_corpora import corpora
from training.ner_data import HeldOutText, held_out_texts

MEASURED = CLASSES[:3]  # the classes that all corpora mark
SENTENCES = 800  # of each test set, evenly spaced: sets are in the order of their sources, and the whole takes minutes


@dataclass(slots=True)
class Counts:
    """True positives, false positives and false negatives by label."""

    right: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)

    def f1(self, *labels: str) -> float:
        """F1 over these labels together, NaN without any mention."""
        chosen = labels or tuple(self.right | self.wrong | self.missed)
        right = sum(self.right[label] for label in chosen)
        total = 2 * right + sum(self.wrong[label] + self.missed[label] for label in chosen)
        return 2 * right / total if total else float("nan")

    def __iadd__(self, other: Counts) -> Counts:
        self.right += other.right
        self.wrong += other.wrong
        self.missed += other.missed
        return self


def spans(model: Model, text: str) -> set[tuple[int, int, str]]:
    """Mentions as the entity agent decodes them."""
    mentions = decode(model.read(text, [(0, len(text))]), text, model.entity_labels)
    return {(mention.start, mention.end, mention.label) for mention in mentions if mention.label in MEASURED}


def measure(model: Model, texts: list[HeldOutText]) -> Counts:
    """Count a test set."""
    counts = Counts()
    for text, gold, skip in texts:
        found = spans(model, text)
        found = {s for s in found if s in gold or not any(s[0] < end and s[1] > start for start, end in skip)}
        counts.right.update(label for _, _, label in found & gold)
        counts.wrong.update(label for _, _, label in found - gold)
        counts.missed.update(label for _, _, label in gold - found)
    return counts


def held_out_sets(limit: int = SENTENCES) -> dict[tuple[str, str], list[HeldOutText]]:
    """Test sentences by (language, corpus); those of our own annotation by the language of each."""
    found: dict[tuple[str, str], list[HeldOutText]] = {}
    for name, (language, reader) in corpora().items():
        if name == "own":
            units = [sentence.unit for sentence in reader() if ":test:" in sentence.unit]
            for unit, text in zip(units, held_out_texts(name), strict=True):
                found.setdefault((unit.split(":")[0], name), []).append(text)
        elif texts := held_out_texts(name):
            found[language, re.sub("-test$", "", name)] = texts[:: -(-len(texts) // limit)]
    return found
