"""`eventwire tail`: events as they come, from Kafka or from a run's folder."""

import itertools
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
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
    read_time,
    words,
)

_ROWS = 500  # of one table: memory stays flat


class Shown(StrEnum):
    TABLE = "table"
    JSONL = "jsonl"


def tail(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="What `eventwire run --out` wrote; without it, Kafka.")
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
    limit: Annotated[int | None, typer.Option(min=1, help="End after so many events.")] = None,
    follow: Annotated[
        bool | None, typer.Option("--follow/--no-follow", help="Wait for new events (default on Kafka) or end.")
    ] = None,
    format: Annotated[Shown, typer.Option(help="A table to read, or one JSON record a line.")] = Shown.TABLE,
    brokers: Brokers = None,
    topic_prefix: Prefix = None,
) -> None:
    """Show events: new ones as they come from Kafka, or those of a folder that `eventwire run` wrote.

    An event is shown if every option that is given names it; an option may be repeated or list several with commas.
    On Kafka, --follow without --from starts with the next event, --no-follow with the oldest one.

    \b
    Examples:
      eventwire tail --class deal --min-confidence 0.8
      eventwire tail --entity Alibaba --from 2h --format jsonl | jq .type
      eventwire tail out/demo --type analyst.rating,analyst.price_target --language de
    """
    from pipeline.events.selection import select
    from pipeline.settings import load_settings

    start, end = read_time(since, "--from"), read_time(before, "--to")
    check_order(start, end)
    settings = load_settings(brokers=brokers, topic_prefix=topic_prefix)
    selection = select(
        classes=words(classes),
        types=words(types),
        entities=entities or (),
        languages=words(languages),
        statuses=words(statuses),
        sources=sources or (),
        min_confidence=min_confidence,
        known_languages=known_languages() if languages else (),
    )
    _tell_warnings()
    found = itertools.islice(_events(folder, settings, selection, start, end, follow), limit)
    if format is Shown.JSONL:
        for message, _ in found:
            _show_record(message)
    else:
        following = follow if follow is not None else folder is None
        _show_tables((event for _, event in found), rows=1 if following else _ROWS)


def known_languages() -> list[str]:
    """The codes that the language stage can give an article."""
    from pipeline.language.confusables import SOUTH_SLAVIC
    from pipeline.language.langid import shared_language_model
    from pipeline.language.scripts import ONE_LANGUAGE

    return sorted({*shared_language_model().languages, *ONE_LANGUAGE.values(), *SOUTH_SLAVIC, "yue", "und"})


def _events(
    folder: Path | None,
    settings: Any,
    selection: Any,
    start: datetime | None,
    end: datetime | None,
    follow: bool | None,
) -> Iterator[tuple[Any, Any]]:
    if folder is not None:
        yield from _of_folder(folder, settings.topic_prefix, selection, start, end, bool(follow))
        return
    from pipeline.broker.client import Client
    from pipeline.broker.subscribe import subscribe

    with Client(settings) as client:
        yield from subscribe(client, selection, since=start, before=end, follow=follow is not False)


def _of_folder(
    folder: Path, prefix: str, selection: Any, start: datetime | None, end: datetime | None, follow: bool
) -> Iterator[tuple[Any, Any]]:
    from datetime import UTC

    from pipeline.local.outputs import read_outputs
    from pipeline.streams.events import EVENTS, read_event

    topics = {f"{prefix}{EVENTS}{name}" for name in selection.wanted_classes}
    for message in read_outputs(folder, topics.__contains__, complain=_complain, follow=follow):
        when = datetime.fromtimestamp(message.timestamp / 1000, UTC)
        if (start and when < start) or (end and when >= end):
            continue
        event = read_event(message, prefix=prefix)
        if event is not None and selection.wants(event):
            yield message, event


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


def _complain(text: str) -> None:
    from pipeline.cli.table import safe

    print(f"warning: {safe(text)}", file=sys.stderr)


def _tell_warnings() -> None:
    import logging

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            _complain(record.getMessage())

    logger = logging.getLogger("pipeline.streams.events")
    logger.handlers = [Handler()]
    logger.propagate = False
