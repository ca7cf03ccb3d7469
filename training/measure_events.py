"""Event scores on held-out real articles, read from the encoder alone: types, roles, status, time, calibration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from pipeline.encoder import Model, Reading
from training.event_data import Document, reported_in
from training.labels import event_roles
from training.measure_entities import Counts

BINS = 10
CANDIDATE = 0.05  # calibration is looked at where the model sees at least a chance; the rest is a sea of zeros


@dataclass(frozen=True, slots=True)
class Read:
    """A document, what the encoder saw of it, and its gold types by sentence."""

    doc: Document
    reading: Reading
    gold: np.ndarray  # (sentences, types) bool


def read_all(model: Model, docs: Iterable[Document]) -> list[Read]:
    """One pass over all documents."""
    found = []
    for doc in docs:
        reading = model.read(doc.record["text"], doc.sentences)
        gold = np.zeros(reading.event_sentence.shape, bool)
        for sentence, column in doc.reported:
            gold[sentence, column] = True
        found.append(Read(doc, reading, gold))
    return found


def agreement(model: Model, reads: Iterable[Read]) -> tuple[float, int]:
    """Mean Jaccard index of the types of two versions of an article, over all pairs of languages; and their number."""
    limits = np.array([model.thresholds[name] for name in model.event_types])
    groups: dict[str, list[np.ndarray]] = {}
    for read in reads:
        if group := read.doc.record.get("translation_group"):
            groups.setdefault(group, []).append((read.reading.event_sentence >= limits).any(0))
    shares = []
    for versions in groups.values():
        for one, other in combinations(versions, 2):
            union = (one | other).sum()
            shares.append(float((one & other).sum() / union) if union else 1.0)
    return float(np.mean(shares)) if shares else float("nan"), len(shares)


@dataclass(slots=True)
class TypeCounts:
    """By type, for documents and for sentences."""

    documents: Counts = field(default_factory=Counts)
    sentences: Counts = field(default_factory=Counts)


def count_types(model: Model, reads: Iterable[Read], thresholds: np.ndarray | None = None) -> TypeCounts:
    """Compare predicted with gold types."""
    limits = np.array([model.thresholds[name] for name in model.event_types]) if thresholds is None else thresholds
    counts = TypeCounts()
    for read in reads:
        found = read.reading.event_sentence >= limits
        for part, hit, gold in (
            (counts.sentences, found, read.gold),
            (counts.documents, found.any(0), read.gold.any(0)),
        ):
            hit, gold = hit.reshape(-1, len(limits)), gold.reshape(-1, len(limits))
            for counter, chosen in ((part.right, hit & gold), (part.wrong, hit & ~gold), (part.missed, gold & ~hit)):
                counter.update({model.event_types[i]: int(n) for i, n in enumerate(chosen.sum(0)) if n})
    return counts


def grown(probability: np.ndarray, pieces: np.ndarray, limit: float) -> list[tuple[int, int]]:
    """Runs of pieces at or above the limit, as spans of the text."""
    hit = np.r_[False, probability >= limit, False]
    edges = np.flatnonzero(hit[1:] != hit[:-1]).reshape(-1, 2)
    return [(int(pieces[a][0]), int(pieces[b - 1][1])) for a, b in edges]


def count_roles(model: Model, reads: Iterable[Read], limits: Mapping[str, float], *, found_only: bool = True) -> Counts:
    """Participants of gold mentions whose type was found in the sentence: right role and overlapping span.

    Keys are role names. Counted by (sentence, type): participants of all its mentions against all grown spans.
    """
    counts = Counts()
    for read in reads:
        wanted: dict[tuple[int, str], set[tuple[str, int, int]]] = {}
        for event in read.doc.record["events"]:
            for sentence in reported_in(read.doc.sentences, event)[:1]:
                wanted.setdefault((sentence, event["type"]), set()).update(
                    (p["role"], p["start"], p["end"]) for p in event["participants"]
                )
        for (sentence, name), gold in wanted.items():
            column = model.event_types.index(name)
            if found_only and read.reading.event_sentence[sentence, column] < model.thresholds[name]:
                continue
            first, last = np.searchsorted(read.reading.sentence, [sentence, sentence + 1]).tolist()
            scores = read.reading.roles(first, last, column)
            start, end = read.doc.sentences[sentence]
            for role in event_roles()[name]:
                index = model.roles.index(role)
                spans = grown(scores[:, index], read.reading.pieces[first:last], limits[role])
                own = [(a, b) for r, a, b in gold if r == role and a < end and b > start]
                hits = [any(a < y and b > x for x, y in spans) for a, b in own]
                counts.right[role] += sum(hits)
                counts.missed[role] += len(hits) - sum(hits)
                counts.wrong[role] += sum(not any(a < y and b > x for a, b in own) for x, y in spans)
    return counts


def count_status(model: Model, reads: Iterable[Read]) -> dict[str, Counter[tuple[str, str]]]:
    """(gold, predicted) pairs of status and time at the best trigger piece of each found mention's sentence."""
    pairs: dict[str, Counter[tuple[str, str]]] = {"status": Counter(), "time": Counter()}
    for read in reads:
        for event in read.doc.record["events"]:
            column = model.event_types.index(event["type"])
            for sentence in reported_in(read.doc.sentences, event)[:1]:
                if read.reading.event_sentence[sentence, column] < model.thresholds[event["type"]]:
                    continue
                here = np.flatnonzero(read.reading.sentence == sentence)
                best = here[read.reading.event_piece[here, column].argmax()]
                pairs["status"][event["status"], model.statuses[read.reading.status[best].argmax()]] += 1
                pairs["time"][event["time"], model.times[read.reading.time[best].argmax()]] += 1
    return pairs


def accuracy(pairs: Counter[tuple[str, str]]) -> tuple[float, float]:
    """Share of right ones, and what always saying the most frequent value would give."""
    total = sum(pairs.values())
    gold = Counter[str]()
    for (wanted, _), count in pairs.items():
        gold[wanted] += count
    right = sum(count for (wanted, found), count in pairs.items() if wanted == found)
    return right / max(1, total), max(gold.values(), default=0) / max(1, total)


def reliability(reads: Sequence[Read], columns: Sequence[int] | None = None) -> list[tuple[float, float, int]]:
    """Mean confidence, share right and number of sentence-type pairs, in ten bins of confidence."""
    chosen = slice(None) if columns is None else list(columns)
    confidence = np.concatenate([read.reading.event_sentence[:, chosen].ravel() for read in reads])
    right = np.concatenate([read.gold[:, chosen].ravel() for read in reads])
    keep = confidence >= CANDIDATE
    confidence, right = confidence[keep], right[keep]
    place = np.minimum((confidence * BINS).astype(int), BINS - 1)
    rows = []
    for index in range(BINS):
        inside = place == index
        if inside.any():
            rows.append((float(confidence[inside].mean()), float(right[inside].mean()), int(inside.sum())))
    return rows


def expected_error(rows: Sequence[tuple[float, float, int]]) -> float:
    """Expected calibration error."""
    total = sum(count for *_, count in rows)
    return sum(abs(mean - share) * count for mean, share, count in rows) / max(1, total)
