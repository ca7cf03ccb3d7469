"""`eventwire replay`: the past through the stages once more, into topics or a folder of its own."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.options import TIME_HELP, Brokers, Prefix, check_order, read_time
from pipeline.cli.terminal import safe
from pipeline.errors import EventwireError

if TYPE_CHECKING:
    from pipeline.history.runs import Run
    from pipeline.settings import Settings

app = typer.Typer(invoke_without_command=True, add_completion=False, rich_markup_mode=None)


class By(StrEnum):
    PUBLISHED = "published"
    INGESTED = "ingested"


class Shown(StrEnum):
    TABLE = "table"
    JSON = "json"


Workers = Annotated[int | None, typer.Option(min=0, help="Child processes that run the models; 0: one for each core.")]


@app.callback()
def replay(
    ctx: typer.Context,
    run: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name of the run; its topics are replay.NAME.news...")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Replay into this folder, not on Kafka.")] = None,
    archive: Annotated[
        str | None, typer.Option(metavar="DIR|URL", help="Take the raw articles from this archive; default: Kafka.")
    ] = None,
    no_kafka: Annotated[bool, typer.Option("--no-kafka", help="Touch no Kafka: from --archive into --out.")] = False,
    since: Annotated[str | None, typer.Option("--from", metavar="TIME", help=f"From then on. {TIME_HELP}")] = None,
    before: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Before then.")] = None,
    by: Annotated[
        By | None, typer.Option(help="What --from and --to mean: when an article was published (default) or came in.")
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD=VALUES", help="Only articles with this language, source, id or action."),
    ] = None,
    speed: Annotated[
        str | None, typer.Option(metavar="max|60x|1x", help="As fast as it goes (default), or with the gaps of then.")
    ] = None,
    models: Annotated[Path | None, typer.Option(metavar="DIR", help="Another model than the shipped one.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was stopped or killed.")] = False,
    verify: Annotated[
        str | None, typer.Option(metavar="RUN|DIR", help="Make this run's records again and compare them.")
    ] = None,
    format: Annotated[Shown, typer.Option(help="How --verify prints.")] = Shown.TABLE,
    replication: Annotated[
        int | None, typer.Option(min=1, help="Copies of each partition of the run's topics; default: as declared.")
    ] = None,
    workers: Workers = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on standard error.")] = False,
    brokers: Brokers = None,
    topic_prefix: Prefix = None,
) -> int:
    """Run raw articles of the past through the stages again: to backtest, or to see what another model would have said.

    Live topics are never written to. A run has topics of its own (replay.NAME.news...) or a folder, and a description:
    what it took, from where, with which models. A name or a folder that is taken is refused. Messages keep their times.

    \b
    Examples:
      eventwire replay --run q3 --archive archive --from 2026-07-01 --to 2026-10-01
      eventwire replay --run german --where language=de --speed 60x
      eventwire replay --no-kafka --archive archive --out runs/new --models ../news-s7
      eventwire replay --run q3 --resume
      eventwire replay --verify q3
      eventwire diff live q3 --html q3.html

    \b
    --where FIELD=VALUE[,VALUE], all of them must hold:
      language   of the article, as the language stage finds it (de, en ...)
      source     name or domain of the publisher
      id         of the article
      action     add, update or delete

    Ctrl-C and SIGTERM stop in order; after these, or a kill -9, --resume goes on. --archive and --models then say
    where they are now, if they have moved.

    --verify reads the run's input again, in another order, and makes its records with the models it was made with.
    Wall-clock fields aside they must be the same bytes: a hash for each topic and partition, and the first record that
    differs.

    Exit codes: 0 done, 1 --verify found a difference, 2 a mistake, 3 trouble with Kafka, 130 stopped.
    """
    if ctx.invoked_subcommand is not None:
        return 0
    from pipeline.history.replay_start import Moved, Wanted, replay_in_folder, replay_in_topics
    from pipeline.settings import load_settings

    fixed = {"--from": since, "--to": before, "--by": by, "--where": where, "--speed": speed}
    given = [name for name, value in fixed.items() if value is not None]
    if (verify or resume) and given:
        raise typer.BadParameter(f"{given[0]} is what a run began with: leave it out.")
    settings = load_settings(model=models, workers=workers, brokers=brokers, topic_prefix=topic_prefix)
    moved = Moved(archive=archive, model=models)
    if verify is not None:
        if run or out or resume:
            raise typer.BadParameter("--verify RUN stands alone: leave out --run, --out and --resume.")
        from pipeline.cli.replay_verify import verify_run

        return verify_run(verify, settings, moved, as_json=format is Shown.JSON, quiet=quiet)
    _check_target(run, out, archive, no_kafka)
    wanted = Wanted() if resume else _wanted(archive, since, before, by, where, speed)
    with _telling(quiet) as report:
        from pipeline.flow import segment

        options: dict[str, Any] = {"steps": segment, "report": report, "resume": resume, "moved": moved}
        if out is not None:
            done = replay_in_folder(out, wanted, settings, name=run, **options)
        else:
            assert run is not None
            done = replay_in_topics(run, wanted, settings, replication=replication, **options)
    if not quiet:
        _say_done(done, out)
    return 0


def _check_target(run: str | None, out: Path | None, archive: str | None, no_kafka: bool) -> None:
    if run is None and out is None:
        raise typer.BadParameter("name a run on Kafka (--run NAME), or a folder to replay into (--out DIR).")
    if no_kafka and (out is None or archive is None):
        raise typer.BadParameter("--no-kafka needs --archive to read from and --out to write to.")


def _wanted(
    archive: str | None,
    since: str | None,
    before: str | None,
    by: By | None,
    where: list[str] | None,
    speed: str | None,
) -> Any:
    from pipeline.history.replay_select import read_where
    from pipeline.history.replay_source import read_speed
    from pipeline.history.replay_start import Wanted

    start, end = read_time(since, "--from"), read_time(before, "--to")
    check_order(start, end)
    read_speed(speed or "max")
    return Wanted(
        archive=archive,
        since=start,
        before=end,
        by="ingested" if by is By.INGESTED else "published",
        where=read_where(where or ()),
        speed=speed or "max",
    )


@contextmanager
def _telling(quiet: bool) -> Iterator[Any]:
    """Progress, and what is said when it doesn't come to its end."""
    from pipeline.cli.counting import counting
    from pipeline.cli.interrupt import terminate_as_interrupt

    began = False
    with terminate_as_interrupt(), counting(quiet=quiet) as count:

        def report(articles: int, scanned: int, total: int) -> None:
            nonlocal began
            began = True
            count(f"{articles:,} articles", scanned, max(total, scanned, 1))

        try:
            yield report
        except (KeyboardInterrupt, EventwireError):
            if began:
                print("stopped: what is done is complete; the same command with --resume goes on", file=sys.stderr)
            raise


def _say_done(run: "Run", out: Path | None) -> None:
    counts = run.counts
    text = f"{counts['raw']:,} articles, {counts['events']:,} events, {counts['dead_lettered']:,} dead letters"
    print(f"replayed {text} -> {out or f'replay.{run.name}.'}", file=sys.stderr)


@app.command("list")
def list_(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="Runs in this folder and in those below it; default: Kafka.")
    ] = None,
    format: Annotated[Shown, typer.Option(help="A table, or the runs' descriptions as one JSON array.")] = Shown.TABLE,
    brokers: Brokers = None,
    topic_prefix: Prefix = None,
) -> None:
    """List runs: what they took, with which models, how far they are. A run that was killed still says "running".

    \b
    Examples:
      eventwire replay list
      eventwire replay list runs --format json | jq '.[].pinned.events'
    """
    from pipeline.cli.replay_text import print_runs, print_runs_json
    from pipeline.settings import load_settings

    found = _of_folder(folder) if folder else _of_kafka(load_settings(brokers=brokers, topic_prefix=topic_prefix))
    (print_runs_json if format is Shown.JSON else print_runs)(found)


def _of_folder(folder: Path) -> "list[tuple[str, Run | None]]":
    from pipeline.history.runs import runs_below

    return [(str(path), run) for path, run in runs_below(folder)]


def _of_kafka(settings: "Settings") -> "list[tuple[str, Run | None]]":
    from pipeline.broker.client import Client
    from pipeline.history import runs

    with Client(settings) as client:
        return list(runs.on_kafka(client))


@app.command()
def delete(
    run: Annotated[str, typer.Argument(metavar="RUN|DIR", help="A run on Kafka, or a run's folder.")],
    brokers: Brokers = None,
    topic_prefix: Prefix = None,
) -> None:
    """Delete a run: its topics and its workers' groups, or the files it wrote into its folder. Nothing else.

    \b
    Example:
      eventwire replay delete q3
    """
    from pipeline.history import runs
    from pipeline.settings import load_settings

    if Path(run).is_dir():
        runs.delete_folder(Path(run))
        print(f"deleted the run in {safe(run)}", file=sys.stderr)
    else:
        settings = load_settings(brokers=brokers, topic_prefix=topic_prefix)
        count = runs.delete(settings, run)
        print(f"deleted {run}: {count} topics", file=sys.stderr)
