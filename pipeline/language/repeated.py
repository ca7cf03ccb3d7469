"""Blocks that a source repeats from article to article: a table of their hashes, made beforehand.

The table is made by `eventwire repeated-blocks` (`pipeline.history.repeated`); EVENTWIRE_REPEATED_BLOCKS names it. It
is a pinned file like a model's: an outcome goes on depending on the record and on files alone, and the table's
digest is part of what the stage calls itself.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson

from pipeline.errors import SettingsError
from pipeline.records import Boilerplate, Source

FORMAT = 1  # of the table; another one for whatever changes a line's hash
LEAST_WORDS, LEAST_LETTERS, ENOUGH_LETTERS = 3, 12, 24
WIDE = 3  # letters that one Chinese, Japanese or Korean character counts for
SHOWN = 100  # characters of an example

_NUMBER = re.compile(r"\d+")
_WIDE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
_HASH = re.compile(r"[0-9a-f]{16}")


def source_key(source: Source | None, url: str | None) -> str | None:
    """What a source is called in the table: its domain, else the host of the article's url, else its name."""
    domain = source.domain if source else None
    if not domain and url:
        try:
            domain = urlsplit(url).hostname
        except ValueError:
            domain = None
    name = domain or (source.name if source else None) or ""
    return " ".join(name.casefold().removeprefix("www.").split()) or None


def line_hash(line: str) -> bytes | None:
    """8 bytes that are the same for lines that differ in case, spaces, numbers and signs around them only.

    None for a line that is too short to be a block: less than three words (or twelve letters), if it hasn't
    twenty-four letters.
    """
    words = re.sub(r"^\W+|\W+$", "", _NUMBER.sub("0", line.casefold())).split()
    letters = sum(map(str.isalpha, line)) + (WIDE - 1) * len(_WIDE.findall(line))
    if letters < ENOUGH_LETTERS and (len(words) < LEAST_WORDS or letters < LEAST_LETTERS):
        return None
    return hashlib.blake2b(" ".join(words).encode(), digest_size=8).digest()


def lines_of(text: str, *, title: int = 0) -> Iterator[tuple[int, int]]:
    """Start and end of each line of `text` that holds anything, from character `title` on (the headline is none)."""
    start = 0
    for line in text.split("\n"):
        if start >= title and line.strip():
            yield start, start + len(line)
        start += len(line) + 1


@dataclass(frozen=True, slots=True)
class RepeatedBlocks:
    """Hashes of lines by source; `digest`: SHA-256 (hex) of the file."""

    sources: Mapping[str, frozenset[bytes]]
    digest: str

    @classmethod
    def load(cls, path: Path) -> "RepeatedBlocks":
        """Raises `SettingsError` if there is no such table."""
        try:
            data = path.read_bytes()
        except OSError as error:
            raise SettingsError(
                f"EVENTWIRE_REPEATED_BLOCKS={path} can't be read ({error.strerror}): name a file that "
                "`eventwire repeated-blocks` wrote."
            ) from error
        try:
            sources = _read(orjson.loads(data))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SettingsError(
                f"EVENTWIRE_REPEATED_BLOCKS={path} is no table of repeated blocks ({error}): make it again with "
                "`eventwire repeated-blocks`."
            ) from error
        return cls(sources=sources, digest=hashlib.sha256(data).hexdigest())

    def mark(
        self, text: str, spans: tuple[Boilerplate, ...], *, source: str | None, title: int = 0
    ) -> tuple[Boilerplate, ...]:
        """`spans` and the lines of `text` that `source` repeats, in order, without overlaps.

        A repeated line that `spans` mark whole keeps their kinds; another one becomes one span of kind `repeated`.
        """
        hashes = self.sources.get(source or "")
        if not hashes:
            return spans
        marked: list[Boilerplate] = []
        rest = list(reversed(spans))
        for start, end in lines_of(text, title=title):
            while rest and rest[-1].end <= start:
                marked.append(rest.pop())
            within = []
            while rest and rest[-1].start < end:
                within.append(rest.pop())
            if line_hash(text[start:end]) in hashes and not _covers(text, within, start, end):
                within = [Boilerplate(start=start, end=end, kind="repeated")]
            marked += within
        return (*marked, *reversed(rest))


def _covers(text: str, spans: list[Boilerplate], start: int, end: int) -> bool:
    """Whether nothing but spaces is left of a line between `spans`."""
    edges = [start, *(edge for span in spans for edge in (span.start, span.end)), end]
    return not any(text[one:other].strip() for one, other in zip(edges[::2], edges[1::2], strict=True))


def _read(table: Any) -> dict[str, frozenset[bytes]]:
    if table["format"] != FORMAT:
        raise ValueError(f"its format is {table['format']!r}, this version needs {FORMAT}")
    sources = {}
    for name, entry in table["sources"].items():
        hashes = [line["hash"] for line in entry["lines"]]
        wrong = next((item for item in hashes if not isinstance(item, str) or not _HASH.fullmatch(item)), None)
        if wrong is not None:
            raise ValueError(f"{wrong!r} of {name} is no hash")
        sources[name] = frozenset(map(bytes.fromhex, hashes))
    return sources
