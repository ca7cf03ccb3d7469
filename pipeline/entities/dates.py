"""Dates: absolute ones, and relative ones where the article says when it was published. Precision first.

The value is ISO 8601: a day, week (2025-W45), month, quarter (2025-Q4), year, or an interval a/b. A date without its
year is the nearest one to publication ("im November"); a weekday is the last one up to that day, or the next one
beside a word that says so. Words like "end of" don't change the value: "Ende 2026" is 2026.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta

from pipeline.entities.date_tables import DateGrammar, date_grammar
from pipeline.entities.words import plain_lower
from pipeline.records import Date

_PUBLISHED = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
Found = tuple[int, int, str]


def find_dates(
    text: str,
    language: str,
    *,
    published_at: str | None = None,
    country: str | None = None,
    taken: Sequence[tuple[int, int]] = (),
) -> list[Date]:
    """The dates of `text` in order, not overlapping each other or the spans `taken`.

    `published_at`: RFC 3339; its own date counts. `country`: of the source, for the order of 3/4/2025.
    """
    reader = _Reader(text, date_grammar(language), _day_of(published_at), country)
    used = bytearray(len(text))
    for start, end in taken:
        used[start:end] = b"\x01" * (end - start)
    chosen: list[Found] = []
    for start, end, value in sorted(reader.all(), key=lambda found: (found[0] - found[1], found[0])):  # longest first
        if used.find(1, start, end) < 0:
            used[start:end] = b"\x01" * (end - start)
            chosen.append((start, end, value))
    return [Date(start=start, end=end, text=text[start:end], date=value) for start, end, value in sorted(chosen)]


def _day_of(published_at: str | None) -> date | None:
    match = _PUBLISHED.match(published_at or "")
    return _date(int(match[1]), int(match[2]), int(match[3])) if match else None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


class _Reader:
    """One text and what its dates are relative to."""

    def __init__(self, text: str, rules: DateGrammar, published: date | None, country: str | None) -> None:
        self.text = text
        self.lowered = plain_lower(text)
        self.rules = rules
        self.published = published
        self.month_first = (country or "").upper() in rules.month_first

    def all(self) -> list[Found]:
        """Everything that could be a date; overlaps are settled by the caller."""
        found: list[Found] = []
        for kind, read in _READERS.items():
            pattern = self.rules.patterns.get(kind)
            needs = self.rules.needs.get(kind)
            if pattern is None or (needs and not any(word in self.lowered for word in needs)):
                continue
            for match in pattern.finditer(self.lowered):
                value = read(self, match)
                if value is not None:
                    found.append((*self._span(kind, match), value))
        if self.published is not None and self.rules.relative is not None:
            for match in self.rules.relative.finditer(self.lowered):
                assert match.lastgroup is not None
                value = _relative(self.published, *self.rules.offsets[int(match.lastgroup[1:])])
                if value is not None:
                    found.append((match.start(), match.end(), value))
        return found

    def _span(self, kind: str, match: re.Match[str]) -> tuple[int, int]:
        if "span" in match.re.groupindex:
            return match.span("span")
        start, end = match.span()
        if kind == "month":
            start = match.start("month")
        if kind == "day_month" and match["day0"] is None:
            start = match.start("day")
        if self.text[start:end].endswith(".") and not (kind == "numeric_short" or self._dotted(end)):
            end -= 1
        return start, end

    def _dotted(self, end: int) -> bool:
        """Whether a last full stop belongs to the date ("2024 r.") and doesn't end the sentence."""
        after = self.text[end : end + 2]
        return after[:1] in " \u00a0" and after[1:].islower()

    def capital(self, match: re.Match[str], name: str) -> bool:
        """Whether a name that the language capitalises is written so ("May" and "may")."""
        return not self.rules.capital or self.text[match.start(name)].isupper()


def _iso(reader: _Reader, match: re.Match[str]) -> str | None:
    return _day(int(match["year"]), int(match["month"]), int(match["day"]))


def _day(year: int, month: int, day: int) -> str | None:
    found = _date(year, month, day)
    return found.isoformat() if found else None


def _numeric(reader: _Reader, match: re.Match[str]) -> str | None:
    first, second = int(match["a"]), int(match["b"])
    year = int(match["year"]) + (2000 if len(match["year"]) == 2 else 0)
    if match["sign"] == "/" and (reader.month_first or second > 12):
        first, second = second, first
    return _day(year, second, first)


def _numeric_short(reader: _Reader, match: re.Match[str]) -> str | None:
    found = _nearest_day(reader.published, int(match["month"]), int(match["day"]))
    return found.isoformat() if found else None


def _cjk(reader: _Reader, match: re.Match[str]) -> str | None:
    year = int(match["year"]) if match["year"] else None
    if match["day"]:
        return _month_day(reader, year, int(match["month"]), int(match["day"]))
    return _month_of(reader, year, int(match["month"]))


def _day_month(reader: _Reader, match: re.Match[str]) -> str | None:
    groups = match.groupdict()
    if not reader.capital(match, "month"):
        return None
    year = int(groups["year"]) if groups["year"] else None
    month = reader.rules.months[groups["month"]]
    last = _month_day(reader, year, month, int(groups["day"]))
    if groups.get("day0") is None or last is None:
        return last
    first = _day(int(last[:4]), month, int(groups["day0"]))
    return f"{first}/{last}" if first is not None and first < last else None


def _month_day(reader: _Reader, year: int | None, month: int, day: int) -> str | None:
    if year is not None:
        return _day(year, month, day)
    found = _nearest_day(reader.published, month, day)
    return found.isoformat() if found else None


def _nearest_day(published: date | None, month: int, day: int) -> date | None:
    if published is None:
        return None
    years = (published.year - 1, published.year, published.year + 1)
    days = [found for year in years if (found := _date(year, month, day))]
    return min(days, key=lambda found: abs((found - published).days), default=None)


def _month_year(reader: _Reader, match: re.Match[str]) -> str | None:
    if not reader.capital(match, "month"):
        return None
    if match.groupdict().get("day"):
        return _day(int(match["year"]), reader.rules.months[match["month"]], int(match["day"]))
    return _month_of(reader, int(match["year"]), reader.rules.months[match["month"]])


def _month(reader: _Reader, match: re.Match[str]) -> str | None:
    if not reader.capital(match, "month"):
        return None
    return _month_of(reader, None, reader.rules.months[match["month"]])


def _month_of(reader: _Reader, year: int | None, month: int) -> str | None:
    if not 1 <= month <= 12:
        return None
    if year is None:
        if reader.published is None:
            return None
        year = _nearest_year(reader.published.year, reader.published.month, month, 12)
    return f"{year:04d}-{month:02d}" if 1 <= year <= 9999 else None


def _nearest_year(year: int, now: int, then: int, size: int) -> int:
    """The year whose month (or quarter) `then` is nearest to `now` of `year`; the earlier one if two are."""
    return min((year - 1, year, year + 1), key=lambda other: (abs((other - year) * size + then - now), other))


def _year(reader: _Reader, match: re.Match[str]) -> str | None:
    return match["year"]


def _year_named(reader: _Reader, match: re.Match[str]) -> str | None:
    short = match["short"]
    if not short:
        return match["year"]
    second = int(match["year"][: 4 - len(short)] + short)
    return f"{match['year']}/{second}" if second == int(match["year"]) + 1 else None


def _years(reader: _Reader, match: re.Match[str]) -> str | None:
    return f"{match['year']}/{match['year2']}" if match["year"] < match["year2"] else None


def _quarter(reader: _Reader, match: re.Match[str]) -> str | None:
    return _quarter_of(reader, match["year"], reader.rules.ordinals[match["ordinal"]])


def _quarter_short(reader: _Reader, match: re.Match[str]) -> str | None:
    if match["q3"] and not match["year"]:
        return None  # "T3": a terminal, a model
    return _quarter_of(reader, match["year"], int(match["q1"] or match["q2"] or match["q3"]))


def _quarter_of(reader: _Reader, year: str | None, quarter: int) -> str | None:
    if year:
        return f"{year if len(year) == 4 else '20' + year}-Q{quarter}"
    if reader.published is None:
        return None
    now = (reader.published.month + 2) // 3
    found = _nearest_year(reader.published.year, now, quarter, 4)
    return f"{found:04d}-Q{quarter}" if 1 <= found <= 9999 else None


def _half(reader: _Reader, match: re.Match[str]) -> str | None:
    return _half_of(match["year"], reader.rules.ordinals[match["ordinal"]])


def _half_short(reader: _Reader, match: re.Match[str]) -> str | None:
    return _half_of(match["year"], int(match["h1"] or match["h2"]))


def _half_of(year: str, half: int) -> str | None:
    return {1: f"{year}-01/{year}-06", 2: f"{year}-07/{year}-12"}.get(half)


def _weekday(reader: _Reader, match: re.Match[str]) -> str | None:
    if reader.published is None or not reader.capital(match, "weekday"):
        return None
    if reader.rules.patterns["not_weekday"].search(reader.lowered, max(0, match.start() - 12), match.start()):
        return None
    words = set(match[0].split())
    back = (reader.published.isoweekday() - reader.rules.weekdays[match["weekday"]]) % 7
    if words & reader.rules.next:
        days = 7 - back
    elif words & reader.rules.last:
        days = -(back or 7)
    else:
        days = -back
    found = _shift(reader.published, days)
    return found.isoformat() if found else None


def _shift(day: date, days: int) -> date | None:
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return None


def _relative(published: date, unit: str, offset: int) -> str | None:
    """`offset` units after the one that holds `published`."""
    if unit in {"day", "week"}:
        found = _shift(published, offset * (7 if unit == "week" else 1))
        if found is None or unit == "day":
            return found.isoformat() if found else None
        year, week, _ = found.isocalendar()
        return f"{year:04d}-W{week:02d}"
    size = {"month": 12, "quarter": 4, "year": 1}[unit]
    part = {"month": published.month - 1, "quarter": (published.month - 1) // 3, "year": 0}[unit]
    year, part = divmod(published.year * size + part + offset, size)
    if not 1 <= year <= 9999:
        return None
    return {"month": f"{year:04d}-{part + 1:02d}", "quarter": f"{year:04d}-Q{part + 1}", "year": f"{year:04d}"}[unit]


_READERS: dict[str, Callable[[_Reader, re.Match[str]], str | None]] = {
    "iso": _iso,
    "numeric": _numeric,
    "numeric_short": _numeric_short,
    "cjk": _cjk,
    "cjk_year": _year,
    "day_month": _day_month,
    "month_day": _day_month,
    "year_month_day": _month_year,
    "month_year": _month_year,
    "month": _month,
    "year": _year,
    "year_named": _year_named,
    "year_after": _year,
    "years": _years,
    "quarter": _quarter,
    "quarter_after": _quarter,
    "quarter_short": _quarter_short,
    "half": _half,
    "half_short": _half_short,
    "weekday": _weekday,
}
