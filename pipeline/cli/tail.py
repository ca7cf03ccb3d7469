"""`eventwire tail`: events as they come, or as they were, from Kafka, a run's folder or an archive."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.cli.lines import print_json
from pipeline.cli.options import (
    TIME_HELP,
    Brokers,
    Classes,
    Entities,
    Languages,
    MinConfidence,
    Prefix,
    Sources,
    Statuses,
    Types,
    check_order,
    read_selection,
    read_time,
)
from pipeline.cli.terminal import warn

_ROWS = 500  # of one table: memory stays flat


class Shown(StrEnum):
    TABLE = "table"
    JSONL = "jsonl"


def tail(
    place: Annotated[
        str | None,
        typer.Argument(
            metavar="[DIR|URL]",
            help="What `eventwire run --out` or `eventwire archive` wrote; without it, Kafka.",
        ),
    ] = None,
    classes: Classes = None,
    types: Types = None,
    entities: Entities = None,
    languages: Languages = None,
    min_confidence: MinConfidence = 0.0,
    statuses: Statuses = None,
    sources: Sources = None,
    since: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help=f"Written from then on. {TIME_HELP}")
    ] = None,
    before: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Written before then.")] = None,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", metavar="TIME", help="What was known then: each event's last state, none retracted."),
    ] = None,
    count: Annotated[
        bool,
        typer.Option(
            "--count", help="How many a day (of publication; --from and --to mean it too), and the newest as examples."
        ),
    ] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, help="End after so many events; with --count: so many examples.")
    ] = None,
    follow: Annotated[
        bool | None, typer.Option("--follow/--no-follow", help="Wait for new events (default on Kafka) or end.")
    ] = None,
    format: Annotated[Shown, typer.Option(help="A table to read, or one JSON record a line.")] = Shown.TABLE,
    brokers: Brokers = None,
    topic_prefix: Prefix = None,
) -> None:
    """Show events: new ones as they come from Kafka, or those of a run's folder or an archive.

    An event is shown if every option that is given names it; an option may be repeated or list several with commas.
    On Kafka, --follow without --from starts with the next event, --no-follow with the oldest one. --count is a
    subscription's dry run: what it would have given.

    \b
    Examples:
      eventwire tail --class deal --min-confidence 0.8
      eventwire tail --entity Alibaba --from 2h --format jsonl | jq .type
      eventwire tail out/demo --type analyst.rating,analyst.price_target --language de
      eventwire tail /data/news --as-of 2026-03-01 --entity Siemens
      eventwire tail /data/news --count --from 2025-01-01 --type analyst.rating
    """
    from pipeline.settings import load_settings

    start, end, moment = read_time(since, "--from"), read_time(before, "--to"), read_time(as_of, "--as-of")
    looking_back = count or moment is not None
    following = follow if follow is not None else place is None and not looking_back
    _check_times(start, end, moment, following=following, looking_back=looking_back)
    settings = load_settings(brokers=brokers, topic_prefix=topic_prefix)
    selection = read_selection(
        settings,
        classes=classes,
        types=types,
        entities=entities,
        languages=languages,
        statuses=statuses,
        sources=sources,
        min_confidence=min_confidence,
    )
    _tell_warnings()
    if looking_back:
        _look_back(place, settings, selection, (start, end), moment, count=count, limit=limit, format=format)
        return
    _show(itertools.islice(_events(place, settings, selection, start, end, following), limit), format, following)


def _check_times(
    start: datetime | None, end: datetime | None, moment: datetime | None, *, following: bool, looking_back: bool
) -> None:
    """Raises `typer.BadParameter` for times at which there can be no event."""
    check_order(start, end)
    now = datetime.now(UTC)
    if looking_back and following:
        raise typer.BadParameter("--count and --as-of look back, --follow waits for new events: choose one.")
    if moment and moment > now:
        raise typer.BadParameter("--as-of is in the future: what will be known then, nobody knows.")
    if start and start > now and not following:
        raise typer.BadParameter("--from is in the future: no event can be from then. With --follow, wait for it.")
    if moment and start and start > moment:
        raise typer.BadParameter("--from is later than --as-of: nothing from then was known.")
    if following and end and end <= now and not start:
        raise typer.BadParameter("--to is past: no new event can be from before. Use --no-follow to see old ones.")


def _look_back(
    place: str | None,
    settings: Any,
    selection: Any,
    span: tuple[datetime | None, datetime | None],
    moment: datetime | None,
    *,
    count: bool,
    limit: int | None,
    format: Shown,
) -> None:
    from pipeline.cli.counting import counting
    from pipeline.cli.tail_history import EXAMPLES, Counts, published, recorded, watched
    from pipeline.history.as_of import known
    from pipeline.streams.events import event_topics

    prefix = settings.topic_prefix
    clock = published if count else _written

    def found(read: Callable[[], Iterator[Any]]) -> Iterator[tuple[Any, Any]]:
        every = known(read, moment, topic_prefix=prefix) if moment else _read_events(read(), prefix)
        return ((m, event) for m, event in every if selection.wants(event) and _within(clock(m, event), *span))

    topics = event_topics(selection.wanted_classes, prefix=prefix)
    with recorded(place, settings, topics, complain=warn) as read:
        if not count:
            _show(itertools.islice(found(read), limit), format, False)
            return
        with counting() as told:
            counts = Counts(found(watched(read, told)), examples=limit or EXAMPLES)
        if format is Shown.JSONL:
            counts.print_lines()
        else:
            counts.print_table()


def _events(
    place: str | None,
    settings: Any,
    selection: Any,
    start: datetime | None,
    end: datetime | None,
    follow: bool,
) -> Iterator[tuple[Any, Any]]:
    """Wanted events that were written between `start` and `end`, with their messages."""
    if place is None:
        from pipeline.broker.client import Client
        from pipeline.broker.subscribe import subscribe

        with Client(settings) as client:
            yield from subscribe(client, selection, since=start, before=end, follow=follow)
        return
    from pipeline.streams.events import event_topics

    topics = event_topics(selection.wanted_classes, prefix=settings.topic_prefix)
    for message, event in _read_events(_messages(place, topics, start, end, follow), settings.topic_prefix):
        if _within(_written(message), start, end) and selection.wants(event):
            yield message, event


def _messages(
    place: str, topics: list[str], start: datetime | None, end: datetime | None, follow: bool
) -> Iterator[Any]:
    from pipeline.history.archive_reader import Archive, is_archive

    if is_archive(place):
        if follow:
            raise typer.BadParameter(f"{place} is an archive, which can't be followed: follow Kafka.")
        return Archive(place).read(topics, since=start, until=end, by="timestamp")
    from pipeline.local.outputs import read_outputs

    return read_outputs(Path(place), set(topics).__contains__, complain=warn, follow=follow)


def _read_events(messages: Iterable[Any], prefix: str) -> Iterator[tuple[Any, Any]]:
    from pipeline.streams.events import read_event

    for message in messages:
        event = read_event(message, prefix=prefix)
        if event is not None:
            yield message, event


def _written(message: Any, event: Any = None) -> int:
    return int(message.timestamp)


def _within(when: int, start: datetime | None, end: datetime | None) -> bool:
    """`when`: milliseconds since 1970; a writer's clock may say any."""
    return (start is None or when >= start.timestamp() * 1000) and (end is None or when < end.timestamp() * 1000)


def _show(found: Iterable[tuple[Any, Any]], format: Shown, following: bool) -> None:
    if format is Shown.JSONL:
        for message, _ in found:
            _show_record(message)
    else:
        _show_tables((event for _, event in found), rows=1 if following else _ROWS)


def _show_tables(events: Iterable[Any], *, rows: int) -> None:
    """Tables of `rows` events each, one below the other; the heading stands over the first."""
    from pipeline.cli.table import print_events
    from pipeline.records import to_json

    rest = iter(events)
    heading = True
    while some := [to_json(event) for event in itertools.islice(rest, rows)]:
        print_events(some, heading=heading)
        heading = False


def _show_record(message: Any) -> None:
    import orjson

    # Read and written again: one line whatever the writer did.
    print_json(orjson.loads(message.value))


def _tell_warnings() -> None:
    import logging

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            warn(record.getMessage())

    logger = logging.getLogger("pipeline.streams.events")
    logger.handlers = [Handler()]
    logger.propagate = False
