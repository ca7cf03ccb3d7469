"""A message, whatever carries it: what Kafka and the files have in common."""

from dataclasses import dataclass, field

Headers = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message as it was read. `timestamp`: milliseconds since 1970 (UTC), when it was appended.

    For a file, `topic` is its path as the user gave it, `partition` 0 and `offset` the line number - 1.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    timestamp: int

    @property
    def trace(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One message to be written. Headers are CloudEvents 1.0 in binary mode (`ce_id` ...) and our own (`ew_…`)."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one message: everything it leads to, in the order in which it is to be written.

    `result`: `classified` or the last stage's own word for done (`language`, `entities`), or the error code of
    its dead letter. `seconds`: time spent by stage, for the metrics of the process that writes.
    """

    outputs: tuple[Output, ...]
    stage: str  # the last stage that worked on it
    result: str
    language: str = ""  # what the article is in, as far as it got: ISO 639, for the metrics
    events: int = 0  # sent, retractions aside
    retracted: int = 0  # events of the article's version before that no longer hold
    superseded: bool = False  # a newer version of the article was known already
    seconds: dict[str, float] = field(default_factory=dict)
    source: str = ""  # the article's source: its domain, else its name
    models: dict[str, str] = field(default_factory=dict)  # what read it, by stage: name@version+digest
    confidences: tuple[tuple[str, float], ...] = ()  # class and confidence of each event

    @property
    def dead(self) -> bool:
        return self.result not in ("language", "entities", "classified")
