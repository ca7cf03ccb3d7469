"""The linter of `topics/`: every file, key, name, size and example is as it must be, and nothing is left over."""

import contextlib
import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pipeline import flow
from pipeline.errors import Code, InvalidInput, SettingsError
from pipeline.streams import topics as module
from pipeline.streams.schemas import compile_schema, load_schemas
from pipeline.streams.topics import OUTSIDE, Topic, example, find_topic, load_topics, validate
from tests.conftest import ROOT

FOLDER = ROOT / "topics"
TOPICS = load_topics()
STAGES = [step.name for step in flow.FLOW]
EVENTS = {name: topic for name, topic in TOPICS.items() if name.startswith("news.events.")}
DEAD = {name: topic for name, topic in TOPICS.items() if name.startswith("news.deadletters.")}
ARTICLES = {name: topic for name, topic in TOPICS.items() if name.startswith("news.articles.")}
EXAMPLES = [(topic, name) for topic in TOPICS.values() for name in topic.examples]
MIB = 1 << 20


def taxonomy() -> list[str]:
    data = yaml.safe_load((ROOT / "pipeline" / "events" / "taxonomy.yaml").read_text("utf-8"))
    return [entry["type"] for entry in data["types"]]


@pytest.mark.parametrize("name", TOPICS)
def test_a_topic_file_has_only_known_keys_and_allowed_values(name: str) -> None:
    linter = json.loads((FOLDER / "topic.schema.json").read_text("utf-8"))
    jsonschema_rs.meta.validate(linter)
    validator = jsonschema_rs.Draft202012Validator(linter, offline=True)
    data = yaml.safe_load((FOLDER / f"{name}.yaml").read_text("utf-8"))
    validator.validate(data)
    assert not validator.is_valid({**data, "retention_days": 3})
    assert set(linter["properties"]) == module._KEYS, "the linter and the reader know other keys"


def test_there_are_nineteen_topics() -> None:
    assert len(TOPICS) == 19 == len(ARTICLES) + len(EVENTS) + len(DEAD)


@pytest.mark.parametrize("name", TOPICS)
def test_a_name_has_letters_and_dots_only(name: str) -> None:
    """Kafka's metrics can't tell `.` from `_`: `a.b` and `a_b` would collide."""
    assert re.fullmatch(r"news\.(articles|events|deadletters)\.[a-z]+", name)


def test_event_topics_are_the_classes_of_the_taxonomy() -> None:
    classes = {kind.partition(".")[0] for kind in taxonomy()}
    assert set(EVENTS) == {f"news.events.{name}" for name in classes}
    assert all(topic.event_class == name.rpartition(".")[2] for name, topic in EVENTS.items())
    assert all(topic.event_class is None for name, topic in TOPICS.items() if name not in EVENTS)
    assert len({topic.schema_file for topic in EVENTS.values()}) == 1


def test_the_event_schema_has_the_classes_and_types_of_the_taxonomy() -> None:
    properties = load_schemas()["news-event.v1.json"]["properties"]
    assert properties["type"]["examples"] == taxonomy()  # users may have types of their own: no closed list
    assert all(re.fullmatch(properties["type"]["pattern"], kind) for kind in taxonomy())
    assert properties["class"]["enum"] == list(dict.fromkeys(kind.partition(".")[0] for kind in taxonomy()))


def test_topics_are_those_of_the_flow() -> None:
    for step in flow.FLOW:
        assert step.name in TOPICS[step.reads].consumers
        assert step.name in TOPICS[step.writes].producers
        assert TOPICS[step.dead_letters].producers == (step.name,)
    assert set(ARTICLES) == {step.reads for step in flow.FLOW} | {step.writes for step in flow.FLOW}
    assert set(DEAD) == {step.dead_letters for step in flow.FLOW}
    assert all(topic.producers == (STAGES[-1],) for topic in EVENTS.values())


@pytest.mark.parametrize("name", TOPICS)
def test_parties_are_stages_or_outside(name: str) -> None:
    topic = TOPICS[name]
    assert set(topic.producers) | set(topic.consumers) <= {*STAGES, OUTSIDE}
    assert (ROOT / "pipeline" / topic.owner).is_dir()
    reads = {step.name for step in flow.FLOW if step.reads == name}
    writes = {step.name for step in flow.FLOW if name in (step.writes, step.dead_letters)}
    assert set(topic.consumers) - {OUTSIDE} == reads
    assert set(topic.producers) - {OUTSIDE} == (writes or ({STAGES[-1]} if name in EVENTS else set()))


@pytest.mark.parametrize("name", TOPICS)
def test_sizes_and_numbers(name: str) -> None:
    topic = TOPICS[name]
    assert topic.max_message_bytes == (1 if name in EVENTS else 9 if name in DEAD else 8) * MIB
    assert topic.partitions == (12 if name in ARTICLES else 6 if name in EVENTS else 3)
    assert topic.replication == 3
    assert topic.cleanup_policy == ("compact,delete" if name == "news.articles.classified" else "delete")
    assert topic.retention_ms in {days * 86_400_000 for days in (7, 30, 90)}


def test_the_ledger_keeps_every_record_for_longer_than_there_are_raw_messages() -> None:
    """Kafka deletes whole segments, a week old by default: raw messages stay for so long after their time."""
    week = 7 * 86_400_000
    for name, topic in TOPICS.items():
        assert (topic.compaction_lag_ms is not None) == ("compact" in topic.cleanup_policy)
        if topic.compaction_lag_ms is not None:
            assert topic.key == "article id", "without a key, Kafka refuses what is to be compacted"
            assert TOPICS["news.articles.raw"].retention_ms + week < topic.compaction_lag_ms < topic.retention_ms, name


def test_dead_letters_are_kept_as_long_as_what_they_come_from_and_can_be_redriven() -> None:
    for step in flow.FLOW:
        assert TOPICS[step.dead_letters].retention_ms >= TOPICS[step.reads].retention_ms
        assert TOPICS[step.dead_letters].max_message_bytes > TOPICS[step.reads].max_message_bytes  # headers


@pytest.mark.parametrize("name", TOPICS)
def test_schemas_fit_what_the_topic_carries(name: str) -> None:
    topic = TOPICS[name]
    if name in DEAD:
        assert (topic.schema, topic.dataschema, topic.headers) == (None, None, "dead-letter-headers")
        assert topic.key == "the original's"
        return
    assert topic.schema_file in load_schemas()
    assert topic.dataschema == f"urn:eventwire:schema:{topic.schema}:v1"
    assert topic.headers == (None if topic.producers == (OUTSIDE,) else "cloudevents-headers")
    from dataclasses import fields

    for step in flow.FLOW:
        if step.reads == name:  # the record a step reads has the fields of its topic's schema
            from pipeline.streams.schemas import inlined

            assert topic.schema_file is not None
            assert {f.name for f in fields(step.record)} == set(inlined(topic.schema_file)["properties"])


def test_no_file_is_left_over() -> None:
    used = {FOLDER / "README.md", FOLDER / "topic.schema.json"}
    used |= {FOLDER / f"{name}.yaml" for name in TOPICS}
    used |= {FOLDER / "examples" / topic.name / name for topic, name in EXAMPLES}
    used |= {FOLDER / "schemas" / name for name in load_schemas()}
    assert {path for path in FOLDER.rglob("*") if path.is_file()} == used


def test_no_schema_is_left_over() -> None:
    used = {file for topic in TOPICS.values() for file in (topic.schema_file, topic.headers_file) if file}
    text = json.dumps([load_schemas()[name] for name in used])
    assert set(load_schemas()) - used == {"values.v1.json"}
    definitions = load_schemas()["values.v1.json"]["$defs"]
    everything = json.dumps(list(load_schemas().values()))
    assert [name for name in definitions if f"values.v1.json#/$defs/{name}" not in everything] == []
    assert "values.v1.json#" in text


@pytest.mark.parametrize(("topic", "name"), EXAMPLES, ids=lambda value: getattr(value, "name", value))
def test_an_example_is_valid(topic: Topic, name: str) -> None:
    value = orjson.loads(example(topic, name))
    assert topic.headers_file or topic.schema_file
    if topic.name in DEAD:
        assert set(value) == {"key", "value", "headers"}
        assert all(isinstance(text, str) for text in value["headers"].values())
        compile_schema({"$ref": topic.headers_file}).validate(value["headers"])
        assert value["headers"]["ew_stage"] == topic.producers[0]
        (step,) = (step for step in flow.FLOW if step.name == topic.producers[0])
        assert value["headers"]["ew_source_topic"] == step.reads
        return
    validate(topic.name, value)
    assert len(orjson.dumps(value)) < topic.max_message_bytes


@pytest.mark.parametrize(("topic", "name"), EXAMPLES, ids=lambda value: getattr(value, "name", value))
def test_offsets_in_examples_are_true(topic: Topic, name: str) -> None:
    """`text[start:end] == text` for every span of an article example."""
    value = orjson.loads(example(topic, name))
    if topic.name in ARTICLES:
        value.pop("revision", None)  # whose events are those of an earlier text
    spans = list(_spans(value)) if topic.name not in DEAD else []
    for span in spans:
        assert span["end"] - span["start"] == len(span["text"]), span
        if topic.name in ARTICLES:
            assert value["text"][span["start"] : span["end"]] == span["text"], span
    assert spans or topic.name in DEAD or topic.name in ARTICLES


def _spans(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, list):
        return [span for item in value for span in _spans(item)]
    if isinstance(value, dict):
        own = [value] if {"start", "end", "text"} <= set(value) else []
        return own + [span for item in value.values() for span in _spans(item)]
    return []


def test_examples_of_events_have_roles_of_the_taxonomy() -> None:
    data = yaml.safe_load((ROOT / "pipeline" / "events" / "taxonomy.yaml").read_text("utf-8"))
    roles = {entry["type"]: set(entry["roles"]) for entry in data["types"]}
    for topic, name in EXAMPLES:
        if topic.name in EVENTS:
            event = orjson.loads(example(topic, name))
            assert {participant["role"] for participant in event["participants"]} <= roles[event["type"]], name


def test_an_event_topic_takes_its_own_class_only() -> None:
    deal = orjson.loads(example(TOPICS["news.events.deal"], "acquisition.json"))
    with pytest.raises(InvalidInput) as caught:
        validate("news.events.macro", deal)
    assert caught.value.code is Code.SCHEMA
    assert str(caught.value) == 'at class: "deal" is not "macro"'


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"source": {"country": "Germany"}}, 'at source.country: "Germany" does not match ^[A-Z]{2}$'),
        ({"action": "remove"}, 'at action: "remove" is none of "add", "update", "delete"'),
        (["a"], "at the top: ['a'] is not of type object"),
        ({"published_at": "now"}, 'at published_at: "now" is not a date-time (RFC 3339, such as 2025-09-24T08:30:00Z)'),
        ({"action": "delete"}, "at the top: 'url' is missing"),
        ({"id": ""}, 'at id: "" is shorter than 1 character'),
        ({"text": 5}, "at text: 5 is not of type null or string"),
    ],
)  # fmt: skip
def test_an_error_says_where_and_what(value: Any, text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        validate("news.articles.raw", value)
    assert (caught.value.code, str(caught.value)) == (Code.SCHEMA, text)


def test_an_error_stays_short_whatever_the_value() -> None:
    endless = {"id": "x" * 3000, "action": "y" * 10_000, "language": "z" * 10_000, "source": ["s" * 10_000], "text": {}}
    with pytest.raises(InvalidInput) as caught:
        validate("news.articles.raw", endless)
    assert len(str(caught.value)) < 1000
    assert str(caught.value).endswith("; and 2 more")


def test_raw_articles_may_have_null_and_unknown_fields() -> None:
    optional = {name for name in load_schemas()["raw-article.v1.json"]["properties"] if name != "action"}
    validate("news.articles.raw", {**dict.fromkeys(optional), "yours": {"a": [1]}, "source": {"yours": 1}})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(
    value=st.one_of(
        JSON, st.dictionaries(st.sampled_from(["id", "action", "source", "text", "published_at", "metadata"]), JSON)
    )
)
def test_any_value_is_either_valid_or_invalid_input(value: Any) -> None:
    for name in ("news.articles.raw", "news.events.deal"):
        with contextlib.suppress(InvalidInput):  # anything else fails the test
            validate(name, value)


def test_a_dead_letter_topic_takes_anything() -> None:
    validate("news.deadletters.events", object())


def test_an_unknown_topic_is_an_error_with_the_nearest_names() -> None:
    with pytest.raises(SettingsError, match=r"no topic 'news\.event\.deals'.*news\.events\.deal"):
        find_topic("news.event.deals")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"retention_days": 3}, "unknown keys: retention_days"),
        ({"owner": None}, "lacks the key 'owner'"),
        ({"retention": "long"}, "wrong kind"),
        ({"schema": "news-event"}, "wrong kind"),
    ],
)
def test_a_wrong_topic_file_is_named(
    change: dict[str, Any], text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = {**yaml.safe_load((FOLDER / "news.events.deal.yaml").read_text("utf-8")), **change}
    (tmp_path / "news.events.deal.yaml").write_text(
        yaml.safe_dump({key: value for key, value in data.items() if value is not None})
    )
    monkeypatch.setattr(module, "topics_folder", lambda: tmp_path)
    with pytest.raises(SettingsError, match=text) as caught:
        module._load("news.events.deal.yaml")
    assert "topics/news.events.deal.yaml" in str(caught.value)
