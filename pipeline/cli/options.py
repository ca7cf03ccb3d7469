"""Options that several commands have, and the words in them that need reading."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pipeline.events.selection import Selection
    from pipeline.settings import Settings

Brokers = Annotated[str | None, typer.Option(help="host:port of Kafka, several separated by commas.")]
Prefix = Annotated[str | None, typer.Option(help='Stands before every topic name, e.g. "replay.r1.".')]

Several = list[str] | None
Classes = Annotated[Several, typer.Option("--class", help="Only this class, e.g. deal. May be repeated.")]
Types = Annotated[Several, typer.Option("--type", help="Only this type, e.g. deal.acquisition.")]
Entities = Annotated[
    Several, typer.Option("--entity", help="Only events in which this takes part: name or id (case, accents aside).")
]
Languages = Annotated[Several, typer.Option("--language", help="Only articles in this language, e.g. de.")]
MinConfidence = Annotated[float, typer.Option(help="Only events at least so probable (0-1).")]
Statuses = Annotated[Several, typer.Option("--status", help="Only this status, e.g. completed.")]
Sources = Annotated[Several, typer.Option("--source", help="Only articles of this publisher.")]

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


def read_selection(
    settings: "Settings",
    *,
    classes: Several,
    types: Several,
    entities: Several,
    languages: Several,
    statuses: Several,
    sources: Several,
    min_confidence: float,
) -> "Selection":
    """The events that a user's options choose. Raises `SettingsError` for a name that there isn't."""
    from pipeline.events.own_store import known_types
    from pipeline.events.selection import select

    return select(
        classes=words(classes),
        types=words(types),
        entities=entities or (),
        languages=words(languages),
        statuses=words(statuses),
        sources=sources or (),
        min_confidence=min_confidence,
        known_languages=known_languages() if languages else (),
        kinds=known_types(settings.types),
    )


def known_languages() -> list[str]:
    """The codes that the language stage can give an article."""
    from pipeline.language.confusables import SOUTH_SLAVIC
    from pipeline.language.langid import shared_language_model
    from pipeline.language.scripts import ONE_LANGUAGE

    return sorted({*shared_language_model().languages, *ONE_LANGUAGE.values(), *SOUTH_SLAVIC, "yue", "und"})
