"""Options that several commands have, and the words in them that need reading."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

Brokers = Annotated[str | None, typer.Option(help="host:port of Kafka, several separated by commas.")]
Prefix = Annotated[str | None, typer.Option(help='Stands before every topic name, e.g. "replay.r1.".')]

_AGO = re.compile(r"(\d{1,6})\s*([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
TIME_HELP = "A time with its zone (2026-11-25T09:30:00Z), a day (2026-11-25, UTC) or how long ago (90s, 15m, 2h, 7d)."


def read_time(text: str | None, option: str, *, now: datetime | None = None) -> datetime | None:
    """The moment that a user means. Raises `typer.BadParameter` (exit code 2)."""
    if text is None:
        return None
    ago = _AGO.fullmatch(text.strip().removesuffix(" ago"))
    try:
        if ago:
            return (now or datetime.now(UTC)) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        moment = datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r} is not a time. {TIME_HELP}", param_hint=option) from None
    if moment.tzinfo is None and len(text.strip()) > 10:
        raise typer.BadParameter(f"{text!r} has no time zone: add Z for UTC, or +01:00.", param_hint=option)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def check_order(since: datetime | None, before: datetime | None) -> None:
    """Raises `typer.BadParameter` for a span of time that holds nothing."""
    if since and before and since >= before:
        raise typer.BadParameter("--from must be earlier than --to: nothing lies between them.")


def words(given: Iterable[str] | None) -> list[str]:
    """Values of an option that may be repeated, or hold several separated by commas."""
    return [word.strip() for text in given or () for word in text.split(",") if word.strip()]
