"""Merging the archive's small files: the same commits always give the same files, and a kill at any moment costs
nothing.

First the merged files are written, then a commit over all their offsets: from then on the smaller commits count for
nothing. Then those are removed, their files last. What a kill leaves is finished by the next start
(`archive_repair.py`).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from pipeline.history.archive_files import ArchiveError, Store, arrow
from pipeline.history.archive_layout import Commit, Span, commit_path
from pipeline.history.archive_reader import Archive
from pipeline.history.archive_repair import Say, sweep
from pipeline.history.archive_writer import write_span

TARGET_BYTES = 128 * 1024 * 1024  # of keys, values and headers in one commit; Parquet makes about a fifth of it
MANY = 32  # commits that a running archiver waits for

Told = Callable[[Span], None]


def compact(archive: Archive, topics: Iterable[str] | None = None, *, say: Say, told: Told = lambda span: None) -> int:
    """Merge whatever can be merged in `topics` (default: all). How many commits there are less.

    `told` gets each merged span. Nobody else may write meanwhile.
    """
    less = 0
    for topic in archive.topics() if topics is None else topics:
        sweep(archive.store, topic, say=say)
        for partition in archive.partitions([topic]):
            for group in pack(archive.commits(*partition)):
                if len(group) > 1:
                    told(merge(archive.store, group).span)
                    less += len(group) - 1
    return less


def pack(commits: Iterable[Commit]) -> list[list[Commit]]:
    """The commits of one partition, in order, as neighbours that make one commit of at most `TARGET_BYTES`."""
    groups: list[list[Commit]] = []
    size = TARGET_BYTES
    for commit in commits:
        size += commit.size
        if size > TARGET_BYTES:
            groups.append([])
            size = commit.size
        groups[-1].append(commit)
    return groups


def due(commits: Sequence[Commit]) -> Sequence[Commit]:
    """Those of `MANY` commits, the last ones of a partition, that are worth merging now, while more are coming.

    A large one waits until half as much has come behind it: so a byte is written again a few times, not each time.
    """
    at = max(0, len(commits) - MANY // 2)
    size = sum(commit.size for commit in commits[at:])
    while at > 0 and commits[at - 1].size <= 2 * size:
        at -= 1
        size += commits[at].size
    return commits[at:]


def merge(store: Store, group: Sequence[Commit]) -> Commit:
    """One commit instead of `group`, neighbours of one partition in order. One file in memory at a time."""
    spans = [commit.span for commit in group]
    whole = Span(spans[0].topic, spans[0].partition, spans[0].first, max(span.last for span in spans))
    merged = write_span(store, whole, _days(store, group), size=sum(commit.size for commit in group))
    for commit in group:
        remove(store, commit.span, [file.path for file in commit.files])
    return merged


def remove(store: Store, span: Span, paths: Sequence[str]) -> None:
    """A span that another one holds: its commit, then its files."""
    store.delete(commit_path(span.topic, span.partition, span.first, span.last))
    for path in paths:
        store.delete(path)


def _days(store: Store, group: Sequence[Commit]) -> Iterator[tuple[date, Iterator[Any]]]:
    for day in sorted({file.day for commit in group for file in commit.files}):
        yield day, _tables(store, group, day)


def _tables(store: Store, group: Sequence[Commit], day: date) -> Iterator[Any]:
    """The rows of one date, a file in memory at a time."""
    last = -1  # two archivers of one bucket may have written some offsets twice
    for commit in group:
        for path in (file.path for file in commit.files if file.day == day):
            table = _read(store, path)
            if commit.span.first <= last:
                table = table.filter(arrow("compute").greater(table["offset"], last))
            yield table
        last = max(last, commit.span.last)


def _read(store: Store, path: str) -> Any:
    try:
        with store.open(path) as file:
            return arrow("parquet").ParquetFile(file).read()
    except FileNotFoundError as error:
        raise ArchiveError(f"{store.name}/{path} is gone, but its commit names it: put back a copy of it.") from error
    except (arrow().ArrowException, OSError) as error:
        why = str(error).splitlines()[0]
        raise ArchiveError(f"{store.name}/{path} is damaged ({why}): put back a copy of it.") from error
