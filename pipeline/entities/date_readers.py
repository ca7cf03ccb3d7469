"""What each kind of date means: from a match of its pattern to an ISO 8601 value, or None where it is no date."""

from __future__ import annotations

import re
from collections.abc import Callable

from pipeline.entities import calendars, date_names, date_years
from pipeline.entities.date_reader import Reader


def _day_of(reader: Reader, form: str) -> int:
    return int(form) if form.isdigit() else reader.rules.days[form]


def _iso(reader: Reader, match: re.Match[str]) -> str | None:
    return calendars.iso(calendars.day(int(match["year"]), int(match["month"]), int(match["day"])))


def _numeric(reader: Reader, match: re.Match[str]) -> str | None:
    first, second = int(match["a"]), int(match["b"])
    if match["sign"] == "/" and (reader.country in reader.rules.month_first or second > 12):
        first, second = second, first
    if match["sign"] == "-" and len(match["year"]) == 2:
        return None
    return calendars.iso(calendars.day(date_years.full_year(match["year"]), second, first))


def _numeric_range(reader: Reader, match: re.Match[str]) -> str | None:
    year = int(match["year"]) if match["year"] else None
    last = reader.near(year, int(match["month"]), int(match["day"]), match.span())
    if last is None:
        return None
    first = calendars.iso(calendars.day(int(last[:4]), int(match["month0"] or match["month"]), int(match["day0"])))
    return f"{first}/{last}" if first is not None and first < last else None


def _numeric_short(reader: Reader, match: re.Match[str]) -> str | None:
    return reader.near(None, int(match["month"]), int(match["day"]), match.span())


def _cjk(reader: Reader, match: re.Match[str]) -> str | None:
    year, known = reader.years_of(match)
    return (
        reader.near(year, int(match["month"]), int(match["day"]) if match["day"] else None, match.span())
        if known
        else None
    )


def _cjk_months(reader: Reader, match: re.Match[str]) -> str | None:
    last = reader.near(int(match["year"]) if match["year"] else None, int(match["m1"]), None, match.span())
    first = calendars.part(int(last[:4]), int(match["m0"]), "month") if last else None
    return f"{first}/{last}" if first and last and first < last else None


def _day_month(reader: Reader, match: re.Match[str]) -> str | None:
    if not reader.capital(match, "month"):
        return None
    groups = match.groupdict()
    year, known = reader.years_of(match)
    month = reader.rules.months[groups["month"]]
    last = reader.near(year, month, _day_of(reader, groups["day"]), match.span()) if known else None
    begin = groups.get("day0") or groups.get("day1")
    if begin is None or last is None:
        return last
    first = calendars.iso(calendars.day(int(last[:4]), month, int(begin)))
    return f"{first}/{last}" if first is not None and first < last else None


def _year_month_day(reader: Reader, match: re.Match[str]) -> str | None:
    if not reader.capital(match, "month"):
        return None
    month, year = reader.rules.months[match["month"]], int(match["year"])
    first = reader.near(year, month, int(match["day"]) if match["day"] else None, match.span())
    if not match["day2"] or first is None:
        return first
    last = calendars.iso(calendars.day(year, month, int(match["day2"])))
    return f"{first}/{last}" if last is not None and first < last else None


def _month_month(reader: Reader, match: re.Match[str]) -> str | None:
    if not reader.capital(match, "month"):
        return None
    groups = match.groupdict()
    begin = reader.rules.months[groups.get("month0") or groups["month1"]]
    end = reader.rules.months[groups["month"]]
    year, known = reader.years_of(match)
    last = reader.near(year, end, None, match.span()) if known else None
    if last is None or begin == end:
        return None
    first = calendars.part(int(last[:4]) - (begin > end), begin, "month")
    return f"{first}/{last}" if first is not None else None


def _month_year(reader: Reader, match: re.Match[str]) -> str | None:
    year, known = reader.years_of(match)
    if not reader.capital(match, "month") or not known:
        return None
    return reader.near(year, reader.rules.months[match["month"]], None, match.span())


def _month_apostrophe(reader: Reader, match: re.Match[str]) -> str | None:
    if not reader.capital(match, "month"):
        return None
    return calendars.part(date_years.full_year(match["short"]), reader.rules.months[match["month"]], "month")


def _holiday(reader: Reader, match: re.Match[str]) -> str | None:
    if reader.text[match.start()].islower():
        return None
    number = next(int(name[1:]) for name, value in match.groupdict().items() if name[0] == "h" and value)
    month, day = reader.rules.holidays[number]
    return reader.near(int(match["year"]) if match["year"] else None, month, day, match.span())


def _plain_year(reader: Reader, match: re.Match[str]) -> str | None:
    return match["year"]


READERS: dict[str, Callable[[Reader, re.Match[str]], str | None]] = {
    "iso": _iso,
    "year_first": _iso,
    "numeric": _numeric,
    "numeric_range": _numeric_range,
    "numeric_short": _numeric_short,
    "cjk": _cjk,
    "cjk_year": _plain_year,
    "cjk_years": date_years.years,
    "cjk_months": _cjk_months,
    "day_month": _day_month,
    "month_day": _day_month,
    "year_month_day": _year_month_day,
    "month_month": _month_month,
    "month_year": _month_year,
    "month_apostrophe": _month_apostrophe,
    "month": date_names.month,
    "year": date_years.year,
    "years": date_years.years,
    "years_between": date_years.years,
    "year_pair": date_years.year_pair,
    "fiscal": date_years.fiscal,
    "decade": date_years.decade,
    "season": date_years.season,
    "quarter": date_years.quarter,
    "quarter_after": date_years.quarter,
    "quarter_short": date_years.quarter_short,
    "half": date_years.half,
    "half_after": date_years.half,
    "half_named": date_years.half_named,
    "half_short": date_years.half_short,
    "months_of": date_years.months_of,
    "months_short": date_years.months_short,
    "week": date_names.week,
    "week_after": date_names.week,
    "weekday": date_names.weekday,
    "weekday_short": date_names.weekday,
    "weekday_last": date_names.weekday_last,
    "holiday": _holiday,
}
