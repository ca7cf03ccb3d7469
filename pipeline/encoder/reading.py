"""What the encoder saw in one text: arrays over its pieces and sentences, nothing decided yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float32]
IntArray: TypeAlias = NDArray[np.int32]
HalfArray: TypeAlias = NDArray[np.float16]


def _nothing() -> HalfArray:
    return np.zeros((0, 0), np.float16)


@dataclass(frozen=True, slots=True)
class Reading:
    """One encoder pass. n pieces (sub-words) in s sentences; offsets are code points into the text, end exclusive.

    Column names are in the `Model` that made it: `entity_labels`, `event_types`, `roles`, `statuses`, `times`.
    Pieces carry no white space at either end, so two neighbours may have a gap between them. The arrays are
    read-only, since readings are shared through a cache.
    """

    pieces: IntArray  # (n, 2) start and end in the text, in text order, every piece exactly once
    sentence: IntArray  # (n,) index into the sentences that were passed to `Model.read`
    entity: FloatArray  # (n, 11) log-probabilities
    event_sentence: FloatArray  # (s, 53) calibrated P(the sentence reports an event of this type)
    event_piece: FloatArray  # (n, 53) P(the piece is in a trigger of this type), not calibrated
    role: FloatArray  # (n, R) P(the piece is in a participant with this role of any event), not calibrated
    status: FloatArray  # (n, 7) softmax; meant to be read at the best trigger piece
    time: FloatArray  # (n, 2) softmax; the same
    hidden: HalfArray = field(default_factory=_nothing)  # (n, 384) hidden states, for heads that are not the model's
    role_head: Callable[[HalfArray, FloatArray, int], FloatArray] | None = None

    def roles(self, first: int, last: int, column: int) -> FloatArray:
        """P(the piece is in a participant with this role) for the event of the type `column` that the sentence of the
        pieces from `first` to before `last` reports: (last - first, R), not calibrated.
        """
        if self.role_head is None:
            return self.role[first:last]
        return self.role_head(self.hidden[first:last], self.event_piece[first:last, column], column)
