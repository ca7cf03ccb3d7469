"""Events and servers for the tests of the HTTP API."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

import httpx
import orjson
import uvicorn
from starlette.types import ASGIApp

from pipeline.history.runs import Run
from pipeline.streams.codec import digest, milliseconds_text, structured_line
from pipeline.streams.message import Message, Output
from pipeline.streams.topics import example, find_topic
from pipeline.web.app import create_app
from pipeline.web.intake import Intake
from pipeline.web.query import Known
from pipeline.web.source import GroupLag, Source, Tell
from pipeline.web.stream import Streams
from pipeline.web.window import Window
from pipeline.web.workers import Workers

LANGUAGES = ["de", "en", "fr", "ja", "und"]
START = 1_790_000_000_000  # milliseconds: the time of event 0, one a second after that


def event(number: int, kind: str = "deal.acquisition", **changes: Any) -> Message:
    """Event `number`, as its topic holds it. `changes` replace fields; those of `article` are merged."""
    topic = find_topic(f"news.events.{kind.partition('.')[0]}")
    record = orjson.loads(example(topic, topic.examples[0]))
    article = {**record["article"], "id": f"a{number}", "language": "de", **changes.pop("article", {})}
    record |= {"event_id": f"event-{number:06}", "class": topic.event_class, "type": kind, "action": "add"}
    record |= {"article": article, "confidence": 0.5, **changes}
    value = orjson.dumps(record)
    headers = {
        "ce_specversion": "1.0",
        "ce_id": digest(value),
        "ce_type": f"eventwire.events.{kind}.v1",
        "ce_source": "eventwire/events",
        "ce_time": milliseconds_text(START + number * 1000) or "",
        "ce_subject": article["id"],
        "content-type": "application/json",
        "ew_trace": f"news.articles.raw/0/{number}",
    }
    return Message(
        topic=topic.name,
        partition=0,
        offset=number,
        key=article["id"].encode(),
        value=value,
        headers=tuple((name, text.encode()) for name, text in headers.items()),
        timestamp=START + number * 1000,
    )


def line(message: Message) -> bytes:
    """The message as a line of a topic's file."""
    return structured_line(Output(topic=message.topic, key=message.key, value=message.value, headers=message.headers))


class Given:
    """A source that gives what it is told to."""

    kind: Literal["directory", "kafka"] = "kafka"
    name = "given"

    def __init__(self, *messages: Message, capacity: int = 1000) -> None:
        self.intake = Intake(Window(capacity))
        self.wrong: str | None = None
        self.groups: list[GroupLag] | None = []
        self.articles: dict[str, bytes] = {}
        self.give(*messages)

    def give(self, *messages: Message) -> None:
        for message in messages:
            self.intake.take(message, ())

    def load(self, tell: Tell) -> None: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...

    def article(self, name: str) -> bytes | None:
        return self.articles.get(name)

    def trouble(self) -> str | None:
        return self.wrong

    def lag(self) -> list[GroupLag] | None:
        return self.groups


class NoRuns:
    def all(self) -> Mapping[str, Run | None]:
        return {}

    def open(self, name: str) -> Any:
        raise AssertionError("a name that was not listed")


def app_of(source: Source, **options: Any) -> ASGIApp:
    return create_app(
        source,
        options.pop("workers", Workers()),
        known=Known(languages=LANGUAGES),
        runs=options.pop("runs", NoRuns()),
        **options,
    )


class Caller:
    """Asks an application without a server between them."""

    def __init__(self, app: ASGIApp, base: str = "http://127.0.0.1:8321") -> None:
        self._app = app
        self._base = base

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def call() -> httpx.Response:
            transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url=self._base) as client:
                return await client.request(method, path, **options)

        return asyncio.run(call())

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.ask("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.ask("POST", path, **options)


def client_of(source: Source, *, base: str = "http://127.0.0.1:8321", **options: Any) -> Caller:
    return Caller(app_of(source, **options), base)


@contextmanager
def served(source: Source, *, streams: Streams | None = None, **options: Any) -> Iterator[int]:
    """A real server on loopback; its port."""
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16_384)  # a client that doesn't read is soon noticed
    config = uvicorn.Config(
        app_of(source, streams=streams, **options), log_level="error", timeout_graceful_shutdown=1, ws="none"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=[[listening]], daemon=True)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(20)


class Reader:
    """A client of a stream, on a socket of its own."""

    def __init__(self, port: int, path: str = "/events/stream", *, last: str = "", buffer: int = 0) -> None:
        """`last`: Last-Event-ID. `buffer`: bytes that its system takes while nobody reads."""
        self._socket = socket.socket()
        if buffer:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self._socket.connect(("127.0.0.1", port))
        self._socket.settimeout(60)
        header = f"Last-Event-ID: {last}\r\n" if last else ""
        self._socket.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{header}\r\n".encode())
        self._file = self._socket.makefile("rb")
        self.status = int(self._file.readline().split()[1])
        self.headers = {}
        while (text := self._file.readline().decode().strip()) != "":
            name, _, value = text.partition(":")
            self.headers[name.lower()] = value.strip()

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()
        self._socket.close()

    def frame(self) -> dict[str, str]:
        """The next frame: `id`, `data`, and `event` where it has a name. Empty at the end of the stream."""
        found: dict[str, str] = {}
        while raw := self._file.readline():
            text = raw.decode().strip()
            name, _, value = text.partition(": ")
            if name in ("id", "data", "event"):
                found[name] = value
            elif found and not text:
                return found
        return {}

    def event(self) -> dict[str, Any]:
        """The next event, its cursor under `cursor`; pings are passed over."""
        while frame := self.frame():
            if "event" not in frame:
                return {**orjson.loads(frame["data"]), "cursor": frame["id"]}
        raise AssertionError("the stream has ended")
