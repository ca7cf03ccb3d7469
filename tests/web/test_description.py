"""The API against its own description: every answer is one that it describes, whatever is asked."""

import orjson
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.specs.openapi.checks import positive_data_acceptance

from pipeline.streams.topics import example, find_topic
from pipeline.web.description import description
from pipeline.web.intake import DeadCount
from pipeline.web.source import GroupLag
from pipeline.web.workers import Workers
from tests.web.news import Given, app_of, event


def given() -> Given:
    source = Given(*(event(number) for number in range(30)), event(3, action="delete"), event(40, "legal.crime"))
    topic = find_topic("news.articles.classified")
    source.articles = {"0": example(topic, topic.examples[0])}
    source.groups = [GroupLag(name="eventwire-language-events", topic="news.articles.raw", messages=3, state="Stable")]
    source.intake.dead[("language", "not_json")] = DeadCount(2, 1_790_000_000_000)
    source.intake.seconds.extend([0.5, 1.5])
    return source


def workers() -> Workers:
    known = Workers()
    known.group("g", ["a", "b"], waiting=0, committed={})
    known.group("g", ["a"], waiting=0, committed={})
    return known


APP = app_of(given(), workers=workers())
schema = schemathesis.openapi.from_dict(
    orjson.loads(orjson.dumps(description())),
    config=SchemathesisConfig(
        projects=ProjectsConfig(default=ProjectConfig(generation=GenerationConfig(max_examples=8, deterministic=True)))
    ),
)
schema.app = APP
schema.config.update(base_url="http://127.0.0.1/")


@schema.exclude(path="/events/stream").parametrize()
@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_every_answer_is_described(case: schemathesis.Case) -> None:
    # Not every text is a class, a type, a time: what the description allows may be a 400 that names the nearest.
    case.call_and_validate(excluded_checks=[positive_data_acceptance])
