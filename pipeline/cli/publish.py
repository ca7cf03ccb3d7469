"""`eventwire publish`: articles from files to Kafka."""

import sys
from typing import Annotated, Any

import typer

from pipeline.cli.counting import counting
from pipeline.cli.options import Brokers, Prefix
from pipeline.cli.run import InputFormat
from pipeline.cli.terminal import safe

_SHOWN = 100  # errors in full; a file of the wrong kind may have a million


def publish(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE|DIR|-...",
            help="JSON Lines, JSON, text or HTML files (also .gz, .zst), directories of them, - for standard input.",
        ),
    ],
    input_format: Annotated[
        InputFormat | None, typer.Option(help="Of all inputs, instead of what their names or first lines say.")
    ] = None,
    brokers: Brokers = None,
    topic_prefix: Prefix = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no summary: errors only.")] = False,
) -> int:
    """Publish articles to the topic news.articles.raw.

    Lines go out as they are, broken ones too: the language stage dead-letters what it can't read, so that nothing
    is lost without a trace (eventwire dead-letters list). Publishing the same file again is safe: the same article
    has the same id, and its events have the same ids.

    Exit code: 0 all published, 1 something could not be (told with its line), 2 a mistake, 3 trouble with Kafka.

    \b
    Examples:
      eventwire publish articles.jsonl
      eventwire publish articles/ --brokers kafka1:9092,kafka2:9092
      zcat feed.jsonl.gz | eventwire publish -
    """
    from pipeline.local.inputs import Format, find_inputs
    from pipeline.settings import load_settings

    settings = load_settings(brokers=brokers, topic_prefix=topic_prefix)
    skipped: list[str] = []
    forced = Format(input_format.value) if input_format else None
    found = find_inputs(inputs, format=forced, on_skip=skipped.append)
    if skipped:
        _say(f"skipped {len(skipped)} files that are no articles by their names, the first: {safe(skipped[0])}", quiet)
    return _Publication(settings, quiet).run(found)


class _Publication:
    """One run: what was sent, what was not."""

    def __init__(self, settings: Any, quiet: bool) -> None:
        self._settings = settings
        self._quiet = quiet
        self._sent = self._strange = self._refused = 0

    def run(self, inputs: Any) -> int:
        import time

        from pipeline.broker.client import Writer
        from pipeline.errors import EventwireError
        from pipeline.local.read import Reader

        reader = Reader(inputs, clock=lambda: time.time_ns() // 1_000_000)
        writer = Writer(self._settings)
        try:
            with writer, counting(quiet=self._quiet) as count:
                for item in reader:
                    self._one(item, writer)
                    if self._sent % 16 == 0:
                        count(f"{self._sent:,} published", item.position, reader.total)
        except (EventwireError, KeyboardInterrupt):
            if self._sent:
                _say(f"stopped: {writer.acknowledged:,} of {self._sent:,} sent were acknowledged; publish again", False)
            raise
        self._summary(writer.acknowledged)
        return 1 if self._refused else 0

    def _one(self, item: Any, writer: Any) -> None:
        from datetime import UTC, datetime

        from pipeline.broker.publish import is_article, raw_output
        from pipeline.errors import InvalidInput

        try:
            if item.rejected is not None:
                raise item.rejected
            output = raw_output(item.message, now=datetime.now(UTC), topic_prefix=self._settings.topic_prefix)
        except InvalidInput as error:
            self._refused += 1
            if self._refused <= _SHOWN:
                place = safe(f"{item.message.topic}:{item.message.offset + 1}")
                print(f"error: {place}: {error.code}, not published: {safe(str(error))}", file=sys.stderr)
            if self._refused == _SHOWN:
                _say("more can't be published: from here on they are only counted", self._quiet)
            return
        writer.write(output)
        self._sent += 1
        self._strange += not is_article(output.headers)

    def _summary(self, acknowledged: int) -> None:
        from pipeline.broker.publish import RAW

        text = f"published {acknowledged:,} to {self._settings.topic_prefix}{RAW}"
        if self._strange:
            text += f"; {self._strange:,} of them no JSON object: they will be dead letters of the language stage"
        if self._refused:
            text += f"; {self._refused:,} could not be published"
        _say(text, self._quiet)


def _say(text: str, quiet: bool) -> None:
    if not quiet:
        print(text, file=sys.stderr)
