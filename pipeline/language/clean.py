"""Title and body as sent -> the record's text, in which all offsets count. Only what no reader sees is removed."""

import re
from dataclasses import dataclass

from pipeline.language.characters import repair
from pipeline.language.layout import tidy

SEPARATOR = "\n\n"  # between title and body


@dataclass(frozen=True, slots=True)
class CleanText:
    """`text` is title, blank line, body (title left out if there is none). `changes`: what was normalised."""

    title: str | None
    text: str
    changes: tuple[str, ...]


def clean(title: str | None, body: str) -> CleanText:
    """The clean form of an article. Cleaning its result again changes nothing.

    `text` is empty if and only if the body holds nothing visible.
    """
    changes: list[str] = []
    clean_title = ""
    if title:
        clean_title, found = _settle(title)
        clean_title = re.sub(r"\s+", " ", clean_title)
        changes += found
    clean_body, found = _settle(body)
    changes += found
    while clean_title:
        first, _, rest = clean_body.partition("\n")
        if not rest or not _same(first, clean_title):
            break
        clean_body, found = _settle(rest)
        changes += ["repeated_title", *found]
    text = clean_title + SEPARATOR + clean_body if clean_title and clean_body else clean_body
    return CleanText(title=clean_title or None, text=text, changes=tuple(dict.fromkeys(changes)))


def _settle(text: str) -> tuple[str, list[str]]:
    """Characters, then lines, until both agree (joined lines can bring a combining mark to its letter)."""
    changes: list[str] = []
    for _ in range(4):
        repaired, first = repair(text)
        tidied, second = tidy(repaired)
        changes += first + second
        if tidied == text:
            break
        text = tidied
    return text, changes


def _same(line: str, title: str) -> bool:
    """Equal but for case, punctuation and spaces."""
    return _bare(line) == _bare(title) != ""


def _bare(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text).strip().casefold()
