"""From the encoder's hidden states to probabilities; the light part of the model, in NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.encoder.reading import FloatArray, IntArray

NO_EVENT = np.float32(-30.0)  # logit of a sentence without pieces


def sigmoid(logits: FloatArray) -> FloatArray:
    """Logistic function, safe against overflow: exp never sees a positive number."""
    small = np.exp(-np.abs(logits))
    result: FloatArray = np.where(logits >= 0, 1 / (1 + small), small / (1 + small)).astype(np.float32)
    return result


def log_softmax(logits: FloatArray) -> FloatArray:
    """Log-probabilities along the last axis."""
    shifted = logits - logits.max(axis=-1, keepdims=True, initial=-np.inf)
    result: FloatArray = (shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))).astype(np.float32)
    return result


class SentencePool:
    """Sums and maxima of hidden states by sentence, filled window by window so that memory stays small."""

    def __init__(self, sentences: int, width: int, types: int) -> None:
        """Room for `sentences` rows of `width` hidden units and `types` trigger logits."""
        self.count = np.zeros((sentences, 1), np.float32)
        self.total = np.zeros((sentences, width), np.float32)
        self.best = np.full((sentences, width), -np.inf, np.float32)
        self.trigger = np.full((sentences, types), -np.inf, np.float32)

    def add(self, index: IntArray, hidden: FloatArray, trigger: FloatArray) -> None:
        """Add the pieces of one window; `index` gives their sentences, non-decreasing."""
        if not len(index):
            return
        starts = np.flatnonzero(np.r_[True, index[1:] != index[:-1]])
        rows = index[starts]
        self.count[rows, 0] += np.diff(np.r_[starts, len(index)]).astype(np.float32)
        self.total[rows] += np.add.reduceat(hidden, starts, axis=0)
        self.best[rows] = np.maximum(self.best[rows], np.maximum.reduceat(hidden, starts, axis=0))
        self.trigger[rows] = np.maximum(self.trigger[rows], np.maximum.reduceat(trigger, starts, axis=0))


class SentenceHead:
    """Event types of a sentence: a linear layer over mean and maximum, plus the best trigger piece's logit."""

    def __init__(self, path: Path, calibration: Sequence[dict[str, Any]]) -> None:
        """Read `heads.npz`; `calibration` holds scale and shift of the logit (Platt) for each type."""
        with np.load(path, allow_pickle=False) as arrays:
            self.weight: FloatArray = arrays["sentence_weight"].astype(np.float32)  # (types, 2 * width)
            self.bias: FloatArray = arrays["sentence_bias"].astype(np.float32)
        self.scale = np.array([row["scale"] for row in calibration], np.float32)
        self.shift = np.array([row["shift"] for row in calibration], np.float32)

    def __call__(self, pool: SentencePool) -> FloatArray:
        """Calibrated probabilities (sentences, types)."""
        read = pool.count[:, 0] > 0
        pooled = np.concatenate([pool.total[read] / pool.count[read], pool.best[read]], axis=1)
        logits = np.full(pool.trigger.shape, NO_EVENT, np.float32)
        # einsum and not @: no BLAS, hence no threads and the same bits whatever else the machine does.
        logits[read] = np.einsum("sd,td->st", pooled, self.weight) + self.bias + pool.trigger[read]
        return np.where(read[:, None], sigmoid(logits * self.scale + self.shift), np.float32(0)).astype(np.float32)
