"""Differences of two runs as tables that people read: how many of what, then some of them side by side."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table
from rich.text import Text

from pipeline.cli.terminal import console, safe

if TYPE_CHECKING:
    from pipeline.history.diff import Difference, Summary

KINDS = ("lost", "added", "changed", "rescored")
_COLOURS = {"lost": "red", "added": "green", "changed": "yellow", "rescored": "dim"}
_EVIDENCE = 400
_VALUE = 120
_VALUES = 12  # of a dimension


def show(summary: "Summary", some: "Mapping[str, Sequence[Difference]]", *, limit: int) -> None:
    """Print everything to standard output."""
    terminal = console()
    for line in heading(summary):
        terminal.print(Text(line))
    if summary.equal:
        terminal.print(Text("no difference", style="green"))
        return
    for name in ("class", "type", "language", "source"):
        terminal.print(_counts(name, summary))
    for kind in KINDS[:3]:
        shown = some.get(kind, ())[:limit]
        if shown:
            terminal.print(_side_by_side(kind, shown, summary))
        if (more := summary.kinds[kind] - len(shown)) > 0 and limit:
            terminal.print(Text(f"... and {more:,} more {kind} (--limit, or --format json)"))


def heading(summary: "Summary") -> list[str]:
    """What was compared, in words; a line each."""
    lines = []
    for letter, side in (("A", summary.a), ("B", summary.b)):
        models = ", ".join(safe(name, longest=60) for name, _ in side.models.most_common(3)) or "none"
        articles = "" if side.articles is None else f", {side.articles:,} articles"
        dead = f", {side.dead:,} dead letters" if side.dead else ""
        lines.append(
            f"{letter}  {safe(side.name, longest=80)}: {side.events:,} events{articles}{dead}; models {models}"
        )
    counts = ", ".join(f"{summary.kinds[kind]:,} {kind}" for kind in KINDS)
    lines.append(f"{summary.compared:,} articles compared: {summary.same:,} events are the same, {counts}")
    return lines


def _counts(name: str, summary: "Summary") -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(name, overflow="fold")
    for title in ("A", "B", *KINDS):
        table.add_column(title, justify="right")
    rows = ranked(summary.by[name].items())
    for value, counts in rows[:_VALUES]:
        cells = [Text(f"{counts[kind]:,}" if counts[kind] else "", style=_COLOURS[kind]) for kind in KINDS]
        table.add_row(Text(safe(value, longest=40)), f"{counts['a']:,}", f"{counts['b']:,}", *cells)
    if len(rows) > _VALUES:
        table.add_row(Text(f"... {len(rows) - _VALUES:,} more"), *[""] * (2 + len(KINDS)))
    return table


def ranked(values: "Iterable[tuple[str, Any]]") -> list[tuple[str, Any]]:
    """Values with the most differences first, then those with the most events."""
    return sorted(
        values, key=lambda item: (-sum(item[1][kind] for kind in KINDS), -item[1]["a"] - item[1]["b"], item[0])
    )


def _side_by_side(kind: str, differences: "Sequence[Difference]", summary: "Summary") -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=True, show_lines=True)
    table.add_column(kind, width=24, overflow="fold", style=_COLOURS[kind])
    if kind == "changed":
        table.add_column(f"A  {safe(summary.a.name, longest=40)}", ratio=1, overflow="fold")
        table.add_column(f"B  {safe(summary.b.name, longest=40)}", ratio=1, overflow="fold")
    else:
        table.add_column("who", ratio=1, overflow="fold")
        table.add_column("evidence", ratio=2, overflow="fold")
    for difference in differences:
        event = difference.event
        article = event["article"]
        first = Text(safe(str(event.get("type"))), style="bold")
        first.append("\n" + safe(str(article.get("title") or article["id"]), longest=60), style="dim")
        if kind == "changed":
            table.add_row(first, *_changes(difference))
        else:
            who = "\n".join(f"{role} {name}" for role, name in participants(event))
            table.add_row(first, Text(who), Text(safe(evidence(event), longest=_EVIDENCE)))
    return table


def _changes(difference: "Difference") -> tuple[Text, Text]:
    """The evidence of both, and the fields that differ."""
    cells = []
    for event, other in ((difference.a, difference.b), (difference.b, difference.a)):
        assert event is not None
        assert other is not None
        text = Text(safe(evidence(event), longest=_EVIDENCE))
        for name in difference.fields:
            if name not in ("evidence", "event_id", "trigger"):
                text.append(f"\n{name} ", style="dim")
                text.append(safe(value(event, name), longest=_VALUE))
        cells.append(text)
    return cells[0], cells[1]


def evidence(event: "Mapping[str, Any]") -> str:
    """The words that an event was read from."""
    return " … ".join(str(quote.get("text", "")) for quote in event.get("evidence", ()))


def participants(event: "Mapping[str, Any]") -> list[tuple[str, str]]:
    """Role and name of each participant, harmless."""
    return [
        (safe(str(who.get("role", "?"))), safe(str(who.get("name") or who.get("text", "?")), longest=60))
        for who in event.get("participants", ())
    ]


def value(event: "Mapping[str, Any]", name: str) -> str:
    """A field of an event in a few words, not yet harmless."""
    found = event.get(name)
    if name == "participants":
        return ", ".join(f"{role} {who}" for role, who in participants(event)) or "none"
    if name == "amounts":
        return ", ".join(str(amount.get("text", "?")) for amount in found or ()) or "none"
    if isinstance(found, dict):
        return str(found.get("text") or found.get("date") or found.get("title") or found)
    if isinstance(found, float):
        return f"{found:.3f}"
    return "none" if found is None else str(found)
