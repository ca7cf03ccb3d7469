"""Step 1: the entity teacher, 12 layers, marginal likelihood over the labels that each corpus allows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from training.batches import batches, vectors
from training.labels import ENTITY_LABELS
from training.loop import Plan, train
from training.ner_data import Labelled, blocks, encode, train_sentences
from training.network import Network

PIECES = 1536  # a batch
NAME = "ner-teacher"


def marginal_loss(logits: Tensor, blocks_: Sequence[Labelled]) -> Tensor:
    """- log P(any allowed label), averaged with the blocks' weights. logits: (batch, length, 11), with <s>."""
    length = logits.shape[1]
    bits = np.zeros((len(blocks_), length), np.int32)
    weight = np.zeros((len(blocks_), length), np.float32)
    for row, block in enumerate(blocks_):
        bits[row, 1 : 1 + len(block.ids)] = block.allowed
        weight[row, 1 : 1 + len(block.ids)] = block.weight
    allowed = (bits[..., None] >> np.arange(len(ENTITY_LABELS))) & 1
    weights = torch.from_numpy(weight)
    mask = torch.from_numpy(allowed).bool() | (weights == 0)[..., None]
    total = -(logits.float().log_softmax(-1).masked_fill(~mask, -1e4).logsumexp(-1) * weights).sum()
    return total / weights.sum().clamp(min=1.0)


def stream(pieces: int, epoch: int = 0) -> Iterator[list[Labelled]]:
    """Batches without end."""
    encoded = {
        name: [(encode(sentence, spaced=False), encode(sentence, spaced=True)) for sentence in sentences]
        for name, sentences in train_sentences().items()
    }
    while True:
        packed = list(blocks(encoded, epoch))
        yield from batches(packed, [len(block.ids) for block in packed], pieces, epoch)
        print(f"{NAME}: epoch {epoch} done", flush=True)
        epoch += 1


def main(minutes: float = 77.0) -> None:
    """Train or resume."""
    torch.manual_seed(1)
    network = Network(12)
    # A resumed run begins a new epoch: the order of the data differs from an unbroken run, nothing else.
    plan = Plan(NAME, minutes, rate=2e-4)
    source = stream(PIECES, epoch=int(plan.checkpoint.exists()))

    def loss(_: int, __: float) -> tuple[Tensor, dict[str, float]]:
        batch = next(source)
        _, logits = network(*vectors([block.ids for block in batch]))
        value = marginal_loss(network.split(logits)["entity"], batch)
        return value, {"loss": float(value.detach()), "pieces": float(sum(len(block.ids) for block in batch))}

    train(network, plan, loss)


if __name__ == "__main__":
    main()
