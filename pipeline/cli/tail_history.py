"""What `tail` looks back on: everything recorded on event topics, and a subscription's dry run over it."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from heapq import heappush, heappushpop
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.cli.counting import Count
from pipeline.cli.lines import print_json
from pipeline.cli.table import print_events

if TYPE_CHECKING:
    from pipeline.records import NewsEvent
    from pipeline.streams.message import Message

EXAMPLES = 3
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BAR = 40  # characters of the fullest day
_ACTIONS = {"add": "new", "update": "updated", "delete": "retracted"}

Complain = Callable[[str], None]


@contextmanager
def recorded(
    place: str | None, settings: Any, topics: Sequence[str], *, complain: Complain
) -> Iterator[Callable[[], Iterator["Message"]]]:
    """A function that reads all that stands on `topics` now, as often as it is called, the same each time.

    `place`: an archive (a folder or a URL), a folder that `eventwire run` wrote, or None for Kafka.
    """
    if place is None:
        from pipeline.broker.client import Client

        with Client(settings) as client:
            ends = client.end_offsets(topics)
            yield lambda: client.read(topics, end=ends)
        return
    from pipeline.history.archive_reader import Archive, is_archive

    if is_archive(place):
        archive = Archive(place)
        yield lambda: archive.read(topics)
        return
    from pipeline.local.outputs import read_outputs

    told: list[bool] = []  # what is wrong with a line is told once, not at each reading

    def read() -> Iterator["Message"]:
        again = bool(told)
        told.append(True)
        return read_outputs(Path(place), set(topics).__contains__, complain=(lambda text: None) if again else complain)

    yield read


def watched(read: Callable[[], Iterator["Message"]], told: Count) -> Callable[[], Iterator["Message"]]:
    """`read`, which tells how far it is."""

    def reading() -> Iterator["Message"]:
        for number, message in enumerate(read(), start=1):
            if number % 1000 == 0:
                told(f"{number:,} messages read", number, None)
            yield message

    return reading


def published(message: "Message", event: "NewsEvent") -> int:
    """The time by which history is counted (milliseconds since 1970): when the article was published, else when it
    arrived. As the archive has it, without a second look into the message."""
    from pipeline.history.archive_columns import event_time, milliseconds_of

    times = (milliseconds_of(event.article.published_at), milliseconds_of(event.ingested_at))
    return event_time(*times, message.timestamp)


class Counts:
    """How many events of each day a subscription would have had, and the newest ones as examples."""

    def __init__(self, found: Iterable[tuple["Message", Any]], *, examples: int = EXAMPLES) -> None:
        self.days: dict[str, Counter[str]] = {}
        newest: list[tuple[int, int, Any]] = []
        for number, (message, event) in enumerate(found):
            when = published(message, event)
            day = (_EPOCH + timedelta(milliseconds=when)).date().isoformat()
            self.days.setdefault(day, Counter())[event.action] += 1
            keep = heappush if len(newest) < examples else heappushpop
            keep(newest, (when, number, event))
        self.examples = [event for _, _, event in sorted(newest, reverse=True)]

    @property
    def total(self) -> int:
        return sum(day.total() for day in self.days.values())

    def print_table(self) -> None:
        from pipeline.records import to_json

        width = len(f"{max((max(day.values()) for day in self.days.values()), default=0):,}")
        most = max((day.total() for day in self.days.values()), default=1)
        shown = [a for a in _ACTIONS if a == "add" or any(day[a] for day in self.days.values())]
        for name, day in sorted(self.days.items()):
            counts = "  ".join(f"{day[action]:>{width},} {_ACTIONS[action]}" for action in shown)
            print(f"{name}  {counts}  {'#' * max(1, round(_BAR * day.total() / most))}")
        if not self.days:
            print("no event")
            return
        days = sorted(self.days)
        span = days[0] if len(days) == 1 else f"{len(days):,} days between {days[0]} and {days[-1]}"
        print(f"{self.total:,} {'event' if self.total == 1 else 'events'} on {span}; the newest:\n")
        print_events([to_json(event) for event in self.examples])

    def print_lines(self) -> None:
        from pipeline.records import to_json

        for name, day in sorted(self.days.items()):
            print_json({"day": name, **{action: day[action] for action in _ACTIONS}})
        print_json({"total": self.total, "examples": [to_json(event) for event in self.examples]})
