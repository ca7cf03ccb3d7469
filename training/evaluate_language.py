"""What language detection scores: `python -m training.evaluate_language [--languages] [--sizes sentence,article]`.

On the sentences that `training.language` has not fitted anything on, against py3langid, CLD2 and Lingua in the same
run (`pip install -r training/requirements.txt`; one that is missing is named); and what looking at less of a text costs
(the Pareto front of accuracy and time). The texts are web sentences, some of
them noisy or, between close languages, labelled arguably: read differences, not peaks.
"""

from __future__ import annotations

import sys
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from pipeline.language.confusables import GROUPS
from pipeline.language.detect import SAMPLE, Detector, Sample, read_calibration
from pipeline.language.langid import shared_language_model
from training.baselines import BASELINES, System
from training.language import TEST, UNFIT, samples

SIZES = ("words", "title", "sentence", "article")
BINS = 15
OURS = "eventwire"
FRONT = (
    Sample(pieces=1, glance=0),  # one piece: all of it
    Sample(pieces=8, size=100, glance=0),
    Sample(pieces=4, size=140, glance=0),
    Sample(pieces=4, size=100, glance=0),
    SAMPLE,
    Sample(pieces=4, size=60, glance=30),
    Sample(pieces=2, size=60, glance=0),
)
Key = tuple[str, str, str]  # system, size, language


class Scores:
    """What every system said, by size and language."""

    def __init__(self) -> None:
        self.right: dict[Key, list[bool]] = defaultdict(list)
        self.sure: dict[Key, list[tuple[float, bool]]] = defaultdict(list)
        self.seconds: dict[tuple[str, str], float] = defaultdict(float)
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
    front(fit)
    if "--languages" in arguments:
        for name in languages:
            print(row(scores, list(systems), name))


def ours(sample: Sample = SAMPLE) -> System:
    """Ours, made to name a language always, as the others do."""
    detector = Detector(shared_language_model(), replace(read_calibration(), threshold=0.0), sample=sample)

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


def front(languages: list[str]) -> None:
    """Accuracy and time by how much is looked at; a star where nothing of ours is both better and faster."""
    print(f"what looking at less costs, {len(languages)} languages, each alone: pieces x bytes (of a glance before)")
    texts = [sample for sample in samples(TEST) if sample[0] in languages and sample[1] in ("sentence", "article")]
    systems = {_named(sample): ours(sample) for sample in FRONT} | {"py3langid": BASELINES["py3langid"]()}
    rows: dict[str, tuple[float, float, float]] = {}
    for name, system in systems.items():
        found = Scores()
        for language, size, text in texts:
            began = time.process_time()
            code, confidence = system(text)
            found.seconds[OURS, size] += time.process_time() - began
            found.texts[size] += 1
            found.add(OURS, size, language, code, confidence)
        sentence, article = (found.accuracy(OURS, size, languages) for size in ("sentence", "article"))
        rows[name] = (sentence, article, found.micros(OURS, "article"))
    theirs = rows["py3langid"][2]
    print(f"{'':24} {'sentences':>9} {'articles':>9} {'CPU us an article':>18} {'of py3langid':>13}")
    for name, (sentence, article, micros) in rows.items():
        beaten = name == "py3langid" or any(other[1] >= article and other[2] < micros for other in rows.values())
        star = "" if beaten else "*"
        print(f"{star:1} {name:22} {sentence:9.4f} {article:9.4f} {micros:18.0f} {micros / theirs:13.2f}")


def _named(sample: Sample) -> str:
    name = f"{sample.pieces} x {sample.size}" if sample.pieces > 1 else "the whole text"
    return name + (f" ({sample.glance})" if sample.glance else "") + (", shipped" if sample == SAMPLE else "")


def groups(scores: Scores, systems: list[str], languages: list[str]) -> None:
    print(f"confusable groups: accuracy on sentences / articles of {', '.join(systems)}")
    for group in GROUPS:
        members = [name for name in languages if name.split("-")[0] in group]
        absent = sorted(group - {name.split("-")[0] for name in members})
        if members:
            print(f"  {', '.join(members)}" + (f" (no sentences here: {', '.join(absent)})" if absent else ""))
            print("\n".join(f"    {row(scores, systems, name)}" for name in members))
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
