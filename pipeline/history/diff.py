"""What two runs say differently about the same articles: events added, lost and changed.

An event is the same by its `event_id`; of what is left, an event of one side and one of the other are one event that
changed if article and type are the same and their evidence overlaps. Wall-clock fields, places, actions and the
models' names are no part of the comparison; an event that differs in nothing but its scores is `rescored`.
Only articles that both sides have an outcome for are compared. Everything is kept in a temporary file that SQLite
makes: memory is flat.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from itertools import groupby
from typing import Any, Literal

import orjson

from pipeline.history.content import digest
from pipeline.history.diff_match import overlapping_pairs
from pipeline.streams.encode import OF_THIS_RUN

Kind = Literal["added", "lost", "changed", "rescored"]
Event = dict[str, Any]

A, B = 0, 1
DIMENSIONS = ("class", "type", "language", "source")
SCORES = ("confidence", "relevance")
_APART = {*OF_THIS_RUN, "action", "models"}
BINS = 20  # of confidences, from 0 to 1

_TABLES = """
CREATE TABLE article (side INTEGER, id TEXT, dead INTEGER, PRIMARY KEY (side, id)) WITHOUT ROWID;
CREATE TABLE event (
    side INTEGER, id TEXT, article TEXT, class TEXT, type TEXT, language TEXT, source TEXT,
    confidence REAL, digest INTEGER, record BLOB, PRIMARY KEY (side, id)
);
CREATE INDEX by_article ON event (article);
"""
_PAIRED = """
SELECT a.record, b.record FROM event a JOIN event b ON b.side = 1 AND b.id = a.id
WHERE a.side = 0 AND a.digest != b.digest ORDER BY a.article, a.id
"""
_ALONE = """
SELECT article, side, record FROM event e
WHERE NOT EXISTS (SELECT 1 FROM event o WHERE o.side = 1 - e.side AND o.id = e.id) ORDER BY article, id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """`a`, `b`: the event on each side; None: it isn't there. `fields`: what differs, where both are."""

    kind: Kind
    a: Event | None
    b: Event | None
    fields: tuple[str, ...] = ()

    @property
    def event(self) -> Event:
        """The one there is; of two the second side's."""
        found = self.b or self.a
        assert found is not None
        return found


@dataclass(slots=True, kw_only=True)
class Side:
    """One of the two. `articles`: with an outcome; `dead`: of these, dead-lettered; None: not known (live topics)."""

    name: str
    models: Counter[str] = field(default_factory=Counter)
    articles: int | None = None
    dead: int = 0
    events: int = 0
    confidences: list[int] = field(default_factory=lambda: [0] * BINS)


@dataclass(slots=True, kw_only=True)
class Summary:
    """`compared`: articles. `by`: dimension -> value -> how many events `a`, `b`, added, lost, changed, rescored."""

    a: Side
    b: Side
    compared: int
    kinds: Counter[str] = field(default_factory=Counter)
    by: dict[str, dict[str, Counter[str]]] = field(default_factory=dict)

    @property
    def same(self) -> int:
        return self.a.events - self.kinds["lost"] - self.kinds["changed"] - self.kinds["rescored"]

    @property
    def equal(self) -> bool:
        return not self.kinds

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        sides = {name: {**_fields(side), "models": dict(side.models)} for name, side in (("a", self.a), ("b", self.b))}
        return {
            **sides,
            "compared": self.compared,
            "equal": self.equal,
            "same": self.same,
            "kinds": dict(self.kinds),
            "by": {name: {value: dict(counts) for value, counts in found.items()} for name, found in self.by.items()},
        }


def _fields(side: Side) -> dict[str, Any]:
    return {item.name: getattr(side, item.name) for item in fields(side)}


class Diff:
    """Two sides to be filled and compared: `add_article`, then `common`, then `add_event`, then `differences`."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("")  # a file without a name, gone when it is closed
        self._db.executescript(_TABLES)

    def __enter__(self) -> "Diff":
        return self

    def __exit__(self, *error: object) -> None:
        self._db.close()

    def add_articles(self, side: int, articles: Iterable[tuple[str, bool]]) -> None:
        """Ids of articles, and whether they were dead-lettered; the last word on one counts."""
        rows = ((side, _text(name), dead) for name, dead in articles)
        self._db.executemany("INSERT OR REPLACE INTO article VALUES (?, ?, ?)", rows)

    def share_articles(self, given: int, to: int) -> None:
        """The articles of one side are those of the other too, unless it said something of them itself."""
        self._db.execute("INSERT OR IGNORE INTO article SELECT ?, id, 0 FROM article WHERE side = ?", (to, given))

    def compares(self, article: str) -> bool:
        """Whether both sides know the article."""
        known = "SELECT COUNT(*) FROM article WHERE side IN (0, 1) AND id = ?"  # by its key: no scan for each event
        return self._number(known, _text(article)) == 2

    def add_events(self, side: int, events: Iterable[Event]) -> None:
        """Events of articles that are compared, in the order in which they were told: the last word counts, and
        `delete` takes an event back."""
        for event in events:
            if event.get("action") == "delete":
                self._db.execute("DELETE FROM event WHERE side = ? AND id = ?", (side, _text(str(event["event_id"]))))
            else:
                self._db.execute("INSERT OR REPLACE INTO event VALUES (?,?,?,?,?,?,?,?,?,?)", _row(side, event))

    def differences(self) -> Iterator[Difference]:
        """Changed and rescored ones by article, then added and lost ones; always in the same order."""
        for one, other in self._db.execute(_PAIRED):
            yield compared(orjson.loads(one), orjson.loads(other))
        for _, rows in groupby(self._db.execute(_ALONE), key=lambda row: row[0]):
            alone: tuple[list[Event], list[Event]] = ([], [])
            for _, side, record in rows:
                alone[side].append(orjson.loads(record))
            yield from _matched(*alone)

    def summary(self, a: Side, b: Side) -> Summary:
        """What there is on each side, by dimension; differences are counted by `count`."""
        both = "SELECT COUNT(*) FROM article a JOIN article b ON b.side = 1 AND b.id = a.id WHERE a.side = 0"
        summary = Summary(a=a, b=b, compared=self._number(both))
        for number, side in enumerate((a, b)):
            side.events = self._number("SELECT COUNT(*) FROM event WHERE side = ?", number)
            side.dead = self._number("SELECT COUNT(*) FROM article WHERE side = ? AND dead", number)
            bins = "SELECT CAST(confidence * ? AS INTEGER), COUNT(*) FROM event WHERE side = ? GROUP BY 1"
            for at, count in self._db.execute(bins, (BINS, number)):
                side.confidences[min(max(0, at), BINS - 1)] += count
            groups = "SELECT class, type, language, source, COUNT(*) FROM event WHERE side = ? GROUP BY 1, 2, 3, 4"
            for *values, count in self._db.execute(groups, (number,)):
                for name, value in zip(DIMENSIONS, values, strict=True):
                    summary.by.setdefault(name, {}).setdefault(value, Counter())["ab"[number]] += count
        return summary

    def articles(self, side: int) -> int:
        return self._number("SELECT COUNT(*) FROM article WHERE side = ?", side)

    def _number(self, question: str, *values: object) -> int:
        (number,) = self._db.execute(question, values).fetchone()
        return int(number)


def count(summary: Summary, difference: Difference) -> None:
    """Count one of the differences into the summary."""
    summary.kinds[difference.kind] += 1
    for name, value in zip(DIMENSIONS, dimensions(difference.event), strict=True):
        summary.by.setdefault(name, {}).setdefault(value, Counter())[difference.kind] += 1


def compared(one: Event, other: Event) -> Difference:
    """Two records of one event that differ."""
    names = [name for name in {**one, **other} if name not in _APART and one.get(name) != other.get(name)]
    kind: Kind = "rescored" if set(names) <= set(SCORES) else "changed"
    return Difference(kind=kind, a=one, b=other, fields=tuple(names))


def dimensions(event: Event) -> tuple[str, str, str, str]:
    """Class, type, language and source of an event, as texts; "?" for what isn't there."""
    article = event.get("article")
    article = article if isinstance(article, dict) else {}
    values = (event.get("class"), event.get("type"), article.get("language"), article.get("source"))
    first, second, third, fourth = (_text(str(value)) if value else "?" for value in values)
    return first, second, third, fourth


def _matched(lost: list[Event], added: list[Event]) -> Iterator[Difference]:
    pairs = overlapping_pairs(lost, added)
    for one, other in pairs:
        found = compared(lost[one], added[other])
        yield Difference(kind="changed", a=found.a, b=found.b, fields=found.fields)
    left, right = {one for one, _ in pairs}, {other for _, other in pairs}
    for number, event in enumerate(lost):
        if number not in left:
            yield Difference(kind="lost", a=event, b=None)
    for number, event in enumerate(added):
        if number not in right:
            yield Difference(kind="added", a=None, b=event)


def _row(side: int, event: Event) -> tuple[Any, ...]:
    content = {name: item for name, item in event.items() if name not in _APART}
    article = event.get("article")
    return (
        side,
        _text(str(event["event_id"])),
        _text(str(article.get("id")) if isinstance(article, dict) else "?"),
        *dimensions(event),
        float(event.get("confidence", 0)),
        digest(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)) - 2**63,  # SQLite's integers have a sign
        orjson.dumps(event),
    )


def _text(text: str) -> str:
    """What SQLite can hold."""
    return text.encode("utf-8", "replace").decode()
