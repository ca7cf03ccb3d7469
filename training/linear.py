"""Multinomial logistic regression on a few dense and many hashed features: L-BFGS, deterministic (needs scipy)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Array = Any


class Design:
    """Rows of features. `dense` [rows, D]; `hashed`: buckets of each row, each worth 1 / sqrt(their number)."""

    def __init__(self, dense: Array, hashed: Sequence[Array], buckets: int) -> None:
        from scipy.sparse import csr_matrix

        self.dense = dense.astype(np.float32)
        self.buckets = buckets
        counts = np.array([len(row) for row in hashed])
        columns = np.concatenate(hashed) if counts.sum() else np.zeros(0, dtype=np.int64)
        values = np.repeat(1 / np.sqrt(np.maximum(counts, 1)), counts).astype(np.float32)
        starts = np.concatenate([[0], np.cumsum(counts)])
        self._hashed = csr_matrix((values, columns, starts), shape=(len(counts), buckets))
        self._hashed.sum_duplicates()
        self._turned = self._hashed.T.tocsr()

    def logits(self, dense: Array, hashed: Array, bias: Array) -> Array:
        return self.dense @ dense + bias + self._hashed @ hashed

    def gradient(self, error: Array) -> tuple[Array, Array]:
        """Gradients of the dense and the hashed weights for `error` [rows, kinds]."""
        return self.dense.T @ error, self._turned @ error


def fit(
    design: Design, labels: Array, weights: Array, kinds: int, *, l2_dense: float, l2_hashed: float, steps: int = 60
) -> tuple[Array, Array, Array]:
    """(dense weights, hashed weights, bias) with the least penalised cross-entropy."""
    width = design.dense.shape[1]
    sizes = (width * kinds, design.buckets * kinds, kinds)
    onehot = np.eye(kinds, dtype=np.float32)[labels]
    weights = weights.astype(np.float32)[:, None]
    penalty = np.concatenate(
        [np.full(sizes[0], l2_dense), np.full(sizes[1], l2_hashed), np.zeros(sizes[2])], dtype=np.float32
    )

    def split(point: Array) -> tuple[Array, Array, Array]:
        one, two = sizes[0], sizes[0] + sizes[1]
        return point[:one].reshape(width, kinds), point[one:two].reshape(-1, kinds), point[two:]

    def loss(point: Array) -> tuple[float, Array]:
        logits = design.logits(*split(point))
        logits -= logits.max(axis=1, keepdims=True)
        log_sum = np.log(np.exp(logits).sum(axis=1, keepdims=True))
        error = (np.exp(logits - log_sum) - onehot) * weights
        value = float((weights * (log_sum - (logits * onehot).sum(axis=1, keepdims=True))).sum())
        dense, hashed = design.gradient(error)
        slope = np.concatenate([dense.ravel(), hashed.ravel(), error.sum(axis=0)]) + penalty * point
        return value + 0.5 * float((penalty * point * point).sum()), slope

    return split(minimise(loss, np.zeros(sum(sizes), dtype=np.float32), steps))


def minimise(loss: Callable[[Array], tuple[float, Array]], point: Array, steps: int, memory: int = 8) -> Array:
    """L-BFGS with a backtracking line search. `loss` gives a value and its gradient."""
    value, slope = loss(point)
    moves: list[tuple[Array, Array, float]] = []
    for step in range(steps):
        direction = slope.copy()
        factors = []
        for move, change, scale in reversed(moves):
            factor = scale * float(move @ direction)
            direction -= factor * change
            factors.append(factor)
        if moves:
            move, change, scale = moves[-1]
            direction *= 1 / (scale * float(change @ change))
        for (move, change, scale), factor in zip(moves, reversed(factors), strict=True):
            direction += (factor - scale * float(change @ direction)) * move
        rate = 1.0 if step else min(1.0, 1.0 / float(np.abs(slope).sum() + 1e-9))
        descent = float(slope @ direction)
        for _ in range(20):
            trial = point - rate * direction
            new_value, new_slope = loss(trial)
            if new_value <= value - 1e-4 * rate * descent:
                break
            rate *= 0.5
        else:
            break
        move, change = trial - point, new_slope - slope
        product = float(move @ change)
        if product > 1e-10:
            moves = [*moves[-memory + 1 :], (move, change, 1 / product)]
        done = value - new_value < 1e-5 * abs(value)
        point, value, slope = trial, new_value, new_slope
        if done:
            break
    return point
