"""`eventwire dashboard` as a process, and the mistakes of those who start it."""

import json
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli import main as cli
from tests.cli.test_tail import make_folder
from tests.kafka.broker import die_with_parent


class Server:
    def __init__(self, *options: str) -> None:
        command = [sys.executable, "-m", "pipeline.cli.main", "dashboard", "--port", "0", *options]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=die_with_parent)
        assert self.process.stderr is not None
        line = self.process.stderr.readline()
        found = re.search(r"(http://\S+/) \(", line)
        assert found, line
        self.address = found[1]

    def get(self, path: str, **headers: str) -> Any:
        request = urllib.request.Request(self.address + path, headers=headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_folder(tmp_path / "out", "Firma KAUFT.", "Nichts.", "Firma KAUFT und KAUFT.")
    return tmp_path / "out"


def test_a_folder_is_served_and_the_server_ends(folder: Path) -> None:
    server = Server(str(folder))
    try:
        assert server.address.startswith("http://127.0.0.1:")
        assert len(server.get("events")["events"]) == 3
        assert server.get("articles/a1")["events"] == []
        assert server.get("healthz") == {"status": "ok"}
        with urllib.request.urlopen(server.address, timeout=60) as page:
            assert page.headers["content-type"].startswith("text/html")
        stream = urllib.request.urlopen(server.address + "events/stream", timeout=60)
        assert stream.readline() == b"event: ping\n"
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=60) in (0, -signal.SIGTERM), "an open stream does not hold it"
        stream.close()
    finally:
        server.process.kill()
    assert server.process.stderr is not None
    assert "Traceback" not in server.process.stderr.read()


def test_another_host_wants_the_token(folder: Path) -> None:
    token = "0123456789abcdef"
    server = Server(str(folder), "--host", "0.0.0.0", "--token", token)
    try:
        server.address = server.address.replace("0.0.0.0", "127.0.0.1")
        with pytest.raises(urllib.error.HTTPError, match="401"):
            server.get("events")
        assert len(server.get("events", Authorization=f"Bearer {token}")["events"]) == 3
    finally:
        server.process.kill()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--host", "0.0.0.0"], "set a token"),
        (["--token", "short"], "16 or more"),
        (["--worker", "w1"], "http://host:port"),
        (["--worker", "http://u:p@w1/"], "http://host:port"),
        (["--host", "no-such-host.invalid", "--token", "0123456789abcdef"], "Can't serve on"),
        (["--window", "1"], "--window"),
        (["--port", "70000"], "--port"),
    ],
)
def test_mistakes(folder: Path, options: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["dashboard", str(folder), "--port", "0", *options]) == 2
    said = capsys.readouterr().err
    assert says in said
    assert len(said.splitlines()) == 1


def test_a_port_that_is_taken(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert cli.run(["dashboard", str(folder), "--port", port]) == 2
    assert "Choose another --port" in capsys.readouterr().err


def test_no_folder_and_no_broker(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["dashboard", str(tmp_path / "nowhere"), "--port", "0"]) == 2
    assert "is not a folder" in capsys.readouterr().err
    assert cli.run(["dashboard", "--brokers", "127.0.0.1:9", "--port", "0"]) == 3
    assert "127.0.0.1:9" in capsys.readouterr().err
