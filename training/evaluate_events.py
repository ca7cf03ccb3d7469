"""`python -m training evaluate-events` (`make evaluate-events`): scores of the whole event agent, entities included.

`evaluate` looks at the encoder's heads; this looks at the events that come out, rules and all, on held-out articles
that no training saw. Without `--folds`: the test articles, with the thresholds and calibration that were chosen on the
dev articles. With `--folds K`: dev and test articles together, in K parts; thresholds, calibration and the confidence
of events are chosen on K - 1 parts and scored on the last. The encoder is not trained again in the folds: it saw none
of these articles, so what is cross-validated is everything that was chosen after it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.encoder import Model
from pipeline.events.stage import ClassifyEvents
from training import calibrate, calibrate_events, holdout, places
from training.evaluate import _f, _table
from training.event_data import Document, held_out_documents
from training.event_outcomes import (
    Kept,
    Outcome,
    Tagged,
    bootstrap,
    confusion,
    count,
    count_roles,
    noise,
    outcomes,
    reliability,
    tagged,
)
from training.measure_entities import Counts
from training.measure_events import Read, TypeCounts, count_types, expected_error, read_all
from training.reliability_plot import plot

SHOWN = 15  # pairs of the confusion table


def main(name: str = "news-s6", *, folds: int | None = None, write: bool = False) -> None:
    """Measure and print; with `write` EVENTS.md and reliability.svg beside the model's card."""
    folder = places.MODELS / name
    model = Model.load(folder)
    if folds is not None:
        docs = [*held_out_documents("dev"), *held_out_documents("test")]
        print(f"{model.ref}\n\n" + "\n".join(cross_validate(model, docs, folds)))
        return
    found = outcomes(ClassifyEvents(model), tagged(model, held_out_documents("test")))
    text = f"{model.ref}\n\n" + "\n".join(report(found, model.event_types))
    print(text)
    if write:
        (folder / "EVENTS.md").write_text(f"# Events of {name}\n\n{text}\n", encoding="utf-8")
        (folder / "reliability.svg").write_text(plot(reliability(_confidences(found))), encoding="utf-8")


def report(found: Sequence[Outcome], types: Sequence[str]) -> list[str]:
    """Every score as Markdown lines."""
    documents, sentences = count(found)
    lines = [f"### The whole agent: {len(found)} held-out test articles", ""]
    lines.append(
        f"Document-type F1 **{_f(documents.f1())}** {_interval(found, 0)}, "
        f"sentence-type F1 **{_f(sentences.f1())}** {_interval(found, 1)} (95 %, bootstrap over articles)."
    )
    languages = sorted({article.record["language"] for article in found})
    rows = []
    for code in languages:
        part = [article for article in found if article.record["language"] == code]
        counts = count(part)
        rows.append((code, len(part), counts[0].f1(), counts[1].f1(), _ece(part)))
    lines += _table("language | articles | document F1 | sentence F1 | ECE of events", rows)
    classes = list(dict.fromkeys(kind.partition(".")[0] for kind in types))
    rows = []
    for name in classes:
        names = [kind for kind in types if kind.startswith(f"{name}.")]
        rows.append((name, documents.f1(*names), sentences.f1(*names), _ece(found, name)))
    lines += _table("class | document F1 | sentence F1 | ECE of events", rows)
    lines += _table(
        "type | right | wrong | missed (documents) | document F1 | sentence F1", _types(types, documents, sentences)
    )
    roles, status, time = count_roles(found)
    recall = sum(roles.right.values()) / max(1, sum(roles.right.values()) + sum(roles.missed.values()))
    lines.append(f"Participants of found mentions: recall {_f(recall)}, F1 {_f(roles.f1())}.")
    gold = roles.right + roles.missed
    lines += _table("role | annotated | F1", [(name, n, roles.f1(name)) for name, n in gold.most_common()])
    for what, pairs in (("Status", status), ("Time", time)):
        right = sum(n for (a, b), n in pairs.items() if a == b)
        wrong = ", ".join(f"{a} > {b} {n}" for (a, b), n in pairs.most_common() if a != b)
        lines.append(f"{what} right: {_f(right / max(1, pairs.total()))}; mistaken (gold > said): {wrong}.")
    lines += ["", "Sentence types mistaken most often; `-`: nothing in the sentence."]
    lines += _table("annotated | said | sentences", _confused(found))
    pairs_of = _confidences(found)
    lines.append(
        f"Confidence of events: ECE {_f(expected_error(reliability(pairs_of)))} ({len(pairs_of)} events; so many would "
        f"show {_f(noise(pairs_of))} by chance if it were perfect)."
    )
    return lines + _table("mean confidence | share right | events", reliability(pairs_of))


def _types(types: Sequence[str], documents: Counts, sentences: Counts) -> Iterable[tuple[object, ...]]:
    for kind in types:
        numbers = documents.right[kind], documents.wrong[kind], documents.missed[kind]
        yield (kind, *numbers, documents.f1(kind), sentences.f1(kind))


def _confused(found: Sequence[Outcome]) -> list[tuple[str, str, int]]:
    pairs: Counter[tuple[str, str]] = confusion(found)
    return [(a, b, n) for (a, b), n in pairs.most_common() if a != b][:SHOWN]


def _confidences(found: Sequence[Outcome], name: str | None = None) -> list[tuple[float, bool]]:
    return [
        (event.confidence, right)
        for article in found
        for event, _, right in article.events
        if name in (None, event.event_class)
    ]


def _ece(found: Sequence[Outcome], name: str | None = None) -> float:
    pairs = _confidences(found, name)
    return expected_error(reliability(pairs)) if pairs else float("nan")


def _interval(found: Sequence[Outcome], which: int) -> str:
    low, high = bootstrap([_sums(count([article])[which]) for article in found])
    return f"({_f(low)} to {_f(high)})"


def _sums(counts: Counts) -> tuple[int, int, int]:
    return counts.right.total(), counts.wrong.total(), counts.missed.total()


@dataclass(frozen=True, slots=True)
class _Part:
    """One fold's articles: as the agents read them and as the encoder does."""

    tagged: list[Tagged]
    reads: list[Read]


def cross_validate(model: Model, docs: Sequence[Document], folds: int) -> list[str]:
    """Everything that is chosen after the encoder, chosen without the articles that it is scored on."""
    kept = Kept(model)
    parts = [_Part([], []) for _ in range(folds)]
    for doc, article, read in zip(docs, tagged(kept, docs), read_all(kept, docs), strict=True):
        place = int(holdout.number(f"fold:{holdout.unit(doc.record)}") * folds)
        parts[place].tagged.append(article)
        parts[place].reads.append(read)
    found: list[Outcome] = []
    pairs: list[tuple[float, bool]] = []
    head = TypeCounts()
    for at, part in enumerate(parts):
        rest = _Part([], [])
        for other in parts[:at] + parts[at + 1 :]:
            rest.tagged.extend(other.tagged)
            rest.reads.extend(other.reads)
        scale, shift = _choose(kept, rest.reads)
        kept.recalibrate(scale, shift)
        agent = ClassifyEvents(kept)
        weights = calibrate_events.fit(outcomes(agent, rest.tagged))
        here = outcomes(agent, part.tagged)
        alone = count_types(kept, _recalibrated(kept, part.reads))
        head.documents += alone.documents
        head.sentences += alone.sentences
        found += here
        pairs += calibrate_events.confidences(here, weights)
        kept.recalibrate(1.0, 0.0)
    documents, sentences = count(found)
    lines = [f"### Cross-validation by article, {folds} folds of {len(docs)} articles (dev and test)", ""]
    lines.append(f"Document-type F1 **{_f(documents.f1())}** {_interval(found, 0)}.")
    lines.append(f"Sentence-type F1 **{_f(sentences.f1())}** {_interval(found, 1)}.")
    lines.append(
        f"ECE of events {_f(expected_error(reliability(pairs)))} ({len(pairs)} events; {_f(noise(pairs))} by chance)."
    )
    lines.append(f"The sentence head alone, before the rules: {_f(head.documents.f1())} and {_f(head.sentences.f1())}.")
    lines.append("Intervals: 95 %, bootstrap over articles. Calibration, thresholds of types and the confidence of")
    lines.append("events are chosen inside the folds; the encoder and the thresholds of roles are the shipped ones.")
    return lines


def _recalibrated(kept: Kept, reads: Sequence[Read]) -> list[Read]:
    return [replace(read, reading=kept.read(read.doc.record["text"], read.doc.sentences)) for read in reads]


def _choose(kept: Kept, reads: Sequence[Read]) -> tuple[float, float]:
    """Calibration and thresholds from these articles, as `calibrate` chooses them; the thresholds are set in `kept`."""
    p = np.concatenate([read.reading.event_sentence.ravel() for read in reads]).astype(float).clip(1e-7, 1 - 1e-7)
    scale, shift = calibrate.platt(
        np.log(p / (1 - p)), np.concatenate([read.gold.ravel() for read in reads]).astype(float)
    )
    kept.recalibrate(scale, shift)
    moved = _recalibrated(kept, reads)
    kept.thresholds = calibrate._own_thresholds(kept, moved, calibrate._best_threshold(kept, moved))
    return scale, shift
