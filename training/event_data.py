"""Event documents ready for training: pieces, sentences, and targets of every head."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

import numpy as np

from pipeline.encoder.windows import WINDOW_PIECES, Window, plan_windows
from pipeline.entities.sentences import split_sentences
from training import articles
from training.articles import Record
from training.labels import STATUSES, TIMES, event_types, roles
from training.ner_data import vocabulary

EVIDENCE_SHARE = 0.5  # a sentence that the evidence covers so far reports the event, as the trigger's sentence does
SHORTEST_WINDOW = 96


@dataclass(slots=True)
class Document:
    """One text. Targets are sparse: (sentence, type), (piece, column); `tokens` False: only sentences are labelled."""

    record: Record
    ids: np.ndarray
    spans: np.ndarray
    sentences: list[tuple[int, int]]
    lengths: list[int]
    tokens: bool = True
    reported: set[tuple[int, int]] = field(default_factory=set)
    trigger: set[tuple[int, int]] = field(default_factory=set)
    role: set[tuple[int, int]] = field(default_factory=set)
    status: dict[int, int] = field(default_factory=dict)
    time: dict[int, int] = field(default_factory=dict)

    @property
    def starts(self) -> list[int]:
        """Piece where each sentence begins, and the number of pieces at the end."""
        return [0, *accumulate(self.lengths)]


def document(record: Record, sentences: list[tuple[int, int]] | None = None) -> Document:
    """Cut an article and place its annotated events on pieces and sentences."""
    text = record["text"]
    if sentences is None:
        sentences = split_sentences(text, record["language"])
    cut = vocabulary().cut(text, sentences, limit=100_000)
    doc = Document(record, cut.ids, cut.spans, sentences, cut.lengths)
    for event in record.get("events", ()):
        _place(doc, event)
    return doc


def reported_in(sentences: list[tuple[int, int]], event: Record) -> list[int]:
    """Sentences that report an event: the trigger's, and those that the evidence covers."""
    trigger, evidence = event["trigger"], event["evidence"]
    return [
        index
        for index, (start, end) in enumerate(sentences)
        if (start < trigger["end"] and end > trigger["start"])
        or min(end, evidence["end"]) - max(start, evidence["start"]) >= EVIDENCE_SHARE * (end - start)
    ]


def pieces_in(doc: Document, start: int, end: int) -> np.ndarray:
    """Pieces that touch a span of the text."""
    return np.flatnonzero((doc.spans[:, 0] < end) & (doc.spans[:, 1] > start))


def _place(doc: Document, event: Record) -> None:
    column = event_types().index(event["type"])
    doc.reported |= {(sentence, column) for sentence in reported_in(doc.sentences, event)}
    for piece in pieces_in(doc, event["trigger"]["start"], event["trigger"]["end"]).tolist():
        doc.trigger.add((piece, column))
        doc.status[piece] = STATUSES.index(event["status"])
        doc.time[piece] = TIMES.index(event["time"])
    names = roles()
    for participant in event["participants"]:
        if participant["role"] in names:
            inside = pieces_in(doc, participant["start"], participant["end"])
            doc.role |= {(piece, names.index(participant["role"])) for piece in inside.tolist()}


def translations(record: Record) -> list[Document]:
    """The same article in other languages, sentence by sentence: event types come along, spans don't."""
    group = record.get("translation_group")
    found = []
    for other in articles.plain() if group else ():
        lines = _lines(record["text"])
        theirs = _lines(other["text"])
        if other.get("translation_group") != group or other["language"] == record["language"]:
            continue
        if len(lines) != len(theirs):
            continue
        doc = document(other, theirs)
        doc.tokens = False
        for event in record["events"]:
            column = event_types().index(event["type"])
            doc.reported |= {(sentence, column) for sentence in reported_in(lines, event)}
        found.append(doc)
    return found


def _lines(text: str) -> list[tuple[int, int]]:
    spans, at = [], 0
    for line in text.split("\n"):
        if line.strip():
            spans.append((at, at + len(line)))
        at += len(line) + 1
    return spans


def training_documents() -> list[Document]:
    """All labelled documents that may be trained on, with the translations of those that have some."""
    labelled = (*articles.annotated(), *articles.annotated_later(), *articles.authored())
    records = [record for record in labelled if articles.trainable(record)]
    projected = [doc for record in records for doc in translations(record) if articles.trainable(doc.record)]
    return [document(record) for record in records] + projected


def held_out_documents(part: str) -> list[Document]:
    """Real annotated articles of `dev` or `test`."""
    return [document(record) for record in articles.annotated() if articles.part(record) == part]


def held_out_translations() -> list[Document]:
    """Translations of test articles; types only."""
    return [doc for record in articles.annotated() if articles.part(record) == "test" for doc in translations(record)]


Item = tuple[Document, Window]


def items(docs: list[Document], seed: int, *, single: bool) -> list[Item]:
    """One epoch of windows, or of `single` sentences; half of the documents in windows of random, shorter size."""
    rng = np.random.default_rng(seed)
    found: list[Item] = []
    for doc in docs:
        if single:
            starts = doc.starts
            pairs = pairwise(starts)
            found += [(doc, Window(0, start, min(end, start + WINDOW_PIECES))) for start, end in pairs if end > start]
        else:
            short = int(rng.integers(SHORTEST_WINDOW, WINDOW_PIECES)) if rng.random() < 0.5 else WINDOW_PIECES
            found += [(doc, window) for window in plan_windows(doc.lengths, budget=short)]
    order = rng.permutation(len(found))
    return [found[index] for index in order]


@dataclass(slots=True)
class Targets:
    """Dense targets of a batch of windows; rows and pieces as in the encoder's output, <s> included."""

    groups: list[tuple[int, int, int]]  # sentences: (row, first piece, end)
    reported: np.ndarray  # (sentences, types)
    trigger: np.ndarray  # (rows, length, types)
    role: np.ndarray  # (rows, length, roles)
    status: np.ndarray  # (rows, length), -100: none
    time: np.ndarray
    scored: np.ndarray  # (rows, length) 1 where token targets are known


def targets(batch: list[Item], length: int) -> Targets:
    """Targets of a batch whose padded length, with <s> and </s>, is `length`."""
    rows, types = len(batch), len(event_types())
    status = np.full((rows, length), -100, np.int64)
    time = np.full((rows, length), -100, np.int64)
    trigger = np.zeros((rows, length, types), np.float32)
    role = np.zeros((rows, length, len(roles())), np.float32)
    scored = np.zeros((rows, length), np.float32)
    groups, reported = [], []
    for row, (doc, window) in enumerate(batch):
        shift = 1 + window.title - window.start
        starts = doc.starts
        by_sentence = defaultdict(list)
        for sentence, column in doc.reported:
            by_sentence[sentence].append(column)
        for sentence, (start, end) in enumerate(pairwise(starts)):
            start, end = max(start, window.start), min(end, window.end)
            if end > start:
                groups.append((row, start + shift, end + shift))
                reported.append(np.isin(np.arange(types), by_sentence[sentence]))
        if doc.tokens:
            scored[row, window.start + shift : window.end + shift] = 1
            for target, pairs in ((trigger, doc.trigger), (role, doc.role)):
                for piece, column in pairs:
                    if window.start <= piece < window.end:
                        target[row, piece + shift, column] = 1
            for target, values in ((status, doc.status), (time, doc.time)):
                for piece, column in values.items():
                    if window.start <= piece < window.end:
                        target[row, piece + shift] = column
    return Targets(groups, np.array(reported, np.float32), trigger, role, status, time, scored)


def window_ids(item: Item) -> np.ndarray:
    """Piece ids of a window with its title."""
    doc, window = item
    return np.concatenate([doc.ids[: window.title], doc.ids[window.start : window.end]])
