"""The grammar of dates in one language, compiled from `data/dates.yaml` and CLDR (through babel)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from babel import Locale, UnknownLocaleError

from pipeline.entities.tables import read_table

SPACE = "[ \u00a0\u202f]"
YEAR = r"(?:19|20)\d{2}"
_NO_YEAR_UNIT = r"(?![\w%€$£])(?![.,:]\d)"


@dataclass(frozen=True, slots=True)
class DateGrammar:
    """Compiled patterns of one language over lower-case text, and what their names mean."""

    patterns: Mapping[str, re.Pattern[str]]  # by kind; see `dates`
    months: Mapping[str, int]
    weekdays: Mapping[str, int]  # 1 Monday to 7 Sunday
    ordinals: Mapping[str, int]
    needs: Mapping[str, tuple[str, ...]]  # kinds of which the text must hold one of these words
    relative: re.Pattern[str] | None  # all relative ones; group r3 is the fourth of `offsets`
    offsets: tuple[tuple[str, int], ...]  # unit, how many of it
    last: frozenset[str]
    next: frozenset[str]
    capital: bool
    month_first: frozenset[str]


@cache
def date_grammar(language: str) -> DateGrammar:
    """The grammar of an ISO 639 code; numbers and CLDR's month names for a language without a table."""
    table = read_table("dates.yaml")
    language = table["like"].get(language, language)
    own: Mapping[str, Any] = table.get(language, {})
    months, weekdays = _names(language, own)
    ordinals = {form: int(number) for number, forms in own.get("ordinals", {}).items() for form in forms.split("|")}
    last, following = _words(own.get("last")), _words(own.get("next"))
    return DateGrammar(
        patterns=_patterns(own, months, weekdays, ordinals, last + following, table),
        months=months,
        weekdays=weekdays,
        ordinals=ordinals,
        needs={kind: tuple(_words(words)) for kind, words in _needs(own).items()},
        relative=_relative(own.get("relative", ()), spaced=language not in {"zh", "ja", "ko"}),
        offsets=tuple((unit, offset) for unit, offset, _ in own.get("relative", ())),
        last=frozenset(last),
        next=frozenset(following),
        capital=bool(own.get("capital")),
        month_first=frozenset(table["month_first"]),
    )


def _relative(rows: Iterable[Any], *, spaced: bool) -> re.Pattern[str] | None:
    """One pattern for all, since twenty passes over a text cost more than all the rest."""
    forms = "|".join(f"(?P<r{i}>{form})" for i, (_, _, form) in enumerate(rows))
    if not forms:
        return None
    return re.compile(rf"(?<!\w)(?:{forms})(?!\w)" if spaced else forms)


def _needs(own: Mapping[str, Any]) -> dict[str, str]:
    """What tells cheaply that a pattern can't match."""
    needs = {"cjk": "月|월", "cjk_year": "年|년"}
    if own.get("quarter"):
        needs |= {"quarter": own["quarter"], "quarter_after": own["quarter"]}
    if own.get("half"):
        needs["half"] = own["half"]
    return needs


def _words(forms: Any) -> list[str]:
    return str(forms).split("|") if forms else []


def _any(forms: Iterable[str]) -> str:
    ordered = sorted(set(forms), key=lambda form: (-len(form), form))
    return "|".join(re.escape(form).replace(r"\ ", SPACE) for form in ordered) or "(?!)"


def _names(language: str, own: Mapping[str, Any]) -> tuple[dict[str, int], dict[str, int]]:
    """Months and weekdays by their lower-case forms. CLDR counts weekdays from Monday, 0."""
    months: dict[str, int] = {}
    weekdays: dict[str, int] = {}
    try:
        locale = Locale.parse(language)
    except (UnknownLocaleError, ValueError):
        locale = None
    if locale is not None:
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for number, name in locale.months[context][width].items():
                    if sum(char.isalpha() for char in name) >= 3:
                        months.setdefault(name.lower().rstrip("."), number)
            for number, name in locale.days[context]["wide"].items():
                weekdays.setdefault(name.lower(), number + 1)
    for target, key in ((months, "months"), (weekdays, "weekdays")):
        for number, forms in own.get(key, {}).items():
            target.update(dict.fromkeys(forms.split("|"), int(number)))
    return months, weekdays


def _patterns(
    own: Mapping[str, Any],
    months: Mapping[str, int],
    weekdays: Mapping[str, int],
    ordinals: Mapping[str, int],
    beside: list[str],
    table: Mapping[str, Any],
) -> dict[str, re.Pattern[str]]:
    month = rf"(?P<month>{_any(months)})(?!\w)\.?"
    of = rf"(?:{own['of']}){SPACE}" if own.get("of") else "(?!)"
    after = rf"(?:{SPACE}?(?:{own['year_after']})(?!\w))" if own.get("year_after") else "(?!)"
    year = rf"(?P<year>{YEAR})(?!\d){after}?"
    tail = rf"(?:,?{SPACE}(?:{of})?{year})?"
    day = rf"(?P<day>\d{{1,2}})(?:{own.get('ordinal') or '(?!)'})?"
    to = rf"{SPACE}?(?:{own.get('to') or '-|–'}){SPACE}?"
    beside_day = rf"(?:{_any(beside)})"
    front = rf"(?:(?:{own['weekday']}){SPACE}(?:{beside_day}{SPACE})?)?" if own.get("weekday") else ""
    year_word = rf"(?:(?:{own['year_word']}){SPACE})?" if own.get("year_word") else ""
    quarter, half = own.get("quarter"), own.get("half")
    ordinal = rf"(?P<ordinal>{_any(ordinals)})"
    found = {
        "iso": r"(?<![\d\w/.-])(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})(?![\d-])",
        "numeric": r"(?<![\d\w/.,-])(?P<a>\d{1,2})(?P<sign>[./])(?P<b>\d{1,2})(?P=sign)(?P<year>\d{4}|\d{2})"
        r"(?![\d/]|\.\d|,\d)",
        "cjk": r"(?:(?<!\d)(?P<year>\d{4})[年년] ?)?(?<!\d)(?P<month>\d{1,2})[月월](?: ?(?P<day>\d{1,2})[日일])?",
        "cjk_year": r"(?<!\d)(?P<year>(?:19|20)\d{2})[年년](?! ?\d{1,2}[月월])",
        "day_month": rf"(?<![\d\w.,/:-])(?:(?P<day0>\d{{1,2}})\.?{to})?{day}{SPACE}?(?:{of})?{month}{tail}",
        "month_day": rf"(?<!\w){month}{SPACE}(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?![\d:.]\d|\d|:){tail}",
        "year_month_day": rf"(?<!\d)(?P<year>{YEAR})\.?{SPACE}{month}(?:{SPACE}(?P<day>\d{{1,2}})\.?)?(?!\d)",
        "month_year": rf"(?<!\w){month}(?:{SPACE}|/)(?:{of})?{year}{_NO_YEAR_UNIT}",
        "weekday": rf"(?<!\w)(?:{front}(?:{beside_day}{SPACE})?)(?P<weekday>{_any(weekdays)})(?!\w)"
        rf"(?:{SPACE}{beside_day}(?!\w))?",
        "quarter_short": r"(?<!\w)(?:q(?P<q1>[1-4])|(?P<q2>[1-4])q|t(?P<q3>[1-4]))"
        rf"(?:{SPACE}?[/']?{SPACE}?(?P<year>{YEAR}|\d{{2}}))?(?!\w)",
        "half_short": rf"(?<!\w)(?:h(?P<h1>[12])|(?P<h2>[12])h){SPACE}?/?{SPACE}?(?P<year>{YEAR})(?!\w)",
    }
    if own.get("before_month"):
        found["month"] = rf"(?<!\w)(?:{own['before_month']}){SPACE}?(?<!\w(?=\w)){month}(?!{SPACE}?\d|\w)"
    elif any(form.endswith("ssa") for form in months):  # Finnish: the case is the preposition
        found["month"] = rf"(?<!\w)(?P<month>{_any(form for form in months if form.endswith('ssa'))})(?!\w|{SPACE}\d)"
    if own.get("before_year"):
        needed = after if own.get("year_needs_after") else f"{after}?"
        before = rf"(?<!\w)(?:{own['before_year']}){SPACE}?"
        found["year"] = rf"{before}(?P<span>{year_word}(?P<year>{YEAR})(?!\d){needed}){_NO_YEAR_UNIT}"
        if own.get("from"):
            source = rf"(?<!\w)(?:{own['from']}){SPACE}"
            found["years"] = rf"{source}(?P<span>(?P<year>{YEAR}){to}(?P<year2>{YEAR})){_NO_YEAR_UNIT}"
    if own.get("year_word"):
        found["year_named"] = (
            rf"(?<!\w)(?:{own['year_word']}){SPACE}(?P<year>{YEAR})(?:/(?P<short>\d{{2,4}}))?{_NO_YEAR_UNIT}"
        )
    if own.get("year_after"):
        found["year_after"] = rf"(?<![\w.,/-])(?P<year>{YEAR}){after}"
    the_year = rf"(?:{SPACE}(?:{of})?{year})?"
    if quarter:
        found["quarter"] = rf"(?<!\w){ordinal}[ \u00a0-]?(?:{quarter})(?!\w){the_year}"
        found["quarter_after"] = rf"(?<!\w)(?:{quarter}){SPACE}{ordinal}(?!\w){the_year}"
    if half:
        found["half"] = rf"(?<!\w){ordinal}[ \u00a0-]?(?:{half})(?!\w){SPACE}(?:{of})?{year}"
    if own.get("numeric_before"):
        found["numeric_short"] = (
            rf"(?<!\w)(?:{own['numeric_before']}){SPACE}(?P<span>(?P<day>\d{{1,2}})\.(?P<month>\d{{1,2}})\.)(?!\d)"
        )
    found["not_weekday"] = rf"(?:{table['not_weekday_after']}){SPACE}$"
    return {kind: re.compile(pattern) for kind, pattern in found.items()}
