"""`eventwire replay --verify`: the hashes of a run's records, and the first record that differs."""

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table
from rich.text import Text

from pipeline.cli.counting import counting
from pipeline.cli.lines import print_json
from pipeline.cli.terminal import console, safe

if TYPE_CHECKING:
    from pipeline.history.replay_start import Moved
    from pipeline.history.verify import Differing, Verified
    from pipeline.settings import Settings
    from pipeline.streams.message import Message

_LONGEST = 300  # characters shown of what differs


def verify_run(name: str, settings: "Settings", moved: "Moved", *, as_json: bool, quiet: bool) -> int:
    """0 if the run's records are those that its input and its models give, else 1."""
    from pipeline.flow import segment
    from pipeline.history.verify import verify

    with counting(quiet=quiet) as count:

        def report(articles: int, scanned: int, total: int) -> None:
            count(f"{articles:,} articles made again", scanned, max(total, scanned, 1))

        verified = verify(name, settings, steps=segment, report=report, moved=moved)
    if as_json:
        print_json(_as_dict(verified))
    else:
        _print(verified)
    return 0 if verified.equal else 1


def _print(verified: "Verified") -> None:
    terminal = console()
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("topic", "raw partition", "records", "hash of what was recorded", "made again"):
        table.add_column(title, overflow="fold", justify="right" if title in ("raw partition", "records") else "left")
    for row in verified.rows:
        again = Text("the same", style="green") if row.equal else Text(row.again, style="red")
        table.add_row(Text(row.topic), str(row.partition), f"{row.records:,}", row.recorded, again)
    terminal.print(table)
    if verified.first:
        print("\n".join(_first(verified.first)))
    end = "the same bytes, wall-clock fields aside" if verified.equal else "NOT the same"
    records = sum(row.records for row in verified.rows)
    print(f"{verified.articles:,} articles, {records:,} records: {end}", file=sys.stderr)


def _first(first: "Differing") -> list[str]:
    lines = [f"first difference: {first.topic}, of the raw article {safe(first.trace)}"]
    if first.recorded and first.again:
        lines[0] += f", {_identity(first.recorded)}"
        lines += [f"  {line}" for line in _fields(first.recorded, first.again)]
        if any(line.startswith("  revision:") for line in lines):
            lines.append("  Versions of one article must have one key: in two partitions, either may come first.")
    elif first.recorded:
        lines.append(f"  recorded, but not made again: {_identity(first.recorded)}")
    elif first.again:
        lines.append(f"  made again, but not recorded: {_identity(first.again)}")
    return lines


def _fields(recorded: "Message", again: "Message") -> list[str]:
    from pipeline.history.prints import timeless

    one, other = _record(timeless(recorded.value or b"")), _record(timeless(again.value or b""))
    names = [name for name in {**one, **other} if one.get(name) != other.get(name)]
    lines = []
    for name in names:
        values = [safe(_json(side.get(name)), longest=_LONGEST) for side in (one, other)]
        lines.append(f"{safe(name)}: {values[0]} recorded, {values[1]} made again")
    return lines or ["the records are equal, their keys or headers are not"]


def _record(value: bytes) -> dict[str, Any]:
    import orjson

    try:
        record = orjson.loads(value)
    except orjson.JSONDecodeError:
        record = None
    return record if isinstance(record, dict) else {"bytes": value.decode("utf-8", "backslashreplace")}


def _json(value: Any) -> str:
    import orjson

    return "nothing" if value is None else orjson.dumps(value).decode()


def _identity(message: "Message") -> str:
    record = _record(message.value or b"")
    key = (message.key or b"").decode("utf-8", "backslashreplace")
    named = record.get("event_id") or record.get("id") or "none"
    return f"key {safe(key, longest=120)}, id {safe(str(named), longest=120)}"


def _as_dict(verified: "Verified") -> dict[str, Any]:
    first = verified.first
    return {
        "equal": verified.equal,
        "articles": verified.articles,
        "partitions": [{**asdict(row), "equal": row.equal} for row in verified.rows],
        "first": first
        and {
            "topic": first.topic,
            "trace": first.trace,
            "recorded": first.recorded and _record(first.recorded.value or b""),
            "again": first.again and _record(first.again.value or b""),
        },
    }
