"""Entity data ready for training: pieces with their allowed labels, packed to blocks; and the test sets."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np

from pipeline.encoder.vocabulary import Vocabulary
from training import articles, holdout, places
from training.labels import CLASSES
from training.ner_corpora import Sentence, allowed, corpora

# Sentences used of each corpus: large ones are capped, so that no language or genre rules. Our own is small
# and the only one in four languages.
CAPS = {"uner-sk": 4000, "uner-hr": 5000, "uner-pt": 6000, "uner-zh": 2500, "nerkor": 7000, "turku": 8000}
CAPS |= {"linspector": 6000, "stockmark": 2500, "mobie": 3000, "wnut": 4402}
REPEATS = {"own": 4, "germeval": 2, "wikigold": 2, "uner-en": 2}
TEST_SHARE = {"germeval": 0.4, "smartdata": holdout.TEST, "stockmark": 0.1}  # of documents; no test file of their own
CONTINUATION = 0.3  # weight in the loss of pieces that don't begin a word
PACKS = ((1, 0.35), (96, 0.35), (224, 0.30))  # pieces a block, and how often


@dataclass(frozen=True, slots=True)
class Labelled:
    """Pieces of a sentence or block: ids, allowed labels as bits, weights in the loss (0: unknown)."""

    ids: np.ndarray
    allowed: np.ndarray
    weight: np.ndarray


class HeldOutText(NamedTuple):
    """A sentence to measure on, with its PER, ORG and LOC mentions; mentions that touch `skip` don't count."""

    text: str
    mentions: frozenset[tuple[int, int, str]]
    skip: tuple[tuple[int, int], ...]


@cache
def vocabulary() -> Vocabulary:
    """The tokenizer of the shipped model."""
    return Vocabulary.load(places.MODELS / "base" / "vocabulary.npz")


def render(sentence: Sentence, *, spaced: bool = False) -> tuple[str, list[tuple[int, int]]]:
    """Text and word spans: the original, a guess at it, or (`spaced`) the words with a space between all."""
    if sentence.text is not None and sentence.spans is not None and not spaced:
        return sentence.text, sentence.spans
    text, spans, opened = "", [], False
    for word in sentence.words:
        close = word in {",", ".", ";", ":", "!", "?", ")", "]", "}", "»", "”", "%", "…"} or word.startswith(("'", "’"))
        quote = word in {'"', "''", "``"}
        if text and (spaced or not (close or (quote and opened) or text[-1:] in "([{«„“" or text.endswith("\0"))):
            text += " "
        text = text.rstrip("\0") if not text.endswith(" ") else text
        spans.append((len(text), len(text) + len(word)))
        text += word
        if quote:
            text, opened = text + ("" if opened else "\0"), not opened
    return text.replace("\0", ""), spans


def encode(sentence: Sentence, *, spaced: bool) -> Labelled:
    """Cut into pieces and give each the labels that its word allows."""
    text, spans = render(sentence, spaced=spaced)
    cut = vocabulary().cut(text, [(0, len(text))], limit=1000)
    owner = np.full(len(text) + 1, -1, np.int32)
    for i, (start, end) in enumerate(spans):
        owner[start:end] = i
    bits, weight, before = np.zeros(len(cut.ids), np.int32), np.zeros(len(cut.ids), np.float32), -1
    for i, (start, end) in enumerate(cut.spans):
        word = int(owner[start]) if end > start else -1
        if word < 0:
            continue
        first, rest = allowed(*sentence.marks[word])
        bits[i] = first if word != before else rest
        weight[i] = float(bits[i] > 0) * (1.0 if word != before else CONTINUATION)
        before = word
    return Labelled(cut.ids, bits, weight)


def is_test(name: str, sentence: Sentence) -> bool:
    """Whether a sentence belongs to the test set of its corpus."""
    if name == "own":
        return ":test:" in sentence.unit
    return name.endswith("-test") or holdout.number(sentence.unit) < TEST_SHARE.get(name, 0.0)


@cache
def _held_out_sentences() -> holdout.Shingles:
    tests = (s for name, (_, reader) in corpora().items() for s in reader() if is_test(name, s))
    return holdout.Shingles(" ".join(sentence.words) for sentence in tests)


def train_sentences() -> dict[str, list[Sentence]]:
    """Sentences to train on, by corpus, in the order of their documents."""
    found = {}
    for name, (_, reader) in corpora().items():
        if name.endswith(("-test", "-dev")):
            continue
        kept = []
        for sentence in reader():
            text = " ".join(sentence.words)
            own = name == "own" and ":train:" not in sentence.unit
            if own or is_test(name, sentence):
                continue
            if _held_out_sentences().overlap(text) or articles.held_out().overlap(text):
                continue
            kept.append(sentence)
        found[name] = kept[: CAPS.get(name, len(kept))] * REPEATS.get(name, 1)
    return found


def held_out_texts(name: str) -> list[HeldOutText]:
    """The test set of a corpus; mentions are what the corpus says of PER, ORG and LOC."""
    texts = []
    for sentence in corpora()[name][1]():
        if not is_test(name, sentence):
            continue
        text, spans = render(sentence)
        mentions: list[list] = []
        skip = []
        for (prefix, kind), (start, end) in zip(sentence.marks, spans, strict=True):
            if kind == "SKIP":
                skip.append((start, end))
            elif prefix == "I" and mentions and mentions[-1][2] == kind and not text[mentions[-1][1] : start].strip():
                mentions[-1][1] = end
            elif kind in CLASSES or kind == "OTHER":
                mentions.append([start, end, kind])
        gold = frozenset((a, b, kind) for a, b, kind in mentions if kind in CLASSES[:3])
        texts.append(HeldOutText(text, gold, tuple(skip)))
    return texts


def blocks(encoded: dict[str, list[tuple[Labelled, Labelled]]], seed: int) -> Iterator[Labelled]:
    """One epoch: sentences of a document packed to blocks of changing sizes, as text or word by word, shuffled."""
    rng = random.Random(seed)
    packed = []
    for sentences in encoded.values():
        block: list[Labelled] = []
        size = rng.choices([pieces for pieces, _ in PACKS], [share for _, share in PACKS])[0]
        for pair in sentences:
            block.append(pair[rng.random() < 0.4])
            if sum(len(part.ids) for part in block) + len(block[-1].ids) // 2 >= size:
                packed.append(_join(block))
                block = []
                size = rng.choices([pieces for pieces, _ in PACKS], [share for _, share in PACKS])[0]
        if block:
            packed.append(_join(block))
    rng.shuffle(packed)
    yield from packed


def _join(parts: list[Labelled]) -> Labelled:
    return Labelled(
        np.concatenate([part.ids for part in parts])[:254],
        np.concatenate([part.allowed for part in parts])[:254],
        np.concatenate([part.weight for part in parts])[:254],
    )
