"""One text, what its dates are relative to, and the rules that several kinds of dates share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from pipeline.entities import calendars
from pipeline.entities.date_patterns import UNSPACED
from pipeline.entities.date_tables import DateGrammar
from pipeline.entities.tense import default_tense, tense

_SENTENCE = re.compile(r"(?:^|[.!?:;\n•|–—]\s*|[.!?:]?\s*[\"„“”«»‚‘'(\[])[\"„“«‚‘'(\[]*\s?$")
_HABIT = re.compile(
    r"(?:every|each|jeden|jede|jedem|chaque|cada|todos los|tous les|todas as|ogni|elke|iedere|każd\w+|varje|hver|joka"
    r"|fiecare|кажд\w+|minden|každ\w+|svak\w+|her|κάθε|щороку|всяк\w+|twice a|once a)[ \u00a0]$"
)
_LAST_WORD = re.compile(r"([^\s\d]+)[ \u00a0]$")
_FAR = 2  # months, beyond which the tense of a clause outweighs nearness


@dataclass(frozen=True, slots=True)
class Reader:
    """One text and what its dates are relative to."""

    text: str
    lowered: str
    rules: DateGrammar
    published: date | None
    country: str  # ISO 3166-1 alpha-2, empty if unknown

    def check(self, name: str, end: int, reach: int = 32) -> bool:
        """Whether what stands before `end` matches one of the language's checks."""
        pattern = self.rules.checks.get(name)
        return pattern is not None and pattern.search(self.lowered, max(0, end - reach), end) is not None

    def capital(self, match: re.Match[str], name: str) -> bool:
        """Whether a name that the language capitalises is written so ("May" and "may")."""
        return "capital" not in self.rules.flags or self.text[match.start(name)].isupper()

    def habit(self, start: int) -> bool:
        """Whether "every" stands before `start`."""
        return _HABIT.search(self.lowered, max(0, start - 16), start) is not None

    def word_before(self, start: int) -> str | None:
        """The word right before `start`, as written."""
        found = _LAST_WORD.search(self.text, max(0, start - 24), start)
        return found[1] if found else None

    def opens(self, at: int) -> bool:
        """Whether a sentence or a quotation begins at `at`."""
        return at == 0 or _SENTENCE.search(self.text, max(0, at - 4), at) is not None

    def tense(self, start: int, end: int) -> int:
        """-1, 0 or 1: see `tense`."""
        return tense(self.text, start, end, self.rules.language)

    def years_of(self, match: re.Match[str]) -> tuple[int | None, bool]:
        """The year that a match names, and whether all is well ("last year" needs a day of publication)."""
        groups = match.groupdict()
        if groups.get("year") or groups.get("front"):
            return int(groups.get("year") or groups["front"]), True
        for name, offset in (("rm", -1), ("rz", 0), ("rp", 1)):
            if groups.get(name):
                return (self.published.year + offset, True) if self.published is not None else (None, False)
        if groups.get("this"):
            return (self.published.year, True) if self.published is not None else (None, False)
        return None, True

    def near(self, year: int | None, month: int, number: int | None, span: tuple[int, int]) -> str | None:
        """A month, or its day `number`, of `year` or of the year that is meant."""
        if year is None:
            if self.published is None or not 1 <= month <= 12:
                return None
            year = calendars.nearest_year(self.published.year, self.published.month, month, 12)
            if number is not None:
                year = self._nearest(month, number) or year
            year = self._by_tense(year, month, span)
        if number is not None:
            return calendars.iso(calendars.day(year, month, number))
        return calendars.part(year, month, "month")

    def _nearest(self, month: int, number: int) -> int | None:
        published = self.published
        assert published is not None
        years = (published.year - 1, published.year, published.year + 1)
        days = [found for year in years if (found := calendars.day(year, month, number))]
        return min(days, key=lambda found: abs((found - published).days)).year if days else None

    def _by_tense(self, year: int, month: int, span: tuple[int, int]) -> int:
        """The year again, unless the nearest month is far and the tense says that it is the other one."""
        assert self.published is not None
        away = (year - self.published.year) * 12 + month - self.published.month
        if abs(away) <= _FAR:
            return year
        told = self.tense(*span)
        return year - 1 if told < 0 < away else year + 1 if told > 0 > away else year

    def part_near(self, year: int | None, number: int, unit: str, span: tuple[int, int]) -> str | None:
        """A quarter of `year` or the nearest one; the last one in a clause of the past."""
        if year is not None:
            return calendars.part(year, number, unit)
        if self.published is None:
            return None
        now = (self.published.month + 2) // 3
        year = calendars.nearest_year(self.published.year, now, number, 4)
        if (year, number) > (self.published.year, now) and self.tense(*span) < 0:
            year -= 1
        return calendars.part(year, number, unit)

    def relative(self, match: re.Match[str], unit: str, offset: int, published: date) -> str | None:
        """ "today", "last week": the empty string for what only looks so."""
        if unit == "none":
            return ""
        start = match.start()
        word = " " not in match[0].strip()
        if word and self.rules.language not in UNSPACED and self.text[start].isupper() and not self.opens(start):
            return ""  # "USA Today", "Jack Ma"
        if unit == "quarter" and self.sport(match):
            return ""
        if unit == "bare weekend":
            told = self.tense(*match.span()) or default_tense(self.rules.language)
            return calendars.weekend(published, -1 if told < 0 and published.isoweekday() < 6 else 0)
        if unit == "weekend" and offset == 0 and self.tense(*match.span()) < 0 and published.isoweekday() < 6:
            offset = -1
        return calendars.relative(published, unit, offset)

    def sport(self, match: re.Match[str]) -> bool:
        """Whether the quarter is one of a match."""
        pattern = self.rules.checks.get("not_quarter")
        return (
            pattern is not None
            and pattern.search(self.lowered, max(0, match.start() - 90), match.end() + 90) is not None
        )

    def counted(self, match: re.Match[str], unit: str, sign: int, published: date) -> str | None:
        """ "three days ago"."""
        found = re.search(r"\d+", match[0])
        count = int(found[0]) if found else self._count(match[0])
        if count is None or count > 200:
            return None
        if sign > 0 and self.check("not_ahead", match.start(), 40):
            return ""  # "the first rise in three years"
        return calendars.relative(published, unit, sign * count)

    def _count(self, form: str) -> int | None:
        words = re.split(r"[ \u00a0\u202f]", form)
        found = [self.rules.numbers[word] for word in words if word in self.rules.numbers]
        if not found:
            found = [number for word, number in self.rules.numbers.items() if word in form]
        return max(found, default=None)

    def week_range(self, first: str, last: str) -> tuple[str, str]:
        """Two weekdays of a range: the second within a week after the first."""
        start, end = date.fromisoformat(first), date.fromisoformat(last)
        if end <= start:
            end = calendars.shifted(end, 7) or end
        elif (end - start).days > 7:
            start = calendars.shifted(start, 7) or start
        return start.isoformat(), end.isoformat()
