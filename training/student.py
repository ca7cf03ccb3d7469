"""Step 4: the student, 6 layers with all heads, from the soft labels of the teachers and from gold.

Starts from the mean of the first six layers of the entity and the first event teacher: both come from the same e5, so
the mean is still close to either.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from training import event_teacher, ner_teacher
from training.batches import batches, vectors
from training.event_data import Targets, targets
from training.loop import Plan, load_weights, train
from training.network import Network
from training.student_data import StudentWindow, soft_paths, student_windows

NAME = "student"
LAYERS = 6
PIECES = 1024
# From all entity corpora, beside each batch: with soft labels of a part of them alone the student stayed .045 behind.
ENTITY_PIECES = 512
GOLD_SHARE = 0.5  # of the event targets where there is gold, the rest is the teacher's
WEIGHTS = {
    "entity": 2.0,
    "hard": 1.0,
    "corpora": 2.0,
    "sentence": 1.0,
    "trigger": 0.4,
    "role": 0.3,
    "status": 0.3,
    "time": 0.2,
}


def initial() -> Network:
    """Lower layers and heads of the teachers."""
    network = Network(LAYERS, pretrained=False)
    first = load_weights(Network(12, pretrained=False), ner_teacher.NAME).state_dict()
    second = load_weights(Network(12, pretrained=False), event_teacher.NAMES[0]).state_dict()
    own = network.state_dict()
    entity = network.split(torch.arange(own["token.bias"].shape[0]))["entity"]
    for name in own:
        if name.startswith("encoder."):
            own[name] = (first[name] + second[name]) / 2
        else:
            own[name] = second[name].clone()
            if name.startswith("token."):
                own[name][entity] = first[name][entity]
    network.load_state_dict(own)
    return network


class Soft:
    """Teachers' logits by row; the event teachers' mean."""

    def __init__(self) -> None:
        self.entity = np.load(soft_paths(ner_teacher.NAME)[0], mmap_mode="r")
        self.event = [np.load(soft_paths(name)[0], mmap_mode="r") for name in event_teacher.NAMES]
        self.sentence = [np.load(soft_paths(name)[1], mmap_mode="r") for name in event_teacher.NAMES]

    def tokens(self, batch: Sequence[StudentWindow], length: int) -> tuple[Tensor, Tensor, Tensor]:
        """Logits of the entity and of the event teachers (batch, length, all heads), and which pieces are scored."""
        entity = np.zeros((len(batch), length, self.entity.shape[1]), np.float32)
        event = np.zeros_like(entity)
        scored = np.zeros((len(batch), length), np.float32)
        for row, window in enumerate(batch):
            size = len(window.ids) - window.title
            place = slice(1 + window.title, 1 + window.title + size)
            entity[row, place] = self.entity[window.first : window.first + size]
            event[row, place] = np.mean(
                [each[window.first : window.first + size] for each in self.event], 0, np.float32
            )
            scored[row, place] = 1
        return torch.from_numpy(entity), torch.from_numpy(event), torch.from_numpy(scored)

    def sentences(self, batch: Sequence[StudentWindow]) -> Tensor:
        """Logits of all sentences, in the order of the windows' groups."""
        means = np.mean(
            [
                np.concatenate([each[w.first_sentence : w.first_sentence + len(w.groups)] for w in batch])
                for each in self.sentence
            ],
            axis=0,
            dtype=np.float32,
        )
        return torch.from_numpy(means)


def _gold(batch: Sequence[StudentWindow], length: int) -> list[tuple[int, Targets]]:
    """Gold targets of the windows that have some, by row."""
    return [(row, targets([window.item], length)) for row, window in enumerate(batch) if window.item is not None]


def losses(network: Network, soft: Soft, batch: Sequence[StudentWindow]) -> dict[str, Tensor]:
    """Losses by head; event heads in units of one sentence as for the teacher."""
    inputs, mask = vectors([window.ids for window in batch])
    length = inputs.shape[1]
    hidden, logits = network(inputs, mask)
    heads = network.split(logits.float())
    entity, event, scored = soft.tokens(batch, length)
    theirs = network.split(event)
    groups = [
        (row, 1 + window.title + start, 1 + window.title + end)
        for row, window in enumerate(batch)
        for start, end in window.groups
    ]
    count, pieces = max(1, len(groups)), scored.sum()

    wanted = network.split(entity)["entity"].log_softmax(-1)
    distance = functional.kl_div(heads["entity"].log_softmax(-1), wanted, reduction="none", log_target=True)
    found = {"entity": (distance.sum(-1) * scored).sum() / pieces}
    blocks = [(row, window.labelled) for row, window in enumerate(batch) if window.labelled is not None]
    if blocks:
        rows = [row for row, _ in blocks]
        found["hard"] = ner_teacher.marginal_loss(heads["entity"][rows], [block for _, block in blocks])

    aims = {name: theirs[name].sigmoid() for name in ("trigger", "role")}
    aims["sentence"] = soft.sentences(batch).sigmoid()
    classes = {name: theirs[name].softmax(-1) for name in ("status", "time")}
    # Status and time mean something at triggers only: weigh pieces by the teacher's belief that they are in one.
    belief = aims["trigger"].amax(-1) * scored
    offsets = np.cumsum([0, *(len(window.groups) for window in batch)])
    for row, gold in _gold(batch, length):
        place = slice(int(offsets[row]), int(offsets[row + 1]))
        aims["sentence"][place] += GOLD_SHARE * (torch.from_numpy(gold.reported) - aims["sentence"][place])
        if gold.scored.any():
            for name, array in (("trigger", gold.trigger), ("role", gold.role)):
                aims[name][row] += GOLD_SHARE * (torch.from_numpy(array[0]) - aims[name][row])
            known = torch.from_numpy(gold.status[0] >= 0)
            belief[row] = torch.where(known, 1.0, belief[row] * 0.5)
            for name, array in (("status", gold.status), ("time", gold.time)):
                exact = functional.one_hot(torch.from_numpy(array[0]).clamp(min=0), classes[name].shape[-1]).float()
                classes[name][row] = torch.where(known[:, None], exact, classes[name][row])

    scores = network.sentences(hidden, heads["trigger"], groups)
    binary = functional.binary_cross_entropy_with_logits
    found["sentence"] = binary(scores, aims["sentence"], reduction="sum") / count
    for name in ("trigger", "role"):
        found[name] = (binary(heads[name], aims[name], reduction="none").sum(-1) * scored).sum() / count
    for name in ("status", "time"):
        surprise = -(classes[name] * heads[name].log_softmax(-1)).sum(-1)
        found[name] = (surprise * belief).sum() / belief.sum().clamp(min=1)
    return found


def stream(pieces: int, seed: int) -> Iterator[list[StudentWindow]]:
    """Batches without end."""
    windows = student_windows()
    while True:
        order = np.random.default_rng(seed).permutation(len(windows))
        shuffled = [windows[index] for index in order]
        yield from batches(shuffled, [len(window.ids) for window in shuffled], pieces, seed)
        print(f"{NAME}: epoch done", flush=True)
        seed += 1


def main(minutes: float = 70.0) -> None:
    """Train or resume."""
    torch.manual_seed(3)
    plan = Plan(NAME, minutes, rate=4e-4, decay=0.95)
    network = initial()
    soft = Soft()
    resumed = int(plan.checkpoint.exists())
    source = stream(PIECES, seed=1000 * resumed)
    sentences = ner_teacher.stream(ENTITY_PIECES, epoch=1000 * resumed)

    def loss(_: int, __: float) -> tuple[Tensor, dict[str, float]]:
        found = losses(network, soft, next(source))
        blocks = next(sentences)
        _, logits = network(*vectors([block.ids for block in blocks]))
        found["corpora"] = ner_teacher.marginal_loss(network.split(logits)["entity"], blocks)
        total = sum(WEIGHTS[name] * value for name, value in found.items())
        return total, {name: float(value.detach()) for name, value in found.items()}  # type: ignore[return-value]

    train(network, plan, loss)


if __name__ == "__main__":
    main()
