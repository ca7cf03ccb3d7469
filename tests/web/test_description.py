"""The API against its own description: every answer is one that it describes, whatever is asked."""

import time
from collections.abc import Iterator

import httpx
import hypothesis
import orjson
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from pipeline.streams.topics import example, find_topic
from pipeline.web.description import description
from pipeline.web.intake import DeadCount
from pipeline.web.source import GroupLag
from pipeline.web.workers import Workers
from tests.web.news import Given, event, served


def given() -> Given:
    source = Given(*(event(number) for number in range(30)), event(3, action="delete"), event(40, "legal.crime"))
    topic = find_topic("news.articles.classified")
    source.articles = {"0": example(topic, topic.examples[0])}
    source.groups = [GroupLag(name="eventwire-language-events", topic="news.articles.raw", messages=3, state="Stable")]
    source.intake.dead[("language", "not_json")] = DeadCount(2, 1_790_000_000_000)
    source.intake.seconds.extend([(1_790_000_000_000, 0.5), (1_790_000_000_000, 1.5)])
    return source


def workers() -> Workers:
    known = Workers()
    known.group("g", ["a", "b"], waiting=0, committed={})
    known.group("g", ["a"], waiting=0, committed={})
    return known


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A server that has taken its first sample."""
    with served(given(), workers=workers()) as port:
        url = f"http://127.0.0.1:{port}"
        while not httpx.get(f"{url}/stats/history").json()["times"]:
            time.sleep(0.01)
        yield url


PATHS = [path for path in description()["paths"] if path != "/events/stream"]  # which never ends: test_stream.py


@pytest.mark.parametrize(
    ("path", "mode"),
    [*((path, GenerationMode.POSITIVE) for path in PATHS), *((path, GenerationMode.NEGATIVE) for path in PATHS[:1])],
)
def test_every_answer_is_described(path: str, mode: GenerationMode, address: str) -> None:
    schema = schemathesis.openapi.from_dict(orjson.loads(orjson.dumps(description())))
    schema.config.update(base_url=address)
    operation = schema[path]["GET"]

    @settings(max_examples=10, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: schemathesis.Case) -> None:
        # Not every text is a class, a type, a time: what the description allows may be a 400 that names the nearest.
        case.call_and_validate(excluded_checks=[positive_data_acceptance])

    ask()
