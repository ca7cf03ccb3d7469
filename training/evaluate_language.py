"""What language detection scores: `python -m training.evaluate_language [--languages] [--sizes sentence,article]`.

On the sentences that `training.language` has not fitted anything on, against py3langid, CLD2 and Lingua in the same
run (`pip install -r training/requirements.txt`; one that is missing is named). The texts are web sentences, some of
them noisy or, between close languages, labelled arguably: read differences, not peaks.
"""

from __future__ import annotations

import sys
import time
from collections import Counter, defaultdict
from collections.abc import Sequence

from pipeline.language.confusables import GROUPS
from pipeline.language.detect import Calibration, Detector, read_calibration
from pipeline.language.langid import shared_language_model
from training.baselines import BASELINES, System
from training.language import TEST, UNFIT, samples

SIZES = ("words", "title", "sentence", "article")
BINS = 15
OURS = "eventwire"
Key = tuple[str, str, str]  # system, size, language


class Scores:
    """What every system said, by size and language."""

    def __init__(self) -> None:
        self.right: dict[Key, list[bool]] = defaultdict(list)
        self.sure: dict[Key, list[tuple[float, bool]]] = defaultdict(list)
        self.seconds: Counter[tuple[str, str]] = Counter()
        self.texts: Counter[str] = Counter()
        self.und: Counter[str] = Counter()
        self.confused: Counter[tuple[str, str]] = Counter()

    def add(self, system: str, size: str, language: str, code: str, confidence: float) -> None:
        good = code == language.split("-")[0]
        self.right[system, size, language].append(good)
        self.sure[system, size, language].append((confidence, good))
        if system == OURS and size == "sentence" and not good:
            self.confused[language, code] += 1

    def accuracy(self, system: str, size: str, languages: list[str]) -> float:
        """The mean over languages."""
        return sum(mean(self.right[system, size, name]) for name in languages) / len(languages)

    def ece(self, system: str, size: str, languages: list[str]) -> float:
        """Expected calibration error: the mean distance of confidence and accuracy over bins of confidence."""
        bins: dict[int, list[tuple[float, bool]]] = defaultdict(list)
        pairs = [pair for name in languages for pair in self.sure[system, size, name]]
        for confidence, good in pairs:
            bins[min(int(confidence * BINS), BINS - 1)].append((confidence, good))
        return sum(abs(sum(c for c, _ in rows) - sum(g for _, g in rows)) for rows in bins.values()) / len(pairs)

    def micros(self, system: str, size: str) -> float:
        return self.seconds[system, size] / max(self.texts[size], 1) * 1e6


def main(arguments: list[str]) -> None:
    systems: dict[str, System] = {OURS: ours()}
    for name, load in BASELINES.items():
        try:
            systems[name] = load()
        except ImportError:
            print(f"{name} is not installed and left out: pip install -r training/requirements.txt")
    threshold = read_calibration().threshold
    scores = Scores()
    sizes = arguments[arguments.index("--sizes") + 1].split(",") if "--sizes" in arguments else SIZES
    for language, size, text in samples(TEST):
        if size not in sizes:
            continue
        scores.texts[size] += 1
        for name, system in systems.items():
            began = time.process_time()
            code, confidence = system(text)
            scores.seconds[name, size] += time.process_time() - began
            scores.add(name, size, language, code, confidence)
            scores.und[size] += name == OURS and confidence < threshold
    languages = sorted({key[2] for key in scores.right})
    fit = [name for name in languages if name not in UNFIT]
    for names in (languages, fit):
        table(scores, list(systems), names, sizes)
    print(f"The second table is without {', '.join(sorted(UNFIT))}: see training.language.\n")
    groups(scores, list(systems), languages)
    if "--languages" in arguments:
        for name in languages:
            print(row(scores, list(systems), name))


def ours() -> System:
    """Ours, made to name a language always, as the others do."""
    detector = Detector(shared_language_model(), Calibration(steps=read_calibration().steps, threshold=0.0))

    def detect(text: str) -> tuple[str, float]:
        found = detector.detect(text)
        return found.code, found.confidence

    return detect


def table(scores: Scores, systems: list[str], languages: list[str], sizes: Sequence[str]) -> None:
    print(f"{len(languages)} languages, held-out half of the sentences; accuracy is the mean over languages")
    print(f"{'':10} {'system':10} {'accuracy':>8} {'ECE':>7} {'CPU us a text':>14}")
    for size in sizes:
        for name in systems:
            accuracy, ece = scores.accuracy(name, size, languages), scores.ece(name, size, languages)
            print(f"{size:10} {name:10} {accuracy:8.4f} {ece:7.4f} {scores.micros(name, size):14.0f}")
        print(f"{'':10} {scores.texts[size]} texts in all; ours says und for {scores.und[size]}")
    print()


def groups(scores: Scores, systems: list[str], languages: list[str]) -> None:
    print(f"confusable groups: accuracy on sentences / articles of {', '.join(systems)}")
    for group in GROUPS:
        members = [name for name in languages if name.split("-")[0] in group]
        if len(members) > 1:
            print("\n".join([f"  {', '.join(members)}", *(f"    {row(scores, systems, name)}" for name in members)]))
    print("most confused, sentences:", ", ".join(f"{a}>{b} {n}" for (a, b), n in scores.confused.most_common(24)))


def row(scores: Scores, systems: list[str], language: str) -> str:
    parts = [
        "/".join(f"{mean(scores.right[name, size, language]):.2f}" for size in ("sentence", "article"))
        for name in systems
    ]
    return f"{language:8} {'  '.join(parts)}"


def mean(values: list[bool]) -> float:
    return sum(values) / max(len(values), 1)


if __name__ == "__main__":
    main(sys.argv[1:])
