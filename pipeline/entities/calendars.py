"""ISO 8601 values of days, weeks, months, quarters and years, and arithmetic on them. None: outside the calendar."""

from __future__ import annotations

import re
from datetime import date, timedelta

_PARTS = {"month": 12, "quarter": 4, "year": 1}


def day(year: int, month: int, number: int) -> date | None:
    """The day, if the calendar has it."""
    try:
        return date(year, month, number)
    except ValueError:
        return None


def shifted(start: date, days: int) -> date | None:
    """`days` after `start`."""
    try:
        return start + timedelta(days=days)
    except OverflowError:
        return None


def iso(found: date | None) -> str | None:
    """A day as ISO 8601."""
    return found.isoformat() if found is not None else None


def week(found: date | None) -> str | None:
    """The week that holds a day: 2025-W45."""
    if found is None:
        return None
    year, number, _ = found.isocalendar()
    return f"{year:04d}-W{number:02d}"


def week_number(year: int, number: int) -> str | None:
    """Week `number` of a year."""
    try:
        date.fromisocalendar(year, number, 1)
    except ValueError:
        return None
    return f"{year:04d}-W{number:02d}"


def part(year: int, number: int, unit: str) -> str | None:
    """Month or quarter `number` of a year, or the year."""
    if not 1 <= year <= 9999 or not 1 <= number <= _PARTS[unit]:
        return None
    return {"month": f"{year:04d}-{number:02d}", "quarter": f"{year:04d}-Q{number}", "year": f"{year:04d}"}[unit]


def relative(published: date, unit: str, offset: int) -> str | None:
    """`offset` units after the one that holds `published`; `weekend` counts from the one of its week."""
    if unit == "day":
        return iso(shifted(published, offset))
    if unit == "week":
        return week(shifted(published, 7 * offset))
    if unit == "weekend":
        return weekend(published, offset)
    size = _PARTS[unit]
    now = {"month": published.month - 1, "quarter": (published.month - 1) // 3, "year": 0}[unit]
    year, number = divmod(published.year * size + now + offset, size)
    return part(year, number + 1, unit)


def weekend(published: date, offset: int) -> str | None:
    """Saturday and Sunday: 0 the one that holds or follows `published`, -1 the last whole one before, 1 the next.

    "Next weekend", said on a weekday, is the one to come.
    """
    ahead = (6 - published.isoweekday()) % 7
    if published.isoweekday() == 7:
        ahead = -1
    if offset < 0:
        ahead -= 7
    elif offset > 0 and published.isoweekday() >= 6:
        ahead += 7
    first, last = shifted(published, ahead), shifted(published, ahead + 1)
    return f"{first}/{last}" if first is not None and last is not None else None


def nearest_year(year: int, now: int, then: int, size: int) -> int:
    """The year whose month or quarter `then` is nearest to `now` of `year`; the earlier one if two are."""
    return min((year - 1, year, year + 1), key=lambda other: (abs((other - year) * size + then - now), other))


def in_year(value: str, year: int) -> str | None:
    """The same day, month or quarter of another year."""
    moved = f"{year:04d}{value[4:]}"
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", moved):
        return iso(day(year, int(value[5:7]), int(value[8:])))
    return moved if 1 <= year <= 9999 else None
