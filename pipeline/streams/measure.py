"""What the metrics count of a message's outcome, in the process that writes it: equal for both runners."""

from pipeline import metrics
from pipeline.streams.message import Outcome

# Labels must stay bounded. The rest is "other".
LANGUAGES = {
    *("ar", "cs", "da", "de", "el", "en", "es", "fi", "fr", "hu"),
    *("it", "ja", "nl", "pl", "pt", "ro", "ru", "sv", "tr", "zh"),
}

MOST_SOURCES = 200
_sources: set[str] = set()


def measure(
    outcome: Outcome, *, reads: str, topic_prefix: str = "", seconds_since_arrival: float | None = None
) -> None:
    """Count one message of the topic `reads` (without prefix) and everything it led to, once that is written.

    `seconds_since_arrival`: from the arrival of the raw article to now, if known.
    """
    metrics.CONSUMED.labels(reads).inc()
    metrics.OUTCOMES.labels(outcome.stage, outcome.result).inc()
    for output in outcome.outputs:
        name = output.topic.removeprefix(topic_prefix)
        metrics.PRODUCED.labels(name).inc()
        if name.startswith("news.events."):
            metrics.EVENTS.labels(name.removeprefix("news.events.")).inc()
    metrics.RETRACTIONS.inc(outcome.retracted)
    if outcome.dead:
        metrics.DEAD_LETTERS.labels(outcome.stage, outcome.result).inc()
    else:
        metrics.ARTICLES.labels(outcome.language if outcome.language in LANGUAGES else "other").inc()
        metrics.SOURCE_LAST_ARTICLE.labels(_source(outcome.source)).set_to_current_time()
    for stage, model in outcome.models.items():
        metrics.MODEL_INFO.labels(stage, model).set(1)
    for event_class, confidence in outcome.confidences:
        metrics.CONFIDENCE.labels(event_class).observe(confidence)
    for stage, seconds in outcome.seconds.items():
        metrics.STAGE_SECONDS.labels(stage).observe(seconds)
    if seconds_since_arrival is not None:
        metrics.END_TO_END_SECONDS.observe(max(0.0, seconds_since_arrival))


def _source(name: str) -> str:
    """The first 200 sources have a label of their own."""
    if not name:
        return "unknown"
    if name not in _sources and len(_sources) < MOST_SOURCES:
        _sources.add(name)
    return name if name in _sources else "other"
