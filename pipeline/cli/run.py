"""`eventwire run`: files in, events out, with no broker."""

import sys
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.interrupt import terminate_as_interrupt
from pipeline.cli.lines import print_line
from pipeline.cli.table import print_events
from pipeline.cli.terminal import safe

if TYPE_CHECKING:
    from pipeline.local.runner import Done
    from pipeline.settings import Settings
    from pipeline.streams.message import Output

_TABLE_ROWS = 500  # a longer run prints several tables: nothing is hidden and memory stays flat
_REJECTIONS_SHOWN = 20


class Shown(StrEnum):
    TABLE = "table"
    JSONL = "jsonl"
    NONE = "none"


class InputFormat(StrEnum):
    JSONL = "jsonl"
    JSON = "json"
    TEXT = "text"
    HTML = "html"


def run(
    files: Annotated[list[str], typer.Argument(metavar="FILE|DIR|-...", help="What to read; - is standard input.")],
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write <topic>.jsonl files here; go on where a run ended.")
    ] = None,
    format: Annotated[Shown, typer.Option(help="How events are printed.")] = Shown.TABLE,
    input_format: Annotated[
        InputFormat | None, typer.Option(help="Of all inputs, instead of what their names or first lines say.")
    ] = None,
    stages: Annotated[
        str | None, typer.Option(metavar="NAMES", help="Only the first stages, e.g. language,entities.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Read at most so many articles.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Child processes; default: one for each core.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 if any article was rejected.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on standard error.")] = False,
) -> None:
    """Read articles from files, print their events, with --out also write every topic as a file.

    \b
    Examples:
      eventwire run article.txt
      eventwire run articles/ --out events/
      zcat feed.jsonl.gz | eventwire run - --format jsonl | jq .type

    \b
    Inputs, by the file's ending (standard input: by how it begins):
      .jsonl .ndjson   one article a line, as the topic news.articles.raw takes it
      .json            one article, or an array of them
      .txt             one article in plain text
      .html .htm       one page
    Any of them packed with gzip or zstd. Directories are read whole, in the order of names.

    In a plain text the first line is the title if it is short (160 characters at most), doesn't end like a
    sentence, and a blank line or a long paragraph follows. Texts that aren't UTF-8 are read by their byte
    order mark, by what the page declares, else as Windows-1252. JSON must be UTF-8.

    Every article ends in exactly one of news.articles.classified.jsonl and news.deadletters.<stage>.jsonl; what
    can't be read is shown with its line and the reason, and the rest goes on. An article whose id was seen before, in
    this run or an earlier one into the same folder, is a new version: its events are compared with those of the last
    one, and sent where they are new, changed or withdrawn. The same line a second time has nothing to add.

    After any end (Ctrl-C, kill -9, a full disk) the same command goes on where it stopped and leaves the same
    files as one that was never stopped. An article whose bytes changed is read anew.

    Exit codes: 0 done, 1 something was rejected (with --strict), 2 a mistake or a full disk, 130 interrupted.
    """
    from pipeline.local.inputs import Format, find_inputs
    from pipeline.settings import load_settings

    settings = load_settings(workers=workers)
    forced = Format(input_format.value) if input_format else None
    skipped: list[str] = []
    inputs = find_inputs(files, format=forced, without=out, on_skip=skipped.append)
    if skipped and not quiet:
        _say(f"skipped {len(skipped)} files that are no articles by their names, the first: {safe(skipped[0])}")
    names = [name.strip() for name in stages.split(",")] if stages else None
    _Run(settings, names, out, Shown(format), quiet).go(inputs, limit=limit, strict=strict)


def _say(text: str) -> None:
    print(text, file=sys.stderr)


class _Run:
    """One run: what is counted and shown on the way."""

    def __init__(self, settings: "Settings", names: list[str] | None, out: Path | None, shown: Shown, quiet: bool):
        from pipeline.flow import segment

        self.settings, self.names, self.out, self.shown, self.quiet = settings, names, out, shown, quiet
        self.steps = segment(names)
        if self.steps[0].reads != "news.articles.raw":
            from pipeline.errors import SettingsError

            raise SettingsError("--stages must begin with language: files hold raw articles.")
        self.articles = self.rejected = self.before = self.rejected_before = self.events = self.retracted = 0
        self.table: list[dict[str, Any]] = []

    def go(self, inputs: Any, *, limit: int | None, strict: bool) -> None:
        from pipeline.cli.progress import Progress, log_through
        from pipeline.flow import segment
        from pipeline.local.read import Reader
        from pipeline.local.runner import process
        from pipeline.local.versions import Versions
        from pipeline.metrics import CHILD_RESTARTS
        from pipeline.streams.pool import Pool

        def restarted(reason: str) -> None:
            CHILD_RESTARTS.labels(reason).inc()

        folder = self._folder()
        try:
            reader = Reader(inputs, clock=lambda: time.time_ns() // 1_000_000)
            with (
                Pool(self.names, self.settings, steps=segment, on_restart=restarted) as pool,
                Progress(reader.total, quiet=self.quiet, bar=not self._prints_lines()) as progress,
                log_through(progress.say, self.settings.log_level),
                terminate_as_interrupt(),
            ):
                ends = process(
                    reader,
                    pool,
                    self.settings,
                    first_stage=self.steps[0].name,
                    finished=folder.finished if folder else lambda digest: None,
                    versions=Versions(self.out, topic_prefix=self.settings.topic_prefix) if folder else None,
                    limit=limit,
                    tick=progress.tick,
                )
                for done in ends:
                    self._take(done, folder, progress.say)
                    if len(self.table) >= _TABLE_ROWS:
                        with progress.hidden():
                            self._print_table()
                    progress.count(done.position, rejected=self.rejected, events=self.events)
            self._print_table()
        except KeyboardInterrupt:
            self._say_interrupted()
            raise
        finally:
            if folder:
                folder.close()
        self._say_end()
        if strict and (self.rejected or self.rejected_before):
            raise typer.Exit(1)

    def _prints_lines(self) -> bool:
        """Whether events are printed one by one on the terminal, where a bar would come between them."""
        return self.shown is Shown.JSONL and sys.stdout.isatty()

    def _folder(self) -> Any:
        if self.out is None:
            return None
        from importlib.metadata import version

        from pipeline.encoder.files import open_files
        from pipeline.events.own_store import open_own_types
        from pipeline.language.repeated import RepeatedBlocks
        from pipeline.local.folder import Folder, made_with
        from pipeline.streams.topics import load_topics

        settings = self.settings
        model, table = open_files(settings.model).digest, settings.repeated_blocks
        described = made_with(
            version=version("eventwire"),
            stages=",".join(step.name for step in self.steps),
            model=model,
            max_text=settings.max_text,
            max_html=settings.max_html,
            types=open_own_types(settings.types, model).digest,
            repeated_blocks=RepeatedBlocks.load(table).digest if table else None,
        )
        topics = [settings.topic_prefix + name for name in load_topics() if name != self.steps[0].reads]
        folder = Folder(self.out, topics=topics, made_with=described)
        if folder.cut and not self.quiet:
            _say(f"{self.out}: removed the unfinished end of an earlier run ({folder.cut:,} bytes)")
        return folder

    def _take(self, done: "Done", folder: Any, say: Callable[[str], None]) -> None:
        from pipeline.streams.measure import measure

        self.articles += 1
        outcome = done.outcome
        if outcome is None:
            self.before += 1
            self.rejected_before += done.before == "dead"
            return
        if folder:
            folder.write(done.digest, outcome.outputs)
        waited = time.time() - done.message.timestamp / 1000
        measure(
            outcome,
            reads=self.steps[0].reads,
            topic_prefix=self.settings.topic_prefix,
            seconds_since_arrival=waited,
        )
        self.events += outcome.events
        self.retracted += outcome.retracted
        if outcome.dead:
            self.rejected += 1
            self._say_rejected(done, say)
        for output in outcome.outputs:
            if output.topic.removeprefix(self.settings.topic_prefix).startswith("news.events."):
                self._show(output)

    def _show(self, output: "Output") -> None:
        value = output.value or b""
        if self.shown is Shown.JSONL:
            print_line(value)
        elif self.shown is Shown.TABLE:
            import orjson

            self.table.append(orjson.loads(value))

    def _print_table(self) -> None:
        if self.table:
            print_events(self.table)
            self.table.clear()

    def _say_rejected(self, done: "Done", say: Callable[[str], None]) -> None:
        from pipeline.streams.codec import header

        if self.out and self.rejected > _REJECTIONS_SHOWN:
            return
        outcome, message = done.outcome, done.message
        reason = header(outcome.outputs[0].headers, "ew_error") if outcome else ""
        where = f"{message.topic}:{message.offset + 1}"
        say(f"rejected {safe(where)}: {outcome.result if outcome else ''}: {safe(reason or '', longest=300)}")
        if self.out and self.rejected == _REJECTIONS_SHOWN:
            say("more are rejected: from here on they are only counted and written to the dead letters")

    def _say_end(self) -> None:
        parts = [f"{self.articles:,} articles"]
        if self.before:
            note = f" and {self.rejected_before:,} of those rejected" if self.rejected_before else ""
            parts.append(f"{self.before:,} of them done before{note}")
        parts.append(f"{self.events:,} {'new ' if self.before else ''}events")
        parts += [f"{self.retracted:,} retracted"] if self.retracted else []
        parts.append(f"{self.rejected:,} rejected")
        where = f" -> {self.out}" if self.out else ""
        if not self.quiet or self.rejected:
            _say(", ".join(parts) + where)

    def _say_interrupted(self) -> None:
        where = f" are complete in {self.out}; the same command goes on from there" if self.out else " were done"
        _say(f"interrupted: {self.articles:,} articles{where}")
