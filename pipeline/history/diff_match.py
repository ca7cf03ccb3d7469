"""Which event of one side is which of the other, where their ids differ: by type and by the words it was read from."""

from collections.abc import Mapping, Sequence
from typing import Any

Event = Mapping[str, Any]


def overlapping_pairs(ones: Sequence[Event], others: Sequence[Event]) -> list[tuple[int, int]]:
    """Pairs of indices into two lists of events of one article: the same type, and evidence that overlaps.

    Each event is in one pair at most; the pair with the greater share of common characters comes first.
    """
    found = []
    for number, one in enumerate(ones):
        for other_number, other in enumerate(others):
            if one.get("type") == other.get("type") and (share := overlap(one, other)) > 0:
                found.append((-share, number, other_number))
    pairs: list[tuple[int, int]] = []
    left: set[int] = set()
    right: set[int] = set()
    for _, number, other_number in sorted(found):
        if number not in left and other_number not in right:
            pairs.append((number, other_number))
            left.add(number)
            right.add(other_number)
    return sorted(pairs)


def overlap(one: Event, other: Event) -> float:
    """Characters that the evidence of both covers, of those that either does (0-1)."""
    mine, theirs = _covered(one), _covered(other)
    either = len(mine | theirs)
    return len(mine & theirs) / either if either else 0.0


def _covered(event: Event) -> set[int]:
    return {at for quote in event.get("evidence", ()) for at in range(int(quote["start"]), int(quote["end"]))}
