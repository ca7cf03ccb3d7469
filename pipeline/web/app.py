"""The routes of the page and of the HTTP API. `openapi.yaml` says what each gives."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

import anyio
import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from pipeline.errors import EventwireError
from pipeline.web.description import description
from pipeline.web.events import page
from pipeline.web.guard import Guard
from pipeline.web.problems import Problem, answer_problem
from pipeline.web.query import Known, check_names, choice, one, read_filter, whole_number, yes_or_no
from pipeline.web.replays import Runs, compare, listed
from pipeline.web.samples import Samples
from pipeline.web.source import Source
from pipeline.web.stats import CLOCKS, INTERVALS, Stats
from pipeline.web.stream import Streams
from pipeline.web.taxonomy import vocabulary
from pipeline.web.workers import Workers

STATIC = Path(str(files("pipeline.web") / "static"))
_LOGIN = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Eventwire: log in</title>
<link rel="stylesheet" href="/static/login.css">
<main>
  <h1>Eventwire</h1>
  <form method="post" action="/login">
    <label for="token">Token</label>
    <input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
    <button>Log in</button>
  </form>
  <p>The token is what the server was started with (EVENTWIRE_API_TOKEN).</p>
</main>
</html>
"""

T = TypeVar("T")


@dataclass
class Api:
    """One server's handlers."""

    source: Source
    workers: Workers
    known: Known
    streams: Streams
    runs: Runs
    samples: Samples
    # Searching and counting are work for threads; a few, so that a request for an article finds one free.
    searching: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(4))
    fetching: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(4))
    comparing: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(1))

    def __post_init__(self) -> None:
        self._stats = Stats(self.source, self.workers)
        self._vocabulary = orjson.dumps(vocabulary(self.known))
        self._description = orjson.dumps(description())

    async def events(self, request: Request) -> Response:
        params = request.query_params
        wish = read_filter(params, self.known, others=("deleted", "order", "limit", "cursor"))
        newest_first = choice(params, "order", ("newest", "oldest"), "newest") == "newest"
        limit = whole_number(params, "limit", least=1, most=1000, default=100)
        cursor, deleted = one(params, "cursor"), yes_or_no(params, "deleted")
        window = self.source.intake.window
        return _json(
            await self._search(
                lambda: page(window, wish, cursor=cursor, newest_first=newest_first, limit=limit, deleted=deleted)
            )
        )

    async def stream(self, request: Request) -> Response:
        wish = read_filter(request.query_params, self.known, others=("after",))
        after = request.headers.get("last-event-id") or one(request.query_params, "after")
        if request.method == "HEAD":
            return Response(media_type="text/event-stream", headers={"Cache-Control": "no-store"})
        return self.streams.response(wish, after=after)

    async def event(self, request: Request) -> Response:
        check_names(request.query_params, ())
        row = self.source.intake.window.get(request.path_params["event_id"])
        if row is None:
            raise Problem(404, "There is no such event in the window: it holds the newest ones only.")
        return _json(row.json())

    async def article(self, request: Request) -> Response:
        check_names(request.query_params, ())
        name = request.path_params["id"]
        found = await self._unless_away(lambda: self.source.article(name), self.fetching)
        if found is None:
            raise Problem(404, "There is no such article among the newest ones, or its record is gone.")
        return _json(found)

    async def stats(self, request: Request) -> Response:
        params = request.query_params
        wish = read_filter(params, self.known, others=("interval", "clock"))
        interval = choice(params, "interval", INTERVALS, "auto")
        clock = choice(params, "clock", CLOCKS, "written")
        return _json(orjson.dumps(await self._search(lambda: self._stats.answer(wish, interval=interval, clock=clock))))

    async def history(self, request: Request) -> Response:
        check_names(request.query_params, ())
        return _json(orjson.dumps(self.samples.answer()))

    async def replays(self, request: Request) -> Response:
        check_names(request.query_params, ())
        found = await self._unless_away(lambda: listed(self.runs.all()), self.fetching)
        return _json(orjson.dumps(found))

    async def diff(self, request: Request) -> Response:
        check_names(request.query_params, ("limit",))
        limit = whole_number(request.query_params, "limit", least=0, most=1000, default=200)
        a, b = request.path_params["a"], request.path_params["b"]
        found = await self._unless_away(lambda: compare(self.runs, a, b, limit=limit), self.comparing)
        return _json(orjson.dumps(found))

    async def taxonomy(self, request: Request) -> Response:
        check_names(request.query_params, ())
        return _json(self._vocabulary)

    async def openapi(self, request: Request) -> Response:
        check_names(request.query_params, ())
        return _json(self._description)

    async def health(self, request: Request) -> Response:
        trouble = self.source.trouble()
        if trouble:
            # Without the reason, which may name hosts: this path needs no token.
            raise Problem(503, "The source can't be read now; /stats says why.", headers={"Retry-After": "5"})
        return _json(b'{"status":"ok"}')

    async def home(self, request: Request) -> Response:
        return FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-cache"})

    async def _search(self, work: Callable[[], T]) -> T:
        return await anyio.to_thread.run_sync(work, limiter=self.searching)

    async def _unless_away(self, work: Callable[[], T], limiter: anyio.CapacityLimiter) -> T:
        """What `work` gives; where it can't get at what it needs, that is for later."""
        try:
            return await anyio.to_thread.run_sync(work, limiter=limiter)
        except EventwireError as error:
            raise Problem(503, str(error), headers={"Retry-After": "5"}) from error


def create_app(
    source: Source,
    workers: Workers,
    *,
    known: Known,
    runs: Runs,
    host: str = "127.0.0.1",
    token: str = "",
    streams: Streams | None = None,
) -> ASGIApp:
    """The application. `source` is loaded; it is started and stopped with the application, as are `workers`."""
    open_streams = streams or Streams(source.intake.window)
    samples = Samples(source)
    api = Api(source, workers, known, open_streams, runs, samples)
    workers.listen(open_streams.workers_changed)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        open_streams.bell.attach()
        workers.start()
        source.start()
        samples.start()
        yield
        samples.stop()
        source.stop()
        workers.stop()

    handlers: dict[Any, Any] = dict.fromkeys((Problem, EventwireError, HTTPException, Exception), answer_problem)
    app = Starlette(
        routes=[
            Route("/events", api.events),
            Route("/events/stream", api.stream),
            Route("/events/{event_id:path}", api.event),
            Route("/articles/{id:path}", api.article),
            Route("/stats", api.stats),
            Route("/stats/history", api.history),
            Route("/replays", api.replays),
            Route("/replays/{a}/diff/{b}", api.diff),
            Route("/taxonomy", api.taxonomy),
            Route("/openapi.json", api.openapi),
            Route("/healthz", api.health),
            Route("/", api.home),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        exception_handlers=handlers,
        lifespan=lifespan,
    )
    return Guard(app, host=host, token=token, login=lambda: HTMLResponse(_LOGIN))


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})
