"""Which language a text is in, how sure that is, and which others it holds.

Long texts are judged by pieces spread over them: what a language is shows in a few hundred letters. The pieces also
show whether a text is mixed; only then are its paragraphs looked at one by one.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from operator import ne
from typing import Any

import numpy as np
import orjson

from pipeline.errors import ModelError
from pipeline.language.confusables import (
    SOUTH_SLAVIC,
    by_words,
    chinese,
    cyrillic,
    same_group,
    south_slavic,
    unknown_to_model,
    word_group,
)
from pipeline.language.langid import LanguageModel
from pipeline.language.scripts import ONE_LANGUAGE, count_scripts, iso_name, writes
from pipeline.records import Language, LanguageShare

CALIBRATION_FILE = "calibration.json"
PIECES = 4
PIECE_BYTES = 100  # of UTF-8 each
MIXED_PIECE = 0.9  # a piece this sure of another language makes the paragraphs be looked at
PARAGRAPHS = 48  # looked at in a mixed text, spread over it
MAIN_SCRIPT = 0.6  # of the letters: the text is written in that script
SMALLEST_SHARE = 0.1  # of the letters: less is a quotation
TABLE_TEXT = 2000  # characters that the word tables of close languages look at
HINT_LETTERS = 80  # shorter texts listen to the sender's hint
HINT_ODDS = 6.0  # how much more probable a language becomes by being hinted at

_NOT_WORDS = re.compile(r"https?://\S+|www\.\S+|\S+@\S+|[@#]\w+|\d+")
_MAY_BE_NONE = re.compile(r"[\d@#]|://|www\.")  # what any of those has in it
_ALIASES = {
    "no": "nb", "iw": "he", "in": "id", "ji": "yi", "sh": "sr", "cmn": "zh", "deu": "de", "ger": "de", "eng": "en",
    "fra": "fr", "fre": "fr", "spa": "es", "ita": "it", "nld": "nl", "dut": "nl", "por": "pt", "pol": "pl", "fil": "tl",
    "swe": "sv", "ron": "ro", "rum": "ro", "rus": "ru", "nob": "nb", "nno": "nn", "zho": "zh", "chi": "zh", "jpn": "ja",
    "kor": "ko", "ara": "ar", "tur": "tr", "ukr": "uk", "ces": "cs", "cze": "cs",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Calibration:
    """Confidence as a probability: `1 / (1 + exp(-(slope * logit(p) + offset)))`, by the text's number of letters.

    `steps`: (letters up to which it holds, slope, offset), ascending. Below `threshold` the language is `und`.
    """

    steps: tuple[tuple[float, float, float], ...]
    threshold: float

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> "Calibration":
        steps = tuple((float(step["letters"]), float(step["slope"]), float(step["offset"])) for step in data["steps"])
        return cls(steps=steps, threshold=float(data["threshold"]))

    def confidence(self, probability: float, letters: int) -> float:
        logit = math.log(max(probability, 1e-9) / max(1 - probability, 1e-9))
        _, slope, offset = next((step for step in self.steps if letters <= step[0]), self.steps[-1])
        return 1 / (1 + math.exp(-max(-40.0, min(40.0, slope * logit + offset))))


class Detector:
    """Texts to languages; a pure function of its inputs."""

    def __init__(self, model: LanguageModel, calibration: Calibration) -> None:
        self._model = model
        self._calibration = calibration
        self._masks: dict[str, Any] = {}

    def detect(self, text: str, *, hint: str | None = None) -> Language:
        """The language of `text`. `hint` (any spelling of a language tag) is heard if the text is short or unsure."""
        pieces = _pieces(text)
        scripts = count_scripts(" ".join(pieces))
        if not scripts:
            return Language(code="und", script="Zyyy", confidence=0.0)
        code, script, confidence, parts = self._judge(text, pieces, scripts, _hinted(hint))
        mixed = any(sure >= MIXED_PIECE and not same_group(name, code) for name, sure in parts)
        second = sorted(scripts.values())[-2] if len(scripts) > 1 else 0
        mixed = mixed or second >= SMALLEST_SHARE * sum(scripts.values())
        others = self._others(text, code) if mixed and len(pieces) > 1 else ()
        if others and others[0].share > 0.5:  # names and quotations have misled the pieces: the paragraphs know better
            code, confidence = others[0].code, min(confidence, others[0].share)
            others = self._others(text, code)
        if confidence < self._calibration.threshold:
            code = "und"
        return Language(code=code, script=script, confidence=round(confidence, 4), others=others)

    def judge(self, text: str) -> tuple[str, float, int]:
        """(code, uncalibrated probability, letters), without hint or mixture: what calibration is fitted on."""
        pieces = _pieces(text)
        scripts = count_scripts(" ".join(pieces))
        if not scripts:
            return "und", 0.0, 0
        code, _, probability, _ = self._decide(text, pieces, scripts, None)
        return code, probability, sum(scripts.values())

    def _judge(
        self, text: str, pieces: Sequence[str], scripts: Mapping[str, int], hint: str | None
    ) -> tuple[str, str, float, list[tuple[str, float]]]:
        code, script, probability, parts = self._decide(text, pieces, scripts, hint)
        return code, script, self._calibration.confidence(probability, sum(scripts.values())), parts

    def _decide(
        self, text: str, pieces: Sequence[str], scripts: Mapping[str, int], hint: str | None
    ) -> tuple[str, str, float, list[tuple[str, float]]]:
        """(code, script, probability, [(code, probability) of each piece])."""
        name, count = next(iter(scripts.items()))
        letters = sum(scripts.values())
        if name in ONE_LANGUAGE and count >= MAIN_SCRIPT * letters:
            return ONE_LANGUAGE[name], iso_name(name), 1 - 0.5 ** min(count, 30), []
        chances = self._model.probabilities([piece.encode() for piece in pieces])
        parts = [(self._model.languages[int(row.argmax())], float(row.max())) for row in chances[:-1]]
        scores = chances[-1]
        if count >= MAIN_SCRIPT * letters:
            scores = scores * self._written_in(name)
            scores /= scores.sum()
        if hint in self._model.languages and (letters < HINT_LETTERS or scores.max() < 0.9):
            scores = scores.copy()
            scores[self._model.languages.index(hint)] *= HINT_ODDS
            scores /= scores.sum()
        return (*self._refine(text, pieces, scores, name), parts)

    def _written_in(self, script: str) -> Any:
        """[languages]: 1 for those written in `script`, next to nothing for others."""
        if script not in self._masks:
            self._masks[script] = np.array([1.0 if writes(code, script) else 1e-6 for code in self._model.languages])
        return self._masks[script]

    def _refine(self, text: str, pieces: Sequence[str], scores: Any, script: str) -> tuple[str, str, float]:
        """The model's verdict after the rule tables. A rule that decides within a group keeps the group's weight."""
        best = int(scores.argmax())
        code, probability = self._model.languages[best], float(scores[best])
        decided: str | None = None
        if script == "Hani":
            decided, script = chinese("".join(pieces), code)
        elif script == "Cyrl":
            decided = cyrillic(" ".join(pieces), code)
        elif code in SOUTH_SLAVIC:
            settled = south_slavic(text[:TABLE_TEXT], self._chances(scores, SOUTH_SLAVIC))
            code = max(settled, key=lambda name: settled[name])
            return code, script, settled[code]
        elif (group := word_group(code)) is not None:
            settled = by_words(text[:TABLE_TEXT], self._chances(scores, group))
            code = max(settled, key=lambda name: settled[name])
            return code, script, settled[code]
        elif script == "Latn":
            decided = unknown_to_model(" ".join(pieces), code, probability)
        if decided is None or decided == code:
            return code, script, probability
        weight = sum(float(scores[i]) for i, name in enumerate(self._model.languages) if same_group(name, decided))
        return decided, script, max(weight, probability)

    def _chances(self, scores: Any, group: frozenset[str]) -> dict[str, float]:
        return {name: float(scores[self._model.languages.index(name)]) for name in sorted(group)}

    def _others(self, text: str, main: str) -> tuple[LanguageShare, ...]:
        """Languages other than `main` with their shares of the letters, largest first."""
        paragraphs = [part for part in text.split("\n") if sum(map(str.isalpha, part)) >= 40]
        step = max(1, math.ceil(len(paragraphs) / PARAGRAPHS))
        letters: Counter[str] = Counter()
        for paragraph in paragraphs[::step]:
            piece = _prepared(paragraph[:400])
            scripts = count_scripts(piece)
            if not scripts:
                continue
            code, _, confidence, _ = self._judge(piece, [piece], scripts, None)
            known = code if confidence >= MIXED_PIECE and not same_group(code, main) else main
            letters[known] += len(paragraph)
        whole = sum(letters.values())
        shares = [(code, number / whole) for code, number in letters.items() if code not in (main, "und")]
        return tuple(
            LanguageShare(code=code, share=round(share, 3))
            for code, share in sorted(shares, key=lambda item: (-item[1], item[0]))
            if share >= SMALLEST_SHARE
        )


def _pieces(text: str) -> list[str]:
    """Pieces of about `PIECE_BYTES` spread over the text, at word boundaries if it has any; a short text whole."""
    size = PIECE_BYTES if text.isascii() else max(50, int(PIECE_BYTES * len(text) / len(text.encode())))
    count = min(PIECES, len(text) // size)
    if count < 2:
        return [piece] if (piece := _prepared(text)) else []
    gap = (len(text) - size) / (count - 1)
    pieces = []
    for number in range(count):
        start = int(number * gap)
        if start:
            boundary = text.find(" ", start, start + 30)
            start = boundary + 1 if boundary >= 0 else start
        stop = start + size if number < count - 1 else len(text)
        pieces.append(_prepared(text[start:stop]))
    return [piece for piece in pieces if piece]


def _prepared(text: str) -> str:
    """Without addresses and numbers; capitals made small where most letters are: headlines are shouted."""
    if _MAY_BE_NONE.search(text):
        text = _NOT_WORDS.sub(" ", text)
    lowered = text.lower()
    upper = sum(map(ne, text, lowered))
    if upper > 8 and upper > 2 * sum(map(ne, text, text.upper())):
        text = lowered
    return " ".join(text.split())


def _hinted(hint: str | None) -> str | None:
    """`de-AT`, `de_DE.UTF-8`, `DEU` -> `de`."""
    if not hint:
        return None
    name = re.split(r"[-_.@ ]", hint.strip().lower(), maxsplit=1)[0]
    return _ALIASES.get(name, name)


def read_calibration() -> Calibration:
    """The shipped calibration. Raises `ModelError` if its file is missing or damaged."""
    try:
        return Calibration.read(orjson.loads(files("pipeline.language").joinpath(CALIBRATION_FILE).read_bytes()))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"pipeline/language/{CALIBRATION_FILE} can't be read ({error}): reinstall eventwire."
        ) from error
