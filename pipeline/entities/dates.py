"""Dates: absolute ones, and relative ones where the article says when it was published. Precision first.

The value is ISO 8601: a day, week (2025-W45), month, quarter (2025-Q4), year, or an interval a/b. A date without its
year is the nearest one to publication ("im November"); where that is far, and for weekdays, the tense of the clause
says whether it is the last one or the next one. Words like "end of" don't change the value: "Ende 2026" is 2026.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from pipeline.entities import calendars
from pipeline.entities.date_patterns import BEGINNING, UNSPACED, Trigger
from pipeline.entities.date_reader import Reader
from pipeline.entities.date_readers import READERS
from pipeline.entities.date_tables import date_grammar
from pipeline.entities.words import plain_lower
from pipeline.records import Date

_PUBLISHED = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_AROUND = 72  # characters around a trigger in which a pattern is tried
_WORD = re.compile(r"[^\W\d_]+")
_FULL_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_BESIDE = re.compile(r"[,(]?\s?(?:den |dem |der |the |le |el |il |dia |o |d\. |dne |v |am )?")


class Found(NamedTuple):
    """A date in the text; `sure`: it names its year."""

    start: int
    end: int
    value: str  # empty: only looks like a date
    kind: str
    sure: bool


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
    rules = date_grammar(language)
    reader = Reader(text, plain_lower(text), rules, _day_of(published_at), (country or "").upper())
    used = bytearray(len(text))
    for start, end in taken:
        used[start:end] = b"\x01" * (end - start)
    chosen: list[Found] = []
    for found in sorted(_all(reader), key=lambda found: (found.start - found.end, found.start)):  # longest first
        if used.find(1, found.start, found.end) < 0:
            used[found.start : found.end] = b"\x01" * (found.end - found.start)
            chosen.append(found)
    joined = _joined(reader, sorted(found for found in chosen if found.value))
    return [Date(start=one.start, end=one.end, text=text[one.start : one.end], date=one.value) for one in joined]


def _day_of(published_at: str | None) -> date | None:
    match = _PUBLISHED.match(published_at or "")
    return calendars.day(int(match[1]), int(match[2]), int(match[3])) if match else None


class _Windows:
    """Where patterns are tried in a text: around what triggers them, joined where they touch."""

    def __init__(self, text: str, unspaced: bool) -> None:
        self._text = text
        self._unspaced = unspaced
        self._words: dict[str, list[int]] = {}
        for match in _WORD.finditer(text):
            self._words.setdefault(match[0][:BEGINNING], []).append(match.start())

    def of(self, trigger: Trigger) -> list[tuple[int, int]]:
        """Spans in order, cut anywhere: no date is as long as what lies around its trigger."""
        if trigger.pattern is None and self._unspaced:
            return [(0, len(self._text))]
        starts = [start for word in trigger.beginnings & self._words.keys() for start in self._words[word]]
        if trigger.pattern is not None:
            starts += [match.start() for match in trigger.pattern.finditer(self._text)]
        windows: list[tuple[int, int]] = []
        for at in sorted(starts):
            start, end = max(0, at - _AROUND), min(len(self._text), at + 2 * _AROUND)
            if windows and start <= windows[-1][1]:
                windows[-1] = (windows[-1][0], end)
            else:
                windows.append((start, end))
        return windows


def _all(reader: Reader) -> Iterator[Found]:
    """Everything that could be a date; overlaps are settled by the caller."""
    rules, lowered = reader.rules, reader.lowered
    windows = _Windows(lowered, rules.language in UNSPACED)
    around = {name: windows.of(trigger) for name, trigger in rules.triggers.items()}
    for kind, (pattern, group) in rules.patterns.items():
        read = READERS[kind]
        for match in _matches(pattern, lowered, around[group]):
            value = read(reader, match)
            if value is not None:
                sure = bool(match.groupdict().get("year"))
                yield Found(*_span(reader, kind, match), value, kind, sure)
    if reader.published is not None:
        yield from _relative(reader, reader.published, around)


def _matches(pattern: re.Pattern[str] | None, text: str, windows: Sequence[tuple[int, int]]) -> Iterator[re.Match[str]]:
    for start, end in windows if pattern is not None else ():
        assert pattern is not None
        yield from pattern.finditer(text, start, end)


def _relative(reader: Reader, published: date, around: Mapping[str, Sequence[tuple[int, int]]]) -> Iterator[Found]:
    rules = reader.rules
    for match in _matches(rules.relative, reader.lowered, around["relative"]):
        assert match.lastgroup is not None
        unit, offset = rules.offsets[int(match.lastgroup[1:])]
        value = reader.relative(match, unit, offset, published)
        if value is not None:
            yield Found(match.start(), match.end(), value, "relative", True)
    for match in _matches(rules.counted, reader.lowered, around["counted"]):
        assert match.lastgroup is not None
        unit, sign = rules.counted_units[int(match.lastgroup[1:])]
        counted = reader.counted(match, unit, sign, published)
        if counted is not None:
            yield Found(match.start(), match.end(), counted, "counted", True)


def _span(reader: Reader, kind: str, match: re.Match[str]) -> tuple[int, int]:
    if "span" in match.re.groupindex:
        return match.span("span")
    start, end = match.span()
    groups = match.groupdict()
    if kind == "day_month" and not groups["day0"] and not groups["day1"]:
        start = match.start("day")
    elif kind == "month_month" and groups.get("month1"):
        start = match.start("month1")
    elif kind == "month" and not match["b"]:
        start = match.start("month")
    if reader.text[start:end].endswith(".") and not (kind == "numeric_short" or _dotted(reader.text, end)):
        end -= 1
    return start, end


def _dotted(text: str, end: int) -> bool:
    """Whether a last full stop belongs to the date ("2024 r.") and doesn't end the sentence."""
    after = text[end : end + 2]
    return after[:1] in " \u00a0" and after[1:].islower()


def _joined(reader: Reader, found: list[Found]) -> Iterator[Found]:
    """Ranges ("3 November - 5 December") and a weekday with its day ("Friday, 7 November") as one date."""
    at = 0
    while at < len(found):
        one = found[at]
        following = found[at + 1] if at + 1 < len(found) else None
        if following is not None:
            both = _beside(reader, one, following) or _range(reader, one, following)
            if both is not None:
                found[at + 1] = both
                at += 1
                continue
        yield one
        at += 1


def _beside(reader: Reader, one: Found, other: Found) -> Found | None:
    gap = reader.lowered[one.end : other.start]
    if one.kind.startswith("weekday") and _FULL_DAY.match(other.value) and len(gap) < 10 and _BESIDE.fullmatch(gap):
        return other._replace(start=one.start)
    if other.kind.startswith("weekday") and _FULL_DAY.fullmatch(one.value) and gap == " (":
        return one._replace(end=other.end)
    return None


def _range(reader: Reader, one: Found, other: Found) -> Found | None:
    """The interval from `one` to `other`, if the text says so and both are days, months, quarters or years."""
    gap = reader.lowered[one.end : other.start]
    if len(gap) > 16 or len(one.value) != len(other.value) or "/" in one.value or other.kind == "relative":
        return None
    between = reader.rules.checks.get("between")
    told = between is not None and between.search(reader.lowered, max(0, one.start - 24), one.start)
    pattern = reader.rules.checks.get("both" if told else "to")
    if pattern is None or not pattern.fullmatch(gap):
        return None
    first, last = one.value, other.value
    if not one.sure and first[4:] and "W" not in first:
        year = int(last[:4]) - (first[4:] > last[4:])
        first = calendars.in_year(first, year) or first
    elif not other.sure and last <= first and "W" not in last:
        last = calendars.in_year(last, int(first[:4]) + (last[4:] < first[4:])) or last
    if one.kind.startswith("weekday") and other.kind.startswith("weekday"):
        first, last = reader.week_range(first, last)
    if first >= last:
        return None
    return Found(one.start, other.end, f"{first}/{last}", "range", True)
