"""`GET /events/stream`: events as they come, as server-sent events.

Each client reads from the window at its own pace; nothing is queued for it. `Bell` tells all of them that there is
something new, from whatever thread it came.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator

import orjson
from sse_starlette.sse import EventSourceResponse, SendTimeoutError
from starlette.types import Receive, Scope, Send

from pipeline.streams.codec import milliseconds_text
from pipeline.web.problems import Problem
from pipeline.web.query import Filter
from pipeline.web.window import Window

logger = logging.getLogger(__name__)

PING_SECONDS = 15.0
SEND_SECONDS = 30.0  # a client that takes nothing for so long is disconnected
CLIENTS = 200  # at a time
_STEP = 200  # rows looked at, at a time: between two steps other requests have their turn


class Bell:
    """Rings in one event loop when the window has changed. Many changes at once are one ring."""

    def __init__(self, window: Window) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._event = asyncio.Event()
        self._pending = False
        window.listen(self.ring)

    def attach(self) -> None:
        """Call it in the loop in which clients wait."""
        self._loop = asyncio.get_running_loop()

    async def wait(self, seconds: float) -> None:
        """Return after the next change, or after `seconds`."""
        try:
            await asyncio.wait_for(self._event.wait(), seconds)
        except TimeoutError:
            return

    def ring(self) -> None:
        """From any thread."""
        loop = self._loop
        if self._pending or loop is None or loop.is_closed():
            return
        self._pending = True
        loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        self._pending = False
        waiting, self._event = self._event, asyncio.Event()
        waiting.set()


class _Response(EventSourceResponse):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except SendTimeoutError:
            logger.info("a stream's client took nothing for %.0f s and is disconnected", self.send_timeout or 0)


class Streams:
    """The open streams of one server."""

    def __init__(
        self, window: Window, *, ping_seconds: float = PING_SECONDS, send_seconds: float = SEND_SECONDS
    ) -> None:
        self.window = window
        self.bell = Bell(window)
        self.open = 0
        self._changes = 0  # of the workers' states
        self._ping_seconds = ping_seconds
        self._send_seconds = send_seconds

    def workers_changed(self) -> None:
        """Tell all clients that a worker has come, or another state than before. From any thread."""
        self._changes += 1
        self.bell.ring()

    def response(self, wish: Filter, *, after: str | None) -> EventSourceResponse:
        """A stream from behind the place `after`, or from now on. Raises `Problem`: a wrong place, too many clients."""
        if self.open >= CLIENTS:
            raise Problem(503, f"{CLIENTS} streams are open, which is the most.", headers={"Retry-After": "30"})
        place, certain = (self.window.newest, True) if after is None else self.window.place(after)
        return _Response(
            self._frames(wish, place, certain),
            ping=0,  # ours have an id
            send_timeout=self._send_seconds,
            headers={"Cache-Control": "no-store"},
        )

    async def _frames(self, wish: Filter, place: int, certain: bool) -> AsyncIterator[bytes]:
        self.open += 1
        told = self._changes
        try:
            if not certain:
                place, gap = self._after_gap(place)
                yield gap
            yield self._ping(place)
            pinged = time.monotonic()
            while True:
                newest = self.window.newest
                if place < newest:
                    if place < self.window.oldest - 1:
                        place, gap = self._after_gap(place)
                        yield gap
                    last = min(place + _STEP, newest)
                    rows = self.window.between(place + 1, last)
                    if rows and rows[0].seq == place + 1:  # else the window went past in between
                        place = last
                        if frames := b"".join(
                            _frame(self.window, row.seq, row.json()) for row in rows if wish.wants(row)
                        ):
                            yield frames
                    await asyncio.sleep(0)
                if time.monotonic() - pinged >= self._ping_seconds:
                    pinged = time.monotonic()
                    yield self._ping(place)
                if told != self._changes:
                    told = self._changes
                    yield b"event: workers\ndata: %s\n\n" % _now()
                if place >= self.window.newest:
                    await self.bell.wait(max(0.0, pinged + self._ping_seconds - time.monotonic()))
        finally:
            self.open -= 1

    def _after_gap(self, place: int) -> tuple[int, bytes]:
        """Where reading can go on, and the frame that tells how many rows are lost (null: nobody knows)."""
        there = self.window.oldest - 1
        missed = there - place if place < there else None
        there = max(there, place)
        data = orjson.dumps({"missed": missed})
        return there, b"event: gap\nid: %s\ndata: %s\n\n" % (self.window.cursor(there).encode(), data)

    def _ping(self, place: int) -> bytes:
        return b"event: ping\nid: %s\ndata: %s\n\n" % (self.window.cursor(place).encode(), _now())


def _now() -> bytes:
    return orjson.dumps({"time": milliseconds_text(int(time.time() * 1000))})


def _frame(window: Window, seq: int, json: bytes) -> bytes:
    return b"id: %s\ndata: %s\n\n" % (window.cursor(seq).encode(), json)
