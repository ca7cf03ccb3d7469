"""The messages of an archive, read back byte for byte.

    for message in read("archive", ["news.articles.raw"], since=yesterday, where={"language": ["de"]}):
        ...

How it is laid out: `archive_layout.py`. `root` is a folder or a URL; topics are full names, the prefix included.
"""

import functools
import heapq
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from pipeline.errors import SettingsError
from pipeline.history.archive_files import ArchiveError, Store, arrow
from pipeline.history.archive_layout import COMMITS, Commit, commit_path, outermost, read_commit, spans_of_commits
from pipeline.streams.message import Message

Partition = tuple[str, int]
Clock = Literal["event_time", "ingested_at", "timestamp"]

FILTERS = ("article_id", "language", "type", "action")  # columns that `where` may name
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Archive:
    """An archive to read. Raises `SettingsError` if there is none at `root` (a folder or a URL)."""

    def __init__(self, root: str | Path | Store) -> None:
        self.store = root if isinstance(root, Store) else Store(root)
        if not is_archive(self.store):
            raise SettingsError(
                f"{self.store.name} is no archive: it has no {COMMITS}. Name what `eventwire archive` writes to."
            )

    def topics(self) -> list[str]:
        """The topics of which there is anything, sorted."""
        return self.store.folders(COMMITS)

    def partitions(self, topics: Iterable[str] | None = None) -> list[Partition]:
        """The partitions of which there is anything, sorted."""
        names = self.topics() if topics is None else topics
        return sorted({(s.topic, s.partition) for name in names for s in spans_of_commits(self.store, name)})

    def commits(self, topic: str, partition: int, *, after: int = -1) -> Iterator[Commit]:
        """The commits that count, by offset; those that end behind offset `after` only."""
        while True:
            spans = [s for s in spans_of_commits(self.store, topic) if s.partition == partition and s.last > after]
            for span in outermost(spans):
                try:
                    commit = read_commit(self.store, commit_path(topic, partition, span.first, span.last), span)
                except FileNotFoundError:  # it was merged a moment ago: look again
                    break
                yield commit
                after = max(after, span.last)
            else:
                return

    def rows(
        self, topics: Iterable[str] | None = None, *, since: datetime | None = None, until: datetime | None = None
    ) -> int:
        """How many messages there are, of whole event dates: at least what `read` gives. Reads commits only."""
        return sum(
            file.rows
            for partition in self.partitions(topics)
            for commit in self.commits(*partition)
            for file in commit.files
            if in_days(file.day, since, until)
        )

    def read(
        self,
        topics: Iterable[str] | None = None,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        by: Clock = "event_time",
        where: Mapping[str, Collection[str]] | None = None,
        after: Mapping[Partition, int] | None = None,
    ) -> Iterator[Message]:
        """The messages of `topics` (default: all), partition by partition, offsets ascending: always in this order.

        `since` (inclusive) and `until` (exclusive) are times of the clock `by`; a message without that time is left
        out. `where`: for each of some `FILTERS`, the values wanted. `after`: goes on behind these offsets. Memory is
        bounded by the size of a commit (128 MiB), and far below it where its messages are of few days. An archive that
        is written or merged meanwhile is read as it was or as it becomes, each offset once.
        """
        for topic, partition in self.partitions(topics):
            last = (after or {}).get((topic, partition), -1)
            yield from self.read_partition(topic, partition, since=since, until=until, by=by, where=where, after=last)

    def read_partition(
        self,
        topic: str,
        partition: int,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        by: Clock = "event_time",
        where: Mapping[str, Collection[str]] | None = None,
        after: int = -1,
    ) -> Iterator[Message]:
        """The same of one partition, from the offset behind `after` on."""
        wanted = _Wanted(since, until, by, where or {})
        position = after
        gone = ""
        while True:
            try:
                for commit in self.commits(topic, partition, after=position):
                    paths = [f.path for f in commit.files if by != "event_time" or in_days(f.day, since, until)]
                    readers = [_rows(self.store, path, wanted) for path in paths]
                    for offset, message in heapq.merge(*readers, key=lambda row: row[0]):
                        if offset > position:
                            position = offset
                            yield message
                    position = max(position, commit.span.last)
            except FileNotFoundError as error:  # merged meanwhile: its messages stand in another file now
                if str(error) == gone:
                    raise ArchiveError(
                        f"{self.store.name}: a file that its commit names is gone: put back a copy of it ({error})."
                    ) from error
                gone = str(error)
            else:
                return


def is_archive(root: str | Path | Store) -> bool:
    """Whether there is an archive at `root` (a folder or a URL)."""
    if not isinstance(root, Store):
        if "://" not in os.fspath(root):
            return (Path(root) / COMMITS).is_dir()
        root = Store(root)
    return bool(root.folders(COMMITS))


def read(root: str | Path, topics: Iterable[str] | None = None, **options: Any) -> Iterator[Message]:
    """`Archive(root).read(topics, ...)`."""
    return Archive(root).read(topics, **options)


def in_days(day: date, since: datetime | None, until: datetime | None) -> bool:
    return (since is None or day >= since.astimezone(UTC).date()) and (
        until is None or day <= until.astimezone(UTC).date()
    )


class _Wanted:
    """Which rows of a table are wanted."""

    def __init__(
        self, since: datetime | None, until: datetime | None, by: Clock, where: Mapping[str, Collection[str]]
    ) -> None:
        unknown = sorted(set(where) - set(FILTERS))
        if unknown:
            raise SettingsError(f"An archive can't be filtered by {unknown[0]!r}, only by {', '.join(FILTERS)}.")
        self._by, self._since, self._until = by, since, until
        self._where = {name: [one] if isinstance(one, str) else list(one) for name, one in where.items()}

    def filter(self, table: Any) -> Any:
        pa, pc = arrow(), arrow("compute")
        moment = pa.timestamp("ms", tz="UTC")
        masks = []
        if self._since is not None:
            masks.append(pc.greater_equal(table[self._by], pa.scalar(_milliseconds(self._since), moment)))
        if self._until is not None:
            masks.append(pc.less(table[self._by], pa.scalar(_milliseconds(self._until), moment)))
        masks += [pc.is_in(table[name], value_set=pa.array(v, pa.string())) for name, v in self._where.items()]
        return table.filter(functools.reduce(pc.and_, masks)) if masks else table


def _milliseconds(moment: datetime) -> int:
    """Rounded up: `>= since` and `< until` stay right for times between two milliseconds."""
    return -((_EPOCH - moment) // timedelta(milliseconds=1))


_BATCH = 256  # rows as Python's objects at a time
_COLUMNS = ("topic", "partition", "offset", "key", "value", "headers", "timestamp")


def _rows(store: Store, path: str, wanted: _Wanted) -> Iterator[tuple[int, Message]]:
    """The wanted messages of one file with their offsets, a row group in memory at a time."""
    with store.open(path) as file:
        try:
            parquet = arrow("parquet").ParquetFile(file)
            for group in range(parquet.num_row_groups):
                table = wanted.filter(parquet.read_row_group(group, use_threads=False))
                for start in range(0, table.num_rows, _BATCH):
                    yield from _messages(table.slice(start, _BATCH))
        except (arrow().ArrowException, OSError, KeyError) as error:
            store.open(path).close()  # gone meanwhile: FileNotFoundError
            raise ArchiveError(
                f"{store.name}/{path} is damaged ({str(error).splitlines()[0]}): put back a copy of it."
            ) from error


def _messages(table: Any) -> Iterator[tuple[int, Message]]:
    pa = arrow()
    columns = [table[name] for name in _COLUMNS[:-1]] + [table["timestamp"].cast(pa.int64())]
    for topic, partition, offset, key, value, headers, timestamp in zip(
        *(column.to_pylist() for column in columns), strict=True
    ):
        yield (
            offset,
            Message(
                topic=topic,
                partition=partition,
                offset=offset,
                key=key,
                value=value,
                headers=tuple((header["name"], header["value"] or b"") for header in headers or ()),
                timestamp=-1 if timestamp is None else timestamp,
            ),
        )
