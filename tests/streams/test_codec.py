import base64
from datetime import datetime, timedelta, timezone

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import Code, InvalidInput
from pipeline.settings import Settings
from pipeline.streams import codec
from pipeline.streams.dead_letters import dead_letter, read_dead_letter
from pipeline.streams.message import Message, Output
from pipeline.streams.processor import Processor
from tests import fake_stages as fake


def test_a_record_line_is_a_cloudevent_and_reads_back() -> None:
    outcome = Processor(fake.fake_steps(), Settings(), clock=fake.noon).process(fake.raw("Firma KAUFT", id="a1"))
    for output in outcome.outputs:
        line = codec.structured_line(output)
        assert line.endswith(b"\n")
        assert line.count(b"\n") == 1
        event = orjson.loads(line)
        assert event["specversion"] == "1.0"
        assert event["data"] == orjson.loads(output.value or b"")
        assert event["partitionkey"] == (output.key or b"").decode()
        assert event["ewtrace"] == "news.articles.raw/3/0"
        assert all(name.isalnum() and name.islower() for name in event if name != "data_base64")  # CloudEvents' rule
        back = codec.read_structured(line)
        assert (back.topic, back.key, back.value, back.headers) == (
            output.topic,
            output.key,
            output.value,
            output.headers,
        )
        assert back.timestamp == int(fake.NOON.timestamp() * 1000)


headers = st.lists(
    st.tuples(st.text(min_size=1).filter(lambda n: not n.startswith("ew_")), st.binary(max_size=20)), max_size=4
).map(tuple)


@given(
    value=st.none() | st.binary(max_size=60) | st.text().map(str.encode), key=st.none() | st.binary(), headers=headers
)
def test_a_dead_letter_keeps_every_byte(value: bytes | None, key: bytes | None, headers: codec.Headers) -> None:
    message = Message(
        topic="in.jsonl", partition=0, offset=7, key=key, value=value, headers=headers, timestamp=1_700_000_000_000
    )
    output = dead_letter(
        message, InvalidInput(Code.NOT_JSON, "so"), stage="language", trace=message.trace, now=fake.NOON
    )
    line = codec.structured_line(output)
    back = codec.read_structured(line, topic=output.topic, offset=4)
    assert (back.key, back.value, back.offset, back.topic) == (key, value, 4, output.topic)
    assert back.headers == output.headers
    letter = read_dead_letter(back)
    assert (letter.source_topic, letter.source_offset, letter.code) == ("in.jsonl", 7, "not_json")
    assert letter.redriven().headers[: len(headers)] == headers
    if value is not None:
        event = orjson.loads(line)
        kept = event["data"].encode() if "data" in event else base64.b64decode(event["data_base64"])
        assert kept == value


@pytest.mark.parametrize(
    "line", [b"", b"{}", b"[1]", b'{"specversion": "1.0"}', b"\xff", b'{"datacontenttype": 1, "data": 2}']
)
def test_a_foreign_line_is_rejected(line: bytes) -> None:
    with pytest.raises(InvalidInput, match="not a line that Eventwire wrote"):
        codec.read_structured(line)


def test_times_are_utc_milliseconds() -> None:
    moment = datetime(2026, 1, 1, 0, 30, 0, 999_999, tzinfo=timezone(timedelta(hours=1)))
    assert codec.timestamp_text(moment) == "2025-12-31T23:30:00.999Z"
    assert codec.milliseconds_text(0) == "1970-01-01T00:00:00.000Z"
    assert codec.milliseconds_text(-1) is None
    assert codec.milliseconds_text(2**62) is None


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000Z"),
        (b"2026-01-02T03:04:05.123456+01:00", "2026-01-02T02:04:05.123Z"),
        (b"2026-01-02T03:04:05", None),  # no zone: no time
        (b"0001-01-01T00:00:00+10:00", None),  # before the calendar begins
        (b"0999-12-31T00:00:00Z", "0999-12-31T00:00:00.000Z"),  # RFC 3339: four digits
        (b"soon", None),
        (b"\xff", None),
    ],
)
def test_header_time(raw: bytes, expected: str | None) -> None:
    assert codec.header_time((("ce_time", raw),), "ce_time") == expected


def test_digests_are_of_parts_not_of_their_sum() -> None:
    assert codec.digest(b"ab", b"c") != codec.digest(b"a", b"bc")
    assert len(codec.digest(b"")) == 32


def test_topic_of_type() -> None:
    assert codec.topic_of_type("eventwire.events.deal.acquisition.v1") == "news.events.deal"
    assert codec.topic_of_type("eventwire.articles.language.v1") == "news.articles.language"
    assert codec.topic_of_type("eventwire.deadletters.events.v1") == "news.deadletters.events"


def test_a_line_with_no_value() -> None:
    output = Output(topic="news.articles.raw", key=b"a", value=None, headers=(("content-type", codec.JSON),))
    assert "data" not in orjson.loads(codec.structured_line(output))
