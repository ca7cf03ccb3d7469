"""All article records of the data folder, and what of them is held out."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from training import holdout, places

Record = dict[str, Any]


def read(path: Path) -> list[Record]:
    """One JSON object a line."""
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


@cache
def plain() -> list[Record]:
    """`articles/*.jsonl`: unlabelled; `text` is title, blank line, body, as the language stage makes it."""
    records = [record for path in sorted((places.data() / "articles").glob("*.jsonl")) for record in read(path)]
    titled = [record["text"].startswith(record["title"]) for record in records]
    return [
        record if done else record | {"text": f"{record['title']}\n\n{record['text']}"}
        for record, done in zip(records, titled, strict=True)
    ]


@cache
def annotated() -> list[Record]:
    """`events/annotated/*.jsonl`: real articles with events; `corpus` is the file."""
    files = sorted((places.data() / "events" / "annotated").glob("*.jsonl"))
    return [record | {"corpus": path.stem} for path in files for record in read(path)]


@cache
def annotated_later() -> list[Record]:
    """Our own annotation of more of `articles/*.jsonl`, all of the training part: offsets here, texts there."""
    texts = {record["id"]: record for record in plain()}
    path = places.REPOSITORY / "training" / "data" / "annotated-wikinews.jsonl"
    return [texts[line["id"]] | line | {"corpus": path.stem} for line in read(path)]


@cache
def authored() -> list[Record]:
    """Texts written for training: invented facts, never held out, never measured on."""
    files = [places.data() / "events" / f"authored-{kind}.jsonl" for kind in ("articles", "snippets")]
    files += [places.REPOSITORY / "training" / "data" / f"authored-{number}.jsonl" for number in (2, 3)]
    return [record | {"corpus": path.stem} for path in files for record in read(path)]


@cache
def entities_own() -> list[Record]:
    """Our own entity annotation, with the translation group of its article."""
    groups = {record["id"]: record.get("translation_group") for record in plain()}
    records = read(places.data() / "ner" / "news-own" / "fr-es-it-nl.jsonl")
    return [record | {"translation_group": groups.get(record["id"])} for record in records]


@cache
def _units_of_entities() -> frozenset[str]:
    return frozenset(holdout.unit(record) for record in entities_own())


def part(record: Record) -> str:
    """`train`, `dev` or `test`. Records with the same unit are in the same part, whatever file they are in."""
    return holdout.part(holdout.unit(record), _units_of_entities())


@cache
def held_out() -> holdout.Shingles:
    """Word sequences of every held-out article, in all its languages."""
    records = [*plain(), *annotated(), *entities_own()]
    return holdout.Shingles(record["text"] for record in records if part(record) != "train")


def trainable(record: Record) -> bool:
    """Whether a text may be trained on: its unit is not held out, and it repeats no held-out article."""
    ours = record.get("corpus", "").startswith("authored")
    return (ours or part(record) == "train") and not held_out().overlap(record["text"])
