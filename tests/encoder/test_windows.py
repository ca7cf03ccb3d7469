from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from pipeline.encoder.windows import TITLE_PIECES, plan_windows

LENGTHS = st.lists(st.integers(0, 700), max_size=40)


@given(LENGTHS)
def test_every_piece_is_in_exactly_one_window(lengths: list[int]) -> None:
    windows = plan_windows(lengths)
    assert [piece for w in windows for piece in range(w.start, w.end)] == list(range(sum(lengths)))


@given(LENGTHS)
def test_no_window_is_longer_than_the_budget_or_empty(lengths: list[int]) -> None:
    for window in plan_windows(lengths, budget=254):
        assert window.end - window.start > 0
        assert window.title + window.end - window.start <= 254


@given(LENGTHS)
def test_only_sentences_that_fit_no_window_are_cut(lengths: list[int]) -> None:
    starts = {0, *accumulate(lengths)}
    room = 254 - TITLE_PIECES
    long = [(end - length, end) for length, end in zip(lengths, accumulate(lengths), strict=True) if length > room]
    for window in plan_windows(lengths):
        assert window.start in starts or any(start < window.start < end for start, end in long)


def test_the_title_is_repeated_but_not_in_its_own_window() -> None:
    windows = plan_windows([10, 200, 200, 200])
    assert [w.title for w in windows] == [0, 10, 10]


def test_a_long_first_sentence_is_no_title() -> None:
    assert {w.title for w in plan_windows([TITLE_PIECES + 1, 200, 200])} == {0}
