"""Which workers live, by what Kafka says of their groups and by their own health pages.

Kafka goes on naming a worker that was killed until its session time is over (12 s unless set otherwise). A group for
which messages wait while it commits nothing is `stalled` after 10 s, and a worker whose address is known (`--worker`)
is asked itself.
"""

import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

State = Literal["alive", "stalled", "dead"]

STALLED_SECONDS = 10.0  # with messages waiting and nothing committed
_FORGOTTEN_SECONDS = 3600.0
_ASK_SECONDS = 3.0  # between two questions to a worker
_ANSWER_SECONDS = 3.0
_MOST = 1000  # workers remembered: members without a slot have a new name after every start


@dataclass(slots=True)
class Worker:
    """`last_seen`: Unix time; None if it never was."""

    name: str
    state: State
    detail: str = ""
    last_seen: float | None = None


class Workers:
    """What is known of the workers. Written by the threads that ask, read by all."""

    def __init__(self, addresses: Iterable[str] = (), *, clock: Callable[[], float] = time.time) -> None:
        """`addresses`: where workers serve `/healthz`, e.g. `http://10.0.0.7:9464`."""
        self._addresses = [address.rstrip("/") for address in addresses]
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, Worker] = {}
        self._groups: dict[str, frozenset[str]] = {}
        self._moved: dict[str, tuple[Mapping[tuple[str, int], int], float]] = {}
        self._listeners: list[Callable[[], None]] = []
        self._stopping = threading.Event()

    def listen(self, listener: Callable[[], None]) -> None:
        """`listener` is called, in whatever thread, when a worker has come, or another state than before."""
        self._listeners.append(listener)

    def start(self) -> None:
        """Ask the addresses from now on."""
        for address in self._addresses:
            threading.Thread(target=self._ask_on, args=[address], name="health", daemon=True).start()

    def stop(self) -> None:
        self._stopping.set()

    def report(self) -> list[Worker]:
        """All of the last hour, by name."""
        now = self._clock()
        with self._lock:
            for worker in [w for w in self._known.values() if w.last_seen and now - w.last_seen > _FORGOTTEN_SECONDS]:
                if worker.state == "dead" and worker.name not in self._addresses:
                    del self._known[worker.name]
            return [Worker(w.name, w.state, w.detail, w.last_seen) for _, w in sorted(self._known.items())]

    def group(
        self, name: str, members: Iterable[str], *, waiting: int, committed: Mapping[tuple[str, int], int]
    ) -> None:
        """What Kafka says of a group now: its members, messages that wait, and what it has committed."""
        now, members = self._clock(), frozenset(members)
        with self._lock:
            before, since = self._moved.get(name, ({}, now))
            if committed != before or not waiting:
                since = now
            self._moved[name] = (dict(committed), since)
            stalled = now - since >= STALLED_SECONDS
            for member in members:
                text = f"{waiting} messages wait, and {name} has committed nothing for {now - since:.0f} s"
                self._know(Worker(member, "stalled" if stalled else "alive", text if stalled else "", now))
            for member in self._groups.get(name, frozenset()) - members:
                self._know(Worker(member, "dead", f"it has left {name}", self._last_seen(member)))
            self._groups[name] = members

    def answered(self, address: str, trouble: str | None) -> None:
        """What a worker's own health page said: `trouble` None is well."""
        now = self._clock()
        with self._lock:
            if trouble is None:
                self._know(Worker(address, "alive", "", now))
            else:
                self._know(Worker(address, "dead", trouble, self._last_seen(address)))

    def _know(self, worker: Worker) -> None:
        known = self._known.get(worker.name)
        if known is None and len(self._known) >= _MOST:
            return
        self._known[worker.name] = worker
        if known is None or known.state != worker.state:
            for listener in self._listeners:
                listener()

    def _last_seen(self, name: str) -> float | None:
        known = self._known.get(name)
        return known.last_seen if known else None

    def _ask_on(self, address: str) -> None:
        while True:
            self.answered(address, _ask(address))
            if self._stopping.wait(_ASK_SECONDS):
                return


# No proxy and no redirect: the address is what the operator named, and nothing else is asked.
class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: object) -> None:
        return None


_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stay)


def _ask(address: str) -> str | None:
    """None if the worker says that it is well, else what is wrong."""
    try:
        with _opener.open(f"{address}/healthz", timeout=_ANSWER_SECONDS):
            return None
    except urllib.error.HTTPError as error:
        said = error.read(200).decode("utf-8", "replace").strip()
        return f"it answers {error.code}: {said}"
    except (OSError, ValueError) as error:  # no such host, refused, silent; not HTTP
        reason = getattr(error, "reason", error)
        return f"it does not answer: {reason}"
    except Exception as error:  # noqa: BLE001 (http.client's own errors: a stranger on that port)
        return f"it does not speak HTTP: {type(error).__name__}"
