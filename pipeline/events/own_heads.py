"""Own types on top of a reading: small linear heads over the encoder's hidden states, beside the model's own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.encoder.heads import sigmoid
from pipeline.encoder.reading import FloatArray, Reading
from pipeline.events.scheme import OwnColumns


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnHead:
    """One type's weights. A sentence's probability is `sigmoid(scale * height + shift)`; its height is the product with
    the mean ++ maximum of its pieces' hidden states plus a share of its best trigger piece's logit. A piece's
    probability of being in the trigger, or in a role, is the sigmoid of its own product.
    """

    name: str
    sentence: FloatArray  # (2 * width,)
    sentence_bias: float
    trigger: FloatArray  # (width,)
    trigger_bias: float
    trigger_share: float
    roles: FloatArray  # (learned roles, width)
    role_bias: FloatArray  # (learned roles,)
    scale: float
    shift: float
    threshold: float

    def heights(self, vectors: FloatArray, triggers: FloatArray) -> FloatArray:
        """Of sentences (s,): `vectors` (s, 2 * width), `triggers` (s,) their best pieces' logits."""
        result: FloatArray = product(vectors, self.sentence) + np.float32(self.sentence_bias)
        result += np.float32(self.trigger_share) * triggers
        return result


def product(rows: FloatArray, weights: FloatArray) -> FloatArray:
    """(n, d) x (d,) or (d, k). einsum and not @: no BLAS, hence the same bits whatever else the machine does."""
    result: FloatArray = np.einsum("nd,d...->n...", rows, weights.astype(np.float32))
    return result


def sentence_vectors(reading: Reading) -> tuple[np.ndarray, FloatArray]:
    """The sentences that have pieces, and mean ++ maximum of their hidden states (sentences, 2 * width)."""
    hidden = reading.hidden.astype(np.float32)
    if not len(hidden):
        return np.zeros(0, np.int64), np.zeros((0, 2 * hidden.shape[1]), np.float32)
    starts = _starts(reading)
    counts = np.diff(np.r_[starts, len(hidden)]).astype(np.float32)
    mean = np.add.reduceat(hidden, starts, axis=0) / counts[:, None]
    return reading.sentence[starts].astype(np.int64), np.concatenate(
        [mean, np.maximum.reduceat(hidden, starts)], axis=1
    )


def best_pieces(reading: Reading, logits: FloatArray) -> FloatArray:
    """The highest of the pieces' logits, by column, in each sentence that has pieces."""
    best: FloatArray = np.maximum.reduceat(logits, _starts(reading)) if len(logits) else logits
    return best


def _starts(reading: Reading) -> np.ndarray:
    index = reading.sentence
    return np.flatnonzero(np.r_[True, index[1:] != index[:-1]])


def extend(reading: Reading, heads: Sequence[OwnHead]) -> Reading:
    """The reading with a column for every own type behind the model's, and one for every role that they learned."""
    if not heads:
        return reading
    hidden = reading.hidden.astype(np.float32)
    rows, vectors = sentence_vectors(reading)
    sentences = np.zeros((len(reading.event_sentence), len(heads)), np.float32)
    pieces = product(hidden, np.stack([head.trigger for head in heads], axis=1))
    pieces += np.array([head.trigger_bias for head in heads], np.float32)
    best = best_pieces(reading, pieces)
    for column, head in enumerate(heads):
        heights = head.heights(vectors, best[:, column])
        sentences[rows, column] = sigmoid(np.float32(head.scale) * heights + np.float32(head.shift))
    roles = product(hidden, np.concatenate([head.roles for head in heads]).T)
    roles += np.concatenate([head.role_bias for head in heads]).astype(np.float32)
    return replace(
        reading,
        event_sentence=np.concatenate([reading.event_sentence, sentences], axis=1),
        event_piece=np.concatenate([reading.event_piece, sigmoid(pieces)], axis=1),
        role=np.concatenate([reading.role, sigmoid(roles)], axis=1),
    )


def own_roles(reading: Reading, first: int, last: int, column: int, own: OwnColumns) -> FloatArray:
    """P(the piece fills the role) in an event of an own type, read in the pieces from `first` to before `last`: the
    model's roles, as in an event of the type that it is like, and behind them those that it learned.
    """
    scores = reading.role[first:last]
    if own.like is None or reading.role_head is None:
        return scores
    model = reading.role_head(reading.hidden[first:last], reading.event_piece[first:last, column], own.like)
    return np.concatenate([model, scores[:, model.shape[1] :]], axis=1)
