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
from pipeline.language.features import BUCKETS, Concepts, Lexicon, PageFeatures
from pipeline.language.shapes import SHAPES
from pipeline.language.units import Unit

KINDS = ("content", "ad", "teaser", "newsletter", "cookie", "disclaimer", "related", "byline", "caption", "share")
MODEL_FILE = "boilerplate.npz"
CONCEPTS_FILE = "concepts.json"
PLACES = 13
CONTEXT = 8 * len(KINDS) + PLACES
_SHORT = SHAPES.index("short_no_end")


@dataclass(frozen=True, slots=True)
class BoilerplateModel:
    """`dense` [concepts + shapes, kinds], `hashed` [buckets, kinds], `bias` [kinds]; `context` [CONTEXT + 1, kinds].

    `thresholds` [kinds]: the log-odds of not being news from which on a unit is marked; then, for each kind, its least
    share of what is not news.
    """

    lexicon: Lexicon
    dense: Any
    hashed: Any
    bias: Any
    context: Any
    thresholds: Any

    @classmethod
    def load(cls) -> "BoilerplateModel":
        """The shipped model. Raises `ModelError` if its files are missing or don't fit this version."""
        folder = files("pipeline.language")
        names = ("dense", "hashed", "bias", "context", "thresholds")
        try:
            lexicon = Lexicon(Concepts(orjson.loads(folder.joinpath(CONCEPTS_FILE).read_bytes())))
            with as_file(folder.joinpath(MODEL_FILE)) as path, np.load(path, allow_pickle=False) as arrays:
                parts = {name: arrays[name].astype(np.float32) for name in names}
        except (OSError, ValueError, KeyError) as error:
            raise ModelError(f"pipeline/language/{MODEL_FILE} can't be read ({error}): reinstall eventwire.") from error
        shapes = {
            "dense": (lexicon.width, len(KINDS)),
            "hashed": (BUCKETS, len(KINDS)),
            "bias": (len(KINDS),),
            "context": (CONTEXT + 1, len(KINDS)),
            "thresholds": (len(KINDS),),
        }
        for name, shape in shapes.items():
            if parts[name].shape != shape:
                raise ModelError(
                    f"pipeline/language/{MODEL_FILE}: {name} is {parts[name].shape}, this version needs {shape}. "
                    "Train it again: python -m training.boilerplate"
                )
        return cls(lexicon=lexicon, **parts)

    def probabilities(self, text: str, units: Sequence[Unit]) -> tuple[Any, Any]:
        """What the first and the second layer say: [units, kinds] each, rows summing to 1."""
        if not units:
            return np.zeros((0, len(KINDS))), np.zeros((0, len(KINDS)))
        page = self.lexicon.features(text, units)
        alone = first_layer(page, self.dense, self.hashed, self.bias)
        return alone, softmax(context_of(alone, page, units) @ self.context[:-1] + self.context[-1])


def first_layer(page: PageFeatures, dense: Any, hashed: Any, bias: Any) -> Any:
    """[units, kinds]: what a unit is by itself."""
    sums = np.add.reduceat(hashed[page.columns], page.starts, axis=0)
    sizes = np.diff(np.append(page.starts, len(page.columns)))
    return softmax(page.dense @ dense + sums / np.sqrt(sizes)[:, None].astype(np.float32) + bias)


def softmax(logits: Any) -> Any:
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def context_of(alone: Any, page: PageFeatures, units: Sequence[Unit]) -> Any:
    """[units, CONTEXT]: what the second layer sees, from the first layer's probabilities.

    Own log-probabilities; those of the unit before and after, and of the one before if this one is short and no
    sentence; the means of the three units on each side, of all before and of all after; where the unit stands in its
    line and in the text.
    """
    logs = np.log(np.maximum(alone, 1e-4)) / 4
    count = len(units)
    blank = np.zeros((1, len(KINDS)), dtype=logs.dtype)
    before, after = np.vstack([blank, logs[:-1]]), np.vstack([logs[1:], blank])
    short = page.dense[:, page.dense.shape[1] - len(SHAPES) + _SHORT]
    sums = np.vstack([blank, np.cumsum(alone, axis=0, dtype=np.float64)])
    rows = np.arange(count)
    low, high = np.maximum(rows - 3, 0), np.minimum(rows + 4, count)
    means = [
        _mean(sums, low, rows),
        _mean(sums, rows + 1, high),
        _mean(sums, np.zeros_like(rows), rows),
        _mean(sums, rows + 1, np.full_like(rows, count)),
    ]
    lines = np.array([unit.line for unit in units])
    lengths = np.bincount(lines)
    first = np.r_[True, lines[1:] != lines[:-1]]
    last = np.r_[lines[1:] != lines[:-1], True]
    top, bottom = lines, lines[-1] - lines
    in_line = [first & last, first & ~last, last & ~first, lengths[lines] > 3]
    in_text = [top == 0, top == 1, top == 2, bottom == 0, bottom == 1, bottom == 2, (top > 2) & (bottom > 2)]
    places = np.column_stack([*in_line, *in_text, rows / count, short])
    return np.hstack([logs, before, after, before * short[:, None], *means, places]).astype(np.float32)


def _mean(sums: Any, low: Any, high: Any) -> Any:
    """Means of the rows `low` to `high` (excluded) from running sums; 0 where there are none."""
    return (sums[high] - sums[low]) / np.maximum(high - low, 1)[:, None]
