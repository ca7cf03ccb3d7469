"""Webhooks: a receiver on a real socket that takes, fails, refuses and comes back."""

import base64
import hashlib
import hmac
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest

from pipeline.cli import main as cli
from pipeline.errors import SettingsError
from pipeline.web.undelivered import Kept
from pipeline.web.webhook import Failure, Receiver, delivery_of, read_secret, signature
from tests.web.news import event
from tests.web.test_folder import append

ROOT = Path(__file__).resolve().parents[2]
SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
KEY = read_secret(SECRET)


class Endpoint:
    """What a receiver got, and how it answers the n-th request (from 0): a status, or a status and headers."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answer: Callable[[int], int | tuple[int, dict[str, str]]] = lambda number: 204
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?a=b"

    def ids(self) -> list[str]:
        return [orjson.loads(body)["data"]["event_id"] for _, body in self.got]


@contextmanager
def endpoint(port: int = 0) -> Iterator[Endpoint]:
    found = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            number = len(found.got)
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.got.append(({**{k.lower(): v for k, v in self.headers.items()}, "path": self.path}, body))
            answer = found.answer(number)
            status, headers = answer if isinstance(answer, tuple) else (answer, {})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    found.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()


def receiver(url: str, **options: Any) -> tuple[Receiver, list[float]]:
    """A receiver whose clock runs only while it pauses."""
    pauses: list[float] = []
    now = 1_790_000_000.0
    options = {"give_up_seconds": 900.0, "clock": lambda: now + sum(pauses), "sleep": pauses.append, **options}
    return Receiver(url, KEY, **options), pauses


DELIVERY = delivery_of(event(1), "event-000001")


def test_signed_as_the_standard_says() -> None:
    """By the steps of the specification, not by our code."""
    with endpoint() as there:
        sender, _ = receiver(there.url)
        assert sender.deliver(DELIVERY) is None
        headers, body = there.got[0]
    assert headers["path"] == "/hook?a=b"
    assert headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    assert headers["webhook-signature"] == "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    assert headers["webhook-timestamp"] == "1790000000"
    cloudevent = orjson.loads(body)
    assert cloudevent["specversion"] == "1.0"
    assert cloudevent["type"] == "eventwire.events.deal.acquisition.v1"
    assert orjson.dumps(cloudevent["data"]) == event(1).value


def test_the_example_of_the_docs() -> None:
    found = re.search(r"```python\n(.*?)```", (ROOT / "docs" / "webhooks.md").read_text(), re.DOTALL)
    assert found
    names: dict[str, Any] = {}
    exec(found[1], names)
    with endpoint() as there:
        sender, _ = receiver(there.url, clock=time.time)
        assert sender.deliver(DELIVERY) is None
        headers, body = there.got[0]
    assert names["is_ours"](headers, body, SECRET)
    assert not names["is_ours"](headers, body + b" ", SECRET)
    assert not names["is_ours"](headers, body, "whsec_" + base64.b64encode(b"x" * 32).decode())
    assert not names["is_ours"]({**headers, "webhook-timestamp": "1790000000"}, body, SECRET)


def test_the_example_of_the_specification() -> None:
    secret = read_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    found = signature(secret, id="msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp=1614265330, body=body)
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_an_id_stands_for_a_state_of_an_event() -> None:
    same = delivery_of(event(1), "event-000001")
    assert same == DELIVERY
    changed = delivery_of(event(1, action="update", confidence=0.25), "event-000001")
    assert changed.id != DELIVERY.id
    assert changed.id.startswith("event-000001.")


def test_tried_again_with_growing_pauses() -> None:
    answers = [500, 503, 429, 408, 502, 200]
    told: list[str] = []
    with endpoint() as there:
        there.answer = answers.__getitem__
        sender, pauses = receiver(there.url, tell=told.append)
        assert sender.deliver(DELIVERY) is None
        assert len({headers["webhook-id"] for headers, _ in there.got}) == 1
        assert len({headers["webhook-timestamp"] for headers, _ in there.got}) > 1
    assert len(pauses) == 5
    for number, pause in enumerate(pauses):
        assert 0.5 * 2**number <= pause <= 2**number
    assert len(told) == 2
    assert "status 500" in told[0]
    assert "takes events again" in told[1]


def test_a_receiver_that_asks_for_time_gets_it() -> None:
    with endpoint() as there:
        there.answer = lambda number: (429, {"Retry-After": "120"}) if number == 0 else 200
        sender, pauses = receiver(there.url)
        assert sender.deliver(DELIVERY) is None
        assert pauses == [120.0]
        there.answer = lambda number: (503, {"Retry-After": "Mon, 21 Sep 2026 14:20:20 GMT"}) if number == 2 else 200
        assert sender.deliver(DELIVERY) is None
        assert pauses[1] == 300.0


def test_given_up() -> None:
    with endpoint() as there:
        there.answer = lambda number: 500
        sender, pauses = receiver(there.url, give_up_seconds=100.0)
        failure = sender.deliver(DELIVERY)
        assert failure is not None
        assert not failure.refused
        assert failure.attempts == len(there.got) == len(pauses) + 1
        assert failure.seconds == pytest.approx(sum(pauses))
        assert failure.seconds <= 100
        there.answer = lambda number: (500, {"Retry-After": "101"})
        pauses.clear()
        failure = sender.deliver(DELIVERY)
        assert failure is not None
        assert (failure.attempts, pauses) == (1, []), "it would be too late"


@pytest.mark.parametrize("status", [301, 307, 400, 401, 404, 410, 422])
def test_refused(status: int) -> None:
    with endpoint() as there, endpoint() as elsewhere:
        there.answer = lambda number: (status, {"Location": elsewhere.url})
        sender, pauses = receiver(there.url)
        failure = sender.deliver(DELIVERY)
        assert failure is not None
        assert failure.refused
        assert str(status) in failure.reason
        assert (failure.attempts, pauses) == (1, [])
        assert elsewhere.got == []


def test_nobody_there_then_somebody() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    sender, pauses = receiver(f"http://127.0.0.1:{port}/", give_up_seconds=20.0)
    failure = sender.deliver(DELIVERY)
    assert failure is not None
    assert "no answer" in failure.reason
    with endpoint(port) as there:
        assert sender.deliver(DELIVERY) is None
        assert sender.deliver(DELIVERY) is None, "on the same connection"
        assert len(there.got) == 2
    assert pauses


def test_strangers_that_answer() -> None:
    answers = [
        b"",
        b"220 smtp\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 100_000,
        b"\x00" * 99,
    ]
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def answer() -> None:
            for text in answers:
                connection, _ = server.accept()
                connection.recv(100_000)
                connection.sendall(text)
                connection.close()

        thread = threading.Thread(target=answer)
        thread.start()
        sender, _ = receiver(f"http://127.0.0.1:{port}/", give_up_seconds=0.0)
        found = [sender.deliver(DELIVERY) for _ in answers]
        thread.join(10)
    assert [failure is None for failure in found] == [False, False, True, False]


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("example.org", "no URL"),
        ("ftp://example.org", "no URL"),
        ("http://", "no URL"),
        ("http://[", "no URL"),
        ("http://example.org:99999", "no URL"),
        ("http://exämple.org/", "no URL"),
        ("http://a:b@example.org/", "no password"),
        ("http://example.org/\r\nx: y", "no URL"),
    ],
)
def test_addresses_that_are_none(url: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        Receiver(url, KEY, give_up_seconds=1)


def test_secrets_that_are_none() -> None:
    assert read_secret("x" * 24) == b"x" * 24
    for text in ("", "short", "whsec_", "whsec_AAAA", "whsec_not base64!!" + "x" * 40):
        with pytest.raises(SettingsError, match="EVENTWIRE_WEBHOOK_SECRET"):
            read_secret(text)


def run(monkeypatch: pytest.MonkeyPatch, folder: Path, there: Endpoint, *options: str) -> int:
    monkeypatch.setenv("EVENTWIRE_WEBHOOK_SECRET", SECRET)
    state = ["--state", str(folder / "state")]
    return cli.run(["subscribe", str(folder), "--webhook", there.url, *state, *options])


def test_a_folder_is_sent_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    append(tmp_path, event(0), event(1, "legal.crime"), event(2, confidence=0.9))
    with endpoint() as there:
        assert run(monkeypatch, tmp_path, there) == 0
        assert there.ids() == ["event-000000", "event-000002", "event-000001"]
        assert run(monkeypatch, tmp_path, there) == 0
        assert len(there.got) == 3, "it goes on where it stopped"
        append(tmp_path, event(3), event(4, confidence=0.9))
        assert run(monkeypatch, tmp_path, there, "--min-confidence", "0.8") == 0
        assert there.ids()[3:] == ["event-000004"]
    assert "3 events sent" in capsys.readouterr().err


def test_dead_letters_and_their_redrive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    append(tmp_path, *(event(number) for number in range(4)))
    with endpoint() as there:
        there.answer = lambda number: 422 if number in (1, 2) else 200
        assert run(monkeypatch, tmp_path, there) == 1
        path = tmp_path / "state" / "dead-letters.jsonl"
        letters = [orjson.loads(text) for text in path.read_bytes().splitlines()]
        assert [letter["event"]["data"]["event_id"] for letter in letters] == ["event-000001", "event-000002"]
        assert letters[0]["reason"] == "status 422"
        assert letters[0]["webhook_id"] == there.got[1][0]["webhook-id"]
        assert str(path) in capsys.readouterr().err
        # One is taken now, the other one is not.
        there.answer = lambda number: 422 if number == 5 else 200
        assert run(monkeypatch, tmp_path, there, "--redrive") == 1
        assert there.got[4][0]["webhook-id"] == letters[0]["webhook_id"]
        assert there.got[4][1] == there.got[1][1], "the same bytes"
        assert [orjson.loads(text)["webhook_id"] for text in path.read_bytes().splitlines()] == [
            letters[1]["webhook_id"]
        ]
        assert run(monkeypatch, tmp_path, there, "--redrive") == 0
        assert path.read_bytes() == b""
        assert run(monkeypatch, tmp_path, there, "--redrive") == 0


def test_a_receiver_that_refuses_everything_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    append(tmp_path, *(event(number) for number in range(30)))
    with endpoint() as there:
        there.answer = lambda number: 401
        assert run(monkeypatch, tmp_path, there) == 2
        assert len(there.got) == 20
        assert "refused 20 events in a row" in capsys.readouterr().err
        there.answer = lambda number: 200
        assert run(monkeypatch, tmp_path, there, "--redrive") == 0
        assert run(monkeypatch, tmp_path, there) == 0
    assert sorted(set(there.ids())) == [f"event-{number:06}" for number in range(30)], "nothing is lost"


def test_a_damaged_file_of_dead_letters_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append(tmp_path, event(0))
    with Kept(tmp_path / "state") as kept:
        kept.add(DELIVERY, Failure(reason="x", attempts=1, seconds=0.0, refused=True), now=0.0)
    path = tmp_path / "state" / "dead-letters.jsonl"
    damaged = path.read_bytes() + b"{\n"
    path.write_bytes(damaged)
    with endpoint() as there:
        assert run(monkeypatch, tmp_path, there, "--redrive") == 2
        assert there.got == []
    assert path.read_bytes() == damaged


def test_one_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    append(tmp_path, event(0))
    with endpoint() as there, Kept(tmp_path / "state"):
        assert run(monkeypatch, tmp_path, there) == 2
        assert "Another `eventwire subscribe`" in capsys.readouterr().err


def test_positions_that_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    append(tmp_path, event(0))
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "position.json").write_text("[]")
    with endpoint() as there:
        assert run(monkeypatch, tmp_path, there) == 2
    assert "position.json can't be read" in capsys.readouterr().err
