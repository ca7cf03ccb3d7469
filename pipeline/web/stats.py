"""Counts and charts over the window, and how the whole system does."""

import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from threading import Lock
from typing import Any

from pipeline.streams.codec import milliseconds_text
from pipeline.web.intake import Intake
from pipeline.web.query import Filter
from pipeline.web.samples import quantile
from pipeline.web.source import Source
from pipeline.web.workers import Workers

INTERVALS = ("auto", "minute", "hour", "day", "month")
CLOCKS = ("written", "published")
STEPS = 300
_LENGTHS = {"minute": 60_000, "hour": 3_600_000, "day": 86_400_000}
_SOURCES = 50
_FRESH_SECONDS = 2.0  # counting 100,000 events takes a while: who asks more often gets the same counts
_KEPT = 32


class Stats:
    """Answers `GET /stats`. For several threads at a time."""

    def __init__(self, source: Source, workers: Workers, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        self._workers = workers
        self._clock = clock
        self._counted: OrderedDict[tuple[Filter, str, str], tuple[int, float, dict[str, Any]]] = OrderedDict()
        self._lock = Lock()

    def answer(self, wish: Filter, *, interval: str, clock: str, now: float | None = None) -> dict[str, Any]:
        """A `Stats` of the API. `now`: Unix time."""
        source, intake, window = self._source, self._source.intake, self._source.intake.window
        with self._lock:  # of several who ask for the same, one counts
            counted = self._count(wish, interval, clock)
        ends = window.between(window.oldest, window.oldest) + window.between(window.newest, window.newest)
        trouble = source.trouble()
        return {
            "time": _text((now or time.time()) * 1000),
            "source": {
                "kind": source.kind,
                "name": source.name,
                "topic_prefix": intake.prefix,
                "state": "trouble" if trouble else "following",
                "trouble": trouble,
            },
            "window": {
                "events": max(0, window.newest - window.oldest + 1),
                "capacity": window.capacity,
                "oldest": _text(ends[0].written) if ends else None,
                "newest": _text(ends[-1].written) if ends else None,
            },
            **counted,
            "throughput": _throughput(intake),
            "end_to_end_seconds": _latency(intake.latencies()),
            "lag": self._lag(),
            "dead_letters": _dead_letters(intake),
            "workers": [
                {
                    "name": worker.name,
                    "state": worker.state,
                    "detail": worker.detail,
                    "last_seen": _text(worker.last_seen * 1000) if worker.last_seen else None,
                }
                for worker in self._workers.report()
            ],
        }

    def _count(self, wish: Filter, interval: str, clock: str) -> dict[str, Any]:
        window, key, now = self._source.intake.window, (wish, interval, clock), self._clock()
        if key in self._counted:
            newest, when, counted = self._counted[key]
            if newest == window.newest or now - when < _FRESH_SECONDS:
                return counted
        newest = window.newest
        rows = [
            row
            for row in window.between(1, newest)
            if row.action != "delete" and window.is_current(row) and wish.wants(row)
        ]
        sources = Counter(row.source for row in rows if row.source)
        counted = {
            "events": {
                "total": len(rows),
                "classes": _counts(Counter(row.event_class for row in rows)),
                "types": _counts(Counter(row.type for row in rows)),
                "languages": _counts(Counter(row.language for row in rows)),
                "statuses": _counts(Counter(row.status for row in rows)),
                "sources": dict(sources.most_common(_SOURCES)),
            },
            "over_time": over_time(
                [(getattr(row, clock), row.event_class, row.language) for row in rows], interval=interval, clock=clock
            ),
        }
        self._counted[key] = (newest, now, counted)
        while len(self._counted) > _KEPT:
            self._counted.popitem(last=False)
        return counted

    def _lag(self) -> dict[str, Any] | None:
        lags = self._source.lag()
        if lags is None:
            return None
        groups = [{"name": g.name, "topic": g.topic, "messages": g.messages, "state": g.state} for g in lags]
        return {"messages": sum(g.messages for g in lags), "groups": groups}


def over_time(events: Sequence[tuple[int, str, str]], *, interval: str, clock: str) -> dict[str, Any]:
    """Events (milliseconds, class, language) counted by step of time: an `over_time` of the API."""
    moments = [moment for moment, _, _ in events]
    first, last = (min(moments), max(moments)) if moments else (0, 0)
    if interval == "auto":
        short = (name for name in _LENGTHS if len(_steps(first, last, name)) <= STEPS)
        interval = next(short, "month")
    steps = _steps(first, last, interval)[-STEPS:] if moments else []
    place = {step: at for at, step in enumerate(steps)}
    total = [0] * len(steps)
    classes: dict[str, list[int]] = {}
    languages: dict[str, list[int]] = {}
    for moment, event_class, language in events:
        at = place.get(_start(moment, interval))
        if at is not None:
            total[at] += 1
            for series, name in ((classes, event_class), (languages, language)):
                if name not in series:
                    series[name] = [0] * len(steps)
                series[name][at] += 1
    return {
        "interval": interval,
        "clock": clock,
        "times": [_text(step) for step in steps],
        "total": total,
        "classes": dict(sorted(classes.items(), key=lambda item: -sum(item[1]))),
        "languages": dict(sorted(languages.items(), key=lambda item: -sum(item[1]))),
    }


def _steps(first: int, last: int, interval: str) -> Sequence[int]:
    """The starts of all steps from the one that holds `first` to the one that holds `last`."""
    begin, end = _start(first, interval), _start(last, interval)
    if interval != "month":
        return range(begin, end + 1, _LENGTHS[interval])
    months: list[int] = []
    moment = datetime.fromtimestamp(end / 1000, UTC)
    while len(months) < STEPS and (start := int(moment.timestamp() * 1000)) >= begin:
        months.append(start)
        moment = moment.replace(year=moment.year - (moment.month == 1), month=(moment.month - 2) % 12 + 1)
    return months[::-1]


def _start(moment: int, interval: str) -> int:
    return _month(moment // 86_400_000) if interval == "month" else moment - moment % _LENGTHS[interval]


@lru_cache(maxsize=4096)
def _month(day: int) -> int:
    return int(datetime.fromtimestamp(day * 86_400, UTC).replace(day=1).timestamp() * 1000)


def _counts(counter: Counter[str]) -> dict[str, int]:
    return dict(counter.most_common())


def _throughput(intake: Intake) -> dict[str, Any]:
    times, articles = intake.by_minute("articles")
    return {
        "articles_per_second": round(intake.rate("articles"), 3),
        "events_per_second": round(intake.rate("events"), 3),
        "minutes": {
            "times": [_text(moment) for moment in times],
            "articles": articles,
            "events": intake.by_minute("events")[1],
            "dead_letters": intake.by_minute("dead_letters")[1],
        },
    }


def _latency(seconds: Sequence[float]) -> dict[str, Any]:
    """`seconds`: sorted."""
    return {"articles": len(seconds), "p50": quantile(seconds, 0.5), "p99": quantile(seconds, 0.99)}


def _dead_letters(intake: Intake) -> dict[str, Any]:
    letters = intake.dead_letters()
    return {
        "total": sum(dead.count for _, _, dead in letters),
        "by_code": [
            {"stage": stage, "code": code, "count": dead.count, "newest": _text(dead.newest)}
            for stage, code, dead in letters
        ],
    }


def _text(milliseconds: float) -> str:
    return milliseconds_text(max(0, int(milliseconds))) or ""
