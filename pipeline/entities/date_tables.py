"""The grammar of dates in one language, compiled from `data/dates.yaml` and CLDR (through babel)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from babel import Locale, UnknownLocaleError

from pipeline.entities.date_patterns import UNSPACED, S, Trigger, adjacent, any_of, beginnings, make_patterns
from pipeline.entities.tables import read_table

_UNITS = ("day", "week", "month", "year")


@dataclass(frozen=True, slots=True)
class DateGrammar:
    """Compiled patterns of one language over lower-case text, and what their names mean."""

    language: str
    patterns: Mapping[str, tuple[re.Pattern[str], str]]  # by kind: the pattern, and the name of its trigger
    triggers: Mapping[str, Trigger]  # what a text must hold, and around which patterns are tried
    months: Mapping[str, int]
    weekdays: Mapping[str, int]  # 1 Monday to 7 Sunday
    ordinals: Mapping[str, int]
    numbers: Mapping[str, int]
    days: Mapping[str, int]
    seasons: Mapping[str, int]
    halves: Mapping[str, int]
    relative: re.Pattern[str] | None  # all relative ones; group r3 is the fourth of `offsets`
    offsets: tuple[tuple[str, int], ...]  # unit, how many of it
    counted: re.Pattern[str] | None  # "three days ago"; group c3 is the fourth of `counted_units`
    counted_units: tuple[tuple[str, int], ...]  # unit, -1 or 1
    checks: Mapping[str, re.Pattern[str]]  # what stands beside a match: before_month, name_before ...
    adjectives: Mapping[int, re.Pattern[str]]
    flags: frozenset[str]
    month_first: frozenset[str]
    south: frozenset[str]
    holidays: tuple[tuple[int, int], ...]  # month and day by the number of the pattern's group

    def adjective(self, *words: str | None) -> int | None:
        """-1, 0 or 1 if one of these says last, this or next."""
        for word in words:
            for offset, pattern in self.adjectives.items():
                if word and pattern.fullmatch(word):
                    return offset
        return None


@cache
def date_grammar(language: str) -> DateGrammar:
    """The grammar of an ISO 639 code; numbers and CLDR's month names for a language without a table."""
    table = read_table("dates.yaml")
    language = table["like"].get(language, language)
    own: Mapping[str, Any] = table.get(language, {})
    months, weekdays = _names(language, own)
    numbers = _numbers(language, own)
    relative, offsets, near = _relative(own, language)
    counted, counted_units, far = _counted(language, own, numbers)
    holidays = tuple((int(key[:2]), int(key[3:])) for key in table["holidays"])
    ordinals, days = _map(own.get("ordinals")), _map(own.get("days"))
    patterns, triggers = make_patterns(
        own, language, months, weekdays, ordinals, days, numbers, table["holidays"].values()
    )
    return DateGrammar(
        language=language,
        patterns=patterns,
        triggers=triggers | {"relative": Trigger(near, None), "counted": Trigger(far, None)},
        months=months,
        weekdays=weekdays | _map(own.get("short_weekdays")) | _map(own.get("last_weekdays")),
        ordinals=ordinals,
        numbers=numbers,
        days=days,
        seasons=_map(own.get("seasons")),
        halves=_map(own.get("halves")),
        relative=relative,
        offsets=offsets,
        counted=counted,
        counted_units=counted_units,
        checks=_checks(own, weekdays),
        adjectives={int(offset): re.compile(forms) for offset, forms in own.get("adj", {}).items()},
        flags=frozenset(key for key, value in own.items() if value is True)
        | ({"alone"} if own.get("weekday_alone") is not False else set()),
        month_first=frozenset(table["month_first"]),
        south=frozenset(table["south"]),
        holidays=holidays,
    )


def _map(forms: Mapping[Any, str] | None) -> dict[str, int]:
    return {form: int(number) for number, names in (forms or {}).items() for form in str(names).split("|")}


def _names(language: str, own: Mapping[str, Any]) -> tuple[dict[str, int], dict[str, int]]:
    """Months and weekdays by their lower-case forms. CLDR counts weekdays from Monday, 0."""
    months: dict[str, int] = {}
    weekdays: dict[str, int] = {}
    locale = _locale(language)
    if locale is not None and not own.get("finnish"):
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for number, name in locale.months[context][width].items():
                    if sum(char.isalpha() for char in name) >= 3:
                        months.setdefault(name.lower().rstrip("."), number)
    if locale is not None:
        for context in ("format", "stand-alone"):
            for number, name in locale.days[context]["wide"].items():
                weekdays.setdefault(name.lower(), number + 1)
    for target, key in ((months, "months"), (weekdays, "weekdays")):
        target.update(_map(own.get(key)))
    return months, weekdays


def _locale(language: str) -> Locale | None:
    try:
        return Locale.parse(language)
    except (UnknownLocaleError, ValueError):
        return None


def _numbers(language: str, own: Mapping[str, Any]) -> dict[str, int]:
    """Number words up to fifty."""
    amounts = read_table("amounts.yaml").get(language, {})
    found = {form: number for form, number in _map(amounts.get("words")).items() if number <= 50}
    return found | dict.fromkeys(filter(None, str(amounts.get("ones", "")).split("|")), 1) | _map(own.get("numbers"))


_Relative = tuple[re.Pattern[str] | None, tuple[tuple[str, int], ...], frozenset[str]]


def _relative(own: Mapping[str, Any], language: str) -> _Relative:
    """One pattern for all, since twenty passes over a text cost more than all the rest."""
    rows = [(str(unit), int(offset), str(form)) for unit, offset, form in own.get("rel", ())]
    generic = set()
    if language not in UNSPACED:
        for unit in own.get("units", ()):
            rows += [(unit, offset, adjacent(own, unit, offset)) for offset in (-1, 0, 1)]
            generic |= {(unit, form) for _, _, form in rows[-3:]}
    if own.get("weekend"):
        rows.append(("bare weekend", 0, own["weekend"]))
    if not rows:
        return None, (), frozenset()
    words = [form for unit, _, form in rows if (unit, form) not in generic] + list(own.get("units", {}).values())
    forms = "|".join(f"(?P<r{i}>{form})" for i, (_, _, form) in enumerate(rows))
    whole = forms if language in UNSPACED else rf"(?<![\w-])(?:{forms})(?![\w-])"
    return re.compile(whole.replace(" ", S)), tuple((unit, offset) for unit, offset, _ in rows), beginnings(words)


def _counted(language: str, own: Mapping[str, Any], numbers: Mapping[str, int]) -> _Relative:
    """ "three days ago", "in three days": CLDR's patterns and ours."""
    locale = _locale(language)
    if locale is None:
        return None, (), frozenset()
    number = rf"(?:\d{{1,3}}|{any_of(numbers)})"
    rows, words = [], []
    for unit in _UNITS:
        for key, direction in (("past", -1), ("future", 1)):
            forms = {form.lower() for form in locale._data["date_fields"][unit].get(key, {}).values()}
            if direction == 1 and own.get("no_ahead"):
                forms = {form for form in forms if not form.startswith(own["no_ahead"])}
            forms |= set(filter(None, own.get("ago" if direction < 0 else "ahead", {}).get(unit, "").split("|")))
            words += [max(re.findall(r"[^\W\d_]+", form), key=len, default="") for form in forms]
            escaped = [re.escape(form) for form in sorted(forms, key=lambda form: (-len(form), form)) if "{0}" in form]
            if escaped:
                rows.append((unit, direction, "|".join(escaped)))
    slot = re.escape("{0}")
    parts = [f"(?P<c{i}>{forms.replace(slot, f'(?:{number})')})" for i, (_, _, forms) in enumerate(rows)]
    whole = "|".join(parts).replace(r"\ ", f"{S}?" if language in UNSPACED else S)
    edges = ("", "") if language in UNSPACED else (r"(?<![\w.,])", r"(?!\w)")
    return (
        re.compile(f"{edges[0]}(?:{whole}){edges[1]}"),
        tuple((unit, sign) for unit, sign, _ in rows),
        beginnings(words),
    )


def _checks(own: Mapping[str, Any], weekdays: Iterable[str]) -> dict[str, re.Pattern[str]]:
    """Patterns for what stands right before or behind a match."""
    found = {}
    for key in ("before_month", "before_year", "name_before", "not_ahead", "not_quarter", "half_needs_year"):
        if own.get(key):
            inside = key in {"not_quarter", "half_needs_year"}
            found[key] = re.compile(rf"(?<!\w)(?:{own[key]})" + ("" if inside else rf"(?:{S}|(?<=[-'’]))$"))
    for key in ("name_after", "weekday_follows"):
        if own.get(key):
            found[key] = re.compile(rf"{S}(?:{own[key]})(?!\w)")
    for month, words in own.get("strict", {}).items():
        found[f"strict {month}"] = re.compile(rf"(?<!\w)(?:{words})(?:{S}|(?<=-))$")
    article = rf"(?:(?:zum|the|dem|den|der|le|el|il|o|a|de|al|au|ao|la|les|den|l['’])(?:{S}|(?<=['’])))?"
    found["to"] = re.compile(rf"{S}?(?:{own.get('to') or '-|–|—'}){S}?{article}")
    for key, form in (("between", r"(?<!\w)(?:{})" + S), ("both", S + "(?:{})" + S + article)):
        if own.get("between") and own.get("and"):
            pattern = form.replace("{}", own["between" if key == "between" else "and"])
            found[key] = re.compile(pattern + (article + r"\w{0,3}" + f"{S}?$" if key == "between" else ""))
    found["unsure"] = re.compile(own.get("unsure") or "(?!)")
    both = "|".join(filter(None, [own.get("to"), own.get("and"), "/|,|&"]))
    found["listed"] = re.compile(rf"(?:{any_of(weekdays)})(?:{S}?(?:{both})){S}?$")
    return found
