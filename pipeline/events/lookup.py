"""Values by their place in the text, found by bisection: a hostile article has ten thousand of each."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import accumulate
from typing import Generic, Protocol, TypeVar

from pipeline.events.words import Span


class Placed(Protocol):
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


V = TypeVar("V", bound=Placed)


class Lookup(Generic[V]):
    """Values in text order. They may overlap."""

    def __init__(self, values: Iterable[V]) -> None:
        self.values = sorted(values, key=lambda value: (value.start, value.end))
        self._starts = [value.start for value in self.values]
        self._reach = list(accumulate((value.end for value in self.values), max))  # of a value and all before it

    def inside(self, span: Span) -> list[V]:
        """The values that lie wholly in the span, in text order."""
        first, last = bisect_left(self._starts, span[0]), bisect_left(self._starts, span[1])
        return [value for value in self.values[first:last] if value.end <= span[1]]

    def touching(self, span: Span, within: Span) -> list[V]:
        """The values that share a character with `span` and lie wholly in `within`, in text order."""
        first = max(bisect_right(self._reach, span[0]), bisect_left(self._starts, within[0]))
        last = bisect_left(self._starts, min(span[1], within[1]))
        return [value for value in self.values[first:last] if span[0] < value.end <= within[1]]

    def before(self, at: int, most: int) -> list[V]:
        """The last `most` values that start before `at`, in text order."""
        last = bisect_left(self._starts, at)
        return self.values[max(0, last - most) : last]


class Spans:
    """A set of characters, given as spans which may overlap."""

    def __init__(self, spans: Iterable[Span]) -> None:
        self.spans: list[Span] = []
        for start, end in sorted(spans):
            if self.spans and start <= self.spans[-1][1]:
                self.spans[-1] = self.spans[-1][0], max(end, self.spans[-1][1])
            elif start < end:
                self.spans.append((start, end))
        self._starts = [start for start, _ in self.spans]

    def touching(self, span: Span) -> list[Span]:
        """The spans, apart from each other, that share a character with `span`."""
        first = max(0, bisect_left(self._starts, span[0]) - 1)
        last = bisect_left(self._starts, span[1])
        return [(start, end) for start, end in self.spans[first:last] if end > span[0]]

    def around(self, span: Span, within: Span) -> Span:
        """The largest part of `within` around `span` that shares nothing with the set, as `span` does not."""
        next_one = bisect_left(self._starts, span[1])
        low = self.spans[next_one - 1][1] if next_one else within[0]
        high = self.spans[next_one][0] if next_one < len(self.spans) else within[1]
        return max(low, within[0]), min(high, within[1])
