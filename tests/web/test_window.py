"""The window: order, replacement, what falls out, and places that survive all of it."""

import pytest

from pipeline.web.problems import Problem
from pipeline.web.rows import Row, read_row
from pipeline.web.window import Window
from tests.web.news import event


def row(number: int, **changes: object) -> Row:
    found = read_row(event(number, **changes), prefix="")
    assert found is not None
    return found


def filled(count: int, capacity: int = 10) -> Window:
    window = Window(capacity)
    for number in range(count):
        assert window.add(row(number))
    return window


def ids(rows: list[Row]) -> list[int]:
    return [int(one.event_id.removeprefix("event-")) for one in rows]


def test_the_newest_are_kept() -> None:
    window = filled(25)
    assert (window.oldest, window.newest) == (16, 25)
    assert ids(window.between(1, 100)) == list(range(15, 25))
    assert ids(window.between(17, 18)) == [16, 17]
    assert window.get("event-000014") is None
    assert window.get("event-000015") is not None
    assert len(window._current) == 10, "what fell out is forgotten"


def test_an_event_is_its_last_state() -> None:
    window = filled(3)
    old = window.get("event-000001")
    assert old is not None
    assert not window.add(row(1)), "the same once more"
    assert window.add(row(1, action="update", confidence=0.25))
    new = window.get("event-000001")
    assert new is not None
    assert (new.seq, new.confidence, new.event().confidence) == (4, 0.25, 0.25)
    assert not window.is_current(old)
    assert window.is_current(new)
    # The old one falls out of the window, the new one stays.
    for number in range(10, 18):
        window.add(row(number))
    assert window.get("event-000001") is new


def test_an_older_state_that_comes_late_changes_nothing() -> None:
    window = Window(10)
    assert window.add(row(1, action="update", confidence=0.25, ingested_at="2026-01-01T00:00:02.000Z"))
    assert not window.add(row(1, ingested_at="2026-01-01T00:00:01.000Z"))
    assert window.add(row(1, action="delete", ingested_at="2026-01-01T00:00:03.000Z"))
    assert not window.add(row(1, action="update", confidence=0.25, ingested_at="2026-01-01T00:00:02.000Z"))
    found = window.get("event-000001")
    assert found is not None
    assert found.action == "delete"


def test_no_event_is_no_row() -> None:
    message = event(1)
    assert read_row(message, prefix="") is not None
    for value in (b"{}", b"\xff", b"[]", None):
        broken = type(message)(
            topic=message.topic, partition=0, offset=0, key=None, value=value, timestamp=message.timestamp
        )
        assert read_row(broken, prefix="") is None


def test_the_bytes_are_those_of_the_topic() -> None:
    message = event(1)
    found = read_row(message, prefix="")
    assert found is not None
    assert found.json() == message.value
    assert len(found.packed) < len(found.json()) / 2


def test_times_that_are_none() -> None:
    for milliseconds in (-1, 0, 2**62):
        message = event(1, article={"published_at": "2016-12-31T23:59:60Z"})  # a leap second
        found = read_row(type(message)(**{**_fields(message), "timestamp": milliseconds}), prefix="")
        assert found is not None
        assert 0 <= found.written <= 253_402_300_799_999
        assert found.published == found.written


def _fields(message: object) -> dict[str, object]:
    return {name: getattr(message, name) for name in ("topic", "partition", "offset", "key", "value", "headers")}


def test_a_place_stays_while_events_come_in() -> None:
    window = filled(5)
    cursor = window.cursor(3)
    for number in range(5, 9):
        window.add(row(number))
    assert window.place(cursor) == (3, True)
    for number in range(9, 20):
        window.add(row(number))
    assert window.place(cursor) == (3, False), "events behind it are gone"


def test_a_place_of_another_server_is_found_by_its_time() -> None:
    before, after = filled(30, 100), filled(40, 100)
    cursor = before.cursor(20)
    seq, certain = after.place(cursor)
    assert certain
    assert 1 < seq < 20, "a few seconds earlier: rather twice than never"
    assert after.place(cursor, backwards=True)[0] > 20
    late = filled(40, 10)
    assert late.place(cursor) == (30, False)
    assert Window(10).place(cursor) == (0, False)


@pytest.mark.parametrize("cursor", ["", "?", "AAAA", "é", "\0", "x" * 200, "YS4xLjI=x", "YS4tMS4y", "YS4x"])
def test_what_is_no_cursor(cursor: str) -> None:
    with pytest.raises(Problem, match="no cursor"):
        filled(3).place(cursor)


def test_a_place_that_never_was() -> None:
    window = filled(3)
    window._newest, cursor = 9, window.cursor(9)
    window._newest = 3
    with pytest.raises(Problem, match="no cursor"):
        window.place(cursor)
