"""Every example of the raw topic through the whole road: what it gives is kept here and reviewed when it changes.

After a change that is meant to change outputs (a new model, a better rule), write the files anew and read the diff:

    UPDATE_GOLDEN=1 python -m pytest tests/golden

Clocks and digests of models are left out. Scores may differ a little between processors (quantised arithmetic).
"""

import json
import os
import re
from pathlib import Path
from typing import Any

import orjson
import pytest

from pipeline.flow import segment
from pipeline.settings import Settings
from pipeline.streams.codec import header
from pipeline.streams.message import Message, Output
from pipeline.streams.processor import Processor
from pipeline.streams.topics import example, load_topics

pytestmark = pytest.mark.model

FOLDER = Path(__file__).parent / "raw"
UPDATE = os.environ.get("UPDATE_GOLDEN") == "1"
RAW = load_topics()["news.articles.raw"]
CLOCKS = ("ingested_at", "produced_at")
SCORES = 0.02
_DIGEST = re.compile(r"\+[0-9a-f]{8,64}$")


@pytest.fixture(scope="module")
def processor() -> Processor:
    return Processor(segment(), Settings())


def golden(output: Output) -> dict[str, Any]:
    """An output without clocks and digests."""
    value = orjson.loads(output.value or b"null")
    key = None if output.key is None else output.key.decode()
    return {
        "topic": output.topic,
        "key": key,
        "type": header(output.headers, "ce_type") or header(output.headers, "ew_code"),
        "value": _redacted(value),
    }


def _redacted(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: {k: _DIGEST.sub("", ref) for k, ref in item.items()} if name == "models" else _redacted(item)
            for name, item in value.items()
            if name not in CLOCKS
        }
    return [_redacted(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", RAW.examples)
def test_example(name: str, processor: Processor) -> None:
    value = example(RAW, name)
    message = Message(
        topic="news.articles.raw", partition=0, offset=0, key=None, value=value, timestamp=1_700_000_000_000
    )
    found = [golden(output) for output in processor.process(message).outputs]
    path = FOLDER / name
    if UPDATE:
        FOLDER.mkdir(exist_ok=True)
        path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    assert path.is_file(), f"{path} is missing: write it with UPDATE_GOLDEN=1 and review it"
    expected = json.loads(path.read_text(encoding="utf-8"))
    assert [one["topic"] for one in found] == [one["topic"] for one in expected]
    for one, other in zip(found, expected, strict=True):
        differences = list(compare(one, other, one["topic"]))
        assert not differences, "\n".join(differences)


def compare(found: Any, expected: Any, path: str) -> list[str]:
    """Where two JSON values differ; scores by more than `SCORES`."""
    if isinstance(found, dict) and isinstance(expected, dict):
        names = [*expected, *(name for name in found if name not in expected)]
        return [d for n in names for d in compare(found.get(n), expected.get(n), f"{path}.{n}")]
    if isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        return [d for i, (f, e) in enumerate(zip(found, expected, strict=True)) for d in compare(f, e, f"{path}[{i}]")]
    if isinstance(found, float) and isinstance(expected, float) and abs(found - expected) <= SCORES:
        return []
    return [] if found == expected and type(found) is type(expected) else [f"{path}: {found!r}, was {expected!r}"]


def test_nothing_is_kept_of_examples_that_are_gone() -> None:
    kept = {path.name for path in FOLDER.glob("*")}
    assert kept == set(RAW.examples)


@pytest.mark.parametrize(
    ("found", "expected", "same"),
    [
        ({"a": [0.51, "x"]}, {"a": [0.5, "x"]}, True),
        ({"a": [0.53, "x"]}, {"a": [0.5, "x"]}, False),
        ({"a": 1}, {"a": 1.0}, False),
        ({"a": 1}, {"a": 1, "b": None}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ([1], [1, 2], False),
    ],
)
def test_compare(found: Any, expected: Any, same: bool) -> None:
    assert (compare(found, expected, "$") == []) is same
