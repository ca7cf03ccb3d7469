"""Step 6: the role head, which reads a piece of a sentence beside the event's trigger and type.

Trained on what the exported, quantised encoder says, which stays as it is: seconds an epoch. A linear head that doesn't
know of which event a piece is a participant confuses who does with to whom it is done.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from pipeline.encoder import Model
from pipeline.encoder.roles import FARTHEST, steps_from
from training import labels, places
from training.card import write_card
from training.event_data import Document, reported_in, training_documents
from training.network import WIDTH

INNER = 160
DROPOUT = 0.3
EPOCHS = 8
PIECES = 4096  # a batch
RATE = 2e-3
POSITIVE_WEIGHT = 1.5
PEAK = 0.5  # a piece belongs to the trigger from this share of the likeliest piece on, as in `events/classify.py`


class RoleNetwork(nn.Module):
    """Hidden states and trigger of one sentence (or of many, each row with its own trigger) to role logits."""

    def __init__(self) -> None:
        super().__init__()
        self.piece = nn.Linear(WIDTH, INNER)
        self.trigger = nn.Linear(WIDTH, INNER, bias=False)
        self.gate = nn.Linear(WIDTH, INNER)
        self.gated = nn.Linear(WIDTH, INNER, bias=False)
        self.kind = nn.Embedding(len(labels.event_types()), INNER)
        self.distance = nn.Embedding(2 * FARTHEST + 1, INNER)
        self.out = nn.Linear(INNER, len(labels.roles()))
        self.drop = nn.Dropout(DROPOUT)
        self.register_buffer("mean", torch.zeros(WIDTH))
        self.register_buffer("scale", torch.ones(WIDTH))
        with torch.no_grad():
            self.out.bias.fill_(-4.0)  # rare labels start out rare
            for embedding in (self.kind, self.distance):
                embedding.weight.mul_(0.1)

    def rows(self, hidden: Tensor, trigger: Tensor, column: Tensor, distance: Tensor) -> Tensor:
        """Role logits (n, roles) of pieces (n, 384) beside their triggers' vectors (n or 1, 384)."""
        hidden = self.drop((hidden - self.mean) / self.scale)
        trigger = self.drop((trigger - self.mean) / self.scale)
        both = self.gated(hidden) * self.gate(trigger)
        joint = self.piece(hidden) + self.trigger(trigger) + self.kind(column) + self.distance(distance) + both
        return self.out(self.drop(functional.gelu(joint)))

    def forward(self, hidden: Tensor, trigger: Tensor, column: Tensor, distance: Tensor) -> Tensor:
        """As `pipeline.encoder.roles` calls it: (n, 384), P(trigger) (n,), type (1,), distance (n,)."""
        return self.rows(hidden, trigger_vector(hidden, trigger)[None], column, distance)


def trigger_vector(hidden: Tensor, trigger: Tensor) -> Tensor:
    """Mean of the pieces near the likeliest one, weighed by how likely they are."""
    weight = torch.where(trigger >= PEAK * trigger.max(), trigger, torch.zeros_like(trigger))
    return (weight[:, None] * hidden).sum(0) / weight.sum()


@dataclass(frozen=True, slots=True)
class Sample:
    """One event type in one sentence."""

    hidden: np.ndarray  # (n, 384) float16
    trigger: np.ndarray  # (n,)
    column: int
    roles: np.ndarray  # (n, roles) 0 or 1


def samples(model: Model, docs: list[Document]) -> Iterator[Sample]:
    """Every annotated event of the documents, by sentence and type, with what the model read there."""
    names = labels.roles()
    for doc in docs:
        if not doc.tokens or not doc.record.get("events"):
            continue
        reading = model.read(doc.record["text"], doc.sentences)
        bounds = np.searchsorted(reading.sentence, np.arange(len(doc.sentences) + 1)).tolist()
        wanted: dict[tuple[int, str], list[dict]] = {}
        for event in doc.record["events"]:
            for sentence in reported_in(doc.sentences, event)[:1]:
                wanted.setdefault((sentence, event["type"]), []).extend(event["participants"])
        for (sentence, kind), participants in wanted.items():
            first, last = list(pairwise(bounds))[sentence]
            if first == last:
                continue
            column = model.event_types.index(kind)
            target = np.zeros((last - first, len(names)), np.float32)
            for participant in participants:
                if participant["role"] in names:
                    pieces = reading.pieces[first:last]
                    inside = (pieces[:, 0] < participant["end"]) & (pieces[:, 1] > participant["start"])
                    target[inside, names.index(participant["role"])] = 1
            yield Sample(reading.hidden[first:last], reading.event_piece[first:last, column], column, target)


def main(name: str = "news-s6") -> None:
    """Train and write `roles.onnx` into the model's folder."""
    torch.manual_seed(4)
    torch.set_num_threads(1)
    folder = places.MODELS / name
    found = list(samples(Model.load(folder), training_documents()))
    hidden = torch.from_numpy(np.concatenate([sample.hidden for sample in found])).float()
    vectors = [
        trigger_vector(torch.from_numpy(s.hidden).float(), torch.tensor(s.trigger)).expand(len(s.trigger), WIDTH)
        for s in found
    ]
    trigger = torch.cat(vectors)
    column = torch.from_numpy(np.concatenate([np.full(len(s.trigger), s.column) for s in found]))
    distance = torch.from_numpy(np.concatenate([steps_from(s.trigger) for s in found]))
    target = torch.from_numpy(np.concatenate([s.roles for s in found]))
    print(f"roles: {len(found)} events in sentences, {len(hidden)} pieces", flush=True)
    network = RoleNetwork()
    network.mean.copy_(hidden.mean(0))
    network.scale.copy_(hidden.std(0) + 1e-6)
    allowed = _allowed()
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=0.02)
    steps, step = EPOCHS * -(-len(hidden) // PIECES), 0
    for epoch in range(EPOCHS):
        total = 0.0
        for chosen in torch.randperm(len(hidden)).split(PIECES):
            optimiser.param_groups[0]["lr"] = RATE * (1 - step / steps)
            logits = network.rows(hidden[chosen], trigger[chosen], column[chosen], distance[chosen])
            surprise = functional.binary_cross_entropy_with_logits(
                logits, target[chosen], reduction="none", pos_weight=torch.tensor(POSITIVE_WEIGHT)
            )
            loss = (surprise * allowed[column[chosen]]).sum() / len(chosen)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            step += 1
            total += float(loss.detach()) * len(chosen)
        print(f"roles: epoch {epoch + 1} of {EPOCHS}, loss {total / len(hidden):.4f} a piece", flush=True)
    _export(network.eval(), folder)


def _allowed() -> Tensor:
    """1 where a type has a role: (types, roles). What other roles say of its events is never looked at."""
    kinds, names = labels.event_roles(), labels.roles()
    rows = [[float(role in kinds[kind]) for role in names] for kind in labels.event_types()]
    return torch.tensor(rows)


def _export(network: RoleNetwork, folder: Path) -> None:
    inputs = (torch.zeros(9, WIDTH), torch.rand(9), torch.zeros(1, dtype=torch.long), torch.zeros(9, dtype=torch.long))
    torch.onnx.export(
        network,
        inputs,
        str(folder / "roles.onnx"),
        input_names=["hidden", "trigger", "type", "distance"],
        output_names=["roles"],
        dynamic_axes={name: {0: "length"} for name in ("hidden", "trigger", "distance", "roles")},
        opset_version=17,
        dynamo=False,
    )
    write_card(folder, json.loads((folder / "model.json").read_text(encoding="utf-8")))
