"""The AsyncAPI document: valid by AsyncAPI's own parser, its schemas and examples by a JSON Schema validator.

The parser accepts broken payload schemas and wrong examples: both are checked here too.
"""

import copy
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from pipeline import flow
from pipeline.streams.asyncapi import as_yaml, asyncapi
from pipeline.streams.topics import load_topics
from tests.npm import installed

HERE = Path(__file__).resolve().parent / "asyncapi"
DOCUMENT = asyncapi()
MESSAGES = DOCUMENT["components"]["messages"]

Verdict = dict[str, Any]


@pytest.fixture(scope="module")
def parser() -> Callable[[str], Verdict]:
    """AsyncAPI's parser, installed once below `.cache/` from the lock file."""
    folder = installed("asyncapi", HERE, extra=["check.js"])

    def parse(document: str) -> Verdict:
        done = subprocess.run(
            ["node", "check.js"], cwd=folder, input=document, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        verdict: Verdict = json.loads(done.stdout)
        return verdict

    return parse


def complaints(verdict: Verdict) -> list[str]:
    """Errors, warnings and hints, but for the advice to use version 3.1 of AsyncAPI, which tools don't read yet."""
    return [
        f"{problem['path']}: {problem['message']}"
        for problem in verdict["problems"]
        if not (problem["path"] == "asyncapi" and problem["severity"] == 2)
    ]


def test_asyncapis_own_parser_accepts_the_document(parser: Callable[[str], Verdict]) -> None:
    verdict = parser(as_yaml(DOCUMENT))
    assert verdict["valid"]
    assert complaints(verdict) == []


def test_so_it_does_with_a_prefix_and_a_secured_cluster(parser: Callable[[str], Verdict]) -> None:
    verdict = parser(json.dumps(asyncapi(brokers="a:9093,b:9093", security_protocol="SASL_SSL", prefix="replay.r1.")))
    assert (verdict["valid"], complaints(verdict)) == (True, [])


def test_the_parser_would_find_an_error(parser: Callable[[str], Verdict]) -> None:
    """Else the tests above would prove nothing."""
    broken = copy.deepcopy(DOCUMENT)
    broken["channels"]["news.events.deal"]["bindings"]["kafka"]["partitions"] = "many"
    broken["operations"]["events-send-news.events.deal"] = {"action": "publish"}
    verdict = parser(json.dumps(broken))
    assert not verdict["valid"]
    assert any("partitions" in complaint for complaint in complaints(verdict))


def test_yaml_and_json_say_the_same() -> None:
    assert yaml.safe_load(as_yaml(DOCUMENT)) == json.loads(json.dumps(DOCUMENT)) == DOCUMENT


def test_the_document_needs_no_file_beside_it() -> None:
    def references(node: Any) -> list[str]:
        if isinstance(node, list):
            return [found for item in node for found in references(item)]
        if isinstance(node, dict):
            own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            return own + [found for item in node.values() for found in references(item)]
        return []

    found = references(DOCUMENT)
    assert found
    for reference in found:
        target: Any = DOCUMENT
        assert reference.startswith("#/")
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]


def test_every_topic_is_a_channel_with_its_settings() -> None:
    topics = load_topics()
    assert set(DOCUMENT["channels"]) == set(topics)
    for name, topic in topics.items():
        binding = DOCUMENT["channels"][name]["bindings"]["kafka"]
        assert binding["partitions"] == topic.partitions
        assert binding["topicConfiguration"]["retention.ms"] == topic.retention_ms
    prefixed = asyncapi(prefix="replay.r1.")["channels"]["news.events.deal"]
    assert prefixed["address"] == prefixed["bindings"]["kafka"]["topic"] == "replay.r1.news.events.deal"


def test_every_stage_receives_and_sends_what_the_flow_says() -> None:
    operations = set(DOCUMENT["operations"])
    for step in flow.FLOW:
        assert f"{step.name}-receives-{step.reads}" in operations
        assert {f"{step.name}-sends-{step.writes}", f"{step.name}-sends-{step.dead_letters}"} <= operations
    assert len(operations) == 3 * len(flow.FLOW) + 12


@pytest.mark.parametrize("name", DOCUMENT["components"]["schemas"])
@pytest.mark.parametrize("draft", [jsonschema_rs.Draft7Validator, jsonschema_rs.Draft202012Validator])
def test_a_schema_means_the_same_to_old_and_new_validators(name: str, draft: Any) -> None:
    """AsyncAPI reads schemas as draft-07 with extensions; ours are written in 2020-12."""
    schema = DOCUMENT["components"]["schemas"][name]
    draft(schema, validate_formats=True, offline=True)
    for value in schema.get("examples", []):
        draft(schema, validate_formats=True, offline=True).validate(value)


@pytest.mark.parametrize("name", MESSAGES)
def test_examples_are_valid_and_payloads_are_checked(name: str) -> None:
    message = MESSAGES[name]
    payload = validator(message["payload"])
    assert message["examples"]
    for shown in message["examples"]:
        payload.validate(shown["payload"])
        if "headers" in shown:
            validator(message["headers"]).validate(shown["headers"])
    if name.startswith("news.deadletters."):
        assert all("headers" in shown for shown in message["examples"])
    else:
        assert not payload.is_valid({"class": 5, "id": 5})


def test_an_event_channel_takes_its_own_class_only() -> None:
    deal = MESSAGES["news.events.deal"]["examples"][0]["payload"]
    assert validator(MESSAGES["news.events.deal"]["payload"]).is_valid(deal)
    assert not validator(MESSAGES["news.events.macro"]["payload"]).is_valid(deal)


def validator(schema: dict[str, Any]) -> Any:
    whole = {**schema, "components": DOCUMENT["components"]}
    return jsonschema_rs.Draft7Validator(whole, validate_formats=True, offline=True)
