"""Dead letters on Kafka: read, choose, and send back to where they came from, each once.

The ledger of what was redriven is the topics themselves. A redriven message carries `ew_redriven`, the position of the
letter it was, so a letter has been redriven if its source topic holds a message that names it. Nothing else is
kept: no state that could be lost, and a redrive that was killed half-way is finished by running it again. A redrive
that runs at the same time as another may send a letter twice; ids are the same then, so subscribers can tell.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from pipeline.broker.client import Client, Writer
from pipeline.errors import SettingsError
from pipeline.flow import FLOW
from pipeline.streams.codec import header
from pipeline.streams.dead_letters import DeadLetter, read_dead_letter, topic_of
from pipeline.streams.message import Output

REDRIVEN = "ew_redriven"
STAGES = tuple(step.name for step in FLOW)
# A redrive is later than its letter by the clocks of two machines: so far they may be apart.
_CLOCKS = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which letters. Empty and None: all. `positions`: traces of letters (`news.deadletters.language/0/12`)."""

    stages: tuple[str, ...] = STAGES
    codes: frozenset[str] = frozenset()
    positions: frozenset[str] = frozenset()
    partition: int | None = None
    offset: int | None = None

    def wants(self, letter: DeadLetter) -> bool:
        message = letter.message
        return (
            (not self.codes or letter.code in self.codes)
            and (self.partition is None or message.partition == self.partition)
            and (self.offset is None or message.offset == self.offset)
            and (not self.positions or message.trace in self.positions)
        )


@dataclass(slots=True)
class Redriven:
    """What a redrive did, in letters. `strangers`: not sent, their source is no topic that a stage reads."""

    sent: int = 0
    already: int = 0
    strangers: list[str] = field(default_factory=list)
    by_topic: dict[str, int] = field(default_factory=dict)


def read_letters(client: Client, choice: Choice) -> Iterator[DeadLetter]:
    """The chosen letters that are there now, in order within a partition."""
    prefix = client.settings.topic_prefix
    topics = [prefix + topic_of(stage) for stage in choice.stages]
    for message in client.read(topics, start=_starts(client, topics, choice), end=_ends(client, topics, choice)):
        letter = read_dead_letter(message)
        if choice.wants(letter):
            yield letter


def redriven_letters(client: Client, topics: Iterable[str], since: datetime) -> set[str]:
    """Positions of the letters that `topics` hold a redriven copy of, written at `since` or later."""
    found: set[str] = set()
    for message in client.read(topics, start=since - _CLOCKS):
        if mark := header(message.headers, REDRIVEN):
            found.add(mark)
    return found


def redrive(
    client: Client,
    choice: Choice,
    *,
    again: bool = False,
    dry_run: bool = False,
    on_letter: Callable[[DeadLetter, str], None] = lambda letter, outcome: None,
) -> Redriven:
    """Send the chosen letters' original bytes, key and headers to the topics they came from.

    A letter that was redriven before is left out, unless `again`. `on_letter` is told each letter and `sent`,
    `already` or `stranger`. With `dry_run` everything is done but the sending.
    Raises `BrokerError`; running it again then sends what is left.
    """
    known = {client.settings.topic_prefix + step.reads for step in FLOW}
    done = set() if again else _redriven_before(client, choice, known)
    result = Redriven()
    if dry_run:
        for letter in read_letters(client, choice):
            _one(letter, known, done, result, on_letter)
        return result
    with Writer(client.settings) as writer:
        for letter in read_letters(client, choice):
            output = _one(letter, known, done, result, on_letter)
            if output is not None:
                writer.write(output)
    return result


def redriven_output(letter: DeadLetter) -> Output:
    """What is sent: the original, its count of attempts, which letter it was and which raw message it goes back to."""
    output = letter.redriven()
    ours = [(name, value) for name, value in output.headers if name not in (REDRIVEN, "ew_trace")]
    ours.append((REDRIVEN, letter.message.trace.encode()))
    if letter.trace:
        # The stages in the middle of the road go on with it; the first starts a new journey, and the ledger
        # finds the old one by it.
        ours.append(("ew_trace", letter.trace.encode()))
    return Output(topic=output.topic, key=output.key, value=output.value, headers=tuple(ours))


def position_of(text: str, prefix: str = "") -> str:
    """A letter's position from what a user writes: `language/0/12` or `news.deadletters.language/0/12`.

    Raises `SettingsError`.
    """
    parts = text.rsplit("/", 2)
    stage = parts[0].removeprefix(prefix).removeprefix(topic_of(""))
    if len(parts) != 3 or stage not in STAGES or not all(part.isascii() and part.isdigit() for part in parts[1:]):
        raise SettingsError(
            f"{text!r} is no dead letter's position: write stage/partition/offset, such as language/0/12 "
            "(`eventwire dead-letters list` shows them)."
        )
    return f"{prefix}{topic_of(stage)}/{int(parts[1])}/{int(parts[2])}"


def _one(
    letter: DeadLetter,
    known: Collection[str],
    done: Collection[str],
    result: Redriven,
    on_letter: Callable[[DeadLetter, str], None],
) -> Output | None:
    if letter.source_topic not in known:
        result.strangers.append(letter.message.trace)
        on_letter(letter, "stranger")
        return None
    if letter.message.trace in done:
        result.already += 1
        on_letter(letter, "already")
        return None
    result.sent += 1
    result.by_topic[letter.source_topic] = result.by_topic.get(letter.source_topic, 0) + 1
    on_letter(letter, "sent")
    return redriven_output(letter)


def _redriven_before(client: Client, choice: Choice, known: Collection[str]) -> set[str]:
    """Reads the source topics from a day before the oldest chosen letter on."""
    topics: set[str] = set()
    oldest: int | None = None
    for letter in read_letters(client, choice):
        if letter.source_topic in known:
            topics.add(letter.source_topic)
            oldest = letter.message.timestamp if oldest is None else min(oldest, letter.message.timestamp)
    if oldest is None:
        return set()
    return redriven_letters(client, sorted(topics), datetime.fromtimestamp(max(oldest, 0) / 1000, UTC))


def _starts(client: Client, topics: list[str], choice: Choice) -> Mapping[tuple[str, int], int]:
    """Where reading starts, by partition: a chosen partition, offset or list of positions needs no whole topic."""
    begins = {key: first for key, first in client.begin_offsets(topics).items() if _partition_wanted(key, choice)}
    if choice.offset is not None:
        return {key: max(first, choice.offset) for key, first in begins.items()}
    first_asked = _extremes(choice, min)
    return {key: max(first, first_asked.get(key, first)) for key, first in begins.items()}


def _ends(client: Client, topics: list[str], choice: Choice) -> Mapping[tuple[str, int], int]:
    ends = {key: last for key, last in client.end_offsets(topics).items() if _partition_wanted(key, choice)}
    if choice.offset is not None:
        return {key: min(last, choice.offset + 1) for key, last in ends.items()}
    last_asked = _extremes(choice, max)
    return {key: min(last, last_asked.get(key, last) + 1) for key, last in ends.items()}


def _partition_wanted(key: tuple[str, int], choice: Choice) -> bool:
    if choice.partition is not None and key[1] != choice.partition:
        return False
    return not choice.positions or key in _extremes(choice, min)


def _extremes(choice: Choice, pick: Callable[[int, int], int]) -> dict[tuple[str, int], int]:
    found: dict[tuple[str, int], int] = {}
    for position in choice.positions:
        topic, number, offset = position.rsplit("/", 2)
        key = (topic, int(number))
        found[key] = pick(found.get(key, int(offset)), int(offset))
    return found
