"""How an archive is laid out: names, columns, commits.

    <root>/topic=<topic>/date=<YYYY-MM-DD>/<partition>-<first>-<last>.parquet    the messages, by event date (UTC)
    <root>/_commits/<topic>/<partition>-<first>-<last>.json                      which files hold these offsets

A commit is written after its files, so a range of offsets without one does not exist. Merging small files writes one
commit over the ranges of several: a commit whose range lies inside another's counts for nothing, whether its files
are still there or not. Topics are Kafka's full names, the prefix included.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import orjson

from pipeline.history.archive_files import ArchiveError, Store, arrow

COMMITS = "_commits"
VERSION = 1  # of the layout
_NAME = re.compile(r"(\d+)-(\d+)-(\d+)")
_DATA = re.compile(r"topic=([^/]+)/date=(\d{4}-\d\d-\d\d)/(\d+)-(\d+)-(\d+)\.parquet")


def schema() -> Any:
    """The columns of every file, a `pyarrow.Schema`.

    `event_time`: when the article was published, else `ingested_at`, else `timestamp`. `timestamp`: Kafka's, null
    where it has none. `value`: null for a tombstone. `ingested_at`, `article_id`, `language`, `type` and `action` are
    copies of what the value says, for queries; null where it says nothing.
    """
    pa = arrow()
    moment = pa.timestamp("ms", tz="UTC")
    headers = pa.list_(pa.struct([("name", pa.string()), ("value", pa.binary())]))
    return pa.schema(
        [
            pa.field("topic", pa.string(), nullable=False),
            pa.field("partition", pa.int32(), nullable=False),
            pa.field("offset", pa.int64(), nullable=False),
            ("key", pa.binary()),
            ("value", pa.binary()),
            ("headers", headers),
            ("timestamp", moment),
            pa.field("event_time", moment, nullable=False),
            ("ingested_at", moment),
            ("article_id", pa.string()),
            ("language", pa.string()),
            ("type", pa.string()),
            ("action", pa.string()),
        ]
    )


def data_path(topic: str, day: date, partition: int, first: int, last: int) -> str:
    return f"topic={topic}/date={day.isoformat()}/{partition}-{first}-{last}.parquet"


def commit_path(topic: str, partition: int, first: int, last: int) -> str:
    return f"{COMMITS}/{topic}/{partition}-{first}-{last}.json"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """What the name of a file says: messages of one partition, offsets `first` to `last` (both included)."""

    topic: str
    partition: int
    first: int
    last: int

    def within(self, other: "Span") -> bool:
        same = (self.topic, self.partition) == (other.topic, other.partition)
        return same and other.first <= self.first and self.last <= other.last and self != other


def span_of_data(path: str) -> Span | None:
    """The span of a data file; None for a file that is none of ours."""
    match = _DATA.fullmatch(path)
    return Span(match[1], int(match[3]), int(match[4]), int(match[5])) if match else None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFile:
    path: str
    day: date
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A committed span. `size`: bytes of keys, values and headers, before compression."""

    span: Span
    size: int
    files: tuple[DataFile, ...]

    @property
    def rows(self) -> int:
        return sum(file.rows for file in self.files)

    def to_json(self) -> bytes:
        span = self.span
        return orjson.dumps(
            {
                "version": VERSION,
                "topic": span.topic,
                "partition": span.partition,
                "first": span.first,
                "last": span.last,
                "rows": self.rows,
                "bytes": self.size,
                "files": [{"path": file.path, "rows": file.rows} for file in self.files],
            },
            option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE,
        )


def read_commit(store: Store, path: str, span: Span) -> Commit:
    damaged = f"{store.name}/{path} is damaged: put back a copy of it"
    try:
        data = orjson.loads(store.read(path))
        if data["version"] != VERSION:
            raise ArchiveError(f"{store.name} was written by a newer Eventwire (layout {data['version']}): update.")
        if Span(data["topic"], data["partition"], data["first"], data["last"]) != span:
            raise ArchiveError(f"{damaged} (it is about other offsets than its name).")
        files = []
        for file in data["files"]:
            match = _DATA.fullmatch(file["path"])
            if match is None:
                raise ArchiveError(f"{damaged} ({file['path']!r} is no file of an archive).")
            files.append(DataFile(path=file["path"], day=date.fromisoformat(match[2]), rows=int(file["rows"])))
        return Commit(span=span, size=int(data["bytes"]), files=tuple(files))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise ArchiveError(f"{damaged} ({type(error).__name__}: {error}).") from error


def spans_of_commits(store: Store, topic: str) -> list[Span]:
    """The spans of all commits of a topic, those that count for nothing included, in order. Reads names only."""
    found = []
    for path in store.files(f"{COMMITS}/{topic}"):
        match = _NAME.fullmatch(Path(path).stem) if path.endswith(".json") else None
        if match:
            found.append(Span(topic, int(match[1]), int(match[2]), int(match[3])))
    return sorted(found)


def outermost(spans: Iterable[Span]) -> list[Span]:
    """The spans that lie in no other, in order."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.topic, s.partition, s.first, -s.last)):
        if not found or not span.within(found[-1]):
            found.append(span)
    return found
