"""What every stage promises (`pipeline.stage.Stage`), asked of all three real ones over the same articles."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import pytest

from pipeline.errors import InvalidInput
from pipeline.flow import FLOW
from pipeline.records import ClassifiedArticle, EntitiesArticle, LanguageArticle, RawArticle, to_json
from pipeline.settings import Settings
from pipeline.streams.processor import Step
from pipeline.streams.topics import validate
from tests.contracts.articles import raw_articles

pytestmark = pytest.mark.model

RETURNS = {"language": LanguageArticle, "entities": EntitiesArticle, "events": ClassifiedArticle}
PASSED_ON = (
    *("id", "action", "url", "source", "title", "published_at", "fetched_at", "metadata", "text"),
    *("language", "boilerplate", "sentences", "entities", "amounts", "dates"),
)


@dataclass
class Bench:
    """One stage, the records it reads by name, and what it made of all of them in one call."""

    step: Step
    stage: Any
    records: dict[str, Any]
    outcomes: dict[str, Any]


@pytest.fixture(scope="session")
def benches() -> dict[str, Bench]:
    found: dict[str, Bench] = {}
    records: dict[str, Any] = dict(raw_articles())
    for step in FLOW:
        stage = step.load(Settings())
        outcomes = dict(zip(records, stage.run(list(records.values())), strict=True))
        found[step.name] = Bench(step, stage, records, outcomes)
        records = {name: outcome for name, outcome in outcomes.items() if not isinstance(outcome, InvalidInput)}
    return found


@pytest.fixture(params=[step.name for step in FLOW])
def bench(request: pytest.FixtureRequest, benches: dict[str, Bench]) -> Bench:
    return benches[request.param]


def made(bench: Bench) -> Iterator[tuple[str, Any]]:
    for name, outcome in bench.outcomes.items():
        if not isinstance(outcome, InvalidInput):
            yield name, outcome


def same(one: Any, other: Any) -> bool:
    if isinstance(one, InvalidInput):
        return isinstance(other, InvalidInput) and (one.code, one.reason) == (other.code, other.reason)
    return bool(one == other)


def test_one_outcome_a_record_of_the_stages_kind(bench: Bench) -> None:
    assert bench.stage.name == bench.step.name
    assert bench.stage.run([]) == []
    assert len(bench.outcomes) == len(bench.records)
    for name, outcome in bench.outcomes.items():
        assert type(outcome) in (RETURNS[bench.step.name], InvalidInput), name
    assert sum(1 for _ in made(bench)) >= len(bench.records) * 0.8


def test_it_is_deterministic_and_does_not_look_at_its_neighbours(bench: Bench) -> None:
    backwards = dict(reversed(bench.records.items()))
    again = dict(zip(backwards, bench.stage.run(list(backwards.values())), strict=True))
    for name, record in bench.records.items():
        assert same(again[name], bench.outcomes[name]), name
        (alone,) = bench.stage.run([record])
        assert same(alone, bench.outcomes[name]), name


def test_it_leaves_its_input_alone(bench: Bench) -> None:
    before = copy.deepcopy(bench.records)
    bench.stage.run(list(bench.records.values()))
    assert bench.records == before


def test_what_came_in_goes_on(bench: Bench) -> None:
    known = {f.name for f in fields(RETURNS[bench.step.name])}
    for name, outcome in made(bench):
        record = bench.records[name]
        if bench.step.name != "language":  # which cleans the text and normalises times
            for field in PASSED_ON:
                if hasattr(record, field) and field in known:
                    assert getattr(outcome, field) == getattr(record, field), (name, field)
        assert outcome.action == record.action
        assert outcome.id == (record.id or outcome.id)


def test_wall_clock_fields_are_not_its_business(bench: Bench) -> None:
    for name, outcome in made(bench):
        assert outcome.ingested_at is outcome.produced_at is None, name
        for event in getattr(outcome, "events", ()):
            assert event.ingested_at is event.produced_at is event.trace is None, name


def test_records_keep_to_the_schema_of_their_topic(bench: Bench) -> None:
    for name, outcome in made(bench):
        validate(bench.step.writes, to_json(outcome))
        for event in getattr(outcome, "events", ()):
            validate(f"news.events.{event.event_class}", to_json(event))
        assert getattr(outcome.models, bench.step.name), name


def test_every_offset_is_true(bench: Bench) -> None:
    checked = 0
    for name, outcome in made(bench):
        for part in parts(outcome):
            assert 0 <= part.start < part.end <= len(outcome.text), (name, part)
            if hasattr(part, "text"):
                assert outcome.text[part.start : part.end] == part.text, (name, part)
            checked += 1
        end = 0
        for start, stop in getattr(outcome, "sentences", ()):
            assert end <= start < stop <= len(outcome.text), name
            end = stop
    assert checked or bench.step.name == "language"


def parts(value: Any) -> Iterator[Any]:
    """Every value in a record that has a start and an end."""
    if isinstance(value, tuple):
        for item in value:
            yield from parts(item)
    elif is_dataclass(value):
        names = {f.name for f in fields(value)}
        if {"start", "end"} <= names:
            yield value
        for name in names:
            yield from parts(getattr(value, name))


def test_a_deletion_says_nothing_but_that(bench: Bench) -> None:
    deletions = [(name, outcome) for name, outcome in made(bench) if outcome.action == "delete"]
    assert len(deletions) >= 3
    for name, outcome in deletions:
        assert (outcome.text, outcome.language.code) == ("", "und"), name
        assert not any(getattr(outcome, field, ()) for field in ("sentences", "entities", "amounts", "dates", "events"))


def test_rejections_are_codes_with_reasons(bench: Bench) -> None:
    rejected = {name: o.code.value for name, o in bench.outcomes.items() if isinstance(o, InvalidInput)}
    assert all(o.reason for o in bench.outcomes.values() if isinstance(o, InvalidInput))
    if bench.step.name == "language":
        assert rejected.pop("only blanks") == "empty_text"
        assert rejected.pop("a title only", "empty_text") == "empty_text"
        assert rejected.pop("10,000 nested tags", "bad_html") in ("bad_html", "empty_text")
    assert rejected == {}


def test_a_word_of_100_000_characters(benches: dict[str, Bench]) -> None:
    record: Any = RawArticle(id="lang", text="Donaudampfschifffahrt" * 4762)
    for bench in benches.values():
        (record,) = bench.stage.run([record])
        assert not isinstance(record, InvalidInput)
    assert len(record.text) == 100_002
