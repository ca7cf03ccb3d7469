from typing import Any

import orjson
import pytest

from pipeline.errors import Code, InvalidInput
from pipeline.records import ClassifiedArticle, from_json
from pipeline.settings import Settings
from pipeline.streams import codec, processor
from pipeline.streams.dead_letters import read_dead_letter
from pipeline.streams.message import Message, Outcome, Output
from pipeline.streams.processor import Processor
from pipeline.streams.schemas import compile_schema, load_schemas
from pipeline.streams.topics import load_topics, validate
from tests import fake_stages as fake


@pytest.fixture(scope="module")
def road() -> Processor:
    return Processor(fake.fake_steps(), Settings(), clock=fake.noon)


def letter(outcome: Outcome) -> Any:
    (output,) = outcome.outputs
    return read_dead_letter(as_message(output))


def as_message(output: Output, offset: int = 0) -> Message:
    return Message(
        topic=output.topic,
        partition=0,
        offset=offset,
        key=output.key,
        value=output.value,
        headers=output.headers,
        timestamp=1_700_000_100_000,
    )


def test_the_whole_road(road: Processor) -> None:
    outcome = road.process(fake.raw("Firma KAUFT und KAUFT", id="a1", metadata={"n": 2**63}, offset=12))
    assert [output.topic for output in outcome.outputs] == [
        "news.articles.language",
        "news.articles.entities",
        "news.events.deal",
        "news.events.deal",
        "news.articles.classified",
    ]
    assert (outcome.stage, outcome.result, outcome.events, outcome.dead) == ("events", "classified", 2, False)
    assert set(outcome.seconds) == {"language", "entities", "events"}
    language, _, first, second, classified = map(fake.data, outcome.outputs)
    assert language["metadata"] == {"n": 2**63}
    assert language["ingested_at"] == "2023-11-14T22:13:20.000Z"  # the message's time
    assert language["produced_at"] == first["produced_at"] == "2026-01-02T12:00:00.123Z"
    assert first["trace"] == "news.articles.raw/3/12"
    assert first["event_id"] != second["event_id"]
    assert [event["event_id"] for event in classified["events"]] == [first["event_id"], second["event_id"]]
    assert "trace" not in classified["events"][0]  # article records don't say where they were read
    assert from_json(ClassifiedArticle, classified).events[0].event_class == "deal"
    assert [output.key for output in outcome.outputs] == [b"a1", b"a1", b"org:firma", b"org:firma", b"a1"]
    for output in outcome.outputs:
        validate(output.topic, fake.data(output))


def test_headers_follow_their_schema_and_repeat_exactly(road: Processor) -> None:
    check = compile_schema(load_schemas()["cloudevents-headers.v1.json"])
    message = fake.raw("Firma KAUFT", id="ä")
    outcome = road.process(message)
    for output in outcome.outputs:
        check.validate({name: value.decode() for name, value in output.headers})
    types = [codec.header(output.headers, "ce_type") for output in outcome.outputs]
    assert types == [
        "eventwire.articles.language.v1",
        "eventwire.articles.entities.v1",
        "eventwire.events.deal.acquisition.v1",
        "eventwire.articles.classified.v1",
    ]
    later = Processor(fake.fake_steps(), Settings())  # the real clock
    ids = [codec.header(output.headers, "ce_id") for output in outcome.outputs]
    assert [codec.header(output.headers, "ce_id") for output in later.process(message).outputs] == ids
    other = road.process(fake.raw("Eine Firma KAUFT", id="ä"))
    assert not set(ids) & {codec.header(output.headers, "ce_id") for output in other.outputs}
    assert road.process(message).outputs == outcome.outputs


def test_segments_write_what_the_whole_road_writes(road: Processor) -> None:
    message = fake.raw("Firma KAUFT", id="a1", offset=5)
    whole = road.process(message).outputs
    parts: list[Output] = []
    for name in ("language", "entities", "events"):
        alone = Processor(fake.fake_steps([name]), Settings(), clock=fake.noon)
        outcome = alone.process(message)
        assert outcome.result == {"events": "classified"}.get(name, name)
        assert outcome.stage == name
        parts += outcome.outputs
        message = as_message(outcome.outputs[-1], offset=99)
    assert parts == list(whole)


def test_the_senders_time_counts_and_a_wrong_one_does_not(road: Processor) -> None:
    message = fake.message(b'{"text": "a"}', headers=(("ce_time", b"2020-05-05T05:05:05+02:00"),))
    assert fake.data(road.process(message).outputs[0])["ingested_at"] == "2020-05-05T03:05:05.000Z"
    message = fake.message(b'{"text": "a"}', headers=(("ce_time", b"gestern"),), timestamp=-1)
    assert fake.data(road.process(message).outputs[0])["ingested_at"] == "2026-01-02T12:00:00.123Z"


def test_a_redriven_raw_message_is_traced_by_where_it_stands_now(road: Processor) -> None:
    message = fake.message(b'{"text": "a"}', offset=8, headers=(("ew_trace", b"news.articles.raw/0/1"),))
    assert codec.header(road.process(message).outputs[0].headers, "ew_trace") == "news.articles.raw/3/8"


def test_topic_prefix() -> None:
    road = Processor(fake.fake_steps(), Settings(topic_prefix="replay.r1."), clock=fake.noon)
    assert {output.topic for output in road.process(fake.raw("a")).outputs} == {
        "replay.r1.news.articles.language",
        "replay.r1.news.articles.entities",
        "replay.r1.news.articles.classified",
    }
    assert road.process(fake.message(None)).outputs[0].topic == "replay.r1.news.deadletters.language"


@pytest.mark.parametrize(
    ("value", "code", "stage", "reason"),
    [
        (None, "tombstone", "language", "no value"),
        (b"kein JSON", "not_json", "language", "not JSON"),
        (b"[]", "schema", "language", "at the top"),
        (b'{"text": 3}', "schema", "language", "at text"),
        (b'{"text": "a", "published_at": "gestern"}', "schema", "language", "at published_at"),
        (b'{"text": ""}', "empty_text", "language", "neither"),
        (b'{"text": "WIRF"}', "internal", "entities", "unexpected ValueError: geworfen"),
    ],
)
def test_dead_letters(road: Processor, value: bytes | None, code: str, stage: str, reason: str) -> None:
    message = fake.message(value, offset=4, headers=(("x", b"\xff"), ("ce_id", b"theirs")))
    outcome = road.process(message)
    (output,) = outcome.outputs
    assert outcome.dead
    assert (outcome.stage, outcome.result) == (stage, code)
    assert output.topic == f"news.deadletters.{stage}"
    assert (output.key, output.value) == (message.key, message.value)
    assert output.headers[:2] == message.headers
    ours = {name: text.decode() for name, text in output.headers if name.startswith("ew_")}
    compile_schema(load_schemas()["dead-letter-headers.v1.json"]).validate(ours)
    assert reason in ours["ew_error"]
    assert ours["ew_code"] == code
    assert (ours["ew_source_topic"], ours["ew_source_partition"], ours["ew_source_offset"]) == (
        "news.articles.raw",
        "3",
        "4",
    )
    assert (ours["ew_attempts"], ours["ew_first_seen"]) == ("1", "2023-11-14T22:13:20.000Z")
    assert ours["ew_trace"] == "news.articles.raw/3/4"


def test_an_internal_error_names_its_place(road: Processor) -> None:
    error = letter(road.process(fake.raw("WIRF"))).error
    assert "fake_stages.py:" in error
    assert "please report it" in error


def test_a_redriven_dead_letter_counts_on(road: Processor) -> None:
    first = letter(road.process(fake.raw("WIRF")))
    again = first.redriven()
    assert again.topic == "news.articles.raw"
    message = fake.message(again.value, headers=again.headers, timestamp=1_800_000_000_000, offset=9)
    second = letter(road.process(message))
    assert (second.attempts, second.first_seen, second.source_offset) == (2, first.first_seen, 9)
    assert [n for n, _ in second.message.headers].count("ew_code") == 1


def test_on_stage_names_who_works(road: Processor) -> None:
    seen: list[str] = []
    road.process(fake.raw("a"), on_stage=seen.append)
    assert seen == ["language", "entities", "events"]


def test_a_stage_that_breaks_its_schema_writes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Liar(fake.FakeEntities):
        def run(self, records: Any) -> Any:
            (record,) = super().run(records)
            object.__setattr__(record, "sentences", ((-1, 3),))
            return [record]

    steps = (fake.step("entities", lambda settings: Liar()),)
    language = Processor(fake.fake_steps(["language"]), Settings()).process(fake.raw("a")).outputs[0]
    outcome = Processor(steps, Settings()).process(as_message(language))
    assert letter(outcome).code == "internal"
    assert "broke the schema of news.articles.entities" in letter(outcome).error


def test_a_stage_that_returns_too_much_is_our_error() -> None:
    class Twice(fake.FakeLanguage):
        def run(self, records: Any) -> Any:
            return super().run(records) * 2

    outcome = Processor((fake.step("language", lambda settings: Twice()),), Settings()).process(fake.raw("a"))
    assert letter(outcome).code == "internal"


def test_a_record_that_its_topic_does_not_take_is_a_dead_letter(road: Processor) -> None:
    limit = load_topics()["news.articles.language"].max_message_bytes
    outcome = road.process(fake.raw("x" * limit))
    assert letter(outcome).code == "too_large"


def test_never_raises_whatever_a_stage_returns() -> None:
    for returned in ([], [None], [InvalidInput(Code.BAD_TEXT, "")], None):

        class Odd:
            name = "language"

            def run(self, records: Any, returned: Any = returned) -> Any:
                return returned

        outcome = Processor((fake.step("language", lambda settings, odd=Odd: odd()),), Settings()).process(
            fake.raw("a")
        )
        assert outcome.dead
        assert letter(outcome).error


def test_a_hostile_reason_does_not_stop_the_dead_letter(road: Processor) -> None:
    outcome = road.process(fake.message(orjson.dumps({"text": 1, "metadata": "\x1b[31m" + "x" * 5000})))
    assert len(letter(outcome).error) <= 1000


def test_the_default_clock_is_utc() -> None:
    assert processor.utc_now().utcoffset().total_seconds() == 0  # type: ignore[union-attr]
