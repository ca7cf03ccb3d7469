"""How an own type is learned from about ten sentences, without touching the shipped model.

Linear discriminants over the encoder's hidden states. What sentences look like in general (mean and covariance) is
known from the background: sentences of many types, and of none, that ship with the package. The examples say in which
direction theirs lie. Everything is solved in closed form: leaving an example out costs next to nothing, and the same
file gives the same weights.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.encoder.heads import sigmoid
from pipeline.encoder.reading import Reading
from pipeline.events.own import Example, OwnType
from pipeline.events.own_heads import OwnHead, sentence_vectors
from pipeline.events.words import Span

PATH = Path(__file__).with_name("background.jsonl")

# Measured by leaving shipped types out (training/measure_own_types.py).
SENTENCE_RIDGE, PIECE_RIDGE = 30.0, 10.0  # added to the variances: so much ten examples can be trusted
TRIGGER_SHARE = 2.0  # of the best trigger piece in a sentence's score, where the sentence itself counts 1
EVEN = 0.94  # of what the examples reach when they are left out: there a sentence is as likely as not to report it
STEEP = 7.9  # logits between 0 and the examples' own height
# The threshold, in the same measure: no lower than CUT, and where FEW of the other sentences lie above, but for types
# whose examples are so unlike each other that nothing would be left.
CUT, FEW, HIGHEST = 0.7, 0.005, 0.95


Array = NDArray[np.float64]
Read = Callable[[str, Sequence[Span]], Reading]


@dataclass(frozen=True)
class Background:
    """Ordinary sentences as the encoder sees them. Rows of `vectors` and `starts` are sentences, of `pieces` pieces."""

    texts: tuple[str, ...]
    types: tuple[frozenset[str], ...]  # what each reports
    vectors: Array
    pieces: Array
    starts: NDArray[np.int64]

    @cached_property
    def sentence_space(self) -> Space:
        return Space.of(self.vectors, SENTENCE_RIDGE)

    @cached_property
    def piece_space(self) -> Space:
        return Space.of(self.pieces, PIECE_RIDGE)


@dataclass(frozen=True)
class Space:
    """Where vectors lie in general: centre and scale of each dimension, inverse of their covariance with the ridge."""

    centre: Array
    scale: Array
    inverse: Array

    @classmethod
    def of(cls, rows: Array, ridge: float) -> Space:
        centre: Array = rows.mean(0)
        scale: Array = rows.std(0) + 1e-3
        covariance: Array = np.cov(((rows - centre) / scale).T).astype(np.float64)
        inverse = np.linalg.inv(covariance + ridge * np.eye(len(covariance)))
        return cls(centre, scale, inverse.astype(np.float64))

    def direction(self, these: Array, others: Array | None = None) -> Array:
        """Weights that tell `these` rows from the others (default: all): a linear discriminant."""
        apart = (these.mean(0) - (self.centre if others is None else others.mean(0))) / self.scale
        found: Array = self.inverse @ apart / self.scale
        return found


@dataclass(frozen=True)
class Fitted:
    """A learned type. `left_out`: of each example, its probability when it is left out; `mistaken`: the likeliest
    other sentences.
    """

    head: OwnHead
    left_out: tuple[float, ...]
    mistaken: tuple[tuple[float, str], ...]
    quality: dict[str, Any]


@dataclass(frozen=True)
class _Seen:
    """An example as the encoder sees it: alone, and inside a text."""

    vectors: Array  # (readings, 2 * width)
    pieces: list[Array]  # of each reading, (pieces, width)
    trigger: list[NDArray[np.bool_]]  # which of these are in a trigger
    roles: dict[str, list[NDArray[np.bool_]]]


def read_background(read: Read, path: Path = PATH) -> Background:
    """Read the shipped sentences with a model. Some seconds."""
    texts: list[str] = []
    types: list[frozenset[str]] = []
    vectors, pieces, starts = [], [], []
    at = 0
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            text, spans = _joined(row["sentences"])
            reading = read(text, spans)
            index, rows = sentence_vectors(reading)
            texts += [row["sentences"][number] for number in index]
            types += [frozenset(row["types"][number]) for number in index]
            vectors.append(rows.astype(float))
            pieces.append(reading.hidden.astype(float))
            starts += (at + np.searchsorted(reading.sentence, index)).tolist()
            at += len(reading.hidden)
    return Background(tuple(texts), tuple(types), np.concatenate(vectors), np.concatenate(pieces), np.array(starts))


def fit(own: OwnType, read: Read, background: Background) -> Fitted:
    """Learn a type: a pure function of its file, the model behind `read`, and the background."""
    seen = [_see(example, read, background.texts[0]) for example in own.examples]
    others = [_see(example, read, background.texts[0]) for example in own.counterexamples]
    whole = _Discriminant.of(seen, others, background)
    # An example is found, if it is, by what the others say.
    parts = [_Discriminant.of(seen[:at] + seen[at + 1 :], others, background) for at in range(len(seen))]
    own_heights = np.array([part.height(example) for part, example in zip(parts, seen, strict=True)])
    height = float(np.median(own_heights))
    scale, shift = STEEP / height, -STEEP * EVEN
    rare = float(np.quantile(whole.background, 1 - FEW)) / height
    threshold = float(sigmoid(np.array([STEEP * (max(CUT, min(rare, HIGHEST)) - EVEN)], np.float32))[0])
    trigger_scale, trigger_shift = _platt(*_left_out_pieces(parts, seen))
    roles, bias = _roles(own, seen, background)
    head = OwnHead(
        name=own.name,
        sentence=(whole.sentence / whole.levels[1]).astype(np.float32),
        sentence_bias=-whole.levels[0] / whole.levels[1] - TRIGGER_SHARE * trigger_shift / trigger_scale,
        trigger=(trigger_scale * whole.piece / whole.levels[3]).astype(np.float32),
        trigger_bias=trigger_shift - trigger_scale * whole.levels[2] / whole.levels[3],
        trigger_share=TRIGGER_SHARE / trigger_scale,
        roles=roles.astype(np.float32),
        role_bias=bias.astype(np.float32),
        scale=scale,
        shift=shift,
        threshold=threshold,
    )
    left_out = sigmoid((scale * own_heights + shift).astype(np.float32))
    elsewhere = sigmoid((scale * whole.background + shift).astype(np.float32))
    order = np.argsort(-elsewhere, kind="stable")[:5]
    return Fitted(
        head=head,
        left_out=tuple(map(float, left_out)),
        mistaken=tuple((float(elsewhere[at]), background.texts[at]) for at in order),
        quality={
            "examples": len(seen),
            "found": int((left_out >= head.threshold).sum()),
            "others": len(elsewhere),
            "mistaken": int((elsewhere >= head.threshold).sum()),
        },
    )


@dataclass(frozen=True)
class _Discriminant:
    """Directions of sentences and of trigger pieces, and the heights of the background's sentences in both together.

    Heights are measured in the background's own spread: an ordinary sentence has 0, few have more than 3.
    """

    sentence: Array
    piece: Array
    levels: tuple[float, float, float, float]  # mean and spread of the background's sentences, of its best pieces
    background: Array

    @classmethod
    def of(cls, seen: Sequence[_Seen], others: Sequence[_Seen], background: Background) -> _Discriminant:
        these = np.stack([example.vectors.mean(0) for example in seen])
        apart = np.stack([background.sentence_space.centre, *(example.vectors.mean(0) for example in others)])
        if others:  # ordinary sentences count as much as all those that are named as none
            apart = np.stack([apart[0], apart[1:].mean(0)])
        sentence = background.sentence_space.direction(these, apart)
        marked = [
            rows[hit].mean(0) for example in seen for rows, hit in zip(example.pieces, example.trigger, strict=True)
        ]
        piece = background.piece_space.direction(np.stack(marked))
        low, best = background.vectors @ sentence, np.maximum.reduceat(background.pieces @ piece, background.starts)
        levels = float(low.mean()), float(low.std()), float(best.mean()), float(best.std())
        heights = (low - levels[0]) / levels[1] + TRIGGER_SHARE * (best - levels[2]) / levels[3]
        return cls(sentence, piece, levels, heights)

    def height(self, example: _Seen) -> float:
        """Of a sentence, the mean over its readings."""
        best = np.array([self.pieces(rows).max() for rows in example.pieces])
        low = (example.vectors @ self.sentence - self.levels[0]) / self.levels[1]
        return float((low + TRIGGER_SHARE * best).mean())

    def pieces(self, rows: Array) -> Array:
        """Heights of pieces as triggers."""
        heights: Array = (rows @ self.piece - self.levels[2]) / self.levels[3]
        return heights


def _see(example: Example, read: Read, before: str) -> _Seen:
    """The example alone, and after another sentence, since in articles it has neighbours."""
    vectors, pieces, trigger = [], [], []
    roles: dict[str, list[NDArray[np.bool_]]] = {role: [] for role, _ in example.roles}
    for sentences in ([example.text], [before, example.text]):
        text, spans = _joined(sentences)
        reading = read(text, spans)
        index, rows = sentence_vectors(reading)
        here = reading.sentence == len(sentences) - 1
        places = reading.pieces[here] - spans[-1][0]
        vectors.append(rows[index == len(sentences) - 1][0].astype(float))
        pieces.append(reading.hidden[here].astype(float))
        trigger.append(_touched(places, example.triggers))
        for role in roles:
            roles[role].append(_touched(places, [span for name, span in example.roles if name == role]))
    return _Seen(np.stack(vectors), pieces, trigger, roles)


def _joined(sentences: Sequence[str]) -> tuple[str, list[Span]]:
    spans: list[Span] = []
    for sentence in sentences:
        start = spans[-1][1] + 1 if spans else 0
        spans.append((start, start + len(sentence)))
    return " ".join(sentences), spans


def _touched(places: NDArray[np.int32], spans: Sequence[Span]) -> NDArray[np.bool_]:
    hit = np.zeros(len(places), bool)
    for start, end in spans:
        hit |= (places[:, 0] < end) & (places[:, 1] > start)
    return hit


def _left_out_pieces(parts: Sequence[_Discriminant], seen: Sequence[_Seen]) -> tuple[Array, NDArray[np.bool_]]:
    """Heights of the examples' pieces as triggers, each by what the other examples say; and which are triggers."""
    heights = [part.pieces(rows) for part, example in zip(parts, seen, strict=True) for rows in example.pieces]
    return np.concatenate(heights), np.concatenate([hit for example in seen for hit in example.trigger])


def _roles(own: OwnType, seen: Sequence[_Seen], background: Background) -> tuple[Array, Array]:
    """Weights (learned roles, width) and biases of the roles that the examples mark often enough."""
    names = {rules: name for name, rules in own.roles.items()}
    weights, biases = [], []
    for rules in own.learned:
        examples = [
            (np.concatenate(e.pieces), np.concatenate(e.roles[names[rules]])) for e in seen if names[rules] in e.roles
        ]
        heights = []
        for at, (rows, _) in enumerate(examples):
            direction, middle = _apart(examples[:at] + examples[at + 1 :], background.piece_space)
            heights.append(rows @ direction - middle)
        scale, shift = _platt(np.concatenate(heights), np.concatenate([hit for _, hit in examples]))
        direction, middle = _apart(examples, background.piece_space)
        weights.append(scale * direction)
        biases.append(shift - scale * middle)
    width = background.pieces.shape[1]
    return np.array(weights).reshape(-1, width), np.array(biases)


def _apart(examples: Sequence[tuple[Array, NDArray[np.bool_]]], space: Space) -> tuple[Array, float]:
    """The direction that tells a role's pieces from the other pieces of the sentences, and the middle between them."""
    these = np.concatenate([rows[hit] for rows, hit in examples])
    others = np.concatenate([rows[~hit] for rows, hit in examples])
    direction = space.direction(these, others)
    return direction, float((these.mean(0) + others.mean(0)) @ direction / 2)


def _platt(heights: Array, right: NDArray[np.bool_], rounds: int = 30) -> tuple[float, float]:
    """Scale and shift of a logit over heights: the likeliest, held near a cautious guess where examples are few.

    Newton's method on standardised heights with a weak prior; the scale is kept above 0, whatever the examples say.
    """
    middle, spread = float(heights.mean()), float(heights.std()) or 1.0
    x = (heights - middle) / spread
    scale, shift = 1.0, 0.0
    for _ in range(rounds):
        p = 1 / (1 + np.exp(-np.clip(scale * x + shift, -30, 30)))
        gradient = np.array([((p - right) * x).sum() + 0.1 * (scale - 1), (p - right).sum() + 0.1 * shift])
        weight = p * (1 - p)
        mixed = (weight * x).sum()
        curvature = np.array([[(weight * x**2).sum() + 0.1, mixed], [mixed, weight.sum() + 0.1]])
        scale, shift = np.array([scale, shift]) - np.linalg.solve(curvature, gradient)
    scale = max(float(scale), 0.1)
    return scale / spread, float(shift) - scale * middle / spread
