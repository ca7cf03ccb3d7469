import subprocess
import sys
from typing import Any

import pytest
import typer

from pipeline.cli import main as cli
from pipeline.errors import BrokerError, EventwireError, SettingsError

HEAVY = ("spacy", "onnxruntime", "trafilatura", "faust", "aiokafka", "kafka", "numpy", "tokenizers", "sentencex")


def eventwire(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipeline.cli.main", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **options)


def test_help_names_every_command_and_imports_nothing_heavy() -> None:
    code = (
        "import sys; from pipeline.cli import main; rc = main.run(['--help']); "
        f"print(rc, [m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == "0 []\n"
    assert all(f"\n  {name} " in done.stdout for name in cli.COMMANDS)


@pytest.mark.parametrize("name", list(cli.COMMANDS))
def test_every_command_has_help_with_examples(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([name, "--help"]) == 0
    assert "eventwire " in capsys.readouterr().out


def test_version() -> None:
    done = eventwire("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("eventwire 0.")


@pytest.mark.parametrize(
    "arguments", [["nope"], ["--nope"], ["run"], ["run", "--nope"], ["run", "a", "--workers", "x"]]
)
def test_a_mistake_is_one_line_and_exit_code_2(arguments: list[str]) -> None:
    done = eventwire(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert "--help" in done.stderr


@pytest.mark.parametrize(
    ("raised", "code", "shown"),
    [
        (SettingsError("so nicht"), 2, "error: so nicht\n"),
        (EventwireError("auch nicht"), 2, "error: auch nicht\n"),
        (BrokerError("kein Kafka"), 3, "error: kein Kafka\n"),
        (typer.BadParameter("das nicht"), 2, "error: Invalid value: das nicht. Try 'eventwire --help'.\n"),
        (KeyboardInterrupt(), 130, ""),
        (typer.Abort(), 130, ""),
        (typer.Exit(7), 7, ""),
        (None, 0, ""),
    ],
)
def test_exit_codes(
    raised: BaseException | None,
    code: int,
    shown: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fake(arguments: list[str], **options: Any) -> Any:
        return inner(arguments, **options)

    inner_app = typer.Typer()

    @inner_app.command()
    def only() -> None:
        if raised is not None:
            raise raised

    inner = inner_app
    monkeypatch.setattr(cli, "app", fake)
    assert cli.run([]) == code
    assert capsys.readouterr().err.lstrip("\n") == shown


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    command = f"{sys.executable} -m pipeline.cli.main --help | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""
    assert done.stdout.strip() in ("0", "1")
