"""All metrics, in one place: `eventwire_<name>_<unit>[_total]`, labels bounded, never raw error text.

Counted where messages are written (the worker's or the runner's parent process), each article's outcome once a
stage. Domains know nothing of metrics.
"""

from prometheus_client import Counter, Gauge, Histogram

_MODEL_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_CONFIDENCE_BUCKETS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1)
_LATENCY_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600)

CONSUMED = Counter("eventwire_consumed_messages", "Messages read.", ["topic"])
PRODUCED = Counter("eventwire_produced_messages", "Messages written and acknowledged.", ["topic"])
OUTCOMES = Counter(
    "eventwire_outcomes", "Messages finished, once each, by the last stage and how it ended.", ["stage", "outcome"]
)
EVENTS = Counter("eventwire_events", "Events emitted, retractions among them.", ["event_class"])
CONFIDENCE = Histogram(
    "eventwire_event_confidence_ratio", "Confidence of the events found.", ["event_class"], buckets=_CONFIDENCE_BUCKETS
)
RETRACTIONS = Counter("eventwire_retractions", "Events retracted: a later version of their article does without them.")
ARTICLES = Counter(
    "eventwire_articles", "Articles by detected language (the 20 most common; else other).", ["language"]
)
SOURCE_LAST_ARTICLE = Gauge(
    "eventwire_source_last_article_timestamp_seconds",
    "When an article of the source was last finished (Unix time; 200 sources by name, the rest is other).",
    ["source"],
)
WORKER_INFO = Gauge(
    "eventwire_worker_info",
    "1 for a running worker. topic_prefix: replay.<run>. for one of a replay.",
    ["topic_prefix"],
)
MODEL_INFO = Gauge("eventwire_model_info", "1 for each model that read an article.", ["stage", "model"])
DEAD_LETTERS = Counter("eventwire_dead_letters", "Messages sent to a dead-letter topic.", ["stage", "code"])
BATCH_SECONDS = Histogram(
    "eventwire_batch_seconds", "From taking a batch to its outputs acknowledged.", buckets=_MODEL_BUCKETS
)
STAGE_SECONDS = Histogram(
    "eventwire_stage_seconds", "A stage's work on one article.", ["stage"], buckets=_MODEL_BUCKETS
)
END_TO_END_SECONDS = Histogram(
    "eventwire_end_to_end_seconds", "From ingestion of the raw article to its outcome.", buckets=_LATENCY_BUCKETS
)
LAG_MESSAGES = Gauge("eventwire_lag_messages", "Messages not yet committed.", ["topic", "partition"])
LAG_SECONDS = Gauge("eventwire_lag_seconds", "Age of the newest message worked on.", ["topic"])
CHILD_RESTARTS = Counter("eventwire_child_restarts", "Child processes replaced.", ["reason"])
LAST_COMMIT_SECONDS = Gauge("eventwire_last_commit_timestamp_seconds", "When an offset was last committed (Unix time).")
