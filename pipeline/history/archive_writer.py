"""Writing to an archive: a span of messages becomes files, one for each event date, and then a commit."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from pipeline.history.archive_columns import facts
from pipeline.history.archive_files import Store, arrow
from pipeline.history.archive_layout import Commit, DataFile, Span, commit_path, data_path, schema
from pipeline.streams.message import Message

GROUP_BYTES = 4 * 1024 * 1024  # values of one row group: what a reader holds in memory of a file
GROUP_ROWS = 10_000
_REPEATING = ["topic", "partition", "headers.list.element.name", "language", "type", "action"]
_WITH_STATISTICS = ["offset", "timestamp", "event_time", "ingested_at", "article_id", "language", "type", "action"]


def size_of(message: Message) -> int:
    """Bytes of key, value and headers."""
    return (
        len(message.key or b"")
        + len(message.value or b"")
        + sum(len(name) + len(value) for name, value in message.headers)
    )


def write_messages(store: Store, messages: Sequence[Message]) -> Commit:
    """Archive messages of one partition, offsets ascending. Committed when this returns.

    Raises `ArchiveError`: then nothing of it counts.
    """
    first, last = messages[0], messages[-1]
    by_day: dict[str, list[dict[str, Any]]] = {}
    for message in messages:
        row = _row(message)
        by_day.setdefault(row.pop("day"), []).append(row)
    tables = {date.fromisoformat(day): [arrow().Table.from_pylist(rows, schema())] for day, rows in by_day.items()}
    span = Span(first.topic, first.partition, first.offset, last.offset)
    return write_span(store, span, sorted(tables.items()), size=sum(map(size_of, messages)))


def write_span(store: Store, span: Span, days: Iterable[tuple[date, Iterable[Any]]], *, size: int) -> Commit:
    """Write the rows of each date, then the commit. The tables of a date may be made one after the other."""
    files = []
    for day, tables in days:
        path = data_path(span.topic, day, span.partition, span.first, span.last)
        data, rows = _parquet(tables)
        store.write(path, data)
        files.append(DataFile(path=path, day=day, rows=rows))
    commit = Commit(span=span, size=size, files=tuple(files))
    store.write(commit_path(span.topic, span.partition, span.first, span.last), commit.to_json())
    return commit


def _row(message: Message) -> dict[str, Any]:
    said = facts(message)
    return {
        "day": said.day,
        "topic": message.topic,
        "partition": message.partition,
        "offset": message.offset,
        "key": message.key,
        "value": message.value,
        "headers": [{"name": name, "value": value} for name, value in message.headers],
        "timestamp": message.timestamp if message.timestamp >= 0 else None,
        "event_time": said.event_time,
        "ingested_at": said.ingested_at,
        "article_id": said.article_id,
        "language": said.language,
        "type": said.type,
        "action": said.action,
    }


def _parquet(tables: Iterable[Any]) -> tuple[Any, int]:
    """A Parquet file in memory (compressed, it is small, and a file system gets it whole), and its number of rows."""
    sink = arrow().BufferOutputStream()
    rows = 0
    with arrow("parquet").ParquetWriter(
        sink,
        schema(),
        compression="zstd",
        compression_level=3,
        use_dictionary=_REPEATING,
        write_statistics=_WITH_STATISTICS,
    ) as writer:
        for group in _groups(tables):
            writer.write_table(group, row_group_size=group.num_rows)
            rows += group.num_rows
    return sink.getvalue(), rows


def _groups(tables: Iterable[Any]) -> Iterator[Any]:
    """The rows of `tables`, in order, as tables that make one row group each."""
    pa, pc = arrow(), arrow("compute")
    held: list[Any] = []
    rows = size = 0
    for table in tables:
        start = 0
        for at, length in enumerate(pc.fill_null(pc.binary_length(table["value"]), 0).to_pylist()):
            if rows and (size + length > GROUP_BYTES or rows == GROUP_ROWS):
                held.append(table.slice(start, at - start))
                yield pa.concat_tables(held).combine_chunks()
                held, start, rows, size = [], at, 0, 0
            rows += 1
            size += length
        held.append(table.slice(start))
    if rows:
        yield pa.concat_tables(held).combine_chunks()
