"""Which language a text is in, how sure that is, and which others it holds.

Long texts are judged by pieces spread over them: what a language is shows in a few hundred letters, and mostly in a
glance at half as many. The pieces also show whether a text is mixed; only then are its paragraphs read one by one.
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
from pipeline.language.romanised import romanised
from pipeline.language.scripts import ONE_LANGUAGE, count_scripts, iso_name, writes
from pipeline.records import Language, LanguageShare

CALIBRATION_FILE = "calibration.json"
GLANCE_SURE = 0.95  # a glance is enough if it is this sure
GLANCE_DOUBT = 0.7  # ... and none of its pieces is this sure of another language
MIXED_PIECE = 0.9  # a piece this sure of another language makes the paragraphs be looked at
PARAGRAPHS = 48  # looked at in a mixed text, spread over it
PARAGRAPH_PIECES = 2  # of each
MAIN_SCRIPT = 0.6  # of the letters: the text is written in that script
SMALLEST_SHARE = 0.1  # of the letters: less is a quotation
TRANSCRIPT_DOUBT = 0.98  # the model is less sure than that of whatever it takes a transcribed language for
TRANSCRIPT_SURE = 0.55  # what such a verdict is worth; calibration makes .9 of it
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


Steps = tuple[tuple[float, float, float], ...]


@dataclass(frozen=True, slots=True)
class Calibration:
    """Confidence as a probability: `1 / (1 + exp(-(slope * logit(p) + offset)))`, by the text's number of letters.

    `steps`: (letters up to which it holds, slope, offset), ascending; `south_slavic`: the same for bs, hr and sr in
    Latin letters, of which words decide. Below `threshold` the language is `und`.
    """

    steps: Steps
    south_slavic: Steps
    threshold: float

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> "Calibration":
        steps, south_slavic = (
            tuple((float(step["letters"]), float(step["slope"]), float(step["offset"])) for step in data[name])
            for name in ("steps", "south_slavic")
        )
        return cls(steps=steps, south_slavic=south_slavic, threshold=float(data["threshold"]))

    def confidence(self, verdict: "Verdict") -> float:
        """How probable it is that the verdict is right."""
        probability = verdict.probability
        logit = math.log(max(probability, 1e-9) / max(1 - probability, 1e-9))
        steps = self.south_slavic if verdict.is_south_slavic else self.steps
        _, slope, offset = next((step for step in steps if verdict.letters <= step[0]), steps[-1])
        return 1 / (1 + math.exp(-max(-40.0, min(40.0, slope * logit + offset))))


@dataclass(frozen=True, slots=True)
class Sample:
    """What is looked at of a long text: `pieces` spread over it, of `size` bytes of UTF-8 each. Before that a glance
    at as many of `glance` bytes (0: none), which is enough where they are sure and agree.
    """

    pieces: int = 4
    size: int = 100
    glance: int = 50


SAMPLE = Sample()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the model and the tables say of a text, without mixture and before calibration."""

    code: str
    script: str  # ISO 15924
    probability: float
    scripts: Mapping[str, int]  # letters looked at, most first
    parts: Sequence[tuple[str, float]] = ()  # code and probability of each piece

    @property
    def letters(self) -> int:
        return sum(self.scripts.values())

    @property
    def is_south_slavic(self) -> bool:
        """bs, hr or sr in Latin letters."""
        return self.script == "Latn" and self.code in SOUTH_SLAVIC


class Detector:
    """Texts to languages; a pure function of its inputs."""

    def __init__(self, model: LanguageModel, calibration: Calibration, *, sample: Sample = SAMPLE) -> None:
        self._model = model
        self._calibration = calibration
        self._sample = sample
        self._masks: dict[str, Any] = {}

    def detect(self, text: str, *, hint: str | None = None) -> Language:
        """The language of `text`. `hint` (any spelling of a language tag) is heard if the text is short or unsure."""
        verdict = self.judge(text, hint=hint)
        if not verdict.scripts:
            return Language(code="und", script=verdict.script, confidence=0.0)
        code, confidence = verdict.code, self._calibration.confidence(verdict)
        mixed = any(sure >= MIXED_PIECE and not same_group(name, code) for name, sure in verdict.parts)
        counts = list(verdict.scripts.values())
        mixed = mixed or (len(counts) > 1 and counts[1] >= SMALLEST_SHARE * sum(counts))
        others = self._others(text, code) if mixed and len(text) >= 2 * self._sample.size else ()
        if others and others[0].share > 0.5:  # names and quotations have misled the pieces: the paragraphs know better
            code, confidence = others[0].code, min(confidence, others[0].share)
            others = self._others(text, code)
        if confidence < self._calibration.threshold:
            code = "und"
        return Language(code=code, script=verdict.script, confidence=round(confidence, 4), others=others)

    def judge(self, text: str, *, hint: str | None = None) -> Verdict:
        """The language of the whole of `text`, uncalibrated: what calibration is fitted on. No scripts: no letters."""
        sample, named = self._sample, _hinted(hint)
        if sample.glance and len(text) >= sample.pieces * sample.size:
            verdict = self._decide(text, _pieces(text, sample.pieces, sample.glance), named)
            agreed = all(name == verdict.code or sure < GLANCE_DOUBT for name, sure in verdict.parts)
            if agreed and verdict.probability >= GLANCE_SURE:
                return verdict
        return self._decide(text, _pieces(text, sample.pieces, sample.size), named)

    def _decide(self, text: str, pieces: Sequence[str], hint: str | None) -> Verdict:
        scripts = count_scripts(" ".join(pieces))
        if not scripts:
            return Verdict("und", "Zyyy", 0.0, {})
        name, count = next(iter(scripts.items()))
        letters = sum(scripts.values())
        if name in ONE_LANGUAGE and count >= MAIN_SCRIPT * letters:
            return Verdict(ONE_LANGUAGE[name], iso_name(name), 1 - 0.5 ** min(count, 30), scripts)
        chances = self._model.probabilities([piece.encode() for piece in pieces])
        tops = chances.argmax(axis=1).tolist()
        parts = [(self._model.languages[top], float(row[top])) for top, row in zip(tops[:-1], chances, strict=False)]
        scores = chances[-1]
        if count >= MAIN_SCRIPT * letters:
            scores = scores * self._written_in(name)
            scores /= scores.sum()
        if hint in self._model.languages and (letters < HINT_LETTERS or scores.max() < 0.9):
            scores = scores.copy()
            scores[self._model.languages.index(hint)] *= HINT_ODDS
            scores /= scores.sum()
        return Verdict(*self._refine(text, pieces, scores, name), scripts, parts)

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
            if script == "Latn" and (of := self._transcript(pieces, scores, code)) is not None:
                return of, script, TRANSCRIPT_SURE
            return code, script, settled[code]
        elif (group := word_group(code)) is not None:
            settled = by_words(text[:TABLE_TEXT], self._chances(scores, group))
            code = max(settled, key=lambda name: settled[name])
            return code, script, settled[code]
        elif script == "Latn":
            decided = unknown_to_model(" ".join(pieces), code, probability)
            if decided is None and (of := self._transcript(pieces, scores, code)) is not None:
                return of, script, TRANSCRIPT_SURE
        if decided is None or decided == code:
            return code, script, probability
        weight = sum(float(scores[i]) for i, name in enumerate(self._model.languages) if same_group(name, decided))
        return decided, script, max(weight, probability)

    def _transcript(self, pieces: Sequence[str], scores: Any, code: str) -> str | None:
        """The language that a text in Latin letters is a transcript of, where the model doubts even `code`'s group."""
        known = sum(self._chances(scores, SOUTH_SLAVIC).values()) if code in SOUTH_SLAVIC else float(scores.max())
        return romanised(" ".join(pieces)) if known < TRANSCRIPT_DOUBT or code == "und" else None

    def _chances(self, scores: Any, group: frozenset[str]) -> dict[str, float]:
        return {name: float(scores[self._model.languages.index(name)]) for name in sorted(group)}

    def _others(self, text: str, main: str) -> tuple[LanguageShare, ...]:
        """Languages other than `main` with their shares of the letters, largest first."""
        paragraphs = [part for part in text.split("\n") if sum(map(str.isalpha, part)) >= 40]
        step = max(1, math.ceil(len(paragraphs) / PARAGRAPHS))
        letters: Counter[str] = Counter()
        for paragraph in paragraphs[::step]:
            verdict = self._decide(paragraph, _pieces(paragraph, PARAGRAPH_PIECES, self._sample.size), None)
            if not verdict.scripts:
                continue
            sure = self._calibration.confidence(verdict) >= MIXED_PIECE
            known = verdict.code if sure and not same_group(verdict.code, main) else main
            letters[known] += len(paragraph)
        whole = sum(letters.values())
        shares = [(code, number / whole) for code, number in letters.items() if code not in (main, "und")]
        return tuple(
            LanguageShare(code=code, share=round(share, 3))
            for code, share in sorted(shares, key=lambda item: (-item[1], item[0]))
            if share >= SMALLEST_SHARE
        )


def _pieces(text: str, most: int, size: int) -> list[str]:
    """Up to `most` pieces of about `size` bytes spread over the text, at word boundaries if it has any; a short text
    whole.
    """
    size = size if text.isascii() else max(size // 2, int(size * len(text) / len(text.encode())))
    count = min(most, len(text) // size)
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
