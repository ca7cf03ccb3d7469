"""What the student reads: event documents, unlabelled articles and entity sentences, as windows in a fixed order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np
import torch

from pipeline.encoder.windows import WINDOW_PIECES, Window, plan_windows
from training import articles, places
from training.batches import batches, vectors
from training.event_data import Document, Item, document, training_documents, window_ids
from training.ner_data import Labelled, encode, train_sentences
from training.network import Network, token_widths

ENTITY_SENTENCES = 9_000
TEACHER_PIECES = 4096  # a batch


@dataclass(frozen=True, slots=True)
class StudentWindow:
    """Scored pieces are those after `title`; `groups` are the sentences in them, from 0."""

    ids: np.ndarray
    title: int
    groups: tuple[tuple[int, int], ...]
    item: Item | None  # event document with gold targets
    labelled: Labelled | None  # entity block with allowed labels
    first: int  # row of the first scored piece in the soft labels, and of the first sentence
    first_sentence: int


def _documents() -> tuple[list[Document], int]:
    """Labelled documents, then unlabelled ones; and the number of labelled."""
    labelled = training_documents()
    known = {doc.record["id"] for doc in labelled}
    others = [record for record in articles.plain() if record["id"] not in known and articles.trainable(record)]
    return labelled + [document(record) for record in others], len(labelled)


def _entity_blocks() -> Iterator[tuple[Labelled, tuple[tuple[int, int], ...]]]:
    """Sentences of all entity corpora in equal shares, neighbours packed together."""
    rng = Random(7)
    found = train_sentences()
    share = ENTITY_SENTENCES // len(found)
    for sentences in found.values():
        size = min(share, len(sentences))
        start = rng.randrange(len(sentences) - size + 1)
        parts: list[Labelled] = []
        for sentence in sentences[start : start + size]:
            part = encode(sentence, spaced=rng.random() < 0.25)
            if len(part.ids) > WINDOW_PIECES:
                continue
            if parts and sum(len(p.ids) for p in parts) + len(part.ids) > rng.choice((40, 120, WINDOW_PIECES)):
                yield _block(parts)
                parts = []
            if sum(len(p.ids) for p in parts) + len(part.ids) <= WINDOW_PIECES and len(part.ids):
                parts.append(part)
        if parts:
            yield _block(parts)


def _block(parts: list[Labelled]) -> tuple[Labelled, tuple[tuple[int, int], ...]]:
    ends = np.cumsum([len(part.ids) for part in parts]).tolist()
    joint = Labelled(*(np.concatenate([getattr(part, name) for part in parts]) for name in Labelled.__slots__))
    return joint, tuple(zip([0, *ends[:-1]], ends, strict=True))


@cache
def student_windows() -> tuple[StudentWindow, ...]:
    """All windows; the order is fixed, since soft labels are kept by row."""
    found: list[StudentWindow] = []
    row = sentence_row = 0

    def add(ids: np.ndarray, title: int, groups: tuple, item: Item | None, block: Labelled | None) -> None:
        nonlocal row, sentence_row
        found.append(StudentWindow(ids, title, groups, item, block, row, sentence_row))
        row += len(ids) - title
        sentence_row += len(groups)

    docs, labelled = _documents()
    for index, doc in enumerate(docs):
        for window in plan_windows(doc.lengths):
            item = (doc, window)
            add(window_ids(item), window.title, _groups(doc, window), item if index < labelled else None, None)
    for block, groups in _entity_blocks():
        add(block.ids, 0, groups, None, block)
    return tuple(found)


def _groups(doc: Document, window: Window) -> tuple[tuple[int, int], ...]:
    starts = doc.starts
    pairs = ((max(a, window.start), min(b, window.end)) for a, b in pairwise(starts))
    return tuple((a - window.start, b - window.start) for a, b in pairs if b > a)


def soft_paths(teacher: str) -> tuple[Path, Path]:
    """Soft labels of a teacher: by piece and by sentence."""
    return places.cache() / f"{teacher}-pieces.npy", places.cache() / f"{teacher}-sentences.npy"


def write_soft_labels(network: Network, teacher: str) -> None:
    """Read all windows with a teacher; keeps logits as float16 (pieces, all token heads) and (sentences, types)."""
    windows = student_windows()
    torch.set_num_threads(1)
    pieces = np.zeros((windows[-1].first + len(windows[-1].ids), sum(token_widths().values())), np.float16)
    sentences = np.zeros((windows[-1].first_sentence + len(windows[-1].groups), token_widths()["trigger"]), np.float16)
    network.eval()
    done = 0
    for batch in batches(windows, [len(window.ids) for window in windows], TEACHER_PIECES, seed=0):
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            inputs, mask = vectors([window.ids for window in batch])
            hidden, logits = network(inputs, mask)
            groups = [
                (row, 1 + window.title + start, 1 + window.title + end)
                for row, window in enumerate(batch)
                for start, end in window.groups
            ]
            events = network.sentences(hidden, network.split(logits)["trigger"], groups).float().numpy()
        at = 0
        for row, window in enumerate(batch):
            size = len(window.ids) - window.title
            part = logits[row, 1 + window.title : 1 + window.title + size]
            pieces[window.first : window.first + size] = part.float().numpy()
            count, first = len(window.groups), window.first_sentence
            sentences[first : first + count] = events[at : at + count]
            at += count
            done += size
        if done // 50_000 != (done - sum(len(w.ids) - w.title for w in batch)) // 50_000:
            print(f"{teacher}: {done} of {len(pieces)} pieces", flush=True)
    for path, array in zip(soft_paths(teacher), (pieces, sentences), strict=True):
        temporary = path.with_suffix(".tmp.npy")
        np.save(temporary, array)
        temporary.replace(path)
