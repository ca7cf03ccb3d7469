"""Streams over real sockets."""

import threading
import time

import pytest

from pipeline.web.stream import Streams
from pipeline.web.workers import Workers
from tests.web.news import Given, Reader, event, served


def test_events_come_as_they_are_read() -> None:
    source = Given(event(0))
    with served(source) as port, Reader(port) as reader, Reader(port, "/events/stream?class=legal") as legal:
        assert reader.headers["content-type"].startswith("text/event-stream")
        assert reader.headers["cache-control"] == "no-store"
        assert reader.frame()["event"] == "ping"
        source.give(event(1), event(2, "legal.crime"))
        assert [reader.event()["event_id"] for _ in range(2)] == ["event-000001", "event-000002"]
        assert legal.event()["event_id"] == "event-000002"
        source.give(event(1, action="update", confidence=0.25), event(2, "legal.crime", action="delete"))
        assert [reader.event()["action"] for _ in range(2)] == ["update", "delete"]
        assert legal.event()["action"] == "delete"


def test_a_worker_in_another_state_is_told_at_once() -> None:
    workers = Workers()
    workers.group("g", ["a"], waiting=0, committed={})
    with served(Given(), workers=workers) as port, Reader(port) as reader, Reader(port, "/events/stream?q=x") as other:
        assert (reader.frame()["event"], other.frame()["event"]) == ("ping", "ping")
        workers.group("g", ["a"], waiting=0, committed={})  # nothing new
        workers.group("g", [], waiting=0, committed={})
        for frame in (reader.frame(), other.frame()):
            assert frame["event"] == "workers"
            assert "id" not in frame, "a place in the stream it is not"
        workers.group("g", ["a"], waiting=0, committed={})
        assert reader.frame()["event"] == "workers"


def test_resume() -> None:
    source = Given(*(event(number) for number in range(10)))
    with served(source) as port:
        with Reader(port, f"/events/stream?after={source.intake.window.cursor(3)}") as reader:
            seen = [reader.event() for _ in range(4)]
        assert [found["event_id"] for found in seen] == [f"event-{number:06}" for number in (3, 4, 5, 6)]
        source.give(event(20))
        # As a browser does: the id it saw last, and still the address of the first time.
        first = source.intake.window.cursor(3)
        with Reader(port, f"/events/stream?after={first}", last=seen[-1]["cursor"]) as reader:
            ids = [reader.event()["event_id"] for _ in range(4)]
        assert ids == ["event-000007", "event-000008", "event-000009", "event-000020"]


def test_what_a_list_had_is_not_missed() -> None:
    source = Given(*(event(number) for number in range(3)))
    newest = source.intake.window.cursor(source.intake.window.newest)
    source.give(event(3))
    with served(source) as port, Reader(port, f"/events/stream?after={newest}") as reader:
        assert reader.event()["event_id"] == "event-000003"


def test_who_was_away_too_long_is_told() -> None:
    source = Given(*(event(number) for number in range(5)), capacity=10)
    place = source.intake.window.cursor(2)
    source.give(*(event(number) for number in range(5, 30)))
    with served(source) as port, Reader(port, last=place) as reader:
        gap = reader.frame()
        assert (gap["event"], gap["data"]) == ("gap", '{"missed":18}')
        assert reader.event()["event_id"] == "event-000020"
    with served(Given(event(100), capacity=10)) as port, Reader(port, last=place) as reader:
        assert reader.frame()["data"] == '{"missed":null}', "another server"


def test_pings_move_the_place_on() -> None:
    source = Given(event(0))
    streams = Streams(source.intake.window, ping_seconds=0.2)
    with served(source, streams=streams) as port, Reader(port, "/events/stream?class=legal") as reader:
        first = reader.frame()
        source.give(*(event(number) for number in range(1, 50)))
        deadline = time.monotonic() + 30
        while source.intake.window.place(reader.frame()["id"])[0] < 50:
            assert time.monotonic() < deadline
        assert source.intake.window.place(first["id"])[0] == 1


def test_a_slow_client_slows_nobody() -> None:
    """One client reads nothing at all, another one falls out of the window; a third gets everything at once."""
    count = 1500
    source = Given(event(0), capacity=500)
    streams = Streams(source.intake.window, send_seconds=1.0)
    with (
        served(source, streams=streams) as port,
        Reader(port, buffer=4096) as stuck,
        Reader(port) as quick,
    ):
        seen: list[str] = []
        gaps: list[str] = []

        def read() -> None:
            while len(seen) < count:
                frame = quick.frame()
                if frame.get("event") == "gap":
                    gaps.append(frame["data"])
                elif "event" not in frame:
                    seen.append(frame["id"])

        thread = threading.Thread(target=read)
        thread.start()
        window = source.intake.window
        for number in range(1, count + 1):
            source.give(event(number))
            # No faster than the quick one: it must not fall out of the window, however slow the machine is.
            while number - len(seen) > 250:
                time.sleep(0.001)
        thread.join(120)
        assert len(seen) == count
        assert gaps == []
        # The stuck one is disconnected: what its system had taken, then the end. It goes on by its id.
        deadline = time.monotonic() + 60
        while streams.open > 1:
            assert time.monotonic() < deadline, "the stuck client was not disconnected"
            time.sleep(0.05)
        last = ""
        try:
            while frame := stuck.frame():
                last = frame.get("id", last)
        except ConnectionError:
            pass
        assert window.place(last)[0] < count
        with Reader(port, last=last) as again:
            assert again.frame()["event"] == "gap"
            assert int(again.event()["event_id"].removeprefix("event-")) == count + 1 - window.capacity


def test_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.web.stream.CLIENTS", 1)
    source = Given()
    with served(source) as port, Reader(port) as reader:
        reader.frame()
        with Reader(port) as other:
            assert other.status == 503
            assert "retry-after" in other.headers
        with Reader(port, "/healthz") as health:
            assert health.status == 200


def test_a_client_that_goes_is_forgotten() -> None:
    source = Given()
    streams = Streams(source.intake.window)
    with served(source, streams=streams) as port:
        for _ in range(5):
            with Reader(port) as reader:
                reader.frame()
                assert streams.open >= 1
        deadline = time.monotonic() + 30
        while streams.open:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_hostile_text_stays_in_its_frame() -> None:
    title = "a\nb\r\nevent: gap\n\ndata: x\u2028\x00"
    source = Given()
    with served(source) as port, Reader(port) as reader:
        reader.frame()
        source.give(event(1, article={"title": title}))
        assert reader.event()["article"]["title"] == title
