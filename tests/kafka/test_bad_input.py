"""Everything a feed can do wrong, through Kafka and the real worker: classified, or dead-lettered with the right code.

What a value becomes must not depend on what else is in the batch: all of it goes in at once, between good articles.
"""

import json
from pathlib import Path

import orjson
import pytest

from pipeline.cli import main as cli
from pipeline.streams.codec import header
from pipeline.streams.message import Message
from tests.kafka.broker import Broker
from tests.kafka.broker_settings import plain
from tests.kafka.workers import Road, WorkerProcess

pytestmark = [pytest.mark.model, pytest.mark.timeout(600)]  # 15 s where nothing else runs

GOOD = "Die Siemens AG übernimmt das Werk von Bosch für 20 Millionen Euro."


def article(**fields: object) -> bytes:
    return orjson.dumps(fields)


# Key of the message: its value, and what must become of it.
INPUTS: dict[str, tuple[bytes | None, str]] = {
    "good": (article(id="good", text=GOOD), "classified"),
    "not json": (b'{"id": "x", "text": ', "not_json"),
    "not json at all": (b"\x00\x01\x02\x03", "not_json"),
    "plain text": (GOOD.encode(), "not_json"),
    "an array": (b"[1, 2, 3]", "schema"),
    "null": (b"null", "schema"),
    "text is a number": (article(id="n", text=5), "schema"),
    "source is a string": (article(id="s", text=GOOD, source="Kurier"), "schema"),
    "a country with a name": (article(id="c", text=GOOD, source={"country": "Germany"}), "schema"),
    "unknown action": (article(id="u", text=GOOD, action="upsert"), "schema"),
    "deletes nothing": (article(action="delete"), "schema"),
    "no time": (article(id="t", text=GOOD, published_at="yesterday"), "schema"),
    "empty text": (article(id="e", text=""), "empty_text"),
    "blank text": (article(id="b", text=" \n\t\u00a0\u200b"), "empty_text"),
    "neither text nor html": (article(id="w", url="https://n.example/w"), "empty_text"),
    "5 MB text": (article(id="l", text="Wort " * 1_000_000), "too_large"),
    "3 MB page": (article(id="p", html="<p>" + "Wort " * 600_000), "too_large"),
    "lone surrogate": (b'{"id": "ls", "text": "a\\ud800b"}', "not_json"),
    "lone surrogate in bytes": (b'{"id": "lb", "text": "a\xed\xa0\x80b"}', "not_utf8"),
    "NUL in a string": (article(id="z", text=GOOD + "\x00\x00"), "classified"),
    "NUL between": (b'{"id": "y",\x00 "text": "x"}', "not_json"),
    "Latin-1": ('{"id": "i", "text": "übernimmt"}'.encode("latin-1"), "not_utf8"),
    "UTF-16": ('{"id": "j", "text": "übernimmt"}'.encode("utf-16"), "not_utf8"),
    "byte order mark": (b"\xef\xbb\xbf" + article(id="m", text=GOOD), "not_json"),
    "10,000 nested tags": (article(id="d", html="<div>" * 10_000 + GOOD + "</div>" * 10_000), "bad_html"),
    "10,000 nested arrays": (b"[" * 10_000 + b"]" * 10_000, "not_json"),
    "more than 64 bits": (b'{"id": "q", "text": "x", "metadata": {"n": 123456789012345678901234}}', "not_json"),
    "tombstone": (None, "tombstone"),
    "empty value": (b"", "tombstone"),
    "year 9999": (article(id="k", text=GOOD + " Das gilt bis zum 31. Dezember 9999, also morgen.",
                          published_at="9999-12-31T23:59:59Z"), "classified"),
    "year 10000 in UTC": (article(id="o", text=GOOD, published_at="9999-12-31T23:59:59-14:00"), "schema"),
    "year 1": (article(id="f", text=GOOD + " Das war vorgestern.", published_at="0001-01-01T00:00:00Z"), "classified"),
    "one long word": (article(id="h", text="Siemens" + "x" * 100_000), "classified"),
    "one long word without spaces": (article(id="g", text="買収" * 2_500), "classified"),
    "missing id": (article(title="Ohne Namen", text=GOOD), "classified"),
    "duplicate id": (article(id="twice", text=GOOD), "classified"),
    "duplicate id, other content": (article(id="twice", text=GOOD.replace("20", "30")), "classified"),
    "good again": (article(id="good2", text=GOOD), "classified"),
}  # fmt: skip


def test_every_bad_input_ends_where_it_should(
    kafka: Broker, tmp_path: Path, topic_prefix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    # So many bad ones would stop a worker that minds its dead-letter rate; a busy machine is no reason for a time-out.
    settings = plain(
        kafka, topic_prefix=topic_prefix, slot="bad-0", workers=1, dead_letter_rate=1.0, document_seconds=120.0
    )
    road = Road.make(kafka, settings)
    road.publish({name: value for name, (value, _) in INPUTS.items()})
    worker = WorkerProcess(tmp_path, settings, command=("-m", "pipeline.cli.main", "worker"))
    road.wait_until_done(worker, seconds=400)
    assert worker.stop() == 0

    place_of = {message.trace: (message.key or b"").decode() for message in road.read("news.articles.raw")}
    closed = {place_of[_trace(m)]: m for m in road.read("news.articles.classified")}
    letters = {
        place_of[_trace(m)]: m
        for m in road.read(*(f"news.deadletters.{s}" for s in ("language", "entities", "events")))
    }
    ends = dict.fromkeys(closed, "classified") | {name: header(m.headers, "ew_code") for name, m in letters.items()}
    assert ends == {name: end for name, (_, end) in INPUTS.items()}
    assert not closed.keys() & letters.keys()

    for name, letter in letters.items():
        assert letter.value == INPUTS[name][0], "the original bytes"
        assert letter.key == name.encode()
        assert header(letter.headers, "ew_error"), name
    records = {name: orjson.loads(message.value or b"") for name, message in closed.items()}
    assert records["NUL in a string"]["text"] == GOOD
    assert len(records["missing id"]["id"]) == 64
    assert records["duplicate id"]["id"] == records["duplicate id, other content"]["id"] == "twice"
    assert records["duplicate id"]["text"] != records["duplicate id, other content"]["text"]
    assert records["year 9999"]["published_at"] == "9999-12-31T23:59:59.000Z"
    assert len(records["one long word"]["text"]) == 100_007

    capsys.readouterr()
    assert cli.run(["audit", "--format", "json", "--brokers", kafka.bootstrap, "--topic-prefix", topic_prefix]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["complete"] is True
    assert report["raw"] == len(INPUTS)
    assert report["classified"] == sum(end == "classified" for _, end in INPUTS.values())
    assert report["in_flight"] == 0


def _trace(message: Message) -> str:
    return header(message.headers, "ew_trace") or ""
