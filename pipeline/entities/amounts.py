"""Money, percentages and quantities: what a text says, as a decimal and a unit. Precision first.

A number alone is no amount: it needs a unit. "53 Milliarden Dollar" -> 53000000000 USD. Ranges have `low` and `high`;
"more than" gives `low` beside the value, "up to" gives `high`, "about" gives `approximate`. `$`, pesos and the like
are those of the source's country; without one, pesos stay without a unit. The span is number to unit, with sign.
"""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from pipeline.entities.amount_tables import UNSPACED, Grammar, Unit, grammar
from pipeline.entities.tables import read_table
from pipeline.entities.words import plain_lower
from pipeline.records import Amount

_LOOK_BACK = 32  # characters before an amount that may say "more than about"
_MAX_DIGITS = 24
_SIGN = re.compile(r"(?:^|(?<=[\s(\[:]))[-−–+±]$")
_RATES = re.compile(r"%|prozent|percent|prosent|rate|zins|taux|tasso|taxa|tasa|ränta|rente|stop|ставк")
_PICTURES = {144, 240, 360, 480, 576, 720}  # lines of a screen: "720p"
_STACK = re.compile(r"(\d+)([^\d]+)")


class _Number(NamedTuple):
    """A number with what belongs to it."""

    start: int
    end: int
    value: Decimal
    unit: Unit | None
    power: bool  # it has a magnitude ("million")
    bare: Decimal  # the value without the magnitude


def find_amounts(text: str, language: str, *, country: str | None = None) -> list[Amount]:
    """The amounts of `text` in order, not overlapping. `country`: of the source, ISO 3166-1 alpha-2."""
    rules = grammar(language)
    points = read_table("amounts.yaml")["point_countries"].get(language, ())
    if (country or "").upper() in points:
        rules = replace(rules, decimal=".")
    lowered = plain_lower(text)
    found: list[Amount] = []
    at = 0
    for match in rules.number.finditer(lowered):
        if match.start() < at:
            continue
        first = _read(lowered, match, rules, language)
        if first is None:
            continue
        amount = _amount(text, lowered, first, rules, language, country, at)
        if amount is not None:
            found.append(amount)
            at = amount.end
    return found


def _read(lowered: str, match: re.Match[str], rules: Grammar, language: str) -> _Number | None:
    """The number at `match` with its sign, currency sign in front, magnitude and unit behind."""
    word = match["words"]
    bare = rules.words.get(word) if word else _value(match["digits"], rules.decimal)
    if bare is None:
        return None
    start, end = match.span()
    head = rules.head.search(lowered, max(0, start - 8), start)
    if head is not None and not word:
        start = head.start("unit")
    elif start and not word and lowered[start - 1].isalpha() and language not in UNSPACED:
        return None  # "G20", "A380"
    tail = rules.tail.match(lowered, end)
    assert tail is not None  # it matches the empty string
    mag, form = tail["mag"], tail["unit"]
    if word in rules.needs_power and not mag and (not form or rules.unit(form).kind != "PERCENT"):
        return None
    value = bare
    if mag:
        value = bare.scaleb(rules.power(mag))
        if language in UNSPACED:
            value += _stacked(lowered[tail.end("mag") : tail.start("unit") if form else tail.end()], rules)
    unit = rules.unit(form) if form else None
    if rules.percent_head is not None and not word and unit is None and not mag:
        percent = rules.percent_head.search(lowered, max(0, start - 8), start)
        if percent is not None:
            start, unit, head = percent.start(), Unit("PERCENT", "percent"), None
    if head is not None and not word and (unit is None or unit.kind != "MONEY" or unit.name == "$"):
        sign = head["unit"]
        if sign == "r" and (lowered[start + 1].isspace() or not mag):
            return None  # rand: "R5bn"; a road or a room: "R5"
        unit, end = rules.unit(sign), tail.end("mag") if mag else end
    elif form or mag:
        end = tail.end() if form else tail.end("mag")
    if unit is not None and unit.power:
        value = value.scaleb(unit.power)
    minus_sign = _SIGN.search(lowered, max(0, start - 2), start)
    if minus_sign is not None and not word:
        start = minus_sign.start()
        value = -value if lowered[start] in "-−–" else value
    elif (minus := rules.minus.search(lowered, max(0, start - 9), start)) is not None and not word:
        start, value = minus.start(), -value
    end = _without_full_stop(lowered, end, rules)
    return _Number(start, end, value, unit, bool(mag) or bool(unit and unit.power > 0), bare)


def _without_full_stop(lowered: str, end: int, rules: Grammar) -> int:
    """Leave the sentence its full stop: "15 mln." at the end of a line is "15 mln"."""
    if lowered[end - 1] != "." or lowered[end : end + 1].strip():
        return end
    form = re.split(r"[\s\d]", lowered[max(0, end - 12) : end])[-1][:-1]
    last = not lowered[end : end + 2].strip() or "\n" in lowered[end : end + 2]
    return end - 1 if last and (form in rules.powers or form in rules.units) else end


def _stacked(rest: str, rules: Grammar) -> Decimal:
    """What "5000万" adds to "1億"."""
    total = Decimal(0)
    for digits, mag in _STACK.findall(rest):
        total += Decimal(digits).scaleb(rules.powers.get(mag.strip(), 0))
    return total


def _amount(
    text: str, lowered: str, first: _Number, rules: Grammar, language: str, country: str | None, at: int
) -> Amount | None:
    before = lowered[max(at, first.start - _LOOK_BACK) : first.start]
    second = _second(lowered, first, before, rules, language)
    last = first if second is None else second
    unit = last.unit or first.unit
    if unit is None or first.start < at:
        return None
    if (
        unit.name == "point"
        and abs(last.value) < 10
        and _RATES.search(lowered, max(0, first.start - 80), last.end + 80)
    ):
        unit = Unit("PERCENT", "percentage_points")  # "0,2 point" of a rate
    start, end = first.start, last.end
    if not _fits(lowered, first, second, unit, end):
        return None
    low: Decimal | None = None
    high: Decimal | None = None
    value: Decimal | None = first.value
    if second is not None:
        low, high, value = first.value, second.value, None
        if not first.power and second.power and first.bare:  # "3 bis 4 Milliarden"
            low = first.value * (second.value / second.bare) if second.bare else first.value
        if low >= high:
            return None
    elif rules.least.search(before) and not rules.not_least.search(lowered, max(at, first.start - 60), first.start):
        low = value
    elif rules.most.search(before):
        high = value
    about = rules.about.search(before) is not None
    return Amount(
        start=start,
        end=end,
        text=text[start:end],
        kind=unit.kind,  # type: ignore[arg-type]  # the tables' kinds
        value=_plain(value),
        low=_plain(low),
        high=_plain(high),
        unit=_unit_name(unit, language, country),
        approximate=True if about else None,
    )


def _second(lowered: str, first: _Number, before: str, rules: Grammar, language: str) -> _Number | None:
    """The upper end of a range that begins with `first`, if the text goes on to one with the same unit."""
    gap = rules.both.match(lowered, first.end) if rules.between.search(before) else None
    if gap is None:
        gap = rules.to.match(lowered, first.end)
    if gap is None:
        return None
    for offset in range(4):  # a currency sign may stand between
        match = rules.number.match(lowered, gap.end() + offset)
        if match is not None:
            break
    else:
        return None
    if offset and not re.fullmatch(r"[$€£¥]|[a-z]{1,2}\$", lowered[gap.end() : match.start()].strip()):
        return None
    second = _read(lowered, match, rules, language)
    if second is None or second.unit is None or (first.unit is not None and first.unit.name != second.unit.name):
        return None
    return second._replace(value=abs(second.value)) if second.start < match.start() and offset == 0 else second


def _fits(lowered: str, first: _Number, second: _Number | None, unit: Unit, end: int) -> bool:
    """Traps of single units."""
    if (
        unit.power == -2
        and lowered[end - 1] == "p"
        and (not lowered[end - 2].isdigit() or first.value * 100 in _PICTURES or first.value >= 10)
    ):
        return False  # "720p", "1080p", "85 p."
    if unit.name == "point" and abs(first.value) < 1000:
        return False  # points of a game
    if unit.name == "GBP" and re.match(r" of (?!debt|cash|sales|revenue|profit)", lowered[end : end + 12]):
        return False  # pounds of flesh
    if unit.kind == "MONEY" and end < len(lowered) and lowered[end - 1].isdigit() and lowered[end : end + 1].isalpha():
        return False  # "$5x"
    return not (second is None and unit.kind == "QUANTITY" and first.value < 0)


def _unit_name(unit: Unit, language: str, country: str | None) -> str | None:
    by_country: dict[str, str] | None = read_table("amounts.yaml")["by_country"].get(unit.name)
    if by_country is None:
        return unit.name
    default = {"$": "USD", "fr$": "USD", "¥": "CNY" if language == "zh" else "JPY"}.get(unit.name)
    return by_country.get((country or "").upper(), default)


def _value(digits: str, decimal: str) -> Decimal | None:
    """A number as written. Which sign groups and which is decimal its form tells, and if not, the language."""
    if len(digits) > _MAX_DIGITS:
        return None
    plain = re.sub(r"[\s\u00a0\u202f\u2009'’]", "", digits).replace(":", ".")
    dots, commas = plain.count("."), plain.count(",")
    if dots and commas:
        sign = max(".,", key=plain.rfind)
        plain = plain.replace("," if sign == "." else ".", "").replace(sign, ".")
    elif dots + commas > 1:
        plain = plain.replace(".", "").replace(",", "")
    elif dots + commas == 1:
        sign = "." if dots else ","
        whole, part = plain.split(sign)
        groups = len(part) == 3 and 0 < len(whole) <= 3 and whole != "0" and sign != decimal and plain == digits
        plain = whole + part if groups else f"{whole}.{part}"
    try:
        return Decimal(plain)
    except InvalidOperation:
        return None


def _plain(value: Decimal | None) -> str | None:
    """Plain notation without trailing zeros."""
    if value is None:
        return None
    shown = format(value, "f")
    if "." in shown:
        shown = shown.rstrip("0").rstrip(".")
    return "0" if shown in {"-0", ""} else shown
