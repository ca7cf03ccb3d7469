"""The cap on dead letters, and what a batch is measured as."""

import pytest

from pipeline.broker.batches import DeadLetterCap, TooManyDeadLetters
from pipeline.streams.message import Message, Outcome


def _message(offset: int, *, redriven: bool = False) -> Message:
    headers = (("ew_attempts", b"1"),) if redriven else ()
    return Message(topic="t", partition=0, offset=offset, key=None, value=b"", headers=headers, timestamp=0)


def _outcome(dead: bool) -> Outcome:
    return Outcome(outputs=(), stage="language", result="schema" if dead else "classified")


def _feed(cap: DeadLetterCap, dead: list[bool], **options: bool) -> None:
    for offset, each in enumerate(dead):
        cap.check([_message(offset, **options)], [_outcome(each)])


def test_a_window_that_is_not_full_says_nothing() -> None:
    _feed(DeadLetterCap(0.1), [True] * 199)


def test_the_cap_counts_the_last_200() -> None:
    cap = DeadLetterCap(0.5)
    _feed(cap, [True] * 100 + [False] * 100)  # exactly the share that is allowed
    _feed(cap, [True] * 100)  # the oldest fall out: still half
    with pytest.raises(TooManyDeadLetters, match=r"101 of the last 200 .* t/0/0 .*schema.*allows 0\.5"):
        _feed(cap, [True])


def test_a_cap_of_one_never_stops() -> None:
    _feed(DeadLetterCap(1.0), [True] * 1000)


def test_redriven_messages_do_not_count() -> None:
    cap = DeadLetterCap(0.5)
    _feed(cap, [True] * 1000, redriven=True)
    _feed(cap, [False] * 200)
