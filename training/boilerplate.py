"""Train and measure the boilerplate model: `python -m training.boilerplate [--measure-only] [--mistakes]`.

Writes `pipeline/language/boilerplate.npz` and its card, `boilerplate.json`. Measured by cross-validation over the
pages with gold lines: each page is a source of its own, so the folds are a split by source. In each fold everything
is fitted anew, the thresholds too, on the other folds alone. `--mistakes` shows those of odd-numbered pages only: the
other half is looked at by nobody. False alarms are counted on held-out articles and on the sentences that annotators
read events from. Takes a minute on a free core; needs scipy.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections import Counter
from typing import Any

import numpy as np

from pipeline.language import boilerplate, boilerplate_model
from pipeline.language.boilerplate_model import KINDS, BoilerplateModel
from training import boilerplate_data as data
from training.boilerplate_data import Page
from training.boilerplate_trainer import FOLDER, Sets, Trainer

FOLDS = 5
NEWS = 400  # articles
MARKS = (0.0, 1.0, 2.0, 3.0, 4.0)  # for the curve of precision and recall
Rows = list[tuple[str, str, int, int, float]]  # page, language, gold kind, found kind, evidence


def main(arguments: list[str]) -> None:
    began = time.time()
    trainer = Trainer()
    measured = data.measured_pages()
    news = data.news("train", limit=NEWS) + data.evidence("train")
    sets = Sets(measured=measured, lines=data.lines(), news=news, sentences=data.sentences())
    print({name: sum(len(page.units) for page in getattr(sets, name)) for name in vars(sets)}, flush=True)
    order = [page.id for page in measured]
    random.Random(0).shuffle(order)
    fold_of = {name: number % FOLDS for number, name in enumerate(order)}
    rows: Rows = []
    for fold in range(FOLDS):
        others = [page for page in measured if fold_of[page.id] != fold]
        model = trainer.train(Sets(others, sets.lines, sets.news, sets.sentences), seed=fold)
        for page in (page for page in measured if fold_of[page.id] == fold):
            found = judged(model, page)
            rows += found
            if "--mistakes" in arguments and int(page.id.split("-")[-1]) % 2:
                for unit, (_, _, gold, kind, _) in zip(page.units, found, strict=True):
                    if gold != kind:
                        print(f"{KINDS[gold]:10} -> {KINDS[kind]:10} {page.text[unit.start : unit.end][:110]}")
        print(f"fold {fold}: {time.time() - began:.0f} s, thresholds {model.thresholds[:3].round(2)}", flush=True)
    measures = report(rows)
    model = trainer.train(sets)
    alarms = false_alarms(model)
    if "--measure-only" not in arguments:
        save(model)
        write_card(measures, alarms, model)
    print(f"{time.time() - began:.0f} s")


def judged(model: BoilerplateModel, page: Page) -> Rows:
    """What the stage would say of each unit, and how strong the evidence is."""
    spans = boilerplate.find_boilerplate(page.text, model, title=page.title)
    odds = boilerplate.evidence(*model.probabilities(page.text, page.units))
    found = []
    for unit, label, odd in zip(page.units, page.labels, odds, strict=True):
        kind = next((span.kind for span in spans if span.start <= unit.start and unit.end <= span.end), "content")
        found.append((page.id, page.language, label, KINDS.index(kind), float(odd)))
    return found


def report(rows: Rows) -> dict[str, Any]:
    """All measures, printed."""
    halves = {
        "looked_at": [row for row in rows if int(row[0].split("-")[-1]) % 2],
        "never_looked_at": [row for row in rows if not int(row[0].split("-")[-1]) % 2],
    }
    kinds = scores(rows)
    languages = {
        name: scores([row for row in rows if row[1] == name])["boilerplate"] for name in sorted({r[1] for r in rows})
    }
    parts = {name: {k: scores(part)[k] for k in ("boilerplate", "ad", "teaser")} for name, part in halves.items()}
    curve = {str(mark): _score([r[2] > 0 for r in rows], [r[4] >= mark for r in rows]) for mark in MARKS}
    for title, table in (("", kinds), ("language ", languages), ("evidence ", curve)):
        for name, row in table.items():
            _print(title + name, row)
    for part, table in parts.items():
        for name, row in table.items():
            _print(f"{part} {name}", row)
    return {"kinds": kinds, "languages": languages, "halves": parts, "by_evidence": curve}


def _print(name: str, row: dict[str, float]) -> None:
    print(f"{name:28} P {row['precision']:.3f}  R {row['recall']:.3f}  F {row['f1']:.3f}  {row['units']:4}")


def scores(rows: Rows) -> dict[str, dict[str, float]]:
    """By kind; `boilerplate` is all kinds against news."""
    result = {"boilerplate": _score([row[2] > 0 for row in rows], [row[3] > 0 for row in rows])}
    for number, name in enumerate(KINDS[1:], start=1):
        result[name] = _score([row[2] == number for row in rows], [row[3] == number for row in rows])
    return result


def _score(wanted: list[bool], said: list[bool]) -> dict[str, float]:
    both = sum(w and s for w, s in zip(wanted, said, strict=True))
    precision, recall = both / max(sum(said), 1), both / max(sum(wanted), 1)
    f1 = 2 * precision * recall / max(precision + recall, 1e-9)
    return {"precision": precision, "recall": recall, "f1": f1, "units": sum(wanted)}


def false_alarms(model: BoilerplateModel) -> dict[str, Any]:
    """Units of held-out articles, and sentences with annotated events, that would be marked."""
    alarms = {}
    for name, read in (("articles", data.news), ("evidence", data.evidence)):
        pages = read("dev") + read("test")
        kinds = Counter(KINDS[row[3]] for page in pages for row in judged(model, page))
        total = sum(kinds.values())
        alarms[name] = {"units": total, "marked": total - kinds["content"], "kinds": dict(kinds.most_common())}
        print(f"held-out {name}: {alarms[name]}")
    return alarms


def save(model: BoilerplateModel) -> None:
    """The weights as float16, small ones dropped."""
    path = FOLDER / boilerplate_model.MODEL_FILE
    np.savez_compressed(
        path,
        dense=model.dense.astype(np.float16),
        hashed=np.where(np.abs(model.hashed) < 0.04, 0, model.hashed).astype(np.float16),
        bias=model.bias.astype(np.float32),
        context=model.context.astype(np.float32),
        thresholds=model.thresholds.astype(np.float32),
    )
    print(path.name, path.stat().st_size // 1024, "KB")


def write_card(measures: dict[str, Any], alarms: dict[str, Any], model: BoilerplateModel) -> None:
    rounded = json.loads(json.dumps(measures), parse_float=lambda x: round(float(x), 3))
    card = {
        "name": "Eventwire boilerplate model",
        "task": "sentences of an article that are not news, by kind",
        "method": "two linear layers on hashed words and parts of words, concepts, shapes and neighbours",
        "data": [
            "boilerplate pages and lines in 74 languages written by us (CC0)",
            "Wikinews articles (CC BY 2.5; MEANTIME translations CC BY 4.0)",
            "SmartData corpus, business news sentences (CC BY 4.0)",
            "RONEC, Romanian newspapers (MIT)",
            "sentences in 75 languages (Apache-2.0) and of UNER (CC BY-SA 4.0)",
        ],
        "measured": f"{FOLDS}-fold cross-validation by source over 118 pages in 11 languages, sentence by sentence",
        **rounded,
        "false_alarms_on_held_out": alarms,
        "thresholds": {
            "evidence": round(float(model.thresholds[0]), 2),
            **{name: round(float(model.thresholds[KINDS.index(name)]), 2) for name in ("ad", "teaser")},
        },
        "limits": "Pages and lines have one author each kind of page: real sites will be worse. Kinds overlap (teaser "
        "and related, newsletter and ad). Where advertising can't be told from other kinds surely it goes by the next "
        "kind's name. Native advertising that reads like a report is not found. Measured in 11 languages only.",
    }
    (FOLDER / "boilerplate.json").write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
