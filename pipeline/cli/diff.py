"""`eventwire diff`: what two runs say differently about the same articles."""

from collections import defaultdict
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.html_page import check_place, write
from pipeline.cli.options import Brokers, Prefix

if TYPE_CHECKING:
    from pipeline.history.diff import Difference, Summary

_IN_PAGE = 250  # differences of a kind that the page shows


class Shown(StrEnum):
    TABLE = "table"
    JSON = "json"


def diff(
    run_a: Annotated[str, typer.Argument(metavar="RUN_A", help="A run on Kafka, a run's folder, or live.")],
    run_b: Annotated[str, typer.Argument(metavar="RUN_B", help="The other one.")],
    format: Annotated[Shown, typer.Option(help="A table to read, or one JSON object with everything.")] = Shown.TABLE,
    limit: Annotated[int, typer.Option(min=0, help="Differences of a kind that the table shows.")] = 10,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page that stands alone.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on standard error.")] = False,
    brokers: Brokers = None,
    topic_prefix: Prefix = None,
) -> int:
    """Show which events were added, lost or changed from RUN_A to RUN_B, with their evidence side by side.

    Compared are articles that both runs have an outcome for. live stands for the live topics, of which only what came
    of the other run's input counts. An event that differs in nothing but confidence and relevance is rescored. Of the
    others, an event is the same by its id, else by article, type and overlapping evidence; what is left on one side
    was added or lost.

    \b
    Examples:
      eventwire diff live q3
      eventwire diff runs/old runs/new --html report.html
      eventwire diff q3 q3-new --format json | jq '.differences[] | select(.kind == "lost") | .a.type'

    Exit code: 0 no difference, 1 there are some.
    """
    from pipeline.settings import load_settings

    if run_a == run_b:
        raise typer.BadParameter(f"{run_a} and {run_b} are the same run.")
    if html is not None:
        check_place(html)
    settings = load_settings(brokers=brokers, topic_prefix=topic_prefix)
    from pipeline.history.diff import Diff

    with Diff() as comparison:
        summary = _read(comparison, run_a, run_b, settings, quiet)
        kept = _Kept(max(limit, _IN_PAGE if html else 0))
        found = kept.through(comparison.differences(), summary)
        if format is Shown.JSON:
            _print_json(found, summary)
        for _ in found:
            pass
    if format is Shown.TABLE:
        from pipeline.cli.diff_text import show

        show(summary, kept.some, limit=limit)
    if html is not None:
        from pipeline.cli.diff_html import page

        write(page(summary, kept.some), html)
    return 0 if summary.equal else 1


def _read(comparison: Any, run_a: str, run_b: str, settings: Any, quiet: bool) -> "Summary":
    from pipeline.cli.counting import counting
    from pipeline.history.diff_read import fill
    from pipeline.history.recorded import records_of

    with (
        records_of(run_a, settings) as a,
        records_of(run_b, settings) as b,
        counting(quiet=quiet) as progress,
    ):
        found: Summary = comparison.summary(*fill(comparison, a, b, progress=progress))
        return found


class _Kept:
    """Counts every difference, and keeps some of each kind to be shown."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.some: dict[str, list[Difference]] = defaultdict(list)

    def through(self, differences: "Iterator[Difference]", summary: "Summary") -> "Iterator[Difference]":
        from pipeline.history.diff import count

        for difference in differences:
            count(summary, difference)
            if len(self.some[difference.kind]) < self._limit:
                self.some[difference.kind].append(difference)
            yield difference


def _print_json(differences: "Iterator[Difference]", summary: "Summary") -> None:
    """One object, written as it is found: there may be more differences than memory holds."""
    from dataclasses import asdict

    import orjson

    from pipeline.cli.lines import print_line

    comma = b""
    print_line(b'{"differences":[')
    for difference in differences:
        print_line(comma + orjson.dumps(asdict(difference)))
        comma = b","
    print_line(b'],"summary":' + orjson.dumps(summary.as_dict()) + b"}")
