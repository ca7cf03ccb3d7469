"""Years, and parts and runs of years: fiscal years, decades, seasons, halves, quarters, first months."""

from __future__ import annotations

import re

from pipeline.entities import calendars
from pipeline.entities.date_reader import Reader

_COUNTED = re.compile(r"[ \u00a0]+([^\W\d_]+)")


def full_year(short: str) -> int:
    return int(short) + (2000 if len(short) == 2 else 0)


def year(reader: Reader, match: re.Match[str]) -> str | None:
    """A bare year, if what stands around says that it is one."""
    year, start, end = int(match["year"]), match.start("span"), match.end("span")
    if match.end("span") - match.start("span") > 4 and (match.start("year") > start or match["after"]):
        return match["year"]
    if reader.check("before_year", start) and "year_needs_after" not in reader.rules.flags:
        return match["year"]
    if "year_needs_after" in reader.rules.flags or not 1900 <= year <= 2060 or year % 100 == 0:
        return None
    return match["year"] if _is_year(reader, start, end) else None


def _is_year(reader: Reader, start: int, end: int) -> bool:
    text = reader.text
    following = _COUNTED.match(text, end)
    before = reader.word_before(start)
    german = reader.rules.language == "de"
    if text[max(0, start - 1) : start] == "(" and text[end : end + 1] in "),;–-":
        return True
    if following is not None:
        word = following[1]
        if german:
            return word[0].islower() and (before is None or before[0].islower())
        determined = before is not None and re.fullmatch(r"the|its|his|her|their|our|this|\w+['’]s?", before.lower())
        verbs = {"was", "is", "will", "saw", "has", "had", "brought", "marked", "and", "or", "but", "to", "as", "when"}
        return bool(determined) or (reader.rules.language == "en" and reader.opens(start) and word in verbs)
    if before is None:
        return reader.opens(start) or re.search(r"\d{4}, $|\d{4} $", text[max(0, start - 6) : start]) is not None
    word = before.rstrip(",;")
    if not word or word[0].isupper() or not word.isalpha():
        return bool(re.search(r"(?:19|20)\d\d, $", text[max(0, start - 6) : start]))
    return word.lower() not in {
        "at",
        "no",
        "nr",
        "page",
        "model",
        "about",
        "over",
        "than",
        "route",
        "room",
        "rund",
        "etwa",
        "über",
    }


def year_pair(reader: Reader, match: re.Match[str]) -> str | None:
    short, year = match["short"], int(match["year"])
    second = int(match["year"][: 4 - len(short)] + short)
    if second == year + 1 or (match["sign"] != "/" and len(short) == 4 and year < second < 2100):
        return f"{year}/{second}"
    return None


def fiscal(reader: Reader, match: re.Match[str]) -> str | None:
    year = full_year(match["year"])
    if not match["short"]:
        return f"{year}" if year > 1900 else None
    second = int(str(year)[: 4 - len(match["short"])] + match["short"])
    return f"{year}/{second}" if second == year + 1 else None


def years(reader: Reader, match: re.Match[str]) -> str | None:
    return f"{match['year']}/{match['year2']}" if match["year"] < match["year2"] else None


def decade(reader: Reader, match: re.Match[str]) -> str | None:
    digits = next(filter(None, match.groups()))
    year = int(digits) if len(digits) == 4 else (1900 if int(digits) >= 30 else 2000) + int(digits)
    if len(digits) == 2 and not 30 <= int(digits) <= 90:
        return None
    return f"{year}/{year + 9}"


def season(reader: Reader, match: re.Match[str]) -> str | None:
    year, known = reader.years_of(match)
    if not known or year is None:
        return None
    month = reader.rules.seasons[match["season"]] * 3
    return f"{year}" if reader.country in reader.rules.south else f"{year}-{month:02d}/{year}-{month + 2:02d}"


def quarter(reader: Reader, match: re.Match[str]) -> str | None:
    year, known = reader.years_of(match)
    number = reader.rules.ordinals[match["ordinal"]]
    if not known or (year is None and reader.sport(match)):
        return None
    return reader.part_near(year, number, "quarter", match.span())


def quarter_short(reader: Reader, match: re.Match[str]) -> str | None:
    if (match["q3"] or match["q4"]) and not match["year"]:
        return None  # "T3": a terminal, a model
    year = full_year(match["year"]) if match["year"] else None
    number = int(match["q1"] or match["q2"] or match["q3"] or match["q4"])
    return reader.part_near(year, number, "quarter", match.span())


def half(reader: Reader, match: re.Match[str]) -> str | None:
    year, known = reader.years_of(match)
    if not known:
        return None
    needs = reader.rules.checks.get("half_needs_year")
    if year is None and needs is not None and needs.search(match[0]):
        return None  # of a match, of a loaf
    return _half_near(reader, year, reader.rules.ordinals[match["ordinal"]], match.span())


def half_named(reader: Reader, match: re.Match[str]) -> str | None:
    year = int(match["front"]) if match["front"] else None
    return _half_near(reader, year, reader.rules.halves[match["half"]], match.span())


def half_short(reader: Reader, match: re.Match[str]) -> str | None:
    if len(match["year"]) == 2 and not match["h1"] and not match["h2"]:
        return None
    return _half_of(full_year(match["year"]), int(match["h1"] or match["h2"] or match["h3"]))


def _half_near(reader: Reader, year: int | None, half: int, span: tuple[int, int]) -> str | None:
    if year is None:
        if reader.published is None:
            return None
        now = 1 if reader.published.month <= 6 else 2
        year = calendars.nearest_year(reader.published.year, now, half, 2)
        if half == 2 and now == 1 and reader.tense(*span) >= 0:
            year = reader.published.year
    return _half_of(year, half)


def _half_of(year: int, half: int) -> str | None:
    return {1: f"{year}-01/{year}-06", 2: f"{year}-07/{year}-12"}.get(half) if 1 <= year <= 9999 else None


def months_of(reader: Reader, match: re.Match[str]) -> str | None:
    form = next(value for name, value in match.groupdict().items() if re.fullmatch(r"n\d?", name) and value)
    count = int(form) if form.isdigit() else reader.rules.numbers[form]
    year, known = reader.years_of(match)
    if not known or not 2 <= count <= 11 or (year is None and reader.published is None):
        return None
    if year is None:
        assert reader.published is not None
        year = reader.published.year - (reader.published.month <= count and reader.tense(*match.span()) < 0)
    return f"{year}-01/{year}-{count:02d}"


def months_short(reader: Reader, match: re.Match[str]) -> str | None:
    year = full_year(match["year"])
    return f"{year}-01/{year}-{int(match['n']):02d}"
