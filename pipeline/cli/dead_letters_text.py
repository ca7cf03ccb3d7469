"""Dead letters as people and programs read them: rows of a table, JSON objects, one letter in full.

Everything in them was written by strangers: nothing printed here can command a terminal.
"""

import itertools
from collections.abc import Iterable
from typing import Any

from pipeline.cli.terminal import console, safe
from pipeline.streams.dead_letters import DeadLetter

_ROWS = 200  # of one table: memory stays flat
_SHOWN = 4_000  # characters of an original
_ERROR, _KEY = 300, 60
_WIDTH = 160  # where the terminal doesn't say


def position(letter: DeadLetter) -> str:
    """What commands call it: `language/0/12`."""
    message = letter.message
    return f"{message.topic.rpartition('.')[2]}/{message.partition}/{message.offset}"


def _source(letter: DeadLetter) -> str:
    return f"{letter.source_topic}/{letter.source_partition}/{letter.source_offset}"


def summary(letter: DeadLetter) -> dict[str, Any]:
    """One line of `list --format jsonl`."""
    message = letter.message
    return {
        "letter": position(letter),
        "first_seen": letter.first_seen,
        "stage": letter.stage,
        "code": letter.code,
        "error": letter.error,
        "source": _source(letter),
        "attempts": letter.attempts,
        "key": message.key.decode("utf-8", "backslashreplace") if message.key is not None else None,
        "size": len(message.value) if message.value is not None else None,
    }


def print_tables(letters: Iterable[DeadLetter]) -> int:
    """All of them; how many there were."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    terminal = console(width=_WIDTH)
    rest, count = iter(letters), 0
    while some := list(itertools.islice(rest, _ROWS)):
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_header=not count, show_edge=not count)
        for name in ("letter", "first seen", "code", "error", "source", "key", "bytes"):
            table.add_column(name, overflow="fold", justify="right" if name == "bytes" else "left")
        for row in map(summary, some):
            size = "none" if row["size"] is None else f"{row['size']:,}"
            cells = (
                row["letter"],
                row["first_seen"][:19].replace("T", " "),
                row["code"],
                safe(row["error"], longest=_ERROR),
                row["source"],
                safe(row["key"] or "", longest=_KEY),
                size,
            )
            table.add_row(*(Text(safe(cell)) for cell in cells))
        terminal.print(table)
        count += len(some)
    return count


def print_letter(letter: DeadLetter) -> None:
    """Why and from where, all headers, and the original up to `_SHOWN` characters."""
    message = letter.message
    print(f"{position(letter)}  {safe(letter.code)}: {safe(letter.error)}")
    print(f"  from      {safe(_source(letter))}, attempt {letter.attempts}, first seen {safe(letter.first_seen)}")
    print(f"  key       {'none' if message.key is None else safe(message.key.decode('utf-8', 'backslashreplace'))}")
    for name, value in message.headers:
        print(f"  {safe(name)}: {safe(value.decode('utf-8', 'backslashreplace'))}")
    if message.value is None:
        print("  no value: a tombstone\n")
        return
    text = message.value[: _SHOWN * 4].decode("utf-8", "backslashreplace")
    print(f"  original  {len(message.value):,} bytes")
    print("\n".join(f"  | {safe(line)}" for line in text[:_SHOWN].split("\n")))
    if len(text) > _SHOWN or len(message.value) > _SHOWN * 4:
        print(f"  | … cut after {_SHOWN:,} characters; --raw gives all of it")
    print()
