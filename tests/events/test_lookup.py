"""Bisection finds what a plain search finds."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from pipeline.events.lookup import Lookup, Spans

SPANS = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 8)).map(lambda pair: (pair[0], sum(pair))), max_size=8)
SPAN = st.tuples(st.integers(0, 30), st.integers(1, 8)).map(lambda pair: (pair[0], sum(pair)))


@dataclass(frozen=True)
class Value:
    start: int
    end: int


@given(SPANS, SPAN, SPAN, st.integers(0, 40))
def test_lookup(spans: list[tuple[int, int]], span: tuple[int, int], within: tuple[int, int], at: int) -> None:
    values = [Value(*item) for item in spans]
    ordered = sorted(values, key=lambda value: (value.start, value.end))
    lookup = Lookup(values)
    assert lookup.inside(span) == [value for value in ordered if span[0] <= value.start and value.end <= span[1]]
    touching = [value for value in lookup.inside(within) if value.start < span[1] and span[0] < value.end]
    assert lookup.touching(span, within) == touching
    assert lookup.before(at, 3) == [value for value in ordered if value.start < at][-3:]


@given(SPANS, SPAN)
def test_spans(spans: list[tuple[int, int]], span: tuple[int, int]) -> None:
    covered = {at for start, end in spans for at in range(start, end)}
    found = Spans(spans)
    assert {at for start, end in found.spans for at in range(start, end)} == covered
    touched = {at for start, end in found.touching(span) for at in range(start, end)}
    assert touched & set(range(*span)) == covered & set(range(*span))
    if not covered & set(range(*span)):
        low, high = found.around(span, (0, 50))
        assert low <= span[0] < span[1] <= high
        assert not covered & set(range(low, high))
        assert low == 0 or low - 1 in covered
        assert high == 50 or high in covered
