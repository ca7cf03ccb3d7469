"""Months and weekdays: which one is meant, and whether a name or another word is."""

from __future__ import annotations

import re

from pipeline.entities import calendars
from pipeline.entities.date_patterns import UNSPACED
from pipeline.entities.date_reader import Reader
from pipeline.entities.tense import default_tense

_DATE_FOLLOWS = re.compile(r",? \(?(?:den |the )?\d{1,2}(?:\.|st|nd|rd|th)? [^\W\d_]|,? [A-Z][a-z]{2,8}\.? \d")


def month(reader: Reader, match: re.Match[str]) -> str | None:
    rules, start = reader.rules, match.start("month")
    if not reader.capital(match, "month") or reader.habit(start):
        return None
    month, name = rules.months[match["month"]], match["month"]
    offset = rules.adjective(match["b"], match["a"])
    if offset is None and not _is_month(reader, match, start, name):
        return None
    if offset is not None and reader.published is not None:
        now = reader.published.month
        if offset == 0:
            return calendars.part(reader.published.year, month, "month")
        year = reader.published.year + (offset if (month <= now) == (offset > 0) or month == now else 0)
        return calendars.part(year, month, "month")
    return reader.near(None, month, None, match.span())


def _is_month(reader: Reader, match: re.Match[str], start: int, name: str) -> bool:
    """Whether a bare month is one, and not a name or another word."""
    rules = reader.rules
    names_after = rules.checks.get("name_after")
    if names_after is not None and names_after.match(reader.lowered, match.end()):
        return False
    if reader.check("name_before", start):
        return False
    told = reader.check(f"strict {name}" if f"strict {name}" in rules.checks else "before_month", start)
    unsure = rules.checks["unsure"].fullmatch(name) is not None
    if "capital" in rules.flags:
        next_capital = re.match(r" [^\W\d_]", reader.text[match.end() : match.end() + 2]) is not None and (
            reader.text[match.end() + 1].isupper()
        )
        if told:
            return not (unsure and next_capital)
        before = reader.word_before(start)
        alone = before is None or before[0].islower()
        return "bare_capital" in rules.flags and not unsure and not next_capital and alone and len(name) > 4
    if reader.text[start].isupper():  # "Champ de Mars", but "Márciusban" and "Mars 2026"
        ended = len(match[0].rstrip(".")) > len(name) or "finnish" in rules.flags
        return (told and reader.opens(match.start())) or (ended and reader.opens(start))
    return told or ("bare" in rules.flags and not unsure and len(name) > 3)


def weekday(reader: Reader, match: re.Match[str]) -> str | None:
    rules, published = reader.rules, reader.published
    if published is None or not reader.capital(match, "weekday"):
        return None
    groups = match.groupdict()
    offset = rules.adjective(groups.get("b"), groups.get("a"))
    if not _is_weekday(reader, match, offset):
        return None
    back = (published.isoweekday() - rules.weekdays[match["weekday"]]) % 7
    if offset == 1:
        days = 7 - back
    elif offset == -1:
        days = -(back or 7)
    elif back == 0:
        days = 0
    else:
        told = reader.tense(*match.span()) or (1 if offset == 0 else default_tense(rules.language))
        if reader.text[max(0, match.start() - 1) : match.start()] == "(":
            told = -1
        days = -back if told < 0 else 7 - back
    return calendars.iso(calendars.shifted(published, days))


def _is_weekday(reader: Reader, match: re.Match[str], offset: int | None) -> bool:
    """Whether it is a day of the calendar: no name ("Joe Friday", "Sunday Times"), no habit ("every Friday")."""
    rules, start, text = reader.rules, match.start(), reader.text
    if rules.language in UNSPACED or offset is not None:
        return True
    if reader.habit(start) or reader.check("name_before", start):
        return False
    front = match.groupdict().get("front")
    if front:
        return not reader.check("name_before", match.start("weekday"))
    after = text[match.end() : match.end() + 2]
    name_follows = after[:1] == " " and after[1:].isupper()
    listed = reader.check("listed", start, 40)
    if "capital" not in rules.flags:
        return text[start].islower() or (reader.opens(start) and not name_follows)
    if listed or match["part"]:
        return True
    if _DATE_FOLLOWS.match(text, match.end()):
        return True
    if "alone" not in rules.flags or name_follows:
        return after[:1] == ")" and text[max(0, start - 1) : start] == "("
    before = reader.word_before(start)
    if before is not None and before[0].isupper() and not reader.opens(start):
        return False
    follows = rules.checks.get("weekday_follows")
    ends = not after[:1].isalpha() and after[:1] != " "
    return ends or (follows is not None and follows.match(reader.lowered, match.end()) is not None)


def weekday_last(reader: Reader, match: re.Match[str]) -> str | None:
    if reader.published is None:
        return None
    back = (reader.published.isoweekday() - reader.rules.weekdays[match["weekday"]]) % 7
    return calendars.iso(calendars.shifted(reader.published, -(back or 7)))


def week(reader: Reader, match: re.Match[str]) -> str | None:
    number = int(match["number"])
    year = int(match["year"]) if match["year"] else None
    word = match.groupdict().get("word")
    if year is None:
        if reader.published is None or (word in {"week", "woche", "semana", "semaine", "settimana"} and number < 19):
            return None  # of a season, of a trial
        now = reader.published.isocalendar()
        year = calendars.nearest_year(now[0], now[1], number, 52)
    return calendars.week_number(year, number)
