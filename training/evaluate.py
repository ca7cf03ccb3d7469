"""`python -m training evaluate`: every number of the model card, on held-out data only. Needs no PyTorch.

With `--write` the numbers also go into the model's CARD.md. The float model is compared where the last export left
it in the cache.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.encoder import Model
from pipeline.encoder.files import open_files
from training import measure_events as events
from training import places
from training.articles import plain
from training.card import write_text
from training.event_data import document, held_out_documents, held_out_translations
from training.measure_entities import MEASURED, Counts, held_out_sets, measure

COMPARED = 200  # sentences of each test set, evenly spaced, that the float model reads too


def float_model(name: str) -> Model | None:
    """The shipped model with the float graph that it was quantised from."""
    graph = places.cache() / f"{name}-float.onnx"
    if not graph.exists():
        return None
    files = open_files(places.MODELS / name)
    return Model(replace(files, paths={**files.paths, "encoder.onnx": graph}))


def entity_scores(model: Model, exact: Model | None) -> dict[str, Any]:
    """F1 by language and corpus; and of both models on the same shorter part."""
    rows, whole, parts = [], Counts(), {"int8": Counts(), "float": Counts()}
    for (language, corpus), texts in held_out_sets().items():
        counts = measure(model, texts)
        rows.append((language, corpus, len(texts), counts.f1(), *(counts.f1(label) for label in MEASURED)))
        whole += counts
        if exact is not None:
            part = texts[:: -(-len(texts) // COMPARED)]
            parts["int8"] += measure(model, part)
            parts["float"] += measure(exact, part)
    compared = {name: counts.f1() for name, counts in parts.items()} if exact is not None else {}
    by_language: dict[str, list[float]] = {}
    for language, _, _, f1, *_ in rows:
        by_language.setdefault(language, []).append(f1)
    means = {language: float(np.mean(scores)) for language, scores in sorted(by_language.items())}
    labels = {label: whole.f1(label) for label in MEASURED}
    return {"rows": sorted(rows), "languages": means, "labels": labels, "all": whole.f1(), "compared": compared}


def event_scores(model: Model, exact: Model | None) -> dict[str, Any]:
    """All event heads on the test articles."""
    docs = held_out_documents("test")
    reads = events.read_all(model, docs)
    counts = events.count_types(model, reads)
    classes = sorted({name.split(".")[0] for name in model.event_types})
    of_class = {c: [name for name in model.event_types if name.startswith(c + ".")] for c in classes}
    columns = {c: [model.event_types.index(name) for name in names] for c, names in of_class.items()}
    languages = sorted({doc.record["language"] for doc in docs})
    of_language = {code: [r for r in reads if r.doc.record["language"] == code] for code in languages}
    translated = events.read_all(model, held_out_translations())
    translations = {
        code: (len(part), (c := events.count_types(model, part)).documents.f1(), c.sentences.f1())
        for code in sorted({read.doc.record["language"] for read in translated})
        if (part := [read for read in translated if read.doc.record["language"] == code])
    }
    roles = events.count_roles(model, reads, model.role_thresholds)
    all_roles = events.count_roles(model, reads, model.role_thresholds, found_only=False)
    pairs = events.count_status(model, reads)
    result: dict[str, Any] = {
        "documents": len(docs),
        "sentences": sum(len(read.gold) for read in reads),
        "document": counts.documents.f1(),
        "sentence": counts.sentences.f1(),
        "languages": {
            code: (len(part), (c := events.count_types(model, part)).documents.f1(), c.sentences.f1())
            for code, part in of_language.items()
        },
        "translations": translations,
        "agreement": events.agreement(model, [*reads, *translated]),
        "classes": {c: (counts.documents.f1(*names), counts.sentences.f1(*names)) for c, names in of_class.items()},
        "types": {
            name: (
                counts.documents.right[name],
                counts.documents.wrong[name],
                counts.documents.missed[name],
                counts.documents.f1(name),
                counts.sentences.f1(name),
            )
            for name in model.event_types
        },
        "roles": roles.f1(),
        "roles_recall": sum(roles.right.values()) / max(1, sum(roles.right.values()) + sum(roles.missed.values())),
        "roles_all": all_roles.f1(),
        "role": {name: (roles.right[name] + roles.missed[name], roles.f1(name)) for name in model.roles},
        "status": events.accuracy(pairs["status"]),
        "status_pairs": {f"{a} > {b}": n for (a, b), n in pairs["status"].most_common() if a != b},
        "time": events.accuracy(pairs["time"]),
        "reliability": events.reliability(reads),
        "ece": events.expected_error(events.reliability(reads)),
        "ece_classes": {c: events.expected_error(events.reliability(reads, part)) for c, part in columns.items()},
        "ece_languages": {c: events.expected_error(events.reliability(part)) for c, part in of_language.items()},
    }
    if exact is not None:
        other = events.count_types(exact, events.read_all(exact, docs))
        result["float"] = (other.documents.f1(), other.sentences.f1())
    return result


def speed(model: Model) -> dict[str, float]:
    """Microseconds a piece and articles a second of `Model.read`, one thread, best of three."""
    docs = [document(record) for record in plain()[::25]]
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        for doc in docs:
            model._read(doc.record["text"], doc.sentences)  # past the cache
        best = min(best, time.perf_counter() - start)
    pieces = sum(len(doc.ids) for doc in docs)
    return {"piece": best / pieces * 1e6, "articles": len(docs) / best, "length": pieces / len(docs)}


def report(scores: dict[str, Any]) -> str:
    """Markdown: what is printed, and the scores part of the card."""
    return "\n".join([*_entities(scores["entities"]), *_events(scores["events"]), *_speed(scores["speed"])])


def _table(head: str, rows: Iterable[Iterable[Any]]) -> list[str]:
    """A table; floats as scores."""
    lines = ["", f"| {head} |", "|" + "---|" * (head.count("|") + 1)]
    for row in rows:
        lines.append("| " + " | ".join(_f(cell) if isinstance(cell, float) else str(cell) for cell in row) + " |")
    return [*lines, ""]


def _entities(scores: dict[str, Any]) -> list[str]:
    lines = ["### Entities: exact spans of PER, ORG and LOC, F1 on held-out sentences"]
    lines += _table("language | test set | sentences | F1 | PER | ORG | LOC", scores["rows"])
    labels = ", ".join(f"{name} {_f(f1)}" for name, f1 in scores["labels"].items())
    lines.append(f"All sentences together {_f(scores['all'])}; {labels}.")
    if scores["compared"]:
        whole, shipped = scores["compared"]["float"], scores["compared"]["int8"]
        lines.append(f"At most {COMPARED} sentences of each set: float {_f(whole)}, shipped int8 {_f(shipped)}.")
    return [*lines, ""]


def _events(scores: dict[str, Any]) -> list[str]:
    both = f"document-type F1 **{_f(scores['document'])}**, sentence-type F1 **{_f(scores['sentence'])}**"
    lines = [f"### Events: {scores['documents']} held-out real articles, {scores['sentences']} sentences", ""]
    lines.append(f"Thresholds from the dev articles: {both}.")
    if "float" in scores:
        lines.append(f"Float model, same thresholds: {_f(scores['float'][0])} and {_f(scores['float'][1])}.")
    errors = scores["ece_languages"]
    rows = [(code, *row, errors[code]) for code, row in scores["languages"].items()]
    lines += _table("language | articles | document F1 | sentence F1 | ECE", rows)
    lines.append("Translations of test articles, with the types of the original's sentences:")
    lines += _table(
        "language | articles | document F1 | sentence F1", [(c, *row) for c, row in scores["translations"].items()]
    )
    share, pairs = scores["agreement"]
    lines.append(f"Types of two language versions of an article: mean Jaccard index {_f(share)} ({pairs} pairs).")
    rows = [(name, *row, scores["ece_classes"][name]) for name, row in scores["classes"].items()]
    lines += _table("class | document F1 | sentence F1 | ECE", rows)
    rows = [(name, *row) for name, row in scores["types"].items()]
    lines += _table("type | right | wrong | missed (documents) | document F1 | sentence F1", rows)
    lines += ["### Participants, status and time of found mentions", ""]
    lines.append(
        f"Roles (right type and role, span overlaps): F1 {_f(scores['roles'])}, recall {_f(scores['roles_recall'])}; "
        f"F1 {_f(scores['roles_all'])} when participants of missed mentions count as missed."
    )
    roles = ", ".join(f"{name} {n} {_f(f1)}" for name, (n, f1) in scores["role"].items() if n)
    lines.append(f"By role (number in gold, F1): {roles}.")
    for name in ("status", "time"):
        right, majority = scores[name]
        lines.append(f"{name.capitalize()} right: {_f(right)} (always the most frequent one: {_f(majority)}).")
    mistaken = ", ".join(f"{pair} {n}" for pair, n in list(scores["status_pairs"].items())[:8])
    lines += [f"Status mistaken (gold > said): {mistaken}.", ""]
    floor = events.CANDIDATE
    lines.append(f"### Calibration: sentence types with a confidence of at least {floor}, ECE {_f(scores['ece'])}")
    return lines + _table("mean confidence | share right | pairs", scores["reliability"])


def _speed(scores: dict[str, float]) -> list[str]:
    articles = f"{scores['articles']:.1f} articles a second (of {scores['length']:.0f} pieces)"
    return ["### Speed", "", f"{scores['piece']:.0f} microseconds a piece, {articles}; one thread of a shared machine."]


def _f(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.3f}".replace("0.", ".", 1)


def main(name: str = "news-s6", *, write: bool = False) -> None:
    """Measure, print, and with `write` renew the card."""
    model, exact = Model.load(places.MODELS / name), float_model(name)
    scores = {"entities": entity_scores(model, exact), "events": event_scores(model, exact), "speed": speed(model)}
    text = report(scores)
    print(f"{model.ref}\n\n{text}")
    if write:
        write_text(Path(places.MODELS / name), model, text)
