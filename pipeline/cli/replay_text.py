"""Runs as a table that people read, and as JSON."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from pipeline.cli.lines import print_json
from pipeline.cli.terminal import console, safe

if TYPE_CHECKING:
    from pipeline.history.runs import Run, Taken


def print_runs(found: "Sequence[tuple[str, Run | None]]") -> None:
    """One row a run. None: it was killed while it was being made."""
    terminal = console()
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("run", "state", "began", "articles", "events", "took", "models"):
        table.add_column(name, overflow="fold", justify="right" if name in ("articles", "events") else "left")
    for name, run in found:
        if run is None:
            table.add_row(Text(safe(name)), Text("broken"))
            continue
        pinned = run.pinned
        cells = (
            safe(name),
            run.state,
            safe(run.created_at[:16].replace("T", " ")),
            f"{run.counts.get('raw', 0):,}",
            f"{run.counts.get('events', 0):,}",
            safe(took(run.taken)),
            safe(pinned.events or pinned.entities or pinned.language),
        )
        table.add_row(*(Text(cell) for cell in cells))
    terminal.print(table)


def print_runs_json(found: "Sequence[tuple[str, Run | None]]") -> None:
    """One array of descriptions, each with the place where it was found."""
    from pipeline.records import to_json

    print_json([{"place": name, **(to_json(run) if run else {"state": "broken"})} for name, run in found])


def took(taken: "Taken") -> str:
    """What a run took, in words."""
    parts = [taken.archive or f"Kafka {taken.topic}"]
    parts += [f"from {taken.since}"] if taken.since else []
    parts += [f"to {taken.before}"] if taken.before else []
    parts += [f"by {taken.by}"] if taken.since or taken.before else []
    parts += [f"{name}={','.join(values)}" for name, values in taken.where.items()]
    return " ".join(parts)
