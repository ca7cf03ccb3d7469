"""Who plays which role in one event: pieces of its sentence, read beside its trigger and its type."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.encoder.heads import sigmoid
from pipeline.encoder.reading import FloatArray, HalfArray
from pipeline.encoder.session import open_session

FARTHEST = 10  # steps of distance to the trigger, on either side


def steps_from(trigger: FloatArray) -> NDArray[np.int64]:
    """How far each of n pieces is from the likeliest one of `trigger` (n,): -10 .. 10, logarithmic, as 0 .. 20."""
    away = np.arange(len(trigger)) - int(trigger.argmax())
    steps = np.minimum(FARTHEST, np.ceil(2 * np.log2(1 + np.abs(away)))).astype(np.int64)
    result: NDArray[np.int64] = np.sign(away) * steps + FARTHEST
    return result


class RoleHead:
    """`roles.onnx`: a layer over the piece, the trigger, the type and the distance between the first two."""

    def __init__(self, path: Path) -> None:
        self._session = open_session(path)

    def __call__(self, hidden: HalfArray, trigger: FloatArray, column: int) -> FloatArray:
        """P(the piece is in a participant with this role), (n, roles).

        `hidden` (n, width) and `trigger` (n,), P(the piece is in a trigger of the type `column`), are those of one
        sentence's pieces.
        """
        if not len(hidden):
            return np.zeros((0, self._session.get_outputs()[0].shape[1]), np.float32)
        inputs = {
            "hidden": hidden.astype(np.float32),
            "trigger": trigger,
            "type": np.array([column], np.int64),
            "distance": steps_from(trigger),
        }
        (logits,) = self._session.run(["roles"], inputs)
        return sigmoid(logits)
