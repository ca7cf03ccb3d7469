"""What a stage is: a pure function from records to outcomes. Nothing here knows about messages."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from pipeline.errors import InvalidInput

In = TypeVar("In", contravariant=True)
Out = TypeVar("Out")


class Stage(Protocol[In, Out]):
    """One agent's work.

    `run` returns one outcome a record, in the order of `records`: the record that the next stage reads, or the
    `InvalidInput` that sends it to the dead letters. It never raises for bad input, never looks at the clock,
    the network or a random number, and an outcome does not depend on what else is in `records`: that is what
    makes replays byte-identical.
    """

    @property
    def name(self) -> str:
        """The stage's name in topics, metrics and options: `language`, `entities` or `events`."""

    def run(self, records: Sequence[In], /) -> "list[Out | InvalidInput]": ...
