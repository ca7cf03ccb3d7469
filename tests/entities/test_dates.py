"""Dates: hand-written expressions in many languages, traps, and what holds for any text."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.entities.dates import find_dates
from tests.entities.expressions import Case, Found, read_cases, score

PUBLISHED = "2025-10-31T09:00:00.000Z"  # a Friday


def found(case: Case) -> list[Found]:
    published = None if case.context == "-" else PUBLISHED
    dates = find_dates(case.text, case.language, published_at=published)
    return [(item.start, item.end, item.date) for item in dates]


def test_expressions_of_many_languages() -> None:
    result = score(read_cases("dates.txt", ";"), found)
    assert result.precision >= 0.97, "\n".join(result.errors)
    assert result.recall >= 0.95, "\n".join(result.errors)


@pytest.mark.parametrize(
    ("text", "published", "expected"),
    [
        ("today, next year, next month, next week, tomorrow", "9999-12-31T23:00:00Z", ["9999-12-31"]),
        ("today, last year, yesterday, last week", "0001-01-01T00:00:00Z", ["0001-01-01"]),
        ("last month", "2025-01-31T00:00:00Z", ["2024-12"]),
        ("next week", "2025-12-29T00:00:00Z", ["2026-W02"]),
        ("last quarter", "2025-02-01T00:00:00Z", ["2024-Q4"]),
        ("in December", "2026-01-05T00:00:00Z", ["2025-12"]),
        ("on February 29", "2025-03-01T00:00:00Z", ["2024-02-29"]),
        ("on Friday", "not a date", []),
        ("on Friday", "2025-13-45T00:00:00Z", []),
    ],
)
def test_edges_of_the_calendar(text: str, published: str, expected: list[str]) -> None:
    assert [found.date for found in find_dates(text, "en", published_at=published)] == expected


def test_order_of_day_and_month_is_the_sources() -> None:
    assert [found.date for found in find_dates("3/4/2025", "en", country="US")] == ["2025-03-04"]
    assert [found.date for found in find_dates("3/4/2025", "en", country="GB")] == ["2025-04-03"]


def test_an_amount_is_no_date() -> None:
    assert find_dates("in 2025", "en", taken=[(3, 7)]) == []


parts = st.sampled_from(
    [
        "26.",
        "September",
        "2025",
        " ",
        "31",
        "/",
        "am",
        "Freitag",
        "Q3",
        "年",
        "月",
        "de",
        "heute",
        "in",
        "9999",
        "\ud800",
    ]
)
texts = st.one_of(st.text(st.characters()), st.lists(st.one_of(parts, st.text(max_size=4))).map("".join))
ISO = re.compile(r"\d{4}(-\d{2}(-\d{2})?|-W\d{2}|-Q[1-4])?(/\d{4}(-\d{2}){0,2})?")


@settings(deadline=None)  # a busy machine is no failure
@given(
    texts,
    st.sampled_from(["de", "en", "fr", "es", "pl", "ru", "ja", "zh", "fi", "hu", "xx", ""]),
    st.one_of(st.none(), st.text(max_size=12), st.dates().map(lambda day: f"{day.isoformat()}T00:00:00Z")),
)
def test_any_text(text: str, language: str, published: str | None) -> None:
    found = find_dates(text, language, published_at=published)
    last = 0
    for item in found:
        assert last <= item.start < item.end <= len(text)
        assert text[item.start : item.end] == item.text
        assert ISO.fullmatch(item.date)
        last = item.end
    assert find_dates(text, language, published_at=published) == found


@pytest.mark.parametrize("text", ["1" * 200_000, "1.1." * 50_000, "am " * 60_000, "in 2025 " * 25_000, "Mai " * 50_000])
def test_long_texts_take_seconds_at_most(text: str) -> None:
    started = time.process_time()
    find_dates(text, "de", published_at=PUBLISHED)
    assert time.process_time() - started < 6
