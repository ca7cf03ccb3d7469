"""`eventwire dashboard`: the page and the HTTP API, over Kafka or a run's folder."""

import logging
import socket
import sys
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from pipeline.cli.counting import counting
from pipeline.cli.options import Brokers, Prefix, known_languages
from pipeline.cli.progress import log_through

_SILENT_MILLISECONDS = 60_000


def dashboard(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="What `eventwire run --out` wrote; without it, Kafka.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to serve on. Any but loopback needs a token.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port to serve on; 0: any free one.")] = 8321,
    token: Annotated[
        str | None, typer.Option(help="Wanted with every request. Better: EVENTWIRE_API_TOKEN, which no `ps` shows.")
    ] = None,
    window: Annotated[
        int, typer.Option(min=100, max=10_000_000, help="Newest events held in memory (about 2 KB each).")
    ] = 100_000,
    worker: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL", help="Where a worker serves its health, e.g. http://10.0.0.7:9464. May be repeated."
        ),
    ] = None,
    brokers: Brokers = None,
    topic_prefix: Prefix = None,
) -> None:
    """Serve a live page of the events, and the same events as an HTTP API (docs/http-api.md).

    A folder is read on as it grows. Dead workers are seen at once where --worker names them; else when their group
    commits nothing while messages wait, or when their session time is over.

    \b
    Examples:
      eventwire dashboard out/demo
      eventwire dashboard --brokers kafka1:9092 --worker http://10.0.0.7:9464
      EVENTWIRE_API_TOKEN=$(openssl rand -hex 16) eventwire dashboard --host 0.0.0.0
    """
    from pipeline.events.own_store import known_types
    from pipeline.settings import load_settings
    from pipeline.web.app import create_app
    from pipeline.web.guard import check_token
    from pipeline.web.intake import Intake
    from pipeline.web.query import Known
    from pipeline.web.replays import FolderRuns, KafkaRuns, Runs
    from pipeline.web.source import FolderSource, Source
    from pipeline.web.window import Window
    from pipeline.web.workers import Workers

    settings = load_settings(brokers=brokers, topic_prefix=topic_prefix, api_token=token)
    check_token(host, settings.api_token)
    workers = Workers(map(_worker_address, worker or ()))
    intake = Intake(Window(window), prefix=settings.topic_prefix)
    source: Source
    runs: Runs
    if folder is not None:
        source, runs = FolderSource(folder, intake), FolderRuns(folder)
    else:
        from pipeline.web.kafka import KafkaSource

        source, runs = KafkaSource(settings, intake, workers), KafkaRuns(settings)
    known = Known(languages=known_languages(), kinds=known_types(settings.types))
    app = create_app(source, workers, known=known, runs=runs, host=host, token=settings.api_token)
    listening = _listen(host, port)  # before the work of reading: a port that is taken is told at once
    with listening, log_through(_say, settings.log_level):
        with counting() as count:
            source.load(lambda done: count(f"{done:,} messages read", done, None))
        _say(f"{_address(listening)} ({intake.window.newest:,} events; Ctrl-C ends it)")
        _serve(app, listening, debug=settings.log_level == "debug")


def _serve(app: Any, listening: socket.socket, *, debug: bool) -> None:
    import uvicorn

    config = uvicorn.Config(
        app,
        log_level="debug" if debug else "warning",
        access_log=False,  # it would hold `/?token=...`
        server_header=False,
        timeout_graceful_shutdown=3,
        ws="none",
    )
    # It says so of a stream whose client is disconnected since it reads nothing: the program says it better.
    unfinished = "ASGI callable returned without completing response."
    logging.getLogger("uvicorn.error").addFilter(lambda record: record.getMessage() != unfinished)
    uvicorn.Server(config).run(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    from pipeline.errors import SettingsError

    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # a client that takes nothing holds its connection no longer
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _SILENT_MILLISECONDS)
        listening.bind(address)
        listening.listen(1024)  # who comes early waits
    except (OSError, UnicodeError) as error:
        raise SettingsError(
            f"Can't serve on {host}:{port}: {error}. Choose another --port (0: any free one)."
        ) from error
    return listening


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def _worker_address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise typer.BadParameter(f"{text!r} is no worker's address: write http://host:port.", param_hint="--worker")
    return text.rstrip("/").removesuffix("/healthz")


def _say(text: str) -> None:
    print(text, file=sys.stderr)
