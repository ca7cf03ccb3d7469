"""How the boilerplate model is fitted: two layers, and thresholds from pages that the layers have not seen."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.language import boilerplate, boilerplate_model
from pipeline.language.boilerplate_model import KINDS, BoilerplateModel, context_of, first_layer, softmax
from pipeline.language.features import BUCKETS, Concepts, Lexicon, PageFeatures
from training import boilerplate_data as data
from training import linear
from training.boilerplate_data import Page
from training.language import fit_curve

INNER = 5
L2_DENSE, L2_HASHED, L2_CONTEXT = 0.5, 0.3, 1.0
STEPS = 40
PRECISION = {"ad": 0.98, "teaser": 0.97}  # expected of a kind's names; .96 gave .93 and .95 on the folds left out
LEAST_SHARE = 0.2  # of what is not news, from which on a kind is named at all
ALARMS = 0.013  # largest share of the units of articles that may be marked
FOLDER = Path(boilerplate.__file__).resolve().parent
Array = Any
Layer = tuple[Array, Array, Array]


@dataclass
class Sets:
    """Pages by what they are for; `news` and `sentences` hold no boilerplate."""

    measured: list[Page]
    lines: list[Page]
    news: list[Page]
    sentences: list[Page]


class Trainer:
    """Remembers the features of every page."""

    def __init__(self) -> None:
        table = json.loads((FOLDER / boilerplate_model.CONCEPTS_FILE).read_text(encoding="utf-8"))
        self._lexicon = Lexicon(Concepts(table))
        self._features: dict[str, PageFeatures] = {}

    def features(self, page: Page) -> PageFeatures:
        if page.text not in self._features:
            self._features[page.text] = self._lexicon.features(page.text, page.units)
        return self._features[page.text]

    def first(self, pages: Sequence[Page]) -> Layer:
        """The first layer, on units alone."""
        dense = np.vstack([self.features(page).dense for page in pages])
        hashed = [row for page in pages for row in _rows(self.features(page))]
        labels = np.array([label for page in pages for label in page.labels])
        weights = np.array([page.weight for page in pages for _ in page.labels])
        design = linear.Design(dense, hashed, BUCKETS)
        return linear.fit(design, labels, weights, len(KINDS), l2_dense=L2_DENSE, l2_hashed=L2_HASHED, steps=STEPS)

    def alone(self, layer: Layer, page: Page) -> Array:
        return first_layer(self.features(page), *layer)

    def train(self, sets: Sets, *, seed: int = 1) -> BoilerplateModel:
        """Both layers and the thresholds. The second layer learns from what first layers say that have not seen the
        page; the thresholds come from second layers that have not seen it either.
        """
        draw = random.Random(seed)
        everything = [*sets.measured, *sets.lines, *sets.news, *sets.sentences]
        folds = {page.id: draw.randrange(INNER) for page in everything}
        examples: list[tuple[int, str, Page, Array, Array]] = []
        for fold in range(INNER):
            layer = self.first([page for page in everything if folds[page.id] != fold])
            news = [page for page in sets.news if folds[page.id] == fold]
            lines = [page for page in sets.lines if folds[page.id] == fold]
            others = [page for page in sets.sentences if folds[page.id] == fold]
            groups = {
                "measured": [page for page in sets.measured if folds[page.id] == fold],
                "mixed": data.mixed([*news, *others], lines, seed=fold),
                "news": news[::3],
                "others": others[::3],
            }
            for name, pages in groups.items():
                for page in pages:
                    alone = self.alone(layer, page)
                    examples.append((fold, name, page, alone, context_of(alone, self.features(page), page.units)))
        unseen = []
        for fold in range(INNER):
            context = self._second([example for example in examples if example[0] != fold])
            for _, name, page, alone, rows in (example for example in examples if example[0] == fold):
                unseen.append((name, page, alone, softmax(rows @ context[:-1] + context[-1])))
        layer = self.first(everything)
        return BoilerplateModel(
            lexicon=self._lexicon,
            dense=layer[0],
            hashed=layer[1],
            bias=layer[2],
            context=self._second(examples),
            thresholds=thresholds(unseen),
        )

    def _second(self, examples: Sequence[tuple[int, str, Page, Array, Array]]) -> Array:
        rows = np.vstack([example[4] for example in examples])
        labels = np.array([label for example in examples for label in example[2].labels])
        weights = np.array([example[2].weight for example in examples for _ in example[2].labels])
        design = linear.Design(rows, [np.zeros(0, dtype=np.int64)] * len(rows), 1)
        dense, _, bias = linear.fit(design, labels, weights, len(KINDS), l2_dense=L2_CONTEXT, l2_hashed=1.0, steps=100)
        return np.vstack([dense, bias])


def _rows(page: PageFeatures) -> list[Array]:
    return np.split(page.columns, page.starts[1:])


def thresholds(unseen: Sequence[tuple[str, Page, Array, Array]]) -> Array:
    """[kinds], as `BoilerplateModel` has them: the mark with the best F1 that keeps false alarms on articles rare;
    then, for the kinds in `PRECISION`, the least share that reaches it.
    """
    measured = [row for row in unseen if row[0] == "measured"]
    articles = [row for row in unseen if row[0] == "news"]
    labels = np.array([label for _, page, _, _ in measured for label in page.labels])
    alone = np.vstack([row[2] for row in measured])
    around = np.vstack([row[3] for row in measured])
    odds = boilerplate.evidence(alone, around)
    if articles:
        quiet = boilerplate.evidence(np.vstack([row[2] for row in articles]), np.vstack([row[3] for row in articles]))
    else:
        quiet = np.zeros(0)
    best, mark = -1.0, 3.0
    for candidate in np.arange(-1.0, 6.01, 0.25):
        said = odds >= candidate
        both = float((said & (labels > 0)).sum())
        score = 2 * both / max(float(said.sum() + (labels > 0).sum()), 1.0)
        if score > best and (not len(quiet) or float((quiet >= candidate).mean()) <= ALARMS):
            best, mark = score, float(candidate)
    result = np.zeros(len(KINDS), dtype=np.float32)
    result[0] = mark
    shares = boilerplate.shares(alone, around)
    for name, wanted in PRECISION.items():
        number = KINDS.index(name)
        result[number] = _least_share(shares[odds >= mark, number - 1], labels[odds >= mark] == number, wanted)
    return result


def _least_share(shares: Array, right: Array, wanted: float) -> float:
    """The least share from which on a kind's names are expected to be right so often.

    Expected by a logistic curve through what was right: the units above a threshold are few, and each one that is
    wrong by chance would move it.
    """
    logits = np.log(np.clip(shares, 1e-4, 1 - 1e-4) / (1 - np.clip(shares, 1e-4, 1 - 1e-4)))
    named = shares > LEAST_SHARE
    slope, offset = fit_curve(logits[named], right[named].astype(float))
    order = np.argsort(-shares[named], kind="stable")
    expected = 1 / (1 + np.exp(-(slope * logits[named][order] + offset)))
    precise = np.flatnonzero(np.cumsum(expected) >= wanted * np.arange(1, len(expected) + 1))
    return float(shares[named][order][precise[-1]]) if len(precise) else 1.0
