"""Workers as processes of their own, to be killed, frozen and stopped; and a ledger of what came of their input."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import orjson

from pipeline.broker.client import Client, Writer
from pipeline.errors import BrokerError
from pipeline.settings import Settings
from pipeline.streams.codec import header
from pipeline.streams.message import Message, Output
from pipeline.streams.topics import load_topics
from tests.kafka.broker import Broker, die_with_parent
from tests.kafka.fixtures import create_topics

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 150.0  # seconds for anything to happen; a busy machine is slow


def wait_until(happened: Callable[[], Any], what: str, *, seconds: float = PATIENCE) -> Any:
    """The first true answer of `happened`."""
    deadline = time.monotonic() + seconds
    while True:
        answer = happened()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.2)


T = TypeVar("T")


class WorkerProcess:
    """A worker in a process, its log in a file. Ends with the test run, however that ends."""

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        *options: str,
        command: Iterable[str] = ("-m", "tests.kafka.fake_worker"),
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / f"worker-{len(list(folder.glob('worker-*.log')))}.log"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("EVENTWIRE_")}
        defaults = Settings()
        for name in Settings.__dataclass_fields__:
            value = getattr(settings, name)
            if value != getattr(defaults, name):
                environment[f"EVENTWIRE_{name.upper()}"] = str(value)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, *command, *options],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )

    def text(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_for(self, words: str, *, seconds: float = PATIENCE) -> None:
        """Return when the log says `words`; fail if the worker ends before."""

        def said() -> bool:
            if words in self.text():
                return True
            assert self.process.poll() is None, f"the worker ended with {self.process.returncode}\n{self.tail()}"
            return False

        wait_until(said, f"the worker's log says {words!r}", seconds=seconds)

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self, *, seconds: float = PATIENCE) -> int:
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait(seconds=seconds)

    def wait(self, *, seconds: float = PATIENCE) -> int:
        """The exit code, once it has ended by itself."""
        try:
            return self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the worker still runs after {seconds:.0f} s\n{self.tail()}") from None

    def children(self) -> list[int]:
        """Process ids of its child processes that run the stages."""
        found = []
        for status in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = status.read_text().rpartition(")")[2].split()
                command = (status.parent / "cmdline").read_bytes()
            except OSError:
                continue
            if int(fields[1]) == self.process.pid and b"spawn_main" in command:
                found.append(int(status.parent.name))
        return found

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of the worker's own HTTP server."""
        address = re.search(r"metrics and health on (http://\S+)", self.text())
        assert address, self.tail()
        try:
            with urllib.request.urlopen(address[1] + path, timeout=10) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def tail(self, lines: int = 60) -> str:
        return "\n".join([f"--- the end of {self.log}", *self.text().splitlines()[-lines:]])


@dataclass
class Road:
    """The topics of one test on a broker, and what is on them."""

    broker: Broker
    settings: Settings
    fed: int = 0  # articles published by `feed_until`: a0, a1 ...
    _client: Client | None = None

    @classmethod
    def make(cls, broker: Broker, settings: Settings, *, partitions: int = 3, **config: str) -> "Road":
        names = dict.fromkeys((settings.topic_prefix + name for name in load_topics()), 1)
        names[f"{settings.topic_prefix}news.articles.raw"] = partitions
        create_topics(broker, names, **{"max_message_bytes": str(8 * 1024 * 1024), **config})
        road = cls(broker, settings)
        _open_roads.append(road)
        return road

    def topic(self, name: str) -> str:
        return self.settings.topic_prefix + name

    def publish(self, articles: Mapping[str, bytes | None], *, topic: str = "news.articles.raw") -> None:
        with Writer(self.settings) as writer:
            for key, value in articles.items():
                writer.write(Output(topic=self.topic(topic), key=key.encode(), value=value))

    @property
    def _fast(self) -> Path:
        """The file with which the articles of `feed_until` cost no time any more."""
        return self.broker.folder / f"{self.settings.topic_prefix}fast"

    def feed_until(self, happened: Callable[[], Any], what: str, *, waiting: int = 200) -> None:
        """Publish slow articles so that about `waiting` of them always wait, until something has happened.

        What happens in the middle of the work must do so on a fast and on a slow machine. (`wait_until_done` makes
        the rest fast.)
        """

        self._fast.unlink(missing_ok=True)

        def fed_and_happened() -> Any:
            missing = waiting - self.lag()
            if missing > 0:
                self.publish(articles(missing, f"Firma KAUFT. BREMSE:{self._fast} ", start=self.fed))
                self.fed += missing
            return happened()

        wait_until(fed_and_happened, what)

    def check(self) -> "Ledger":
        """What `feed_until` published is classified, each article once but for identical repetitions."""
        ledger = self.ledger()
        ledger.check({f"a{number}": "classified" for number in range(self.fed)})
        print(f"duplicates: {ledger.duplicates} of {2 * self.fed} messages")
        return ledger

    def read(self, *names: str) -> list[Message]:
        return self._ask(lambda client: list(client.read([self.topic(name) for name in names])))

    def count(self, *names: str) -> int:
        """Messages on the topics, duplicates included."""
        topics = [self.topic(name) for name in names]
        return self._ask(lambda client: sum(client.end_offsets(topics).values()))

    def lag(self, group: str = "eventwire-language-events", topic: str = "news.articles.raw") -> int:
        return self._ask(
            lambda client: sum(client.lag(self.settings.topic_prefix + group, [self.topic(topic)]).values())
        )

    def _ask(self, question: Callable[[Client], T]) -> T:
        """One connection for all questions; a fresh one after a broker was killed."""
        for _ in range(3):
            if self._client is None:
                self._client = Client(self.settings).__enter__()
            try:
                return question(self._client)
            except BrokerError:
                self.close()
        with Client(self.settings) as client:
            return question(client)

    def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.__exit__(None, None, None)

    def wait_until_done(self, worker: WorkerProcess | None = None, *, seconds: float = PATIENCE) -> None:
        """Return when everything published is committed."""
        self._fast.touch()

        def done() -> bool:
            assert worker is None or worker.process.poll() is None, worker.tail() if worker else ""
            return self.lag() == 0

        try:
            wait_until(done, "everything is committed", seconds=seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{worker.tail() if worker else ''}") from None

    def ledger(self) -> "Ledger":
        return Ledger.of(self.read("news.articles.classified", *DEAD_LETTERS), self.read("news.events.deal"))


_open_roads: list[Road] = []


def close_roads() -> None:
    """Close every connection for questions: one whose broker is gone would call it for ever."""
    while _open_roads:
        _open_roads.pop().close()


DEAD_LETTERS = tuple(f"news.deadletters.{stage}" for stage in ("language", "entities", "events"))


@dataclass
class Ledger:
    """What became of each raw message, by its key: `classified` or the code of its dead letter."""

    ends: dict[str, set[str]]
    duplicates: int  # messages beyond the first with the same id, all with the same content
    events: dict[str, int]  # events by the article's id

    @classmethod
    def of(cls, ends: list[Message], events: list[Message]) -> "Ledger":
        """Fails if two messages of one id differ in anything but the wall clock."""
        contents: dict[str, bytes] = {}
        found: dict[str, set[str]] = {}
        duplicates = 0
        by_article: Counter[str] = Counter()
        for message in [*ends, *events]:
            code = header(message.headers, "ew_code")
            if code is not None:
                key = (message.key or b"").decode()
                place = [header(message.headers, f"ew_source_{part}") for part in ("topic", "partition", "offset")]
                identity, content = f"dead {place}", message.value or b""
            else:
                assert message.value is not None
                record = orjson.loads(message.value)
                key = record["event_id"] if "event_id" in record else record["id"]
                identity = header(message.headers, "ce_id") or ""
                content = orjson.dumps({name: part for name, part in record.items() if name not in WALL_CLOCK})
            if identity in contents:
                assert contents[identity] == content, f"{identity} was written with different content"
                duplicates += 1
                continue
            contents[identity] = content
            if "events." in message.topic:
                by_article[orjson.loads(message.value or b"")["article"]["id"]] += 1
            else:
                found.setdefault(key, set()).add(code or "classified")
        return cls(found, duplicates, dict(by_article))

    def check(self, expected: Mapping[str, str]) -> None:
        """Every key ended once, and as expected."""
        missing = sorted(expected.keys() - self.ends.keys())
        assert not missing, f"{len(missing)} of {len(expected)} are lost: {missing[:10]}"
        wrong = {key: ends for key, ends in self.ends.items() if ends != {expected.get(key)}}
        assert not wrong, f"ended otherwise: {dict(list(wrong.items())[:10])}"


# `trace` names the raw message: a message that was published twice has two.
WALL_CLOCK = ("ingested_at", "produced_at")


def articles(count: int, text: str = "Firma KAUFT Rivalen.", *, start: int = 0) -> dict[str, bytes | None]:
    """Raw articles a0, a1 ... by their key."""
    return {f"a{n}": orjson.dumps({"id": f"a{n}", "text": f"{text} Nummer {n}."}) for n in range(start, start + count)}
