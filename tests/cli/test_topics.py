import json

import pytest
import yaml

from pipeline.broker import admin
from pipeline.broker.admin import Created, Difference
from pipeline.cli import main as cli
from pipeline.settings import Settings
from pipeline.streams.topics import load_topics

Output = pytest.CaptureFixture[str]


def test_list_names_every_topic_in_full(capsys: Output) -> None:
    assert cli.run(["topics", "list"]) == 0
    shown = capsys.readouterr().out
    assert [name for name in load_topics() if f" {name} " not in shown] == []
    assert "30 days" in shown
    assert "8 MiB" in shown


def test_list_as_json(capsys: Output) -> None:
    assert cli.run(["topics", "list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [topic["name"] for topic in listed] == list(load_topics())


@pytest.mark.parametrize("name", load_topics())
def test_show(name: str, capsys: Output) -> None:
    assert cli.run(["topics", "show", name]) == 0
    shown = capsys.readouterr().out
    topic = load_topics()[name]
    assert topic.description in shown
    assert all(file_name in shown for file_name in topic.examples)


def test_show_as_json_has_schema_and_examples(capsys: Output) -> None:
    assert cli.run(["topics", "show", "news.events.deal", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["examples"]["acquisition.json"]["class"] == "deal"
    assert "event_id" in shown["value_schema"]["properties"]
    assert "ce_id" in shown["headers_schema"]["properties"]


def test_an_unknown_topic_is_one_line_with_the_nearest_names(capsys: Output) -> None:
    assert cli.run(["topics", "show", "news.event.deals"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: There is no topic 'news.event.deals'. Nearest: news.events.deal")
    assert error.count("\n") == 1


def test_asyncapi_as_yaml_and_json(capsys: Output) -> None:
    assert cli.run(["topics", "asyncapi", "--brokers", "kafka.example:9092", "--prefix", "p."]) == 0
    document = yaml.safe_load(capsys.readouterr().out)
    assert document["servers"]["kafka"]["host"] == "kafka.example:9092"
    assert document["channels"]["news.events.deal"]["address"] == "p.news.events.deal"
    assert cli.run(["topics", "asyncapi", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["asyncapi"] == "3.0.0"
    assert cli.run(["topics", "asyncapi", "--format", "xml"]) == 2
    assert "neither yaml nor json" in capsys.readouterr().err


def test_create_says_what_it_did_and_what_it_left(capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str, int | None, bool]] = []

    def create(settings: Settings, *, replication: int | None, grow: bool) -> Created:
        asked.append((settings.brokers, settings.topic_prefix, replication, grow))
        return Created(
            created=("p.a",),
            grown=(Difference(topic="p.b", what="partitions", declared="6", found="3"),),
            differences=(Difference(topic="p.c", what="replication", declared="3", found="1"),),
        )

    monkeypatch.setattr(admin, "create_topics", create)
    arguments = ["--brokers", "k:1", "--prefix", "p.", "--replication", "1", "--grow"]
    assert cli.run(["topics", "create", *arguments]) == 0
    assert asked == [("k:1", "p.", 1, True)]
    assert capsys.readouterr().out.splitlines() == [
        "created p.a",
        "grown p.b: partitions 3 -> 6",
        "left as it is: p.c: replication is 1, declared 3",
        "1 created, 1 settings grown, 1 differences left",
    ]


def test_check_is_1_with_a_readable_difference(capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    found = (
        Difference(topic="a", what="missing"),
        Difference(topic="b", what="partitions", declared="6", found="3"),
        Difference(topic="b", what="retention.ms", declared="2", found="1"),
    )
    monkeypatch.setattr(admin, "check_topics", lambda settings, replication: found)
    assert cli.run(["topics", "check"]) == 1
    shown = capsys.readouterr().out
    assert "a\n  missing\nb\n  - partitions: 6\n  + partitions: 3\n  - retention.ms: 2\n  + retention.ms: 1\n" in shown


def test_check_is_0_when_all_is_as_declared(capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin, "check_topics", lambda settings, replication: ())
    assert cli.run(["topics", "check", "--brokers", "k:1"]) == 0
    assert capsys.readouterr().out == "All 19 topics at k:1 are as declared.\n"


def test_no_kafka_is_one_line_and_exit_code_3(capsys: Output) -> None:
    assert cli.run(["topics", "check", "--brokers", "127.0.0.1:9"]) == 3
    error = capsys.readouterr().err
    assert "127.0.0.1:9" in error
    assert error.count("\n") == 1
