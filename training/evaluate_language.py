"""What language detection scores: `python -m training.evaluate_language [--languages]`.

On the sentences that `training.language` has not fitted the confidences on, with py3langid alone in the same run. The
texts are web sentences, some of them noisy or, between close languages, labelled arguably: read differences, not peaks.
"""

from __future__ import annotations

import sys
import time
from collections import Counter, defaultdict

from pipeline.language.confusables import GROUPS
from pipeline.language.detect import Calibration, Detector, read_calibration
from pipeline.language.langid import RENAMED, shared_language_model
from training.language import TEST, UNFIT, samples

SIZES = ("words", "title", "sentence", "article")
BINS = 15


def main(arguments: list[str]) -> None:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    baseline = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    detector = Detector(shared_language_model(), read_calibration())
    never_und = Detector(shared_language_model(), Calibration(steps=read_calibration().steps, threshold=0.0))
    right: dict[tuple[str, str, str], list[bool]] = defaultdict(list)
    confused: Counter[tuple[str, str]] = Counter()
    sure: dict[tuple[str, str, str], list[tuple[float, bool]]] = defaultdict(list)
    seconds: Counter[tuple[str, str]] = Counter()
    unknown: Counter[str] = Counter()
    for language, size, text in samples(TEST):
        gold = language.split("-")[0]
        began = time.process_time()
        found = never_und.detect(text)
        middle = time.process_time()
        name, confidence = baseline.classify(text)
        seconds["eventwire", size] += middle - began
        seconds["py3langid", size] += time.process_time() - middle
        right["eventwire", size, language].append(found.code == gold)
        right["py3langid", size, language].append(RENAMED.get(name, name) == gold)
        sure["eventwire", size, language].append((found.confidence, found.code == gold))
        sure["py3langid", size, language].append((confidence, RENAMED.get(name, name) == gold))
        unknown[size] += detector.detect(text).code == "und"
        if size == "sentence" and found.code != gold:
            confused[language, found.code] += 1
    languages = sorted({key[2] for key in right})
    for names in (languages, [name for name in languages if name not in UNFIT]):
        print(f"{len(names)} languages, held-out half of the sentences; accuracy is the mean over languages")
        print(f"{'':10} {'texts':>6} {'accuracy':>18} {'ECE':>15} {'CPU us a text':>15} {'und':>6}")
        for size in SIZES:
            row = []
            for system in ("eventwire", "py3langid"):
                accuracy = sum(_mean(right[system, size, name]) for name in names) / len(names)
                pairs = [pair for name in names for pair in sure[system, size, name]]
                everything = sum(len(sure[system, size, name]) for name in languages)
                row.append((accuracy, _ece(pairs), seconds[system, size] / everything * 1e6, len(pairs)))
            ours, theirs = row
            print(
                f"{size:10} {ours[3]:6} {ours[0]:8.4f} ({theirs[0]:.4f}) {ours[1]:7.4f} ({theirs[1]:.4f})"
                f" {ours[2]:7.0f} ({theirs[2]:5.0f}) {unknown[size] / everything:6.3f}"
            )
        print()
    print(f"The second table is without {', '.join(sorted(UNFIT))}: see training.language.")
    print("(in brackets: py3langid alone)\n\ngroups, sentences and articles")
    for group in GROUPS:
        members = [name for name in languages if name.split("-")[0] in group]
        if len(members) > 1:
            parts = [_row(right, name) for name in members]
            print(f"  {' | '.join(parts)}")
    print("\nmost confused, sentences:", ", ".join(f"{a}>{b} {n}" for (a, b), n in confused.most_common(24)))
    if "--languages" in arguments:
        print("\n" + "\n".join(_row(right, name) for name in languages))


def _row(right: dict[tuple[str, str, str], list[bool]], name: str) -> str:
    values = [
        f"{_mean(right['eventwire', size, name]):.2f} ({_mean(right['py3langid', size, name]):.2f})"
        for size in ("sentence", "article")
    ]
    return f"{name} {' '.join(values)}"


def _mean(values: list[bool]) -> float:
    return sum(values) / max(len(values), 1)


def _ece(pairs: list[tuple[float, bool]]) -> float:
    """Expected calibration error: the mean distance of confidence and accuracy over bins of confidence."""
    bins: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for confidence, good in pairs:
        bins[min(int(confidence * BINS), BINS - 1)].append((confidence, good))
    return sum(abs(sum(c for c, _ in rows) - sum(g for _, g in rows)) for rows in bins.values()) / len(pairs)


if __name__ == "__main__":
    main(sys.argv[1:])
