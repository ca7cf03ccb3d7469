"""`eventwire`: finds the command, runs it, turns errors into one line and an exit code.

Exit codes: 0 done, 1 done but something was rejected (`--strict`), 2 a mistake the user can mend, 3 trouble with
Kafka, 130 interrupted. Commands may use codes of their own beyond these (the worker: 70, 75, 76, 137).
"""

import importlib
import os
import sys
from typing import Annotated, Any

import typer
import typer.core

from pipeline.errors import BrokerError, EventwireError

# In the order of --help. A function or a `typer.Typer`, imported when it is asked for. Modules in `pipeline.cli`
# import what is heavy (spaCy, onnxruntime, Faust, Kafka) inside their functions, so that --help is fast.
COMMANDS = {
    "run": "pipeline.cli.run:run",
    "explain": "pipeline.cli.explain:explain",
    "worker": "pipeline.cli.worker:worker",
    "publish": "pipeline.cli.publish:publish",
    "tail": "pipeline.cli.tail:tail",
    "dashboard": "pipeline.cli.dashboard:dashboard",
    "subscribe": "pipeline.cli.subscribe:subscribe",
    "dead-letters": "pipeline.cli.dead_letters:app",
    "audit": "pipeline.cli.audit:audit",
    "replay": "pipeline.cli.replay:app",
    "diff": "pipeline.cli.diff:diff",
    "archive": "pipeline.cli.archive:archive",
    "repeated-blocks": "pipeline.cli.repeated_blocks:repeated_blocks",
    "topics": "pipeline.cli.topics:app",
    "types": "pipeline.cli.types:app",
}


class _Commands(typer.core.TyperGroup):
    """The commands of `COMMANDS`, each imported on its first use."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        target = COMMANDS.get(cmd_name)
        if target is None:
            return None
        module, _, attribute = target.partition(":")
        found = getattr(importlib.import_module(module), attribute)
        if not isinstance(found, typer.Typer):
            app = typer.Typer(add_completion=False, rich_markup_mode=None)
            app.command(cmd_name)(found)
            found = app
        command = typer.main.get_command(found)
        command.name = cmd_name
        return command


app = typer.Typer(
    cls=_Commands,
    name="eventwire",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"eventwire {version('eventwire')}")
        raise typer.Exit


@app.callback()
def eventwire(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """News articles in, typed and evidenced events out: over files, or as a stream on Kafka."""


def main() -> None:
    """The `eventwire` script: the command line of this process, then exit."""
    sys.exit(run(sys.argv[1:]))


# typer brings its own copy of click in newer versions: its error's base class is found through what typer exports.
_ClickError: type[Exception] = typer.BadParameter.__mro__[2]


def run(arguments: list[str]) -> int:
    """Run one command; its exit code. Errors that the user can act on are one line on stderr, never a traceback."""
    try:
        result = app(arguments, prog_name="eventwire", standalone_mode=False)
        sys.stdout.flush()
    except EventwireError as error:
        print(f"error: {error}", file=sys.stderr)
        return 3 if isinstance(error, BrokerError) else 2
    except _ClickError as error:
        return _usage(error)
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except BrokenPipeError:  # `eventwire run ... | head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return result if isinstance(result, int) else 0


def _usage(error: Any) -> int:
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        print(error.format_message())
        return 0
    hint = f" Try '{context.command_path} --help'." if context else ""
    text = " ".join(error.format_message().split()).removesuffix(".")
    print(f"error: {text}.{hint}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    main()
