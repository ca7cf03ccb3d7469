"""Step 2: the event teacher, 12 layers from plain e5: sentence types, typed triggers, roles, status and time.

Single sentences for the first part of the time, then windows ("windows alone learn slowly"); a tenth of the input
pieces is <unk>, so that the model doesn't lean on names.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from pipeline.encoder.vocabulary import UNKNOWN
from training.batches import batches, vectors
from training.event_data import Document, Item, Targets, items, targets, training_documents, window_ids
from training.loop import Plan, train
from training.network import Network

NAMES = ("event-teacher", "event-teacher-2")  # two seeds: the mean of two is better than either
PIECES = 768
SINGLE_SHARE = 0.4  # of the time
UNKNOWN_SHARE = 0.1
FROZEN = 3  # lowest layers: a fifth faster, no loss measured
WEIGHTS = {"trigger": 0.2, "role": 0.15, "status": 0.3, "time": 0.2}  # sums over pieces are large: types come first


def positive_weight(share: float) -> float:
    """Weight of positive targets: recall first, precision at the end."""
    return 4.0 - 2.5 * share


def event_losses(network: Network, hidden: Tensor, logits: Tensor, gold: Targets, share: float) -> dict[str, Tensor]:
    """Losses by head, all in units of one sentence: sums over types and pieces, divided by the sentences."""
    heads = network.split(logits.float())
    weight = torch.tensor(positive_weight(share))
    sentences = network.sentences(hidden, heads["trigger"], gold.groups)
    count = max(1, len(gold.groups))
    scored = torch.from_numpy(gold.scored)[..., None]

    def binary(scores: Tensor, target: np.ndarray) -> Tensor:
        return functional.binary_cross_entropy_with_logits(
            scores, torch.from_numpy(target), pos_weight=weight, reduction="none"
        )

    losses = {"sentence": binary(sentences, gold.reported).sum() / count}
    for name, target in (("trigger", gold.trigger), ("role", gold.role)):
        losses[name] = (binary(heads[name], target) * scored).sum() / count
    for name, classes in (("status", gold.status), ("time", gold.time)):
        flat = torch.from_numpy(classes).reshape(-1)
        total = functional.cross_entropy(heads[name].reshape(len(flat), -1), flat, ignore_index=-100, reduction="sum")
        losses[name] = total / max(1, int((flat >= 0).sum()))
    return losses


def with_unknown(ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Replace a tenth of the pieces by <unk>."""
    return np.where(rng.random(len(ids)) < UNKNOWN_SHARE, UNKNOWN, ids)


def stream(docs: list[Document], seed: int, single: list[bool]) -> Iterator[list[Item]]:
    """Batches without end; `single[0]` says what the next epoch is made of, and ends the running one by changing."""
    while True:
        kind = single[0]
        epoch = items(docs, seed, single=kind)
        lengths = [window.title + window.end - window.start for _, window in epoch]
        for batch in batches(epoch, lengths, PIECES, seed):
            yield batch
            if single[0] != kind:
                break
        else:
            print(f"event-teacher: epoch done ({'single sentences' if kind else 'windows'})", flush=True)
        seed += 1


def main(name: str = NAMES[0], minutes: float = 82.0) -> None:
    """Train or resume one of the two."""
    number = NAMES.index(name)
    torch.manual_seed(2 + number)
    network = Network(12)
    for module in (network.encoder.norm, *network.encoder.layers[:FROZEN]):
        module.requires_grad_(False)
    docs = training_documents()
    print(f"{name}: {len(docs)} documents, {sum(len(doc.ids) for doc in docs)} pieces", flush=True)
    plan = Plan(name, minutes, rate=2e-4)
    single = [True]
    rng = np.random.default_rng(2 + number)
    source = stream(docs, seed=1000 * int(plan.checkpoint.exists()) + 500 * number, single=single)

    def loss(_: int, share: float) -> tuple[Tensor, dict[str, float]]:
        single[0] = share < SINGLE_SHARE
        batch = next(source)
        inputs, mask = vectors([with_unknown(window_ids(item), rng) for item in batch])
        hidden, logits = network(inputs, mask)
        losses = event_losses(network, hidden, logits, targets(batch, inputs.shape[1]), share)
        total = losses["sentence"] + sum(WEIGHTS[name] * losses[name] for name in WEIGHTS)
        return total, {name: float(value.detach()) for name, value in losses.items()}

    train(network, plan, loss)


if __name__ == "__main__":
    main()
