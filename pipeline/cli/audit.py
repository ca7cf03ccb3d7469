"""`eventwire audit`: the books. Every raw article is classified, dead-lettered or in flight, or is named here."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.counting import counting
from pipeline.cli.options import TIME_HELP, Brokers, Prefix, check_order, read_time
from pipeline.cli.terminal import safe

if TYPE_CHECKING:
    from pipeline.history.ledger import Report

_NAMED = 50  # missing messages named in a table; JSON names all


class Shown(StrEnum):
    TABLE = "table"
    JSON = "json"


def audit(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="What `eventwire run --out` wrote; without it, Kafka.")
    ] = None,
    from_offset: Annotated[int | None, typer.Option(min=0, help="From this offset of each partition on.")] = None,
    to_offset: Annotated[int | None, typer.Option(min=0, help="Before this offset of each partition.")] = None,
    since: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help=f"Written from then on. {TIME_HELP}")
    ] = None,
    before: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Written before then.")] = None,
    partition: Annotated[int | None, typer.Option(min=0, help="Only this partition of the raw topic.")] = None,
    format: Annotated[Shown, typer.Option(help="A table to read, or one JSON object.")] = Shown.TABLE,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
    brokers: Brokers = None,
    topic_prefix: Prefix = None,
) -> int:
    """Prove that nothing was lost: in = classified + dead-lettered + in flight.

    Reads the raw topic, or a range of it, and every outcome; workers may go on meanwhile. Names each raw message that
    nothing came of, and each whose outcomes contradict one another: the same message classified twice with other
    content (times aside), or classified and dead-lettered without a redrive. Events and retractions that a classified
    record tells of must stand on their topics. Memory stays flat: 13 bytes an article, 48 an event.

    \b
    Examples:
      eventwire audit
      eventwire audit --from 1h --format json | jq .missing
      eventwire audit --partition 3 --from-offset 1000 --to-offset 2000
      eventwire audit out/demo

    Exit code: 0 complete, 1 something is missing or contradictory, 3 trouble with Kafka.
    """
    from pipeline.settings import load_settings

    settings = load_settings(brokers=brokers, topic_prefix=topic_prefix)
    start, end = read_time(since, "--from"), read_time(before, "--to")
    check_order(start, end)
    if from_offset is not None and to_offset is not None and from_offset >= to_offset:
        raise typer.BadParameter("--from-offset must be smaller than --to-offset: nothing lies between them.")
    ranged = {"first": from_offset, "last": to_offset, "since": start, "before": end, "partition": partition}
    keys: dict[Any, bytes | None] = {}
    if folder is not None:
        if any(value is not None for value in ranged.values()):
            raise typer.BadParameter("a folder is audited whole: leave out ranges.")
        report = _audit_folder(folder, settings, quiet)
    else:
        report, keys = _audit_kafka(settings, ranged, quiet)
    if format is Shown.JSON:
        _print_json(report, keys)
    else:
        _print_table(report, keys)
    return 0 if report.complete else 1


def _audit_folder(folder: Path, settings: Any, quiet: bool) -> "Report":
    from pipeline.history.folder_audit import audit_folder

    with counting(quiet=quiet) as count:
        return audit_folder(folder, topic_prefix=settings.topic_prefix, progress=count)


def _audit_kafka(settings: Any, ranged: dict[str, Any], quiet: bool) -> tuple["Report", dict[Any, bytes | None]]:
    from pipeline.broker.client import Client
    from pipeline.history.audit import Range, audit, keys_of

    with Client(settings) as client, counting(quiet=quiet) as count:
        report = audit(client, Range(**ranged), progress=count)
        return report, dict(keys_of(client, (*report.missing, *report.contradictions, *report.lacking)))


def _print_json(report: "Report", keys: dict[Any, bytes | None]) -> None:
    from dataclasses import asdict

    import orjson

    def named(position: tuple[str, int, int]) -> dict[str, Any]:
        topic, number, offset = position
        return {"topic": topic, "partition": number, "offset": offset, "key": _key(keys.get(position))}

    data = asdict(report) | {"complete": report.complete}
    for name in ("missing", "contradictions", "lacking"):
        data[name] = [named(position) for position in data[name]]
    print(orjson.dumps(data, option=orjson.OPT_INDENT_2).decode())


def _print_table(report: "Report", keys: dict[Any, bytes | None]) -> None:
    codes = ", ".join(f"{safe(code)} {count:,}" for code, count in report.codes.items())
    rows = [
        ("raw messages", report.raw, ""),
        (
            "= classified",
            report.classified,
            f"{report.reclassified:,} again by other models" * bool(report.reclassified),
        ),
        ("+ dead-lettered", report.dead_lettered, codes),
        ("+ in flight", report.in_flight, ""),
        ("+ compacted", report.compacted, "too old to ask after: only the last record of an article is kept"),
        ("+ missing", len(report.missing), ""),
        ("contradictory", len(report.contradictions), ""),
        ("written again, equal", report.repeated, "at-least-once delivery"),
        (
            "dead letters redriven",
            report.redriven,
            f"{report.redrives:,} raw messages are redrives" * bool(report.redrives),
        ),
        ("events", report.events, f"{report.events_repeated:,} written again, equal" * bool(report.events_repeated)),
        ("retractions", report.events_retracted, "by updates and deletions"),
        ("events missing", report.events_missing, ""),
        ("events contradictory", report.events_contradicted, ""),
        ("events told anew", report.events_of_updates, "same event, other content, by a later message of the article"),
    ]
    always = {"raw messages", "= classified", "+ dead-lettered", "+ in flight", "+ missing", "contradictory", "events"}
    for name, count, note in rows:
        if count or name in always:
            print(f"{name:<22} {count:>12,}" + (f"   {note}" if note else ""))
    named = (
        ("missing", report.missing),
        ("contradictory", report.contradictions),
        ("its events are missing", report.lacking),
    )
    for what, positions in named:
        for position in positions[:_NAMED]:
            print(f"{what}: {safe('/'.join(map(str, position)))}  key {safe(_key(keys.get(position)) or 'none')}")
        if len(positions) > _NAMED:
            print(f"{what}: and {len(positions) - _NAMED:,} more (--format json names all)")
    print("complete" if report.complete else "NOT complete", file=sys.stderr)


def _key(key: bytes | None) -> str | None:
    return None if key is None else key.decode("utf-8", "backslashreplace")
