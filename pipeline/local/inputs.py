"""Which files are read: what the user names, directories walked in a fixed order."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from pipeline.errors import SettingsError
from pipeline.flow import FLOW
from pipeline.streams.topics import load_topics

STANDARD_INPUT = "-"
RAW = FLOW[0].reads
_PACKED = (".gz", ".zst")


class Format(StrEnum):
    """What is in a file."""

    JSONL = "jsonl"  # one article a line
    JSON = "json"  # one article, an array of them, or several values one after the other
    TEXT = "text"  # one article in plain text
    HTML = "html"  # one page


_SUFFIXES = {
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".json": Format.JSON,
    ".txt": Format.TEXT,
    ".html": Format.HTML,
    ".htm": Format.HTML,
}


@dataclass(frozen=True)
class Input:
    """One file. `name` is its path as the user gave it, `-` for standard input; `format` None: look inside."""

    name: str
    format: Format | None

    @property
    def size(self) -> int | None:
        """Bytes on the disk; None for pipes and standard input."""
        if self.name == STANDARD_INPUT or not Path(self.name).is_file():
            return None
        return Path(self.name).stat().st_size

    def open(self) -> Any:
        """Its bytes, unbuffered. Raises `SettingsError` if it can't be read."""
        try:
            if self.name == STANDARD_INPUT:
                # An own file object: at exit nobody waits for the lock of `sys.stdin` that a reading thread holds.
                return os.fdopen(os.dup(sys.stdin.fileno()), "rb", buffering=0)
            return open(self.name, "rb", buffering=0)
        except OSError as error:
            raise SettingsError(f"{self.name} can't be read: {error.strerror}.") from error


def find_inputs(
    names: Sequence[str],
    *,
    format: Format | None = None,
    without: Path | None = None,
    on_skip: Callable[[str], None] = lambda name: None,
) -> list[Input]:
    """The files that `names` stand for, directories walked in the order of their names.

    In a directory, files with other endings than those of articles are skipped (`on_skip` is told), hidden files and
    the folder `without` (the run's own output) silently; where the user names that folder itself, its topic files.
    Raises `SettingsError` for what isn't there or can't be listed, for a directory without articles, and for standard
    input named twice.
    """
    inputs: list[Input] = []
    for name in names:
        if name == STANDARD_INPUT:
            inputs.append(Input(name, format))
        elif os.path.isdir(name):
            found = list(_walk(name, format, without, on_skip))
            if not found:
                raise SettingsError(
                    f"There is no article in {name}: files end in {', '.join(_SUFFIXES)} (+ .gz, .zst)."
                )
            inputs += found
        elif os.path.exists(name):
            inputs.append(Input(name, format or format_of(name)))
        else:
            raise SettingsError(f"There is no file or directory {name}.")
    if sum(i.name == STANDARD_INPUT for i in inputs) > 1:
        raise SettingsError("Standard input (-) can be read once only.")
    return inputs


def _walk(name: str, format: Format | None, without: Path | None, on_skip: Callable[[str], None]) -> Iterator[Input]:
    for folder, folders, files in os.walk(name, onerror=_unlisted):
        written = (
            tuple(f"{topic}.jsonl" for topic in load_topics() if topic != RAW) if _same(Path(folder), without) else ()
        )
        folders[:] = sorted(f for f in folders if not f.startswith(".") and not _same(Path(folder, f), without))
        for file in sorted(files):
            path = os.path.join(folder, file)
            known = format_of(file)
            if file.startswith(".") or file.endswith(written):
                continue
            if known is None:
                on_skip(path)
            elif not os.access(path, os.R_OK):
                why = "a link to nothing" if not os.path.exists(path) else "permission denied"
                raise SettingsError(f"{path} can't be read: {why}. Remove it, or name the files to read.")
            else:
                yield Input(path, format or known)


def _unlisted(error: OSError) -> None:
    """A folder that can't be opened is articles that would be left out without a word."""
    raise SettingsError(f"{error.filename} can't be listed: {error.strerror}.") from error


def _same(path: Path, other: Path | None) -> bool:
    return other is not None and path.resolve() == other.resolve()


def format_of(name: str) -> Format | None:
    """By the ending, that of a packed file aside; None if it says nothing."""
    path = Path(name.lower())
    return _SUFFIXES.get(Path(path.stem).suffix if path.suffix in _PACKED else path.suffix)
