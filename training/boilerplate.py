"""Train and measure the boilerplate model: `python -m training.boilerplate [--measure-only]`.

Writes `pipeline/language/boilerplate.npz` and its card, `boilerplate.json`. Measured by cross-validation over the
pages with gold lines (5 folds by page), with everything trained anew in each fold; false alarms also on held-out
articles and on the sentences that annotators read events from. Takes some minutes on two cores.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.language import boilerplate, boilerplate_model
from pipeline.language.boilerplate_model import KINDS, BoilerplateModel, context_of, softmax
from pipeline.language.features import BUCKETS, Concepts, UnitFeatures, features_of
from training import boilerplate_data as data
from training import linear
from training.boilerplate_data import Page

FOLDS, INNER = 5, 4
L2_DENSE, L2_HASHED, L2_CONTEXT = 0.5, 0.4, 1.0
THRESHOLDS = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0)
FOLDER = Path(boilerplate.__file__).resolve().parent
Array = Any


@dataclass
class Sets:
    """Pages by what they are for; `news` and `sentences` hold no boilerplate."""

    measured: list[Page]
    lines: list[Page]
    news: list[Page]
    sentences: list[Page]


class Trainer:
    def __init__(self) -> None:
        self.concepts = Concepts(json.loads((FOLDER / boilerplate_model.CONCEPTS_FILE).read_text(encoding="utf-8")))
        self._features: dict[str, UnitFeatures] = {}

    def features(self, page: Page) -> list[UnitFeatures]:
        found = []
        for unit in page.units:
            text = page.text[unit.start : unit.end]
            if text not in self._features:
                self._features[text] = features_of(text, self.concepts)
            found.append(self._features[text])
        return found

    def first(self, pages: list[Page]) -> tuple[Array, Array, Array]:
        """The first layer, on units alone."""
        rows = [row for page in pages for row in self.features(page)]
        labels = np.array([label for page in pages for label in page.labels])
        weights = np.array([page.weight for page in pages for _ in page.labels])
        design = linear.Design(np.array([row.dense for row in rows]), [row.hashed for row in rows], BUCKETS)
        return linear.fit(design, labels, weights, len(KINDS), l2_dense=L2_DENSE, l2_hashed=L2_HASHED)

    def alone(self, layer: tuple[Array, Array, Array], page: Page) -> Array:
        rows = self.features(page)
        dense, hashed, bias = layer
        logits = [
            row.dense @ dense + bias + hashed[row.hashed].sum(axis=0) / max(len(row.hashed), 1) ** 0.5 for row in rows
        ]
        return softmax(np.array(logits))

    def train(self, sets: Sets, *, seed: int = 1) -> BoilerplateModel:
        """Both layers. The second learns from what first layers say that have not seen the page."""
        draw = random.Random(seed)
        folds = {page.id: draw.randrange(INNER) for page in [*sets.measured, *sets.lines, *sets.news]}
        examples: list[tuple[Array, tuple[int, ...], float]] = []
        for fold in range(INNER):
            seen = [page for page in [*sets.measured, *sets.lines, *sets.news] if folds[page.id] != fold]
            layer = self.first([*seen, *sets.sentences])
            unseen_news = [page for page in sets.news if folds[page.id] == fold]
            unseen_lines = [page for page in sets.lines if folds[page.id] == fold]
            pages = [page for page in sets.measured if folds[page.id] == fold]
            pages += data.mixed(unseen_news, unseen_lines, seed=fold)
            for page in pages:
                examples.append((context_of(self.alone(layer, page), page.units), page.labels, page.weight))
        rows = np.vstack([example[0] for example in examples])
        labels = np.array([label for example in examples for label in example[1]])
        weights = np.array([example[2] for example in examples for _ in example[1]])
        design = linear.Design(rows, [np.zeros(0, dtype=np.int64)] * len(rows), 1)
        dense, _, bias = linear.fit(design, labels, weights, len(KINDS), l2_dense=L2_CONTEXT, l2_hashed=1.0, steps=150)
        layer = self.first([*sets.measured, *sets.lines, *sets.news, *sets.sentences])
        return BoilerplateModel(
            concepts=self.concepts, dense=layer[0], hashed=layer[1], bias=layer[2], context=np.vstack([dense, bias])
        )


def marked(model: BoilerplateModel, page: Page, threshold: float = boilerplate.THRESHOLD) -> list[int]:
    """What the stage would say of each unit: its kind's number, 0 for news."""
    spans = boilerplate.find_boilerplate(page.text, model, title=page.title, threshold=threshold)
    found = []
    for unit in page.units:
        kind = next((span.kind for span in spans if span.start <= unit.start and unit.end <= span.end), "content")
        found.append(KINDS.index(kind))
    return found


def scores(gold: list[int], found: list[int]) -> dict[str, dict[str, float]]:
    """Precision, recall, F1 and number of units by kind; `boilerplate` is all kinds against news."""
    result = {}
    for name in ("boilerplate", *KINDS[1:]):
        wanted = [(g > 0) if name == "boilerplate" else g == KINDS.index(name) for g in gold]
        said = [(f > 0) if name == "boilerplate" else f == KINDS.index(name) for f in found]
        both = sum(w and s for w, s in zip(wanted, said, strict=True))
        precision, recall = both / max(sum(said), 1), both / max(sum(wanted), 1)
        f1 = 2 * precision * recall / max(precision + recall, 1e-9)
        result[name] = {"precision": precision, "recall": recall, "f1": f1, "units": sum(wanted)}
    return result


def main(arguments: list[str]) -> None:
    began = time.time()
    trainer = Trainer()
    measured = data.measured_pages()
    news = data.news("train", limit=300) + data.evidence("train")
    sets = Sets(measured=measured, lines=data.lines(), news=news, sentences=data.sentences())
    print({name: sum(len(page.units) for page in getattr(sets, name)) for name in vars(sets)}, flush=True)

    order = [page.id for page in measured]
    random.Random(0).shuffle(order)
    fold_of = {name: number % FOLDS for number, name in enumerate(order)}
    gold: list[int] = []
    found: list[int] = []
    by_language: dict[str, tuple[list[int], list[int]]] = {}
    mistakes: list[str] = []
    at: dict[float, list[int]] = {threshold: [] for threshold in THRESHOLDS}
    for fold in range(FOLDS):
        inner = Sets([page for page in measured if fold_of[page.id] != fold], sets.lines, sets.news, sets.sentences)
        model = trainer.train(inner, seed=fold)
        for page in (page for page in measured if fold_of[page.id] == fold):
            said = marked(model, page)
            gold += page.labels
            found += said
            for threshold, whole in at.items():
                whole += marked(model, page, threshold)
            pair = by_language.setdefault(page.language, ([], []))
            pair[0].extend(page.labels)
            pair[1].extend(said)
            for unit, want, got in zip(page.units, page.labels, said, strict=True):
                if want != got:
                    mistakes.append(f"{KINDS[want]:10} -> {KINDS[got]:10} {page.text[unit.start : unit.end][:110]}")
        print(f"fold {fold}: {time.time() - began:.0f} s", flush=True)
    for threshold, whole in at.items():
        row = scores(gold, whole)["boilerplate"]
        print(f"threshold {threshold}: P {row['precision']:.3f}  R {row['recall']:.3f}  F {row['f1']:.3f}")
    table = scores(gold, found)
    for name, row in table.items():
        print(f"{name:12} P {row['precision']:.3f}  R {row['recall']:.3f}  F {row['f1']:.3f}  {row['units']:4}")
    languages = {name: scores(*pair)["boilerplate"] for name, pair in sorted(by_language.items())}
    for name, row in languages.items():
        print(f"{name:12} P {row['precision']:.3f}  R {row['recall']:.3f}  F {row['f1']:.3f}  {row['units']:4}")
    if "--mistakes" in arguments:
        print("\n".join(sorted(mistakes)))

    model = trainer.train(sets)
    if "--measure-only" not in arguments:
        save(model)
    alarms = {}
    for name, pages in (
        ("articles", data.news("dev") + data.news("test")),
        ("evidence", data.evidence("dev") + data.evidence("test")),
    ):
        kinds: Counter[str] = Counter()
        for page in pages:
            for unit, said in zip(page.units, marked(model, page), strict=True):
                kinds[KINDS[said]] += 1
                if said and "--mistakes" in arguments:
                    print(name, KINDS[said], page.text[unit.start : unit.end][:140])
        for threshold in THRESHOLDS:
            said = [kind for page in pages for kind in marked(model, page, threshold)]
            print(f"{name} at {threshold}: {sum(kind > 0 for kind in said)} of {len(said)} marked")
        total = sum(kinds.values())
        alarms[name] = {"units": total, "marked": total - kinds["content"], "kinds": dict(kinds.most_common())}
        print(f"held-out {name}: {total - kinds['content']} of {total} units marked {dict(kinds)}")
    if "--measure-only" not in arguments:
        write_card(table, languages, alarms)
    print(f"{time.time() - began:.0f} s")


def save(model: BoilerplateModel) -> None:
    """The weights as float16, small ones dropped."""
    hashed = np.where(np.abs(model.hashed) < 0.03, 0, model.hashed)
    path = FOLDER / boilerplate_model.MODEL_FILE
    np.savez_compressed(
        path,
        dense=model.dense.astype(np.float16),
        hashed=hashed.astype(np.float16),
        bias=model.bias.astype(np.float32),
        context=model.context.astype(np.float32),
    )
    print(path.name, path.stat().st_size // 1024, "KB")


def write_card(table: Any, languages: Any, alarms: Any) -> None:
    rounded = json.loads(json.dumps({"kinds": table, "languages": languages}), parse_float=lambda x: round(float(x), 3))
    card = {
        "name": "Eventwire boilerplate model",
        "task": "sentences of an article that are not news, by kind",
        "method": "two linear layers on hashed words, concepts of 12 languages, shapes and neighbours",
        "data": [
            "boilerplate pages and lines written by us (CC0)",
            "Wikinews articles (CC BY 2.5; MEANTIME translations CC BY 4.0)",
            "SmartData corpus, business news sentences (CC BY 4.0)",
            "RONEC, Romanian newspapers (MIT)",
            "sentences in 75 languages (Apache-2.0)",
        ],
        "measured": f"{FOLDS}-fold cross-validation by page over 118 pages in 11 languages, sentence by sentence",
        **rounded,
        "false_alarms_on_held_out": alarms,
        "threshold": boilerplate.THRESHOLD,
        "limits": "Few pages a language; kinds overlap (teaser and related, byline and caption). Native "
        "advertising that reads like a report is not found.",
    }
    (FOLDER / "boilerplate.json").write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
