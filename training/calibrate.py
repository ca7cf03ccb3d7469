"""Step 7: calibration and thresholds, chosen on the dev articles with the exported, quantised model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from pipeline.encoder import Model
from training import places
from training.card import write_card
from training.event_data import held_out_documents
from training.measure_events import Read, count_roles, count_types, read_all

OWN_THRESHOLD = 30  # dev documents (mentions for a role) that a threshold of its own needs
STEPS = np.arange(0.10, 0.80, 0.02)


def platt(logits: np.ndarray, right: np.ndarray, rounds: int = 50) -> tuple[float, float]:
    """Scale and shift of a logit that maximise the likelihood of what happened (Newton's method)."""
    scale, shift = 1.0, 0.0
    for _ in range(rounds):
        p = 1 / (1 + np.exp(-(scale * logits + shift)))
        gradient = np.array([((p - right) * logits).sum(), (p - right).sum()])
        weight = p * (1 - p) + 1e-9
        mixed = (weight * logits).sum()
        curvature = np.array([[(weight * logits**2).sum(), mixed], [mixed, weight.sum()]])
        scale, shift = np.array([scale, shift]) - np.linalg.solve(curvature, gradient)
    return float(scale), float(shift)


def _best_threshold(model: Model, reads: Sequence[Read]) -> float:
    """One for all types: the best mean of document and sentence F1, smoothed over neighbours."""
    scores = []
    for step in STEPS:
        counts = count_types(model, reads, np.full(len(model.event_types), step))
        scores.append((counts.documents.f1() + counts.sentences.f1()) / 2)
    smooth = np.convolve(np.pad(scores, 2, mode="edge"), np.full(5, 0.2), mode="valid")
    return float(STEPS[int(smooth.argmax())])


def _own_thresholds(model: Model, reads: Sequence[Read], default: float) -> dict[str, float]:
    gold = np.array([read.gold.any(0) for read in reads])
    found = np.array([read.reading.event_sentence.max(0) for read in reads])
    limits = {}
    for column, name in enumerate(model.event_types):
        limits[name] = round(default, 3)
        if gold[:, column].sum() >= OWN_THRESHOLD:
            f1 = []
            for step in STEPS:
                hit = found[:, column] >= step
                f1.append(2 * (hit & gold[:, column]).sum() / max(1, hit.sum() + gold[:, column].sum()))
            limits[name] = round(float(STEPS[int(np.argmax(f1))]), 3)
    return limits


def _role_thresholds(model: Model, reads: Sequence[Read]) -> dict[str, float]:
    by_step = [count_roles(model, reads, dict.fromkeys(model.roles, float(step))) for step in STEPS]
    best = int(np.argmax([counts.f1() for counts in by_step]))
    limits = {}
    for role in model.roles:
        support = by_step[0].right[role] + by_step[0].missed[role]
        own = int(np.argmax([counts.f1(role) for counts in by_step])) if support >= OWN_THRESHOLD else best
        limits[role] = round(float(STEPS[own]), 3)
    return limits


def main(name: str = "news-s6") -> None:
    """Write calibration and thresholds into the model's card."""
    folder = places.MODELS / name
    card: dict[str, Any] = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    neutral = {"scale": 1.0, "shift": 0.0}
    card["calibration"] = [neutral] * len(card["event_types"])
    write_card(folder, card)
    docs = held_out_documents("dev")

    reads = read_all(Model.load(folder), docs)
    p = np.concatenate([read.reading.event_sentence.ravel() for read in reads]).clip(1e-7, 1 - 1e-7).astype(float)
    scale, shift = platt(np.log(p / (1 - p)), np.concatenate([read.gold.ravel() for read in reads]).astype(float))
    card["calibration"] = [{"scale": round(scale, 4), "shift": round(shift, 4)}] * len(card["event_types"])
    write_card(folder, card)

    model = Model.load(folder)
    reads = read_all(model, docs)
    card["thresholds"] = _own_thresholds(model, reads, _best_threshold(model, reads))
    write_card(folder, card)
    model = Model.load(folder)
    card["role_thresholds"] = _role_thresholds(model, read_all(model, docs))
    write_card(folder, card)
    print(f"calibration: scale {scale:.3f}, shift {shift:.3f}; thresholds {sorted(set(card['thresholds'].values()))}")
    print(f"role thresholds: {card['role_thresholds']}")


if __name__ == "__main__":
    main()
