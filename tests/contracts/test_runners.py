"""Whatever moves the messages, the records are the same: the processor alone, the pool, and `eventwire run`.

(The worker on Kafka is asked the same in tests/kafka.)
"""

from pathlib import Path
from typing import Any

import orjson
import pytest

import pipeline.flow
from pipeline.cli import main
from pipeline.local.versions import Versions
from pipeline.records import to_json
from pipeline.settings import Settings
from pipeline.streams.codec import EW_HEADERS, header, read_structured
from pipeline.streams.message import Message, Output
from pipeline.streams.pool import Pool
from pipeline.streams.processor import Processor
from tests import fake_stages as fake
from tests.contracts.articles import HOSTILE, raw_articles

# Bytes, as they may come; for a file each is a line. A line has no key, no headers and no tombstone but the empty one.
VALUES: list[bytes] = [
    *(orjson.dumps(to_json(article)) for article in raw_articles().values()),
    b"",
    b"kein JSON",
    '{"text": "Größe"}'.encode("cp1252"),
    b'{"text": "\\ud800"}',
    b'{"text": 3}',
    b'{"text": "a", "metadata": {"n": 98765432109876543210987}}',
    orjson.dumps(HOSTILE["update"]),  # twice the same
    orjson.dumps({**HOSTILE["update"], "text": "KAUFT KAUFT"}),  # the same id, other content
    b'{"text": "WIRF"}',
    b'{"text": "' + "Grö".encode() * 1_700_000 + b'"}',  # more than 5 MB
]

Record = tuple[str, bytes | None, bytes | None, Any]


@pytest.fixture(
    params=[pytest.param("fake", id="fake stages"), pytest.param("real", id="real stages", marks=pytest.mark.model)]
)
def steps(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    if request.param == "fake":
        monkeypatch.setattr(pipeline.flow, "segment", fake.fake_steps)
    return pipeline.flow.segment


def messages(path: str = "in.jsonl") -> list[Message]:
    return [
        Message(topic=path, partition=0, offset=n, key=None, value=value, timestamp=1_700_000_000_000)
        for n, value in enumerate(VALUES)
    ]


def record(output: Output | Message) -> Record:
    """What must be equal: everything but the clock."""
    value: Any = output.value
    if header(output.headers, "ew_code") is None:
        value = {k: v for k, v in orjson.loads(value).items() if k not in ("ingested_at", "produced_at")}
    clocks = ("ce_time", "ew_first_seen", "ew_error")
    headers = sorted((n, v) for n, v in output.headers if n not in clocks and (n.startswith("ce_") or n in EW_HEADERS))
    return output.topic, output.key, orjson.dumps(value) if isinstance(value, dict) else value or b"", headers


@pytest.mark.timeout(600)
def test_processor_pool_and_run_give_the_same_records(
    steps: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(b"\n".join(VALUES))
    monkeypatch.setenv("EVENTWIRE_DOCUMENT_SECONDS", "300")  # a time-out on a busy machine is no difference of runners
    settings = Settings(workers=2, document_seconds=300.0)
    processor = Processor(steps(), settings)
    alone = [processor.process(message) for message in messages(str(path))]
    versions = Versions()
    settled = [versions.revise(*pair) for pair in zip(messages(str(path)), alone, strict=True)]
    with Pool(None, settings, steps=steps) as pool:
        pooled = pool.submit(messages(str(path))).result(timeout=240)
    assert main.run(["run", str(path), "--out", str(tmp_path / "out"), "--format", "none", "-q"]) == 0

    expected = [[record(output) for output in outcome.outputs] for outcome in settled]
    assert [[record(o) for o in outcome.outputs] for outcome in pooled] == [
        [record(o) for o in outcome.outputs] for outcome in alone
    ]
    assert [outcome.result for outcome in pooled] == [outcome.result for outcome in alone]
    written = {
        file.stem: [record(read_structured(line, topic=file.stem)) for line in file.read_bytes().splitlines()]
        for file in (tmp_path / "out").glob("*.jsonl")
    }
    by_topic: dict[str, list[Record]] = {}
    for outputs in expected:
        for one in outputs:
            by_topic.setdefault(one[0], []).append(one)
    assert written == by_topic

    ends = [
        one for topic, records in by_topic.items() for one in records if topic.endswith("classified") or "dead" in topic
    ]
    assert len(ends) == len(VALUES)  # exactly one end each


def test_equal_messages_give_equal_records_and_ids(steps: Any) -> None:
    processor = Processor(steps(), Settings())
    one, other = (processor.process(fake.message(orjson.dumps(HOSTILE["update"]), offset=n)) for n in (1, 2))
    ids = [[header(output.headers, "ce_id") for output in outcome.outputs] for outcome in (one, other)]
    assert ids[0] == ids[1]
    assert [o.key for o in one.outputs] == [o.key for o in other.outputs]


def test_a_road_cut_into_segments_writes_the_same(steps: Any) -> None:
    settings = Settings()
    whole = Processor(steps(), settings, clock=fake.noon)
    parts = [Processor(steps([name]), settings, clock=fake.noon) for name in ("language", "entities", "events")]
    for message in messages()[:-1]:
        expected = whole.process(message)
        if expected.dead and expected.stage != "language":
            continue  # the whole road keeps the raw message, a segment what it read itself
        found: list[Output] = []
        current = message
        for part in parts:
            outcome = part.process(current)
            found += outcome.outputs
            if outcome.dead:
                break
            last = outcome.outputs[-1]
            current = Message(
                topic=last.topic,
                partition=1,
                offset=7,
                key=last.key,
                value=last.value,
                headers=last.headers,
                timestamp=0,
            )
        assert found == list(expected.outputs)
