"""py3langid's model, read so that one walk over several pieces of a text gives each piece's and the whole's scores.

The arithmetic is py3langid's (`LanguageIdentifier._decide`): a test holds the two together. Its own methods walk the
text again for every question, and walking is nearly all of the cost.
"""

from collections import Counter
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
        self._next, self._output = model.tk_nextmove, model.tk_output
        self._rows = [row << 8 for row in model.tk_row]
        self._weights, self._prior = model.nb_ptc, model.nb_pc
        names = [RENAMED.get(label, label) for label in model.nb_classes]
        self.languages = tuple(dict.fromkeys(names))
        self._columns = np.array([self.languages.index(name) for name in names])

    @property
    def reference(self) -> str:
        """What decides the scores, for the stage's digest."""
        return f"py3langid {version('py3langid')}"

    def features(self, data: bytes) -> "Counter[int]":
        """How often each of the model's byte n-grams occurs in `data` (UTF-8)."""
        state, found = 0, []
        following, rows, output = self._next, self._rows, self._output
        for byte in data:
            state = following[rows[state] + byte]
            feature = output[state]
            if feature >= 0:
                found.append(feature)
        return Counter(found)

    def scores(self, features: "Counter[int]", length: int) -> Any:
        """Probabilities by language, float64, for features counted in `length` bytes. Uniform without features."""
        count = len(features)
        if not count:
            return np.full(len(self.languages), 1.0 / len(self.languages))
        index = np.fromiter(features.keys(), dtype=np.intp, count=count)
        weights = np.log1p(np.fromiter(features.values(), dtype=np.float32, count=count))
        raw = (weights @ self._weights[index] + self._prior).astype(np.float64) / max(length, 1) ** 0.5
        raw = np.exp(raw - raw.max())
        merged = np.zeros(len(self.languages))
        np.add.at(merged, self._columns, raw)
        return merged / merged.sum()


@cache
def shared_language_model() -> LanguageModel:
    """One a process: it takes 0.6 s and 60 MB."""
    return LanguageModel()
