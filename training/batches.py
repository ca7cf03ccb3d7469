"""Pieces to padded tensors, in batches of about equal size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from pipeline.encoder.vocabulary import END, PAD, START
from pipeline.encoder.words import Words
from training import places

T = TypeVar("T")
POOL = 16  # batches that are sorted by length together, so that padding stays small


@cache
def _tables() -> tuple[Words, np.ndarray]:
    base = places.MODELS / "base"
    return Words(base / "words.npy"), np.load(base / "positions.npy")


def vectors(windows: Sequence[np.ndarray]) -> tuple[Tensor, Tensor]:
    """Input vectors (batch, length, 384) and attention mask for windows of ids, <s> and </s> added here."""
    words, positions = _tables()
    length = max(len(ids) for ids in windows) + 2
    joint = np.full((len(windows), length), PAD, np.int32)
    mask = np.full((len(windows), 1, 1, length), -1e4, np.float32)
    for row, ids in enumerate(windows):
        joint[row, : len(ids) + 2] = [START, *ids, END]
        mask[row, ..., : len(ids) + 2] = 0.0
    found = words[joint.reshape(-1)].reshape(len(windows), length, -1) + positions[:length]
    return torch.from_numpy(found), torch.from_numpy(mask)


def batches(items: Iterable[T], lengths: Iterable[int], pieces: int, seed: int) -> Iterator[list[T]]:
    """Batches of at most `pieces` padded pieces; items of similar length come together, batches in random order."""
    rng = np.random.default_rng(seed)
    pool: list[tuple[int, T]] = []
    size = 0
    for item, length in zip(items, lengths, strict=True):
        pool.append((length, item))
        size += length
        if size >= POOL * pieces:
            yield from _cut(pool, pieces, rng)
            pool, size = [], 0
    yield from _cut(pool, pieces, rng)


def _cut(pool: list[tuple[int, T]], pieces: int, rng: np.random.Generator) -> Iterator[list[T]]:
    pool.sort(key=lambda pair: pair[0])
    found: list[list[T]] = []
    batch: list[T] = []
    for length, item in pool:
        if batch and (len(batch) + 1) * (length + 2) > pieces:
            found.append(batch)
            batch = []
        batch.append(item)
    if batch:
        found.append(batch)
    for index in rng.permutation(len(found)):
        yield found[index]
