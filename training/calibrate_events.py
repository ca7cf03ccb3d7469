"""`python -m training calibrate-events`: how probable a whole event is, from the dev articles and the shipped model.

Run it after `calibrate`: it needs the thresholds. The weights go into the model's card (`event_confidence`); what they
are multiplied with is in `pipeline/events/confidence.py`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np

from pipeline.encoder import Model
from pipeline.events.confidence import FEATURES
from pipeline.events.stage import ClassifyEvents
from training import places
from training.card import write_card
from training.event_data import held_out_documents
from training.event_outcomes import Outcome, outcomes, tagged

PRIOR = 1.0  # strength with which the weights are held at "the probability as it is"
DEFAULT = {"score": 1.0, "sentences": 0.0, "title": 0.0, "bias": 0.0}


def fit(articles: Sequence[Outcome], rounds: int = 30) -> dict[str, float]:
    """Logistic regression of "the event is right", with a prior at the uncalibrated probability (Newton's method)."""
    rows = np.array([numbers for article in articles for _, numbers, _ in article.events]).reshape(-1, len(FEATURES))
    right = np.array([hit for article in articles for _, _, hit in article.events], float)
    start = np.array([DEFAULT[name] for name in FEATURES])
    weights = start.copy()
    for _ in range(rounds):
        p = 1 / (1 + np.exp(-np.clip(rows @ weights, -30, 30)))
        gradient = rows.T @ (p - right) + PRIOR * (weights - start)
        curvature = (rows * (p * (1 - p))[:, None]).T @ rows + PRIOR * np.eye(len(weights))
        weights = weights - np.linalg.solve(curvature, gradient)
    return {name: round(float(weight), 4) for name, weight in zip(FEATURES, weights, strict=True)}


def confidences(articles: Sequence[Outcome], weights: dict[str, float]) -> list[tuple[float, bool]]:
    """Confidence of every event by these weights, and whether it is right."""
    vector = np.array([weights[name] for name in FEATURES])
    return [
        (float(1 / (1 + np.exp(-np.clip(np.dot(numbers, vector), -30, 30)))), right)
        for article in articles
        for _, numbers, right in article.events
    ]


def main(name: str = "news-s6") -> None:
    """Fit on dev and write the card."""
    folder = places.MODELS / name
    model = Model.load(folder)
    found = outcomes(ClassifyEvents(model), tagged(model, held_out_documents("dev")))
    weights = fit(found)
    card = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    write_card(folder, card | {"event_confidence": weights})
    events = [right for article in found for _, _, right in article.events]
    print(f"{len(events)} events of the dev articles, {sum(events)} of them right: {weights}")


if __name__ == "__main__":
    main()
