"""`python -m training own-types`: how good a type is that was learned from ten examples. Needs no PyTorch.

Two measurements, and neither is the whole truth:

- Left out: each shipped type is learned anew, by `pipeline/events/own_fit.py`, from ten annotated sentences in two
  languages of the training articles, and looked for in held-out articles of the other languages. The shipped heads of
  the type are not used, but the encoder was trained on the type: its hidden states know it.
- Invented: five types that no model was ever trained on, each from ten written sentences in German and English
  (tests/events/own), looked for in 80 written sentences in French, Spanish, Italian, Dutch and Polish.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pipeline.encoder import Model
from pipeline.events.own import Example, OwnType, read_own_type
from pipeline.events.own_fit import Background, fit, read_background
from pipeline.events.own_heads import OwnHead, extend
from training import articles, places
from training.event_data import Document, document, held_out_documents, reported_in, translations
from training.measure_entities import Counts
from training.measure_events import Read, read_all

PAIRS = (("de", "en"), ("en", "fr"))
EXAMPLES = 5  # of each of the two languages
LEAST = 8  # sentences of the other languages that report a type, without which nothing is measured
SEED = 20261125


def main(name: str = "news-s6") -> None:
    """Print both."""
    model = Model.load(places.MODELS / name)
    background = read_background(model.read)
    print(f"{model.ref}\n")
    _invented(model, background)
    for pair in PAIRS:
        _left_out(model, background, pair)


def _invented(model: Model, background: Background) -> None:
    folder = places.REPOSITORY / "tests" / "events" / "own"
    heads = [fit(read_own_type(path), model.read, background).head for path in sorted(folder.glob("*.yaml"))]
    rows = [json.loads(line) for line in (folder / "sentences.jsonl").read_text(encoding="utf-8").splitlines()]
    counts = Counts()
    by_language: dict[str, Counts] = {}
    for row in rows:
        scores = extend(model.read(row["text"], [(0, len(row["text"]))]), heads).event_sentence[0, -len(heads) :]
        found = {head.name for head, score in zip(heads, scores.tolist(), strict=True) if score >= head.threshold}
        gold = {row["type"]} - {None}
        for part in (counts, by_language.setdefault(row["language"], Counts())):
            part.right.update(found & gold)
            part.wrong.update(found - gold)
            part.missed.update(gold - found)
    print(f"### Invented types: 10 examples each in de and en, {len(rows)} sentences in {', '.join(by_language)}\n")
    print("| type | right | wrong | missed | F1 |\n|---|---|---|---|---|")
    for head in heads:
        line = (counts.right[head.name], counts.wrong[head.name], counts.missed[head.name])
        print(f"| {head.name} | {' | '.join(map(str, line))} | {counts.f1(head.name):.3f} |")
    print(
        f"\nAll: F1 {counts.f1():.3f}; " + ", ".join(f"{code} {c.f1():.3f}" for code, c in by_language.items()) + "\n"
    )


def _left_out(model: Model, background: Background, pair: tuple[str, str]) -> None:
    records = [record for record in articles.annotated() if articles.trainable(record) and record["language"] in pair]
    sources = {code: [document(record) for record in records if record["language"] == code] for code in pair}
    reads = _elsewhere(model, pair)
    sentences, documents = Counts(), Counts()
    print(f"### Left out: 5 + 5 examples in {' and '.join(pair)}, {len(reads)} held-out articles in other languages\n")
    print("| type | sentences | F1 | articles | F1 |\n|---|---|---|---|---|")
    for column, name in enumerate(model.event_types):
        if sum(int(read.gold[:, column].sum()) for read in reads) < LEAST:
            continue
        own = _from_gold(name, sources)
        if own is None:
            continue
        head = fit(own, model.read, _without(background, name)).head
        here, there = Counts(), Counts()
        for read in reads:
            _count(read, head, column, here, there)
        sentences += here
        documents += there
        numbers = [(c.right[name] + c.missed[name], c.f1(name)) for c in (here, there)]
        print(f"| {name} | " + " | ".join(f"{count} | {f1:.3f}" for count, f1 in numbers) + " |", flush=True)
    kinds = sorted(documents.right | documents.missed)
    means = [float(np.nanmean([c.f1(kind) for kind in kinds])) for c in (sentences, documents)]
    print(f"\nAll {len(kinds)} types: sentence F1 {sentences.f1():.3f}, article F1 {documents.f1():.3f};", end=" ")
    print(f"means of the types {means[0]:.3f} and {means[1]:.3f}\n")


def _elsewhere(model: Model, pair: Sequence[str]) -> list[Read]:
    """Held-out articles in languages that no example is in; of an article's versions all that are left."""
    found: dict[str, Document] = {}
    for part in ("dev", "test"):
        for doc in held_out_documents(part):
            for version in (doc, *translations(doc.record)):
                if version.record["language"] not in pair:
                    found[version.record["id"] + version.record["language"]] = version
    return read_all(model, found.values())


def _from_gold(name: str, sources: dict[str, list[Document]]) -> OwnType | None:
    """The type with five annotated sentences of each language, chosen by a fixed seed; None if there are not enough."""
    rng = np.random.default_rng(SEED)
    chosen: list[Example] = []
    for code, docs in sources.items():
        examples: dict[str, Example] = {}
        for doc in docs:
            for event in doc.record["events"]:
                if event["type"] == name and (example := _example(doc, event, code)):
                    examples.setdefault(example.text, example)
        if len(examples) < EXAMPLES:
            return None
        chosen += [list(examples.values())[at] for at in sorted(rng.permutation(len(examples))[:EXAMPLES].tolist())]
    return OwnType(name=name, definition=name, roles={}, examples=tuple(chosen))


def _example(doc: Document, event: dict[str, object], code: str) -> Example | None:
    trigger = event["trigger"]
    for sentence in reported_in(doc.sentences, event):
        start, end = doc.sentences[sentence]
        low, high = max(trigger["start"], start), min(trigger["end"], end)  # type: ignore[index]
        if low < high:
            return Example(code, doc.record["text"][start:end], ((low - start, high - start),))
    return None


def _without(background: Background, name: str) -> Background:
    """The background without the sentences that report the type: its pieces stay, they are of no type."""
    keep = np.array([name not in types for types in background.types])
    ends = np.r_[background.starts[1:], len(background.pieces)]
    pieces = np.concatenate([np.arange(a, b) for a, b in zip(background.starts[keep], ends[keep], strict=True)])
    lengths = (ends - background.starts)[keep]
    return replace(
        background,
        texts=tuple(text for text, kept in zip(background.texts, keep, strict=True) if kept),
        types=tuple(types for types, kept in zip(background.types, keep, strict=True) if kept),
        vectors=background.vectors[keep],
        pieces=background.pieces[pieces],
        starts=np.r_[0, np.cumsum(lengths)[:-1]],
    )


def _count(read: Read, head: OwnHead, column: int, sentences: Counts, documents: Counts) -> None:
    hit = extend(read.reading, [head]).event_sentence[:, -1] >= head.threshold
    gold = read.gold[:, column]
    for counts, found, wanted in ((sentences, hit, gold), (documents, hit.any(keepdims=True), gold.any(keepdims=True))):
        counts.right[head.name] += int((found & wanted).sum())
        counts.wrong[head.name] += int((found & ~wanted).sum())
        counts.missed[head.name] += int((wanted & ~found).sum())
