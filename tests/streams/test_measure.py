from typing import Any

from prometheus_client import REGISTRY

from pipeline.settings import Settings
from pipeline.streams.measure import measure
from pipeline.streams.processor import Processor
from tests import fake_stages as fake


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_each_outcome_is_counted_once_with_bounded_labels() -> None:
    names: list[tuple[str, dict[str, str], float]] = [
        ("eventwire_consumed_messages_total", {"topic": "news.articles.raw"}, 3),
        ("eventwire_outcomes_total", {"stage": "events", "outcome": "classified"}, 2),
        ("eventwire_outcomes_total", {"stage": "entities", "outcome": "internal"}, 1),
        ("eventwire_produced_messages_total", {"topic": "news.events.deal"}, 2),
        ("eventwire_produced_messages_total", {"topic": "news.articles.classified"}, 2),
        ("eventwire_events_total", {"event_class": "deal"}, 2),
        ("eventwire_articles_total", {"language": "de"}, 2),
        ("eventwire_dead_letters_total", {"stage": "entities", "code": "internal"}, 1),
        ("eventwire_stage_seconds_count", {"stage": "language"}, 3),
        ("eventwire_stage_seconds_count", {"stage": "events"}, 2),
        ("eventwire_end_to_end_seconds_count", {}, 1),
        ("eventwire_end_to_end_seconds_sum", {}, 2.5),
    ]
    before = [value(name, **labels) for name, labels, _ in names]
    road = Processor(fake.fake_steps(), Settings(topic_prefix="replay.x."))
    options: dict[str, Any] = {"reads": "news.articles.raw", "topic_prefix": "replay.x."}
    measure(road.process(fake.raw("KAUFT KAUFT")), seconds_since_arrival=2.5, **options)
    measure(road.process(fake.raw("nichts")), **options)
    measure(road.process(fake.raw("WIRF")), **options)
    assert [value(name, **labels) for name, labels, _ in names] == [
        was + more for was, (_, _, more) in zip(before, names, strict=True)
    ]
