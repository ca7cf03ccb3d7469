"""From the encoder's log-probabilities to mentions: words, best valid label sequence, spans. Arrays throughout."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from pipeline.encoder import Reading
from pipeline.entities.words import starts_word
from pipeline.records.values import EntityLabel

CONTINUATION = 0.3  # weight of a word's later pieces, as in the training (training/ner_data.py)
_FORBIDDEN = np.float32(-1e9)
_EDGES = " \t\n\"'“”„‚‘’«»‹›()[]{}<>,;:!?*•·–—-|/\\。、，「」『』（）《》…"


_FULL_STOP = re.compile(r"[^\W\d_]{5,}\.$")  # "Meituan." ends a sentence, "Inc." and "J." are short forms


class Mention(NamedTuple):
    """One name in the text; `confidence` is the mean probability of its label over its words."""

    start: int
    end: int
    label: EntityLabel
    confidence: float


def decode(reading: Reading, text: str, labels: Sequence[str]) -> list[Mention]:
    """The mentions of a text, in order, not overlapping. `labels`: names of the columns of `reading.entity` (BIO)."""
    if not len(reading.pieces):
        return []
    first = starts_word(text, reading.pieces[:, 0])
    first[0] = True
    first[1:] |= reading.sentence[1:] != reading.sentence[:-1]
    heads = np.flatnonzero(first)
    scheme = _Scheme(labels)
    scores = reading.entity[heads] + CONTINUATION * _continuations(reading.entity, first, heads, scheme)
    path = _best(scores, reading.sentence[heads], scheme)
    kind = scheme.kind[path]
    begins = (kind > 0) & (scheme.begins[path] | np.concatenate([[True], kind[1:] != kind[:-1]]))
    begins |= (kind > 0) & np.concatenate([[True], reading.sentence[heads][1:] != reading.sentence[heads][:-1]])
    probability = np.exp(reading.entity[heads]) @ scheme.of_kind  # (words, kinds)
    sure = probability[np.arange(len(heads)), kind]
    ends = np.append(heads[1:], len(reading.pieces)) - 1  # last piece of each word
    mentions = []
    for word in np.flatnonzero(begins):
        last = word
        while last + 1 < len(kind) and kind[last + 1] == kind[word] and not begins[last + 1]:
            last += 1
        start, end = _trim(text, int(reading.pieces[heads[word], 0]), int(reading.pieces[ends[last], 1]))
        if start < end:
            label = cast(EntityLabel, scheme.names[kind[word]])
            mentions.append(Mention(start, end, label, round(float(sure[word : last + 1].mean()), 4)))
    return _joined(text, mentions)


def _joined(text: str, mentions: list[Mention]) -> list[Mention]:
    """Names that were cut in two, whole again; the confidence is the lower one.

    Organisations with nothing but a blank between, both in capitals ("Activision", "Blizzard"), and what an apostrophe
    parts ("L", "Oréal"). Not persons and places: titles and roads stand in front of them ("Dr", "A5").
    """
    found: list[Mention] = []
    for mention in mentions:
        before = found[-1] if found else mention
        if before is not mention and before.label == mention.label and _is_cut(text, before, mention):
            found[-1] = Mention(before.start, mention.end, mention.label, min(before.confidence, mention.confidence))
        else:
            found.append(mention)
    return found


def _is_cut(text: str, left: Mention, right: Mention) -> bool:
    between = text[left.end : right.start]
    if between in {"'", "’"}:
        return left.end - left.start <= 2
    capitals = text[left.start].isupper() and text[right.start].isupper()
    return between == " " and left.label == "ORG" and capitals and text[left.end - 1].isalnum()


class _Scheme:
    """The columns of a BIO label set."""

    def __init__(self, labels: Sequence[str]) -> None:
        self.names = ("O", *dict.fromkeys(label[2:] for label in labels if label != "O"))
        self.kind = np.array([self.names.index(label[2:] or "O") for label in labels])
        self.begins = np.array([label.startswith("B-") for label in labels])
        self.of_kind = np.eye(len(self.names), dtype=np.float32)[self.kind]  # (labels, kinds)
        # What label a later piece of the same word has: the inside one of its kind.
        inside = {int(kind): i for i, kind in enumerate(self.kind) if not self.begins[i]}
        self.rest = np.array([inside[int(kind)] for kind in self.kind])
        goes_on = ~self.begins & (self.kind > 0)
        same = self.kind[:, None] == self.kind[None, :]
        self.allowed = ~goes_on[None, :] | same  # (from, to)
        self.first = ~goes_on


def _continuations(
    entity: NDArray[np.float32], first: NDArray[np.bool_], heads: NDArray[np.int64], scheme: _Scheme
) -> NDArray[np.float32]:
    """Summed log-probabilities of the pieces after each word's first one, (words, labels)."""
    rest = np.where(first[:, None], np.float32(0), entity[:, scheme.rest])
    return np.add.reduceat(rest, heads, axis=0)


def _best(scores: NDArray[np.float32], sentence: NDArray[np.int32], scheme: _Scheme) -> NDArray[np.int64]:
    """The best valid sequence for each sentence: the row-wise best where that is valid, else by Viterbi."""
    path: NDArray[np.int64] = scores.argmax(axis=1)
    new = np.concatenate([[True], sentence[1:] != sentence[:-1]])
    fine: NDArray[np.bool_] = scheme.allowed[np.concatenate([[0], path[:-1]]), path] & ~new | scheme.first[path] & new
    for broken in np.unique(sentence[~fine]):
        rows = np.flatnonzero(sentence == broken)
        path[rows] = _viterbi(scores[rows], scheme)
    return path


def _viterbi(scores: NDArray[np.float32], scheme: _Scheme) -> NDArray[np.int64]:
    penalty = np.where(scheme.allowed, np.float32(0), _FORBIDDEN)
    total = scores[0] + np.where(scheme.first, np.float32(0), _FORBIDDEN)
    back = np.zeros(scores.shape, np.int64)
    for step in range(1, len(scores)):
        ways = total[:, None] + penalty
        back[step] = ways.argmax(axis=0)
        total = ways[back[step], np.arange(len(total))] + scores[step]
    path = np.zeros(len(scores), np.int64)
    path[-1] = total.argmax()
    for step in range(len(scores) - 1, 0, -1):
        path[step - 1] = back[step, path[step]]
    return path


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start] in _EDGES:
        start += 1
    while end > start and text[end - 1] in _EDGES:
        end -= 1
    if end - start > 1 and text[end - 1] == "." and _FULL_STOP.search(text, max(start, end - 40), end):
        end -= 1
    if text[start:end].isdigit() or not any(char.isalpha() for char in text[start:end]):
        return start, start
    return start, end
