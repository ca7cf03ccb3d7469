"""The mistakes of those who start `eventwire subscribe`, and its end; what it sends is in tests/web/test_webhook.py."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.cli import main as cli
from tests.kafka.broker import die_with_parent
from tests.web.news import event
from tests.web.test_folder import append
from tests.web.test_webhook import SECRET, endpoint

URL = "http://127.0.0.1:9/"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ([], "--webhook"),
        (["--webhook", "example.org"], "is no URL"),
        (["--webhook", URL, "--type", "deal.acquisitions"], "Nearest: deal.acquisition"),
        (["--webhook", URL, "--language", "dee"], "Nearest: de"),
        (["--webhook", URL, "--from", "soon"], "not a time"),
        (["--webhook", URL, "--name", "a/b"], "--name"),
        (["--webhook", URL, "--name", ""], "nowhere"),
        (["--webhook", URL, "--give-up", "-1"], "--give-up"),
        (["--webhook", URL], "nowhere is not a folder"),
    ],
)
def test_mistakes(
    options: list[str],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EVENTWIRE_WEBHOOK_SECRET", SECRET)
    assert cli.run(["subscribe", "nowhere", *options]) == 2
    assert says in capsys.readouterr().err


def test_no_secret(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    append(tmp_path, event(0))
    assert cli.run(["subscribe", str(tmp_path), "--webhook", URL, "--state", str(tmp_path / "state")]) == 2
    assert "openssl rand" in capsys.readouterr().err
    assert not (tmp_path / "state").exists()


def test_no_broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("EVENTWIRE_WEBHOOK_SECRET", SECRET)
    state = ["--state", str(tmp_path)]
    assert cli.run(["subscribe", "--webhook", URL, *state, "--brokers", "127.0.0.1:9"]) == 3
    assert "127.0.0.1:9" in capsys.readouterr().err


def test_stopped_while_it_tries_it_goes_on_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append(tmp_path, event(0), event(1))
    monkeypatch.setenv("EVENTWIRE_WEBHOOK_SECRET", SECRET)
    with endpoint() as there:
        there.answer = lambda number: 200 if number == 0 else 503
        command = ["subscribe", str(tmp_path), "--webhook", there.url, "--state", str(tmp_path / "state")]
        with subprocess.Popen(
            [sys.executable, "-m", "pipeline.cli.main", *command],
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=die_with_parent,
        ) as process:
            assert process.stderr is not None
            assert "status 503; trying on" in process.stderr.readline()
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=60) == 0
            assert "1 events sent" in process.stderr.read()
        seen = len(there.got)
        there.answer = lambda number: 200
        assert cli.run(command) == 0
        assert there.ids()[seen:] == ["event-000001"]
