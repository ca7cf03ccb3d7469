"""`eventwire archive`: topics to Parquet."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.counting import counting
from pipeline.cli.options import Brokers, Prefix, words
from pipeline.cli.terminal import safe, warn

if TYPE_CHECKING:
    from pipeline.history.archive_files import Store

_MIB = 1024 * 1024


def archive(
    root: Annotated[
        str, typer.Argument(metavar="DIR|URL", help="A folder, or where Arrow can write: s3://bucket/path, gs://...")
    ],
    topics: Annotated[
        list[str] | None, typer.Option("--topic", help="Only this topic (without prefix). May be repeated.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Archive what is there, then end.")] = False,
    compact: Annotated[
        bool,
        typer.Option("--compact", help="Merge small files and end (without Kafka); with --once: after archiving."),
    ] = False,
    flush_mb: Annotated[int, typer.Option(min=1, max=128, help="Write files when so many MiB are held.")] = 64,
    flush_seconds: Annotated[float, typer.Option(min=0.1, help="Write a message after so long at the latest.")] = 60.0,
    brokers: Brokers = None,
    topic_prefix: Prefix = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no summary: trouble only.")] = False,
) -> None:
    """Keep topics for ever, as Parquet files that DuckDB and pandas read: docs/archive.md.

    Runs until Ctrl-C or SIGTERM. Each offset is there exactly once, whatever ends the archiver: a start goes on where
    the archive ends, which knows by itself how far it is (no consumer group). Small files are merged as they come. One
    archiver a folder: a second one is refused; a bucket can't refuse it, so take care.

    Credentials come from the environment (AWS_ACCESS_KEY_ID ...). Other S3 servers:
    s3://bucket/path?endpoint_override=minio:9000&scheme=http

    \b
    Examples:
      eventwire archive /data/news
      eventwire archive s3://news/archive?region=eu-central-1 --topic news.articles.raw --topic news.events.deal
      eventwire archive /data/news --once --compact
    """
    from pipeline.history.archive_files import Store
    from pipeline.settings import load_settings
    from pipeline.streams.topics import find_topic, load_topics

    settings = load_settings(brokers=brokers, topic_prefix=topic_prefix)
    names = [find_topic(name).name for name in words(topics)] or list(load_topics())
    full = [settings.topic_prefix + name for name in names]
    shutdown = None if once or compact else _shutdown(settings)  # first: pyarrow starts threads
    store = Store(root)
    if compact and not once:
        _compact(store, full if topics else None, quiet)
        return
    with store.locked():
        _archive(store, full, settings, shutdown, flush_mb * _MIB, flush_seconds, quiet)
    if compact:
        _compact(store, full if topics else None, quiet)


def _archive(
    store: "Store", topics: list[str], settings: Any, shutdown: Any, flush_bytes: int, flush_seconds: float, quiet: bool
) -> None:
    from pipeline.broker.client import Client
    from pipeline.history.archive import Archiver

    with Client(settings) as client, counting(quiet=quiet) as count:
        archiver = Archiver(
            client,
            store,
            topics,
            flush_bytes=flush_bytes,
            flush_seconds=flush_seconds,
            say=warn,
            progress=lambda done, total: count(f"{done:,} read", done, total),
        )
        try:
            if shutdown is None:
                archiver.drain()
            else:
                if not quiet:
                    print(f"archiving to {safe(store.name)} until Ctrl-C", file=sys.stderr)
                archiver.follow(shutdown.requested.is_set)
        finally:
            if not quiet:
                name = safe(store.name)
                print(
                    f"archived {archiver.archived:,} messages to {name} ({archiver.commits:,} commits)", file=sys.stderr
                )


def _compact(store: "Store", topics: list[str] | None, quiet: bool) -> None:
    from pipeline.history.archive_reader import Archive
    from pipeline.history.compact import compact

    archive = Archive(store)
    with store.locked(), counting(quiet=quiet) as count:
        less = compact(
            archive,
            topics,
            say=warn,
            told=lambda span: count(f"merged {span.topic} [{span.partition}] up to offset {span.last:,}", 0, None),
        )
    if not quiet:
        print(f"merged: {less:,} commits less" if less else "nothing to merge", file=sys.stderr)


def _shutdown(settings: Any) -> Any:
    """SIGTERM and Ctrl-C end the archiver after a last flush."""
    from pipeline.broker.shutdown import Shutdown

    return Shutdown(seconds=settings.shutdown_seconds)
