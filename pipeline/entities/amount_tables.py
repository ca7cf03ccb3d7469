"""The grammar of amounts in one language, compiled from `data/amounts.yaml` and CLDR (through babel)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar

from babel import Locale, UnknownLocaleError

from pipeline.entities.tables import read_table

SPACE = "[ \u00a0\u202f\u2009]"
UNSPACED = frozenset({"zh", "ja", "ko", "yue"})
_GROUPED_BY_SPACE = frozenset("fr es pl sv ru fi cs sk nb nn no uk bg hu pt be lt lv et".split(" "))  # noqa: SIM905
# Currencies whose CLDR names are worth knowing in every language.
_NAMED = (
    "USD EUR GBP JPY CNY CHF CAD AUD NZD HKD SGD TWD SEK NOK DKK ISK PLN CZK HUF RON BGN RUB UAH TRY INR KRW BRL MXN "
    "ARS CLP COP ZAR ILS SAR AED THB IDR MYR PHP VND NGN EGP KZT"
)


@dataclass(frozen=True, slots=True)
class Unit:
    """What is counted; `power` is the magnitude that a joined form ("Mkr") carries."""

    kind: str
    name: str
    power: int = 0


@dataclass(frozen=True, slots=True)
class Grammar:
    """Compiled patterns of one language. They all work on lower-case text."""

    decimal: str  # the decimal sign: "," or "."
    number: re.Pattern[str]  # groups: digits | words
    tail: re.Pattern[str]  # after a number; groups: mag, unit; matches the empty string
    head: re.Pattern[str]  # a currency before a number, to the end of the text before it; group: unit
    to: re.Pattern[str]  # between the two numbers of a range
    both: re.Pattern[str]  # the same after a word of `between`
    between: re.Pattern[str]
    about: re.Pattern[str]
    least: re.Pattern[str]
    most: re.Pattern[str]
    minus: re.Pattern[str]
    powers: Mapping[str, int]
    units: Mapping[str, Unit]
    words: Mapping[str, Decimal]
    needs_power: frozenset[str]  # number words that count only before a magnitude or percent ("a", "half a")
    ends: re.Pattern[str]  # case endings that may follow a magnitude or a unit
    not_least: re.Pattern[str]  # before "over" that isn't "more than"
    percent_head: re.Pattern[str] | None  # percent in front ("yüzde 5")

    def power(self, form: str) -> int:
        """The power of ten of a magnitude, with or without a case ending."""
        return _of(self.powers, form, self.ends)

    def unit(self, form: str) -> Unit:
        """The unit of a form, with or without a case ending."""
        return _of(self.units, form, self.ends)


_Value = TypeVar("_Value")


def _of(table: Mapping[str, _Value], form: str, ends: re.Pattern[str]) -> _Value:
    plain = re.sub(r"\s", " ", form)
    for end in range(len(plain), 0, -1):
        if plain[:end] in table and (end == len(plain) or ends.fullmatch(plain, end)):
            return table[plain[:end]]
    raise KeyError(form)


@cache
def grammar(language: str) -> Grammar:
    """The grammar of an ISO 639 code; signs, codes and percentages for a language without a table."""
    table = read_table("amounts.yaml")
    language = table["like"].get(language, language)
    common, own = table["all"], table.get(language, {})
    unspaced = language in UNSPACED
    powers = {form: int(power) for source in (common, own) for power, form in _pairs(source.get("magnitudes"))}
    units = _units(common, own, language)
    words = {form: Decimal(value) for value, form in _pairs(own.get("words"))}
    parts = {form: Decimal(value) for value, form in _pairs(own.get("parts"))}
    ones = {form: Decimal(1) for form in _split(own.get("ones"))}
    ends = own.get("ends") or ""
    end = "" if unspaced else (rf"(?:{ends})?" if ends else "") + r"(?!\w)"
    mags = _any(powers, end=end)
    # "m", "k" and the like directly after digits; words need no blank in "2-billion-dollar" either
    joint = f"(?:{SPACE}|-)?"
    of = f"(?:{own['of']})?" if own.get("of") else ""
    stacked = rf"(?:\d+(?:{mags}))*" if unspaced else ""
    of_mag = of if language == "ro" else ""  # "53 de miliarde de dolari"
    tail = re.compile(rf"(?:{joint}{of_mag}(?P<mag>{mags}){stacked})?(?:{joint}{of}(?P<unit>{_any(units, end=end)}))?")
    heads = {
        form: unit for form, unit in units.items() if unit.kind == "MONEY" and unit.power >= 0 and _is_prefix(form)
    }
    for code, form in _pairs(common["prefix"]):
        heads.setdefault(form, Unit("MONEY", str(code)))
        units.setdefault(form, Unit("MONEY", str(code)))
    return Grammar(
        decimal=_decimal(language),
        number=_number({**words, **parts, **ones}, space=language in _GROUPED_BY_SPACE, colon=language == "sv"),
        tail=tail,
        head=re.compile(rf"(?<![\w$€£¥])(?P<unit>{_any(heads)}){SPACE}?$"),
        to=re.compile(
            rf"{SPACE}?(?:{_any(_split(common['to']))}){SPACE}?|{SPACE}(?:{_any(_split(own.get('to')))}){SPACE}"
        ),
        both=re.compile(
            rf"{SPACE}(?:{_any([*_split(own.get('and')), *_split(own.get('to'))])})(?:{SPACE}|(?<=')|(?<=’))"
        ),
        between=_before(own.get("between"), article=True),
        about=_before(own.get("about"), extra=("~", "≈", "ca.")),
        least=_before(own.get("least"), extra=(">", "≥")),
        most=_before(own.get("most"), extra=("<", "≤")),
        minus=_before(own.get("minus")),
        powers=powers,
        units=units,
        words={**words, **parts, **ones},
        needs_power=frozenset({**parts, **ones}),
        ends=re.compile(ends or "(?!)"),
        not_least=re.compile(
            rf"(?<!\w)(?:{table['not_least'].get(language, '(?!)')})(?:{SPACE}\w+)?{SPACE}(?:over|über|uit){SPACE}$"
        ),
        percent_head=re.compile(rf"(?<!\w)(?:{own['percent_head']}){SPACE}?$") if own.get("percent_head") else None,
    )


def _split(forms: Any) -> list[str]:
    return str(forms).split("|") if forms else []


def _pairs(table: Any) -> Iterable[tuple[Any, str]]:
    for key, forms in (table or {}).items():
        for form in _split(forms):
            yield key, form


def _any(forms: Iterable[str], end: str = "") -> str:
    """Alternatives, longest first; `end` guards those that end in a letter or digit. Never matches if empty."""
    ordered = sorted(forms, key=lambda form: (-len(form), form))
    return "|".join(_escape(form) + (end if form[-1].isalnum() else "") for form in ordered) or "(?!)"


def _escape(form: str) -> str:
    return SPACE.join(re.escape(part) for part in form.split(" "))


def _before(forms: Any, *, extra: tuple[str, ...] = (), article: bool = False) -> re.Pattern[str]:
    """These words at the end of what stands before an amount."""
    the = (
        rf"(?:(?:den|der|die|das|the|a|an|el|un|il|les|los|las|l'|le|la|de|het|os|as|o|gli|i){SPACE})?"
        if article or forms
        else ""
    )
    return re.compile(rf"(?:^|(?<!\w))(?:{_any([*_split(forms), *extra])}){SPACE}?{the}$")


def _is_prefix(form: str) -> bool:
    """Signs and codes stand before numbers; words don't."""
    return not form[0].isalpha() or "$" in form or (len(form) <= 3 and form.isascii()) or form in {"fr.", "sfr.", "rs."}


def _units(common: Mapping[str, Any], own: Mapping[str, Any], language: str) -> dict[str, Unit]:
    units: dict[str, Unit] = {}
    for form, code in _currency_names(language):
        units[form] = Unit("MONEY", code)
    for source in (common, own):
        for name, form in _pairs(source.get("units")):
            units[form] = Unit("QUANTITY", str(name))
        for code, form in _pairs(source.get("money")):
            units[form] = Unit("MONEY", str(code))
        for section, name in (("percent", "percent"), ("points", "percentage_points"), ("basis", "basis_points")):
            for form in _split(source.get(section)):
                units[form] = Unit("PERCENT", name)
    for source in (common, own):
        for key, form in _pairs(source.get("joined")):
            power, code = str(key).split()
            units[form] = Unit("MONEY", code, int(power))
    return units


def _currency_names(language: str) -> Iterable[tuple[str, str]]:
    try:
        locale = Locale.parse(language)
    except (UnknownLocaleError, ValueError):
        return
    plurals = locale._data["currency_names_plural"]
    for code in _NAMED.split():
        names = {str(name).lower() for name in plurals.get(code, {}).values()}
        names.add(str(locale.currencies.get(code, "")).lower())
        for name in sorted(names):
            if len(name) > 3:
                yield name, code


def _decimal(language: str) -> str:
    try:
        symbols = Locale.parse(language).number_symbols
    except (UnknownLocaleError, ValueError):
        return "."
    return "," if symbols.get("latn", symbols).get("decimal") == "," else "."


def _number(words: Mapping[str, Decimal], *, space: bool, colon: bool) -> re.Pattern[str]:
    blank = " \u00a0\u202f\u2009" if space else "\u00a0\u202f\u2009"
    part = rf"(?::\d\d(?={SPACE}kr)|[.,]\d+)?" if colon else r"(?:[.,]\d+)?"  # "7:50 kronor"
    digits = (
        rf"\d{{1,3}}(?:[{blank}]\d{{3}})+(?!\d)(?:[.,]\d+)?"  # 1 234,5
        r"|\d{1,3}(?:['’]\d{3})+(?!\d)(?:[.,]\d+)?"  # 1'234.5
        r"|\d{1,3}(?:\.\d{3})+(?!\d)(?:,\d+)?"  # 1.234,5
        r"|\d{1,3}(?:,\d{2,3})*,\d{3}(?!\d)(?:\.\d+)?"  # 1,234.5 and 12,34,567
        rf"|\d+{part}"
    )
    return re.compile(rf"(?<![\d.,:/])(?P<digits>{digits})(?![\d])|(?<!\w)(?P<words>{_any(words)})(?!\w)")
