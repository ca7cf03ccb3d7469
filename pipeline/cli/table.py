"""Events as a table that people read: who did what, in which words, how sure. Shared by `run` and `tail`.

Everything in it was written by strangers: control characters, escape sequences and directional overrides are made
visible, and nothing is read as markup.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from pipeline.cli.terminal import console, safe

_TYPE = 24  # characters of the longest type
_EVIDENCE = 160  # characters of evidence shown
_NAME = 60
_ARTICLE = 80
_ACTIONS = {"update": "updated", "delete": "retracted"}
_COLOURS = {"completed": "green", "announced": "cyan", "denied": "red", "cancelled": "red", "rumoured": "yellow"}


def events_table(events: Iterable[Mapping[str, Any]]) -> Table:
    """A table of events, each as JSON (`to_json(NewsEvent)`, or read from a topic)."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=True)
    # A type is there to be copied into --type: it is never cut, and wrapped on a very narrow terminal only.
    table.add_column("event", width=_TYPE, overflow="fold")
    table.add_column("who", ratio=4, overflow="fold")
    table.add_column("evidence", ratio=6)
    table.add_column("conf", justify="right", no_wrap=True, width=4)
    table.add_column("in", no_wrap=True, width=3)
    table.add_column("article", ratio=3)
    for event in events:
        table.add_row(*_row(event))
    return table


def _row(event: Mapping[str, Any]) -> tuple[Text, ...]:
    status = str(event.get("status", ""))
    action = str(event.get("action", "add"))
    what = Text(safe(str(event.get("type", "?"))), style="bold strike" if action == "delete" else "bold")
    notes = [status, *(["background"] if event.get("time") == "background" else [])]
    what.append("\n" + safe(", ".join(filter(None, notes))), style=_COLOURS.get(status, "dim"))
    if action != "add":
        what.append("\n" + safe(_ACTIONS.get(action, action)), style="red" if action == "delete" else "yellow")
    who = Text()
    for participant in event.get("participants", ()):
        name = str(participant.get("name") or participant.get("text", "?"))
        who.append(("\n" if who else "") + safe(str(participant.get("role", "?"))) + " ", style="dim")
        who.append(safe(name, longest=_NAME))
    for amount in event.get("amounts", ()):
        who.append(("\n" if who else "") + "amount ", style="dim")
        who.append(safe(str(amount.get("text", "?")), longest=_NAME))
    evidence = " … ".join(str(quote.get("text", "")) for quote in event.get("evidence", ()))
    article = event.get("article", {})
    label = article.get("title") or article.get("url") or article.get("id") or "?"
    return (
        what,
        who,
        Text(safe(evidence, longest=_EVIDENCE)),
        Text(f"{float(event.get('confidence', 0)):.2f}"),
        Text(safe(str(article.get("language", "?")), longest=3)),
        Text(safe(str(label), longest=_ARTICLE)),
    )


def print_events(events: Iterable[Mapping[str, Any]], *, heading: bool = True) -> None:
    """Print the table to standard output, as wide as the terminal. Without `heading` it goes on with another one."""
    table = events_table(events)
    table.show_header = table.show_edge = heading
    console().print(table)
