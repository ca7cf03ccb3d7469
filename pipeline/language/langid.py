"""py3langid's model, read so that one walk over several pieces of a text gives each piece's and the whole's scores.

The arithmetic is py3langid's (`LanguageIdentifier._decide`): a test holds the two together. Its own methods walk the
text again for every question, and walking is nearly all of the cost.
"""

from array import array
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from typing import Any

import numpy as np

# Its labels that are not what we call the language: Bokmål by name; dialects and old forms by their ISO 639-1 code;
# no language at all.
RENAMED = {
    "no": "nb", "arz": "ar", "ary": "ar", "uzs": "uz", "fuv": "ff", "kik": "ki", "gug": "gn", "hbo": "he", "grc": "el",
    "zxx": "und",
}  # fmt: skip


class LanguageModel:
    """`languages`: our codes. A score vector has one number for each, in that order."""

    languages: tuple[str, ...]

    def __init__(self) -> None:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier

        # An instance of our own: py3langid's module-level one can be restricted by anybody in the process.
        model = LanguageIdentifier.from_model_file(MODEL_FILE)
        # Arrays, because lists of numbers lie scattered and the walk waits for memory more than for anything else.
        self._next, self._output = model.tk_nextmove, array("i", model.tk_output)
        self._rows = array("I", [row << 8 for row in model.tk_row])
        # float32, because turning the rows of a text into it every time takes longer than all the arithmetic.
        names = [RENAMED.get(label, label) for label in model.nb_classes]
        order = sorted(range(len(names)), key=lambda column: names.index(names[column]))  # one language's together
        self._weights = np.ascontiguousarray(model.nb_ptc[:, order], dtype=np.float32)
        self._prior = np.asarray(model.nb_pc, dtype=np.float32)[order]
        names = [names[column] for column in order]
        self.languages = tuple(dict.fromkeys(names))
        self._starts = np.array([names.index(name) for name in self.languages])

    @property
    def reference(self) -> str:
        """What decides the scores, for the stage's digest."""
        return f"py3langid {version('py3langid')}"

    def probabilities(self, pieces: Sequence[bytes]) -> Any:
        """[pieces + 1, languages]: each piece's (UTF-8), then the whole's. Uniform where nothing is known of it."""
        walks = [self._walk(piece) for piece in pieces]
        columns: dict[int, int] = {}  # of the n-grams that occur
        places = [columns.setdefault(ngram, len(columns)) for walk in walks for ngram in walk]
        count, width = len(pieces), len(columns)
        rows = np.repeat(np.arange(count) * width, [len(walk) for walk in walks])
        cells = rows + np.array(places, dtype=np.intp)
        counts = np.bincount(cells, minlength=count * width).reshape(count, width)
        counts = np.concatenate([counts, counts.sum(axis=0, keepdims=True)], dtype=np.float32)
        index = np.fromiter(columns, dtype=np.intp, count=width)
        raw = np.log1p(counts) @ self._weights[index] + self._prior
        lengths = [len(piece) for piece in pieces]
        raw = raw.astype(np.float64) / np.sqrt(np.maximum([*lengths, sum(lengths)], 1))[:, None]
        chances = np.exp(raw - raw.max(axis=1, keepdims=True))
        merged = np.add.reduceat(chances, self._starts, axis=1)
        merged[~counts.any(axis=1)] = 1
        return merged / merged.sum(axis=1, keepdims=True)

    def _walk(self, data: bytes) -> list[int]:
        """The model's byte n-grams in `data`, as its automaton finds them."""
        state, found = 0, []
        following, rows, output = self._next, self._rows, self._output
        for byte in data:
            state = following[rows[state] + byte]
            feature = output[state]
            if feature >= 0:
                found.append(feature)
        return found


@cache
def shared_language_model() -> LanguageModel:
    """One a process: it takes 0.6 s and 90 MB."""
    return LanguageModel()
