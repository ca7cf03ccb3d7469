"""`eventwire dead-letters`: what could not be read, why, and sending it once more."""

import sys
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.options import Brokers, Prefix, words
from pipeline.cli.terminal import safe, warn

if TYPE_CHECKING:
    from pipeline.broker.redrive import Choice
    from pipeline.settings import Settings
    from pipeline.streams.dead_letters import DeadLetter

app = typer.Typer(
    help="List what could not be read and why, show it, send it back once the cause is mended.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


class Shown(StrEnum):
    TABLE = "table"
    JSONL = "jsonl"


Stages = Annotated[list[str] | None, typer.Option("--stage", help="Only of this stage. May be repeated.")]
Codes = Annotated[list[str] | None, typer.Option("--code", help="Only with this error code. May be repeated.")]
Partition = Annotated[int | None, typer.Option(min=0, help="Only in this partition of the dead-letter topics.")]
Offset = Annotated[int | None, typer.Option(min=0, help="Only the letter at this offset; needs --partition.")]
Limit = Annotated[int | None, typer.Option(min=1, help="At most so many letters.")]
Places = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[DIR] [LETTER]...", help="Letters as `list` names them: language/0/12. DIR: a run's folder."
    ),
]


@app.command("list")
def list_(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="What `eventwire run --out` wrote; without it, Kafka.")
    ] = None,
    stage: Stages = None,
    code: Codes = None,
    partition: Partition = None,
    offset: Offset = None,
    limit: Limit = None,
    format: Annotated[Shown, typer.Option(help="A table to read, or one JSON object a line.")] = Shown.TABLE,
    brokers: Brokers = None,
    topic_prefix: Prefix = None,
) -> None:
    """List dead letters: when, where, why, from where, which key, how many bytes.

    \b
    Examples:
      eventwire dead-letters list
      eventwire dead-letters list --stage language --code not_json
      eventwire dead-letters list out/demo --format jsonl | jq -r .error
    """
    import itertools

    from pipeline.cli.dead_letters_text import print_tables, summary
    from pipeline.cli.lines import print_json

    settings = _settings(brokers, topic_prefix)
    choice = _choice(settings, stage, code, partition, offset, ())
    letters = itertools.islice(_letters(folder, settings, choice), limit)
    if format is Shown.JSONL:
        for letter in letters:
            print_json(summary(letter))
    else:
        print(f"{print_tables(letters):,} dead letters", file=sys.stderr)


@app.command()
def show(
    places: Places = None,
    stage: Stages = None,
    code: Codes = None,
    partition: Partition = None,
    offset: Offset = None,
    limit: Limit = None,
    raw: Annotated[
        bool,
        typer.Option("--raw", help="Only the original bytes, exactly; of several letters with a line feed between."),
    ] = False,
    brokers: Brokers = None,
    topic_prefix: Prefix = None,
) -> int:
    """Show dead letters: all headers, and the original as it came, made harmless for a terminal.

    \b
    Examples:
      eventwire dead-letters show language/0/12
      eventwire dead-letters show out/demo --code schema --limit 1
      eventwire dead-letters show language/0/12 --raw > article.json

    Exit code: 1 if there is no such letter.
    """
    import itertools

    from pipeline.cli.dead_letters_text import print_letter

    settings = _settings(brokers, topic_prefix)
    folder, positions = _split(places)
    choice = _choice(settings, stage, code, partition, offset, positions)
    found = 0
    for found, letter in enumerate(itertools.islice(_letters(folder, settings, choice), limit), start=1):
        if raw:
            sys.stdout.buffer.write((b"\n" if found > 1 else b"") + (letter.message.value or b""))
        else:
            print_letter(letter)
    if not found:
        print("error: there is no such dead letter. `eventwire dead-letters list` shows all.", file=sys.stderr)
    return 0 if found else 1


@app.command()
def redrive(
    places: Annotated[
        list[str] | None,
        typer.Argument(metavar="[LETTER]...", help="Letters as `list` names them, e.g. language/0/12."),
    ] = None,
    stage: Stages = None,
    code: Codes = None,
    partition: Partition = None,
    offset: Offset = None,
    every: Annotated[bool, typer.Option("--all", help="Every dead letter there is.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Also letters that were redriven before.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be sent; send nothing.")] = False,
    brokers: Brokers = None,
    topic_prefix: Prefix = None,
) -> int:
    """Send dead letters back to the topics they came from, each once: original bytes, key and headers.

    A letter that was redriven before is left out: the topic it went back to holds a message whose header
    ew_redriven names it, and that is where this command looks. So it can be repeated after any interruption, and
    --code timeout always means those that still wait. One that is rejected again is a new letter, its attempts
    counted on.

    \b
    Examples:
      eventwire dead-letters redrive --code timeout --dry-run
      eventwire dead-letters redrive --code timeout
      eventwire dead-letters redrive language/0/12 --again

    Exit code: 1 if a letter names a topic that no stage reads, so that it could not be sent, or if there is no
    letter at a position that was given.
    """
    folder, positions = _split(places)
    if folder is not None:
        raise typer.BadParameter(
            f"{folder} is a folder, and redriving works on Kafka. For files: eventwire dead-letters show {folder} "
            "--raw > again.jsonl, mend them, then eventwire run again.jsonl."
        )
    if not (every or positions or stage or code or partition is not None):
        raise typer.BadParameter("say which letters: --stage, --code, --partition, positions, or --all.")
    settings = _settings(brokers, topic_prefix)
    choice = _choice(settings, stage, code, partition, offset, positions)
    return _redrive(settings, choice, again=again, dry_run=dry_run)


def _redrive(settings: "Settings", choice: "Choice", *, again: bool, dry_run: bool) -> int:
    from pipeline.broker.client import Client
    from pipeline.broker.redrive import redrive
    from pipeline.cli.dead_letters_text import position

    unseen = set(choice.positions)

    def tell(letter: "DeadLetter", outcome: str) -> None:
        unseen.discard(letter.message.trace)
        if outcome == "stranger":
            place = f"{position(letter)} came from {letter.source_topic!r}, which no stage reads"
            print(f"error: {safe(place)}: not sent", file=sys.stderr)
        elif dry_run:
            done = "would be sent to" if outcome == "sent" else "was redriven before to"
            print(f"{position(letter)}  {safe(letter.code)}  {done} {safe(letter.source_topic)}")

    with Client(settings) as client:
        result = redrive(client, choice, again=again, dry_run=dry_run, on_letter=tell)
    topics = ", ".join(f"{count:,} to {topic}" for topic, count in sorted(result.by_topic.items()))
    text = f"{'would redrive' if dry_run else 'redrove'} {result.sent:,} dead letters" + (
        f" ({topics})" if topics else ""
    )
    text += f"; {result.already:,} were redriven before (--again)" if result.already else ""
    text += f"; {len(result.strangers):,} could not be sent" if result.strangers else ""
    print(text, file=sys.stderr)
    if unseen:
        named = ", ".join(sorted(unseen))
        print(f"error: no such dead letter: {named}. `eventwire dead-letters list` shows all.", file=sys.stderr)
    return 1 if result.strangers or unseen else 0


def _settings(brokers: str | None, topic_prefix: str | None) -> "Settings":
    from pipeline.settings import load_settings

    return load_settings(brokers=brokers, topic_prefix=topic_prefix)


def _choice(
    settings: "Settings",
    stages: list[str] | None,
    codes: list[str] | None,
    partition: int | None,
    offset: int | None,
    positions: Iterable[str],
) -> "Choice":
    from pipeline.broker.redrive import STAGES, Choice, position_of
    from pipeline.errors import Code

    if offset is not None and partition is None:
        raise typer.BadParameter("--offset needs --partition: every partition has its own offsets.")
    places = frozenset(position_of(text, settings.topic_prefix) for text in positions)
    named = [_one_of(name, STAGES, "stage") for name in words(stages)]
    return Choice(
        stages=tuple(stage for stage in STAGES if not named or stage in named),
        codes=frozenset(_one_of(name, [str(code) for code in Code], "code") for name in words(codes)),
        positions=places,
        partition=partition,
        offset=offset,
    )


def _one_of(name: str, known: Iterable[str], what: str) -> str:
    from pipeline.errors import SettingsError
    from pipeline.events.selection import nearest

    known = list(known)
    if name in known:
        return name
    near = nearest(name, known)
    raise SettingsError(
        f"There is no {what} {name!r}. "
        + (f"Nearest: {', '.join(near)}." if near else f"There are: {', '.join(known)}.")
    )


def _split(places: list[str] | None) -> tuple[Path | None, list[str]]:
    places = places or []
    if places and Path(places[0]).is_dir():
        return Path(places[0]), places[1:]
    return None, places


def _letters(folder: Path | None, settings: "Settings", choice: "Choice") -> Iterator["DeadLetter"]:
    if folder is not None:
        yield from _letters_of(folder, settings.topic_prefix, choice)
        return
    from pipeline.broker.client import Client
    from pipeline.broker.redrive import read_letters

    with Client(settings) as client:
        yield from read_letters(client, choice)


def _letters_of(folder: Path, prefix: str, choice: "Choice") -> Iterator["DeadLetter"]:
    from pipeline.local.outputs import read_outputs
    from pipeline.streams.dead_letters import read_dead_letter, topic_of

    topics = {prefix + topic_of(stage) for stage in choice.stages}
    for message in read_outputs(folder, topics.__contains__, complain=warn):
        letter = read_dead_letter(message)
        if choice.wants(letter):
            yield letter
