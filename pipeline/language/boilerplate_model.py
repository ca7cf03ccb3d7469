"""The boilerplate model: probabilities of news and of each kind of boilerplate for every unit of a text.

Two linear layers with softmax. The first looks at a unit alone; the second at what the first thinks of it, of its
neighbours and of the text around it, and at where it stands: a headline under "Most read" is no news. Trained by
`python -m training.boilerplate`; the file holds plain arrays (`numpy.load` without pickle).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from typing import Any

import numpy as np
import orjson

from pipeline.errors import ModelError
from pipeline.language.features import BUCKETS, SHAPES, Concepts, UnitFeatures, features_of
from pipeline.language.units import Unit

KINDS = ("content", "ad", "teaser", "newsletter", "cookie", "disclaimer", "related", "byline", "caption", "share")
MODEL_FILE = "boilerplate.npz"
CONCEPTS_FILE = "concepts.json"
PLACES = 12
CONTEXT = 5 * len(KINDS) + PLACES


@dataclass(frozen=True, slots=True)
class BoilerplateModel:
    """`dense` [concepts + shapes, kinds], `hashed` [buckets, kinds], `bias` [kinds]; `context` [CONTEXT + 1, kinds]."""

    concepts: Concepts
    dense: Any
    hashed: Any
    bias: Any
    context: Any

    @classmethod
    def load(cls) -> "BoilerplateModel":
        """The shipped model. Raises `ModelError` if its files are missing or don't fit this version."""
        folder = files("pipeline.language")
        try:
            concepts = Concepts(orjson.loads(folder.joinpath(CONCEPTS_FILE).read_bytes()))
            with as_file(folder.joinpath(MODEL_FILE)) as path, np.load(path, allow_pickle=False) as arrays:
                parts = {name: arrays[name].astype(np.float32) for name in ("dense", "hashed", "bias", "context")}
        except (OSError, ValueError, KeyError) as error:
            raise ModelError(f"pipeline/language/{MODEL_FILE} can't be read ({error}): reinstall eventwire.") from error
        shapes = {
            "dense": (len(concepts.names) + len(SHAPES), len(KINDS)),
            "hashed": (BUCKETS, len(KINDS)),
            "bias": (len(KINDS),),
            "context": (CONTEXT + 1, len(KINDS)),
        }
        for name, shape in shapes.items():
            if parts[name].shape != shape:
                raise ModelError(
                    f"pipeline/language/{MODEL_FILE}: {name} is {parts[name].shape}, this version needs {shape}. "
                    "Train it again: python -m training.boilerplate"
                )
        return cls(concepts=concepts, **parts)

    def probabilities(self, text: str, units: Sequence[Unit]) -> tuple[Any, Any]:
        """What the first and the second layer say: [units, kinds] each, rows summing to 1."""
        if not units:
            return np.zeros((0, len(KINDS))), np.zeros((0, len(KINDS)))
        alone = softmax(
            np.array([self._logits(features_of(text[unit.start : unit.end], self.concepts)) for unit in units])
        )
        return alone, softmax(context_of(alone, units) @ self.context[:-1] + self.context[-1])

    def _logits(self, unit: UnitFeatures) -> Any:
        logits = unit.dense @ self.dense + self.bias
        if len(unit.hashed):
            logits = logits + self.hashed[unit.hashed].sum(axis=0) / len(unit.hashed) ** 0.5
        return logits


def softmax(logits: Any) -> Any:
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def context_of(alone: Any, units: Sequence[Unit]) -> Any:
    """[units, CONTEXT]: what the second layer sees, from the first layer's probabilities.

    Own log-probabilities; those of the unit before and after; the means of the three units on each side; where the
    unit stands in its line and in the text.
    """
    logs = np.log(np.maximum(alone, 1e-4)) / 4
    count = len(units)
    blank = np.zeros((1, len(KINDS)), dtype=logs.dtype)
    before, after = np.vstack([blank, logs[:-1]]), np.vstack([logs[1:], blank])
    sums = np.vstack([blank, np.cumsum(alone, axis=0)])
    rows = np.arange(count)
    low, high = np.maximum(rows - 3, 0), np.minimum(rows + 4, count)
    mean_before = (sums[rows] - sums[low]) / np.maximum(rows - low, 1)[:, None]
    mean_after = (sums[high] - sums[rows + 1]) / np.maximum(high - rows - 1, 1)[:, None]
    lines = np.array([unit.line for unit in units])
    lengths = np.bincount(lines)
    first = np.r_[True, lines[1:] != lines[:-1]]
    last = np.r_[lines[1:] != lines[:-1], True]
    top, bottom = lines, lines[-1] - lines
    in_line = [first & last, first & ~last, last & ~first, lengths[lines] > 3]
    in_text = [top == 0, top == 1, top == 2, bottom == 0, bottom == 1, bottom == 2, (top > 2) & (bottom > 2)]
    places = np.column_stack([*in_line, *in_text, rows / count])
    return np.hstack([logs, before, after, mean_before, mean_after, places.astype(logs.dtype)])
