"""Which messages a replay takes, in which order, and at which pace."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import SettingsError
from pipeline.history import replay_source
from pipeline.history.replay_select import Selection, read_where
from pipeline.history.replay_source import ArchiveSource, Feed, Pace, read_speed
from pipeline.history.runs import Taken
from pipeline.settings import Settings
from pipeline.streams.message import Message
from tests.fake_stages import message
from tests.history.replays import ALL_KINDS, BEGAN, STEP, TOPIC, article, make_archive, raw_messages


class Given:
    """A source of these messages."""

    topic = TOPIC

    def __init__(self, *messages: Message) -> None:
        self.messages = messages

    def partitions(self) -> list[tuple[int, int, int]]:
        numbers = sorted({m.partition for m in self.messages})
        offsets = {n: [m.offset for m in self.messages if m.partition == n] for n in numbers}
        return [(n, min(offsets[n]), max(offsets[n]) + 1) for n in numbers]

    def read(self, number: int, first: int, end: int) -> Iterator[Message]:
        return (m for m in self.messages if m.partition == number and first <= m.offset < end)

    def count(self, number: int, first: int, end: int) -> int:
        return end - first


def taken(source: Any, **fields: Any) -> Taken:
    return Taken(topic=TOPIC, partitions=tuple(source.partitions()), **fields)


def feed(source: Any, **options: Any) -> Feed:
    chosen = taken(source)
    return Feed(source, chosen, Selection(chosen, Settings()), **options)


def places(messages: Any) -> list[tuple[int, int]]:
    return [(m.partition, m.offset) for m in messages]


def at(partition: int, offset: int, timestamp: int) -> Message:
    return message(b"{}", partition=partition, offset=offset, timestamp=timestamp)


def test_in_the_order_of_time_but_never_against_the_order_of_a_partition() -> None:
    source = Given(at(0, 0, 10), at(0, 1, 40), at(0, 2, 5), at(1, 0, 20), at(1, 1, 40), at(2, 7, 1))
    assert places(feed(source)) == [(2, 7), (0, 0), (1, 0), (0, 1), (0, 2), (1, 1)]
    assert places(feed(source, reverse=True)) == [(2, 7), (1, 0), (1, 1), (0, 0), (0, 1), (0, 2)]


def test_what_was_done_is_left_out_and_nothing_new_comes_in() -> None:
    source = Given(at(0, 0, 1), at(0, 1, 2), at(0, 2, 3), at(1, 5, 1))
    chosen = Taken(topic=TOPIC, partitions=((0, 0, 2), (1, 5, 6)))
    found = Feed(source, chosen, Selection(chosen, Settings()), done={0: 1})
    assert places(found) == [(1, 5), (0, 1)]
    assert (found.scanned, found.given, found.total) == (2, 2, 2)


def test_messages_that_are_gone_are_an_error() -> None:
    source = Given(at(0, 5, 1), at(0, 6, 1))
    chosen = Taken(topic=TOPIC, partitions=((0, 2, 7),))
    with pytest.raises(SettingsError, match=r"no longer has the messages from offset 3 on.*retention"):
        Feed(source, chosen, Selection(chosen, Settings()), done={0: 3})
    Feed(source, chosen, Selection(chosen, Settings()), done={0: 5})


def test_empty_keeps_the_first_message() -> None:
    found = feed(Given(at(0, 0, 1), at(0, 1, 2)))
    assert not found.empty()
    assert places(found) == [(0, 0), (0, 1)]
    assert found.first is not None
    assert found.first.offset == 0


def test_an_archive_gives_back_what_was_put_in(tmp_path: Path) -> None:
    source = ArchiveSource(str(make_archive(tmp_path, ALL_KINDS)), TOPIC)
    found = feed(source)
    assert list(found) == raw_messages(ALL_KINDS)
    assert found.total == len(ALL_KINDS)
    number, first, end = source.partitions()[0]
    assert [m.offset for m in source.read(number, first + 1, end - 1)] == list(range(first + 1, end - 1))


def test_another_topic_than_the_archive_has(tmp_path: Path) -> None:
    make_archive(tmp_path, [article(1)])
    with pytest.raises(SettingsError, match=r"holds no prod\.news\.articles\.raw, only news\.articles\.raw"):
        ArchiveSource(str(tmp_path), f"prod.{TOPIC}")


MESSAGES = raw_messages(
    [
        article(0, published_at="2020-01-01T12:00:00+02:00", source={"name": "Bote", "domain": "bote.example"}),
        article(1, source={"name": "Kurier"}, action="update"),
        {"id": "a2", "action": "delete", "source": "no object"},
        b"{",
        None,
        {"id": "a5", "text": "The company has agreed to buy its smaller rival, both firms said on Monday morning."},
    ]
)


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({}, [0, 1, 2, 3, 4, 5]),
        ({"since": "2023-01-01T00:00:00Z"}, [1, 2, 3, 4, 5]),
        ({"before": "2020-01-01T10:00:00.001Z"}, [0]),
        ({"before": "2020-01-01T10:00:00Z"}, []),
        ({"since": "2023-11-14T22:14:20Z", "before": "2023-11-14T22:16:20Z", "by": "ingested"}, [1, 2]),
        ({"before": "2020-01-01T10:00:00.001Z", "by": "ingested"}, []),
        ({"where": {"id": ["a1", "a5", "none"]}}, [1, 5]),
        ({"where": {"source": ["BOTE.example", "kurier"]}}, [0, 1]),
        ({"where": {"action": ["add"]}}, [0, 5]),
        ({"where": {"action": ["update", "delete"]}}, [1, 2]),
        ({"where": {"source": ["kurier"], "id": ["a0"]}}, []),
        ({"where": {"language": ["en"]}}, [5]),
    ],
)
def test_selection(fields: dict[str, Any], wanted: list[int]) -> None:
    selection = Selection(Taken(topic=TOPIC, partitions=(), **fields), Settings())
    assert [number for number, one in enumerate(MESSAGES) if selection.wants(one)] == wanted


def test_the_senders_time_counts_before_kafkas() -> None:
    one = message(b"{}", headers=(("ce_time", b"2022-01-01T00:00:00Z"),), timestamp=BEGAN)
    selection = Selection(Taken(topic=TOPIC, partitions=(), before="2022-01-02T00:00:00Z"), Settings())
    assert selection.wants(one)


def test_where() -> None:
    assert read_where(["language=de,fr", "language = en", "id=a=b"]) == {"language": ["de", "fr", "en"], "id": ["a=b"]}
    for wrong in ("language", "language=", "=de", "colour=red", "language=,", ""):
        with pytest.raises(SettingsError, match="FIELD=VALUE"):
            read_where([wrong])
    with pytest.raises(SettingsError, match="add, update or delete"):
        read_where(["action=remove"])


@pytest.mark.parametrize(("text", "factor"), [("max", None), ("1x", 1.0), ("60x", 60.0), ("0.5x", 0.5)])
def test_speeds(text: str, factor: float | None) -> None:
    assert read_speed(text) == factor


@pytest.mark.parametrize("text", ["", "x", "60", "0x", "-1x", "nanx", "infx", "fast", "1e99x"])
def test_no_speeds(text: str) -> None:
    with pytest.raises(SettingsError, match="--speed"):
        read_speed(text)


class Clock:
    """Time that passes only where somebody waits."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


def test_gaps_are_kept_scaled(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, stop = Clock(), threading.Event()
    monkeypatch.setattr(replay_source, "time", clock)

    def wait(seconds: float) -> bool:
        clock.now += seconds
        return stop.is_set()

    monkeypatch.setattr(stop, "wait", wait)
    pace = Pace(60.0)
    let_through = []
    for late, one in zip((0.0, 0.0, 0.7, 0.0), (at(0, n, BEGAN + n * STEP) for n in (0, 1, 2, 10)), strict=True):
        clock.now += late
        ticks = len(list(pace.wait(one, stop=stop)))
        let_through.append(round(clock.now - 100, 6))
    assert let_through == [0.0, 1.0, 2.0, 10.0], "a minute is a second; what came late is not waited for twice"
    assert ticks >= 15
    stop.set()
    assert list(pace.wait(at(0, 11, BEGAN + 10**9), stop=stop)) == []
    assert list(Pace(None).wait(at(0, 11, BEGAN + 10**9), stop=stop)) == []
