"""Fit the confidences of language detection: `python -m training.language`.

Writes `pipeline/language/calibration.json`: for texts of up to so many letters, how the model's probability becomes the
probability of being right; a curve of its own for Bosnian, Croatian and Serbian in Latin letters. Fitted on every other
sentence of `language/*.txt`; `training.evaluate_language` measures on the rest.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pipeline.language import detect
from pipeline.language.langid import shared_language_model
from training import places

LIMITS = (12, 25, 50, 100, 200, 400, 1e9)  # letters
THRESHOLD = 0.35  # confidence below which a text is `und`: wrong about twice as often as right
# Languages that py3langid has no word of, and ms.txt, most of whose sentences are Indonesian: with all languages of
# equal weight they would teach that long texts are often wrong, which no feed confirms.
UNFIT = {"ms"}
FIT, TEST = 0, 1  # sentence number modulo 2
Observed = tuple[int, float, bool]  # letters, logit of the probability, whether the language was right


def sentences(part: int) -> dict[str, list[str]]:
    """Sentences by language code, of one half."""
    found = {}
    for path in sorted((places.data() / "language").glob("*.txt")):
        if path.stem != "LICENSE":
            lines = path.read_text(encoding="utf-8").splitlines()
            found[path.stem] = [line for number, line in enumerate(lines) if number % 2 == part and line.strip()]
    return found | {"sr-Latn": [latin(line) for line in found["sr"]]}


def samples(part: int) -> Iterator[tuple[str, str, str]]:
    """(language, size, text): sentences, titles (their first words, up to 60 characters; every third in capitals),
    words (up to 20 characters) and articles (eight sentences).
    """
    for language, lines in sentences(part).items():
        for number, line in enumerate(lines):
            yield language, "sentence", line
            title = _cut(line, 60)
            yield language, "title", title.upper() if number % 3 == 0 else title
            yield language, "words", _cut(line, 20)
        for start in range(0, len(lines) - 7, 8):
            yield language, "article", "\n".join(lines[start : start + 8])


# Serbian in Latin letters, made from the Cyrillic sentences: the mapping is one to one.
LATIN = dict(zip("абвгдђежзијклмнопрстћуфхцчш", "abvgdđežzijklmnoprstćufhcčš", strict=True))
LATIN |= {"љ": "lj", "њ": "nj", "џ": "dž"}


def latin(text: str) -> str:
    """Serbian Cyrillic in Latin letters."""
    return "".join(LATIN.get(c) or (LATIN[c.lower()].capitalize() if c.lower() in LATIN else c) for c in text)


def _cut(line: str, length: int) -> str:
    """The first whole words of at most `length` characters; the first characters where words have no spaces."""
    head = line[: length + 1]
    return head.rsplit(" ", 1)[0] if " " in head else line[:length]


def main() -> None:
    detector = detect.Detector(shared_language_model(), detect.read_calibration())
    observed: dict[str, list[Observed]] = {"steps": [], "south_slavic": []}
    for language, _, text in samples(FIT):
        if language in UNFIT:
            continue
        verdict = detector.judge(text)
        if verdict.letters:
            curve = observed["south_slavic" if verdict.is_south_slavic else "steps"]
            curve.append((verdict.letters, _logit(verdict.probability), verdict.code == language.split("-")[0]))
    curves = {name: _steps(rows) for name, rows in observed.items()}
    path = Path(detect.__file__).resolve().parent / detect.CALIBRATION_FILE
    path.write_text(json.dumps({"threshold": THRESHOLD, **curves}, indent=1) + "\n", encoding="utf-8")


def _steps(observed: list[Observed]) -> list[dict[str, float]]:
    """A curve for each range of lengths."""
    steps = []
    low = 0.0
    for high in LIMITS:
        rows = [(logit, right) for letters, logit, right in observed if low < letters <= high]
        slope, offset = fit_curve(np.array([row[0] for row in rows]), np.array([row[1] for row in rows], dtype=float))
        steps.append({"letters": high, "slope": round(slope, 4), "offset": round(offset, 4), "texts": len(rows)})
        print(steps[-1])
        low = high
    return steps


def _logit(probability: float) -> float:
    return max(-12.0, min(12.0, math.log(max(probability, 1e-9) / max(1 - probability, 1e-9))))


def fit_curve(logits: np.ndarray, right: np.ndarray) -> tuple[float, float]:
    """Slope and offset of a logistic regression, by damped Newton steps, with a prior on slope 1 and offset 0."""
    slope, offset = 1.0, 0.0
    for _ in range(50):
        chance = 1 / (1 + np.exp(-(slope * logits + offset)))
        spread = chance * (1 - chance)
        error = right - chance
        gradient = np.array([(error * logits).sum() - 20 * (slope - 1), error.sum() - 2 * offset])
        curve = np.array(
            [
                [(spread * logits * logits).sum() + 20, (spread * logits).sum()],
                [(spread * logits).sum(), spread.sum() + 2],
            ]
        )
        step = np.clip(np.linalg.solve(curve, gradient), -0.5, 0.5)
        slope, offset = slope + step[0], offset + step[1]
    return float(slope), float(offset)


if __name__ == "__main__":
    main()
