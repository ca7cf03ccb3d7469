"""Amounts: hand-written expressions in many languages, traps, and what holds for any text."""

import time
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.entities.amounts import find_amounts
from pipeline.records import Amount
from tests.entities.expressions import Case, Found, read_cases, score


def shown(amount: Amount) -> str:
    """An amount as in `amounts.txt`."""
    if amount.value is None:
        number = f"{amount.low}..{amount.high}"
    else:
        number = amount.value + (" >" if amount.low else "") + (" <" if amount.high else "")
    return f"{amount.kind} {amount.unit or '-'} {number}{' ~' if amount.approximate else ''}"


def found(case: Case) -> list[Found]:
    amounts = find_amounts(case.text, case.language, country=case.context)
    return [(amount.start, amount.end, shown(amount)) for amount in amounts]


def test_expressions_of_many_languages() -> None:
    result = score(read_cases("amounts.txt", ";"), found)
    assert result.precision >= 0.97, "\n".join(result.errors)
    assert result.recall >= 0.95, "\n".join(result.errors)


@pytest.mark.parametrize(
    ("text", "language", "value"),
    [
        ("1.234,5 €", "de", "1234.5"),
        ("1,234.5 €", "en", "1234.5"),
        ("1.234 €", "de", "1234"),
        ("1.234 €", "en", "1.234"),
        ("1,234 €", "en", "1234"),
        ("1,234 €", "de", "1.234"),
        ("2.5 €", "de", "2.5"),
        ("0.125 €", "de", "0.125"),
        ("1.234.567 €", "en", "1234567"),
        ("1'234.50 €", "de", "1234.5"),
        ("1\u202f234,5 €", "fr", "1234.5"),
        ("12,34,567 €", "en", "1234567"),
    ],
)
def test_signs_of_numbers(text: str, language: str, value: str) -> None:
    (amount,) = find_amounts(text, language)
    assert amount.value == value
    assert amount.text == text


def test_pesos_without_a_country_have_no_unit() -> None:
    (amount,) = find_amounts("Pagó 500 pesos.", "es")
    assert (amount.kind, amount.unit, amount.value) == ("MONEY", None, "500")


parts = st.sampled_from(
    [
        "53",
        "1.234,5",
        " ",
        "Milliarden",
        "$",
        "€",
        "Prozent",
        "-",
        "bis",
        "bn",
        "%",
        "億",
        "ドル",
        "zwischen",
        "und",
        "½",
        "٣",
        "\ud800",
    ]
)
texts = st.one_of(st.text(st.characters()), st.lists(st.one_of(parts, st.text(max_size=4))).map("".join))


@settings(deadline=None)  # a busy machine is no failure
@given(texts, st.sampled_from(["de", "en", "fr", "es", "it", "pl", "ru", "ja", "zh", "xx", "", "tr"]))
def test_any_text(text: str, language: str) -> None:
    found = find_amounts(text, language, country="CH")
    last = 0
    for amount in found:
        assert last <= amount.start < amount.end <= len(text)
        assert text[amount.start : amount.end] == amount.text
        last = amount.end
        numbers = [number for number in (amount.value, amount.low, amount.high) if number is not None]
        assert numbers
        assert all(Decimal(number).is_finite() and "e" not in number.lower() for number in numbers)
    assert find_amounts(text, language, country="CH") == found


@pytest.mark.parametrize("text", ["1" * 200_000, "1.234." * 40_000, "5 % " * 50_000, "$" * 200_000, "minus " * 40_000])
def test_long_texts_take_seconds_at_most(text: str) -> None:
    started = time.process_time()
    find_amounts(text, "de")
    assert time.process_time() - started < 6
