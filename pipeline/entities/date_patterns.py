"""The regular expressions of dates, by kind, from a language's table. All work on lower-case text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any, NamedTuple

UNSPACED = frozenset({"zh", "ja", "ko"})
S = "[ \u00a0\u202f]"  # blanks
YEAR = r"(?:1[89]|20)\d{2}"
_DAY = r"\d{1,2}"
NO_UNIT = r"(?![\w%€$£])(?![.,:]\d)(?!{S}?[%€$£])".replace("{S}", S)
_FINNISH = r"kuu(?:ssa|ta|n|hun|lla|lle|sta|lta|ksi|na)?"
_ARTICLE = rf"(?:(?:the|dem|den|der|le|el|il|o|a|de|am|the|la|les|los){S})?"


def any_of(forms: Iterable[str]) -> str:
    """Alternatives, longest first; a pattern that never matches if there are none."""
    ordered = sorted(set(forms), key=lambda form: (-len(form), form))
    return "|".join(re.escape(form).replace(r"\ ", S) for form in ordered) or "(?!)"


def adjacent(own: Mapping[str, Any], unit: str, offset: int) -> str:
    """ "last week" and "la semaine dernière": the adjective before or after the unit, words like "in the" in front."""
    adjective, name = own["adj"][offset], own["units"][unit]
    front = rf"(?:(?:{own['front']})(?: |(?<=['’])))?" if own.get("front") else ""
    return rf"{front}(?:(?:{adjective})(?: |(?<=['’]))(?:{name})|(?:{name}) (?:{adjective}))"


class _Parts:
    """The building blocks that several patterns share."""

    def __init__(self, own: Mapping[str, Any], months: Iterable[str], days: Iterable[str]) -> None:
        ends = _FINNISH if own.get("finnish") else rf"(?:{own['month_ends']})?" if own.get("month_ends") else ""
        names = any_of(months)
        self.month = rf"(?P<month>{names}){ends}(?!\w)\.?"
        self.month0 = rf"(?P<month0>{names})(?:{ends})?\.?(?!\w)"
        self.of = rf"(?:(?:{own['of']})(?:{S}|(?<=['’])))?" if own.get("of") else ""
        self.after = rf"(?:{S}?(?:{own['year_after']})(?!\w))" if own.get("year_after") else "(?!)"
        self.year = rf"(?P<year>{YEAR})(?!\d){self.after}?"
        self.word = rf"(?:(?:{own['year_word']}){S})?" if own.get("year_word") else ""
        self.ry = self._relative_year(own)
        self.some_year = rf"(?:{self.word}{self.year}{NO_UNIT}|{self.ry})"
        self.tail = rf"(?:,?{S}{self.of}{self.some_year})?"
        self.the_tail = self.tail
        if own.get("tail_this"):
            self.the_tail = rf"(?:,?{S}{self.of}(?:{self.some_year}|(?P<this>{own['tail_this']})(?!\w)))?"
        self.to = rf"{S}?(?:{own.get('to') or '-|–|—'}){S}?"
        self.between = rf"(?:{own['between']}){S}" if own.get("between") else "(?!)"
        self.both = rf"{S}(?:{own['and']}){S}" if own.get("and") else "(?!)"
        mark = rf"(?:{own['ordinal']})?" if own.get("ordinal") else ""
        words = rf"|(?:{any_of(days)})" if days else ""
        self.day = rf"(?P<day>{_DAY}{words}){mark}"
        self.day0 = rf"(?P<day0>{_DAY}){mark}"
        self.day1 = rf"(?P<day1>{_DAY}){mark}"

    @staticmethod
    def _relative_year(own: Mapping[str, Any]) -> str:
        """ "last year" where a year could stand, as groups rm, rz, rp."""
        groups = []
        for name, offset in (("rm", -1), ("rz", 0), ("rp", 1)):
            forms = [form for unit, by, form in own.get("rel", ()) if unit == "year" and by == offset]
            if "year" in own.get("units", {}):
                forms.append(adjacent(own, "year", offset))
            if forms:
                groups.append(rf"(?P<{name}>{'|'.join(forms)})(?!\w)".replace(" ", S))
        return "|".join(groups) or "(?!)"


def make_patterns(
    own: Mapping[str, Any],
    language: str,
    months: Mapping[str, int],
    weekdays: Mapping[str, int],
    ordinals: Mapping[str, int],
    days: Mapping[str, int],
    numbers: Mapping[str, int],
    holidays: Iterable[str],
) -> tuple[dict[str, tuple[re.Pattern[str], str]], dict[str, Trigger]]:
    """Patterns by kind with the name of their trigger, and the triggers: what must stand nearby."""
    parts = _Parts(own, months, days)
    found = {
        "digits": _numeric(own),
        "month": _months(own, parts),
        "weekday": _weekdays(own, weekdays),
        "year": _years(own, parts),
        "part": _year_parts(own, parts, language, ordinals, numbers),
    }
    names = "|".join(f"(?P<h{i}>{forms})" for i, forms in enumerate(holidays))
    found["holiday"] = {"holiday": rf"(?<!\w)(?:{names})(?!\w)(?:{S}(?P<year>{YEAR}))?"}
    if language in UNSPACED:
        found["cjk"] = _cjk(own)
    words = [own[key] for key in ("quarter", "half", "week", "week_after", "months_of", "decade") if own.get(key)]
    words += _forms(own.get("seasons"))
    names_of_days = [*weekdays, *_forms(own.get("short_weekdays")), *_forms(own.get("last_weekdays"))]
    triggers = {
        "digits": Trigger(frozenset(), re.compile(r"\d[./-]\d")),
        "month": Trigger(frozenset(name[:BEGINNING] for name in months), None),
        "weekday": Trigger(frozenset(name[:BEGINNING] for name in names_of_days), None),
        "year": Trigger(frozenset(), re.compile(YEAR)),
        "part": Trigger(beginnings(words), re.compile(r"(?<!\w)(?:fy|hj|[qtsh]\d|\d[qhtms](?!\w))|\d0(?!\d)")),
        "holiday": Trigger(beginnings(holidays), None),
        "cjk": Trigger(frozenset(), re.compile("[年月년월]|半期|半年|분기|반기|季|四半")),
    }
    if language in UNSPACED:
        triggers["part"] = triggers["cjk"]
    return (
        {kind: (re.compile(form), group) for group, forms in found.items() for kind, form in forms.items()},
        {group: triggers[group] for group in found},
    )


class Trigger(NamedTuple):
    """What must stand near a date of a group, told cheaply: a word that begins so, or a pattern."""

    beginnings: frozenset[str]
    pattern: re.Pattern[str] | None


BEGINNING = 3  # letters


def beginnings(forms: Iterable[str]) -> frozenset[str]:
    """First letters of words of which each match of one of these regular expressions holds at least one."""
    found: set[str] = set()
    for form in forms:
        for alternative in _alternatives(form):
            sure = _runs(re.sub(r"\([^()]*\)\??", " ", re.sub(r"\([^()]*\)\??", " ", alternative)))
            if sure and len(sure[-1]) >= BEGINNING:  # the longest word outside of all groups
                found.add(sure[-1][:BEGINNING])
                continue
            needed = re.sub(r"\((?:\?:)?[^()]*\)\?", " ", alternative)
            for piece in re.split(r"[|()]", needed):
                runs = _runs(piece)
                found.update(run[:BEGINNING] for run in [run for run in runs if len(run) > BEGINNING] or runs[-1:])
    return frozenset(found)


def _runs(form: str) -> list[str]:
    """The words of a regular expression, the longest last."""
    return sorted(re.findall(r"[^\W\d_]+", re.sub(r"\\\w|\bN\b|\bD|\{0\}|\w\?", " ", form)), key=len)


def _alternatives(form: str) -> list[str]:
    """A regular expression cut at the | that stand outside of groups."""
    found, depth = [""], 0
    for char in form:
        depth += (char == "(") - (char == ")")
        if char == "|" and depth == 0:
            found.append("")
        else:
            found[-1] += char
    return found


def _forms(table: Mapping[Any, str] | None) -> list[str]:
    return [form for forms in (table or {}).values() for form in forms.split("|")]


def _numeric(own: Mapping[str, Any]) -> dict[str, str]:
    before = own.get("weekday") or "am"
    return {
        "iso": r"(?<![\d\w/.-])(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})(?![\d-])",
        "year_first": r"(?<![\d\w/.-])(?P<year>(?:19|20)\d{2})(?P<sign>[./])(?P<month>\d{1,2})(?P=sign)(?P<day>\d{1,2})"
        r"(?![\d/]|\.\d)",
        "numeric": r"(?<![\d\w/.,-])(?P<a>\d{1,2})(?P<sign>[./-])(?P<b>\d{1,2})(?P=sign)(?P<year>(?:19|20)\d{2}|\d{2})"
        r"(?![\d/-]|\.\d|,\d)",
        "numeric_range": r"(?<![\d\w/.,-])(?P<day0>\d{1,2})\.(?P<month0>\d{1,2})?\.? ?[-–] ?(?P<day>\d{1,2})\."
        r"(?P<month>\d{1,2})\.(?P<year>(?:19|20)\d{2})?(?!\d)",
        "numeric_short": rf"(?:(?<!\w)(?:{before}|vom|zum|seit|ab|den|dem|d\.|o|za|du|od|do|dne|dňa|pe|le){S}|(?<=\())"
        r"(?P<span>(?P<day>\d{1,2})\. ?(?P<month>\d{1,2})\.)(?! ?\d)",
    }


def _months(own: Mapping[str, Any], parts: _Parts) -> dict[str, str]:
    joined = rf"(?:{parts.day0}\.?{parts.to}{_ARTICLE}|{parts.between}{_ARTICLE}{parts.day1}\.?{parts.both}{_ARTICLE})?"
    adjectives = "|".join(own.get("adj", {}).values()) or "(?!)"
    gap = rf"(?:{S}|(?<=['’]))"
    found = {
        "day_month": rf"(?<![\d\w.,/:-]){joined}(?<!\w){parts.day}{S}?-?{parts.of}{parts.month}{parts.tail}",
        "month_day": rf"(?<!\w){parts.month}{S}(?:the{S})?(?:{parts.day0}{parts.to})?(?P<day>\d{{1,2}})"
        rf"(?:st|nd|rd|th)?(?![\d:.]\d|\d|:|{S}?[%€$£]){parts.tail}",
        "year_month_day": rf"(?<!\d)(?P<year>{YEAR})\.?(?:{parts.after})?{S}{parts.month}"
        rf"(?:{S}(?P<day>\d{{1,2}})\.?(?:{parts.to}(?P<day2>\d{{1,2}})\.?)?)?(?!\d)",
        "month_month": rf"(?<!\w)(?:{parts.month0}{parts.to}{_ARTICLE}|{parts.between}{_ARTICLE}"
        rf"{parts.month0.replace('month0', 'month1')}{parts.both}{_ARTICLE}){parts.month}{parts.tail}(?!{S}?\d|\w)",
        "month_year": rf"(?<!\w){parts.month}(?:{S}|[/-])?(?<!\w){parts.of}{parts.some_year}",
        "month_apostrophe": rf"(?<!\w){parts.month}{S}?['’](?P<short>\d\d)(?!\w)",
        "month": rf"(?<!\w)(?:(?P<b>{adjectives}){gap})?{parts.month}(?!{S}?\d|\w)(?:{S}(?P<a>{adjectives})(?!\w))?",
    }
    if own.get("finnish"):
        found["month_month"] = rf"(?<!\w){parts.month0}{S}?[–—-]{S}?{parts.month}{parts.tail}(?!{S}?\d|\w)"
    return found


def _weekdays(own: Mapping[str, Any], weekdays: Iterable[str]) -> dict[str, str]:
    adjectives = "|".join(own.get("adj", {}).values()) or "(?!)"
    part = rf"(?:{S}?(?:{own['part']}))?" if own.get("part") else ""
    front = rf"(?:(?P<front>{own['weekday']}){S})?" if own.get("weekday") else ""
    name = any_of(weekdays)
    if not own.get("units"):  # scripts without blanks
        return {"weekday": rf"(?P<b>{adjectives})?(?P<weekday>{name})"}
    found = {
        "weekday": rf"(?<![\w-]){front}(?:(?P<b>{adjectives})(?:{S}|(?<=['’])))?(?P<weekday>{name})"
        rf"(?P<part>{part})(?!\w)(?:{S}(?P<a>{adjectives})(?!\w))?"
    }
    if own.get("short_weekdays"):
        behind = rf"(?=[,;.)]|{S}\(|{S}(?:{adjectives}|{own['part']})(?!\w)|$)"
        found["weekday_short"] = (
            rf"(?<!\w)(?P<front>{own['weekday']}){S}(?:(?P<b>{adjectives}){S})?"
            rf"(?P<weekday>{any_of(_forms(own['short_weekdays']))}){behind}(?:{S}(?P<a>{adjectives})(?!\w))?"
        )
    if own.get("last_weekdays"):
        found["weekday_last"] = rf"(?<!\w)i{S}(?P<weekday>{any_of(_forms(own['last_weekdays']))})(?!\w)"
    return found


def _years(own: Mapping[str, Any], parts: _Parts) -> dict[str, str]:
    found = {
        "years": rf"(?<![\w.,/-]){parts.word}(?P<year>{YEAR})(?!\d){parts.after}?{parts.to}{_ARTICLE}{parts.word}"
        rf"(?P<year2>{YEAR}){parts.after}?{NO_UNIT}",
        "years_between": rf"(?<!\w){parts.between}{_ARTICLE}(?P<span>{parts.word}(?P<year>{YEAR})(?!\d){parts.after}?"
        rf"{parts.both}{_ARTICLE}(?P<year2>{YEAR}){parts.after}?){NO_UNIT}",
        "year_pair": rf"(?<![\w./,–-]){parts.word}(?P<year>{YEAR})(?P<sign>[/–-])(?P<short>(?:19|20)\d{{2}}|\d{{2}})"
        r"(?![\w/–-])(?![.,:]\d)",
        "year": rf"(?<![\w.,/:#№$€£+–-])(?P<span>{parts.word}(?P<year>{YEAR})(?!\d)(?P<after>{parts.after})?){NO_UNIT}",
    }
    if own.get("seasons"):
        found["season"] = rf"(?<!\w)(?P<season>{any_of(_forms(own['seasons']))}){S}{parts.of}{parts.some_year}"
    return found


def _year_parts(
    own: Mapping[str, Any], parts: _Parts, language: str, ordinals: Mapping[str, int], numbers: Mapping[str, int]
) -> dict[str, str]:
    short = rf"(?:{S}?[/'’]?{S}?(?:fy{S}?)?['’]?(?P<year>{YEAR}|\d{{2}}))"
    found = {
        "quarter_short": rf"(?<![\w-])(?:q(?P<q1>[1-4])|(?P<q2>[1-4])q|t(?P<q3>[1-4])|(?P<q4>[1-4])t(?={S}?\d\d))"
        rf"{short}?(?!\w)",
        "half_short": rf"(?<!\w)(?:[hs](?P<h1>[12])|(?P<h2>[12])[hs]|hj{S}?(?P<h3>[12])){short}(?!\w)",
        "months_short": rf"(?<!\w)(?P<n>[369])m{S}?['’]?(?P<year>{YEAR}|\d{{2}})(?!\w)",
        "fiscal": rf"(?<!\w)fy{S}?['’]?(?P<year>{YEAR}|\d{{2}})(?:(?P<sign>[/–-])(?P<short>\d{{4}}|\d{{2}}))?(?!\w)",
    }
    ordinal = rf"(?P<ordinal>{any_of(ordinals)})"
    front = ""
    if own.get("year_front"):
        words, ends = own.get("year_word", "(?!)"), own.get("year_after") or "(?!)"
        front = rf"(?:(?:(?:{words}){S})?(?P<front>{YEAR})\.?(?:{ends})?{S}?)?"
        if language in UNSPACED:
            front = rf"(?:(?P<front>{YEAR})[年년](?:度|도)?{S}?)?"
    if own.get("quarter") and ordinals:
        edge = "" if language in UNSPACED else r"(?<!\w)"
        close = "" if language in UNSPACED else r"(?!\w)"
        found["quarter"] = rf"{edge}{front}{edge}{ordinal}[ \u00a0-]?(?:{own['quarter']}){close}{parts.the_tail}"
        if not front:
            found["quarter_after"] = rf"(?<!\w)(?:{own['quarter']}){S}{ordinal}(?!\w){parts.the_tail}"
    if own.get("half"):
        found["half"] = rf"(?<!\w){front}(?<!\w){ordinal}[ \u00a0-]?(?:{own['half']})(?!\w){parts.the_tail}"
        if not front:
            found["half_after"] = rf"(?<!\w)(?:{own['half']}){S}{ordinal}(?!\w){parts.the_tail}"
    if own.get("halves"):
        found["half_named"] = rf"{front}(?P<half>{any_of(_forms(own['halves']))})"
    week_year = rf"(?:(?:{S}?/{S}?|{S}){parts.of}(?P<year>{YEAR}))?"
    if own.get("week"):
        found["week"] = rf"(?<!\w)(?P<word>{own['week']}){S}?(?P<number>\d{{1,2}})(?![\d.,:%]\d|\d|%|-){week_year}"
    if own.get("week_after"):
        found["week_after"] = (
            rf"(?<![\w.,])(?P<number>\d{{1,2}})(?:\.|-?(?:й|ю|я|му|м))?{S}(?:{own['week_after']})(?!\w){week_year}"
        )
    if own.get("decade"):
        places = count()
        decade = re.sub("D", lambda _: rf"(?P<d{next(places)}>(?:1[89]|20)?\d0)", own["decade"].replace(" ", S))
        found["decade"] = rf"(?<![\w.,])(?:{decade})(?!\w)"
    if own.get("months_of"):
        number = rf"\d{{1,2}}|{any_of(numbers)}"
        places = count()
        forms = re.sub(r"\bN\b", lambda _: f"(?P<n{next(places)}>{number})", own["months_of"].replace(" ", S))
        found["months_of"] = rf"(?<!\w)(?:{forms})(?!\w){parts.the_tail}"
    return found


def _cjk(own: Mapping[str, Any]) -> dict[str, str]:
    relative = {
        name: "|".join(form for unit, by, form in own.get("rel", ()) if unit == "year" and by == offset)
        for name, offset in (("rm", -1), ("rz", 0), ("rp", 1))
    }
    years = "|".join(f"(?P<{name}>{forms})" for name, forms in relative.items() if forms) or "(?!)"
    year, to = r"(?<!\d)(?P<year>\d{4})[年년]", r"(?:[-–~至到〜～]|부터 ?|から)"
    return {
        "cjk": rf"(?:{year} ?|(?:{years}) ?)?(?<!\d)(?P<month>\d{{1,2}})[月월](?: ?(?P<day>\d{{1,2}})[日일号號])?",
        "cjk_year": r"(?<!\d)(?P<year>(?:19|20)\d{2})[年년](?! ?\d{1,2}[月월])",
        "cjk_years": rf"(?<!\d)(?P<year>(?:19|20)\d{{2}})[年년]?{to}(?P<year2>(?:19|20)\d{{2}})[年년]",
        "cjk_months": rf"(?:{year} ?)?(?<!\d)(?P<m0>\d{{1,2}})[月월]?{to}(?P<m1>\d{{1,2}})[月월](?! ?\d)",
    }
