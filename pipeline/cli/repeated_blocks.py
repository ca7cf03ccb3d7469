"""`eventwire repeated-blocks`: the table of what sources repeat from article to article."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.counting import counting
from pipeline.cli.options import Prefix
from pipeline.cli.terminal import safe


def repeated_blocks(
    source: Annotated[
        list[str],
        typer.Argument(metavar="SOURCE...", help="An archive, a folder of eventwire run --out, or raw articles."),
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where the table is written (JSON).")],
    topic_prefix: Prefix = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no summary.")] = False,
) -> None:
    """Find the lines that a source repeats in at least 5 of its last 200 articles, and write them as a table.

    With EVENTWIRE_REPEATED_BLOCKS=FILE the language stage marks them as boilerplate (kind: repeated), in articles of
    that source only. The table is part of the language model's name: a replay, verify and diff notice another one.
    Lines are compared without case, numbers and signs around them; short ones never count. The table is the same
    however the articles are spread over partitions. SOURCE is read twice.

    \b
    Examples:
      eventwire repeated-blocks /data/news --out blocks.json
      eventwire repeated-blocks articles/ --out blocks.json
      EVENTWIRE_REPEATED_BLOCKS=blocks.json eventwire run articles/ --out out
    """
    import orjson

    from pipeline.errors import SettingsError
    from pipeline.history.repeated import reader, table
    from pipeline.settings import load_settings

    settings = load_settings(topic_prefix=topic_prefix)
    if out.is_dir() or not out.absolute().parent.is_dir():
        raise typer.BadParameter(f"{out} can't be written: name a file in a folder that there is.", param_hint="--out")
    with counting(quiet=quiet) as count:
        found = table(reader(source, settings), settings, progress=count)
    part = out.with_name(f".{out.name}.part")
    try:
        part.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n")
        os.replace(part, out)
    except OSError as error:
        raise SettingsError(f"{out} can't be written: {error.strerror}.") from error
    if not quiet:
        lines = sum(len(entry["lines"]) for entry in found["sources"].values())
        print(
            f"{safe(str(out))}: {lines:,} repeated lines of {len(found['sources']):,} sources. To use it: "
            f"EVENTWIRE_REPEATED_BLOCKS={safe(str(out))}",
            file=sys.stderr,
        )
