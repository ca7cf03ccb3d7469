"""A folder as `eventwire run --out` writes it, and the real server over it, to stop and start at will."""

import socket
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson
import uvicorn

from pipeline.streams.codec import digest, structured_line
from pipeline.streams.message import Output
from pipeline.web.app import create_app
from pipeline.web.intake import Intake
from pipeline.web.query import Known
from pipeline.web.replays import FolderRuns
from pipeline.web.source import FolderSource
from pipeline.web.window import Window
from pipeline.web.workers import Workers

LANGUAGES = ["ar", "de", "en", "fr", "he", "ja", "und", "zh"]
MODELS = {name: f"eventwire-{name}@0.1.0+0123456789ab" for name in ("language", "entities", "events")}
Record = dict[str, Any]


class Site:
    """The server's folder and address. `workers`: their health pages."""

    def __init__(self, folder: Path, *, workers: Iterable[str] = (), window: int = 100_000) -> None:
        self.folder = folder
        self.workers = list(workers)
        self.window = window
        self.port = 0
        self._server: uvicorn.Server | None = None
        (folder / "news.articles.classified.jsonl").touch()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        """At the port of the time before, if there was one."""
        source = FolderSource(self.folder, Intake(Window(self.window)))
        source.load(lambda _: None)
        listening = socket.create_server(("127.0.0.1", self.port))
        self.port = listening.getsockname()[1]
        app = create_app(source, Workers(self.workers), known=Known(languages=LANGUAGES), runs=FolderRuns(self.folder))
        config = uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1, ws="none")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=[[listening]], daemon=True)
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive()
            time.sleep(0.01)

    def stop(self) -> None:
        if self._server is not None:
            self._server.should_exit = True
            self._thread.join(20)
            self._server = None

    def add(self, *records: Record) -> None:
        """Appends articles (with a `text`) and events to the files of their topics."""
        for record in records:
            is_event = "event_id" in record
            topic = f"news.events.{record['class']}" if is_event else "news.articles.classified"
            key = record["article"]["id"] if is_event else record["id"]
            value = orjson.dumps(record)
            headers = {
                "ce_specversion": "1.0",
                "ce_id": digest(value),
                "ce_type": f"eventwire.events.{record['type']}.v1" if is_event else "eventwire.article.classified.v1",
                "ce_source": "eventwire/events",
                "ce_time": record["produced_at"],
                "ce_subject": key,
                "content-type": "application/json",
                "ew_trace": "news.articles.raw/0/0",
            }
            encoded = tuple((name, text.encode()) for name, text in headers.items())
            line = structured_line(Output(topic=topic, key=key.encode(), value=value, headers=encoded))
            with (self.folder / f"{topic}.jsonl").open("ab") as file:
                file.write(line)


def story(
    number: int,
    title: str = "Microsoft buys Activision",
    body: str = "Microsoft has completed its purchase of Activision Blizzard for about $69 billion.",
    *,
    kind: str = "deal.acquisition",
    trigger: str = "purchase",
    roles: Iterable[tuple[str, str]] = (("acquirer", "Microsoft"), ("target", "Activision Blizzard")),
    evidence: str | None = None,
    language: str = "en",
    script: str = "Latn",
    produced: str = "",
    **changes: Any,
) -> tuple[Record, Record]:
    """An article and its one event, all offsets counted here. Words are looked for from the evidence on.

    `evidence`: a part of the body, by default all of it. `changes` replace fields of the event.
    """
    text = f"{title}\n\n{body}"
    start = text.index(body if evidence is None else evidence)

    def quote(words: str) -> Record:
        at = text.index(words, start)
        return {"text": words, "start": at, "end": at + len(words)}

    at = produced or f"2026-11-25T12:{number // 60 % 60:02}:{number % 60:02}.000Z"
    article = {
        "id": f"article-{number}",
        "action": "add",
        "title": title,
        "text": text,
        "url": f"https://news.example/{number}",
        "source": {"name": "The Harbour Ledger"},
        "published_at": "2025-09-24T08:30:00.000Z",
        "models": MODELS,
        "language": {"code": language, "script": script, "confidence": 0.99, "others": []},
        "boilerplate": [],
        "sentences": [[0, len(title)], [len(title) + 2, len(text)]],
        "entities": [],
        "amounts": [],
        "dates": [],
        "ingested_at": "2026-11-25T12:00:00.000Z",
        "produced_at": at,
    }
    event = {
        "event_id": f"event-{number:08}",
        "action": "add",
        "class": kind.partition(".")[0],
        "type": kind,
        "status": "completed",
        "time": "current",
        "article": {
            "id": article["id"],
            "url": article["url"],
            "source": "The Harbour Ledger",
            "title": title,
            "published_at": article["published_at"],
            "language": language,
        },
        "evidence": [quote(body if evidence is None else evidence)],
        "trigger": quote(trigger),
        "participants": [{"role": role, **quote(words)} for role, words in roles],
        "amounts": [],
        "confidence": 0.76,
        "relevance": 0.9,
        "similarity_key": f"{kind}|{number}",
        "models": MODELS,
        "ingested_at": "2026-11-25T12:00:00.000Z",
        "produced_at": at,
        "trace": f"news.articles.raw/0/{number}",
    }
    if "$69 billion" in body:
        money = {**quote("$69 billion"), "kind": "MONEY", "value": "69000000000", "unit": "USD", "approximate": True}
        article["amounts"], event["amounts"] = [money], [money]
    event |= changes
    return {**article, "events": [event]}, event
