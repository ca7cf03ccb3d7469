"""Events as the ledger keeps them: rows of digests, and what their repetitions say."""

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from pipeline.history.content import digest


@dataclass
class EventRows:
    """Digests of events, one row each: which event of which raw message by which models; its id alone; its content;
    and where its raw message stands in the books."""

    whose: "array[int]" = field(default_factory=lambda: array("Q"))
    ids: "array[int]" = field(default_factory=lambda: array("Q"))
    contents: "array[int]" = field(default_factory=lambda: array("Q"))
    places: "array[int]" = field(default_factory=lambda: array("Q"))

    def columns(self) -> tuple[Any, Any, Any, Any]:
        """The four as NumPy arrays. A column that nothing was added to is empty."""
        whose, ids, contents, places = (
            np.frombuffer(column, np.uint64) for column in (self.whose, self.ids, self.contents, self.places)
        )
        return whose, ids, contents, places


class Counted(NamedTuple):
    """Of rows of events: the different ones, how many there are with their contents, repeated rows, events with two
    contents, and the places of rows with another content than the first row of the same event."""

    names: Any
    pairs: int
    repeated: int
    contradicted: int
    differs: Any


def counted(rows: EventRows) -> Counted:
    whose, _, contents, places = rows.columns()
    if not len(whose):
        return Counted(names=whose, pairs=0, repeated=0, contradicted=0, differs=places)
    names, first = np.unique(whose, return_index=True)
    differs = contents != contents[first][np.searchsorted(names, whose)]
    pairs = np.unique(np.stack([whose, contents]), axis=1).shape[1]
    return Counted(
        names=names,
        pairs=pairs,
        repeated=len(whose) - pairs,
        contradicted=len(np.unique(whose[differs])),
        differs=places[differs],
    )


def retracts(event: Mapping[str, Any]) -> bool:
    return event.get("action") == "delete"


def event_digest(event: Mapping[str, Any], trace: str, models: int) -> int:
    """What a raw message says of an event: a retraction is another word than the event itself."""
    return digest(f"{event.get('event_id')}\0{trace}\0{models}{chr(0) * retracts(event)}".encode())
