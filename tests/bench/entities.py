"""What the entity stage costs beside its encoder: `python -m tests.bench.entities`. Prints, asserts nothing.

1. a fresh process: seconds to load the stage, and its memory (RSS) after an article;
2. the same articles through the encoder alone and through the whole stage, CPU time on one thread, best of three, with
   the stage's own Python by part. The share is encoder / stage: how much of the encoder's speed the stage keeps.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import orjson

from pipeline.encoder import Model
from pipeline.entities.amounts import find_amounts
from pipeline.entities.dates import find_dates
from pipeline.entities.decode import decode
from pipeline.entities.links import shared_links
from pipeline.entities.mentions import resolve
from pipeline.entities.sentences import split_sentences
from pipeline.entities.stage import TagEntities
from pipeline.records import Language, LanguageArticle, Models
from tests.bench.road import articles

LOAD = """
import resource, time
began, worked = time.perf_counter(), time.process_time()
from pipeline.entities.stage import TagEntities
from pipeline.settings import load_settings
stage = TagEntities.load(load_settings({}))
seconds, worked = time.perf_counter() - began, time.process_time() - worked
from pipeline.records import Language, LanguageArticle, Models
text = "Siemens pays 5 million euros to Apple in Berlin on Friday. " * 40
language = Language(code="en", script="Latn", confidence=1.0)
stage.run([LanguageArticle(id="a", action="add", text=text, language=language, models=Models(language="t@1+00000000"))])
print(seconds, worked, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def load() -> None:
    out = subprocess.run([sys.executable, "-c", LOAD], capture_output=True, text=True, check=True)
    seconds, worked, megabytes = map(float, out.stdout.split())
    print(f"load {seconds:.2f} s ({worked:.2f} s of CPU), {megabytes:.0f} MB RSS at most, an article read")


def records(count: int) -> list[LanguageArticle]:
    made = []
    for value in articles(count):
        row: dict[str, Any] = orjson.loads(value)
        text = f"{row['title']}\n\n{row.get('text') or ''}"
        made.append(
            LanguageArticle(
                id=row["id"],
                action="add",
                text=text,
                published_at="2025-11-05T09:00:00Z",
                language=Language(code=row.get("language") or "en", script="Latn", confidence=1.0),
                models=Models(language="bench@1+00000000"),
            )
        )
    return made


def cpu(work: Callable[[], object]) -> float:
    """CPU seconds, best of three."""
    best = float("inf")
    for _ in range(3):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return best


class _Forgetful:
    """The model without its memory of readings: each read is a run of the encoder."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.ref, self.entity_labels = model.ref, model.entity_labels

    def read(self, text: str, sentences: Any) -> Any:
        return self._model._read(text, tuple(sentences))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--articles", type=int, default=80)
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    load()
    model = Model.load()
    made = records(options.articles)
    stage = TagEntities(_Forgetful(model))  # type: ignore[arg-type]
    stage.run(made)  # what is loaded late
    split = [split_sentences(one.text, one.language.code) for one in made]
    texts = [(one.text, one.language.code, tuple(spans)) for one, spans in zip(made, split, strict=True)]
    encoder = cpu(lambda: [model._read(text, spans) for text, _, spans in texts])
    whole = cpu(lambda: stage.run(made))
    readings = [model._read(text, spans) for text, _, spans in texts]
    mentions = [decode(reading, one[0], model.entity_labels) for reading, one in zip(readings, texts, strict=True)]
    links = shared_links()
    parts = {
        "sentences": lambda: [split_sentences(text, language) for text, language, _ in texts],
        "decode": lambda: [decode(r, one[0], model.entity_labels) for r, one in zip(readings, texts, strict=True)],
        "amounts": lambda: [find_amounts(text, language) for text, language, _ in texts],
        "dates": lambda: [find_dates(text, language, published_at=made[0].published_at) for text, language, _ in texts],
        "links": lambda: [resolve(one[0], found, one[1], links) for one, found in zip(texts, mentions, strict=True)],
    }
    count = len(made)
    print(f"{count} articles of {sum(len(one.text) for one in made) / count:,.0f} characters; CPU time, one thread")
    print(f"  encoder alone {encoder / count * 1e6:8,.0f} us an article, {count / encoder:.1f} articles/s")
    print(f"  whole stage   {whole / count * 1e6:8,.0f} us an article, {count / whole:.1f} articles/s")
    for name, work in parts.items():
        print(f"    {name:<12}{cpu(work) / count * 1e6:8,.0f} us")
    print(f"  the stage keeps {encoder / whole:.0%} of the encoder's speed")


if __name__ == "__main__":
    main()
