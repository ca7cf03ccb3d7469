"""What every command may write to a terminal: text that can't steer it, tables as wide as it is, warnings."""

import sys
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 120  # characters, where the terminal doesn't say


def console(*, width: int = WIDTH) -> "Console":
    """Standard output: as wide as the terminal, `width` if it goes somewhere else."""
    from rich.console import Console

    found = Console()
    return found if found.is_terminal else Console(width=width)


def warn(text: str) -> None:
    """One line on standard error."""
    print(f"warning: {safe(text)}", file=sys.stderr)


def safe(text: str, *, longest: int | None = None) -> str:
    """`text` in one line that can't steer a terminal, cut to `longest` characters."""
    text = " ".join(text.split())
    if longest is not None and len(text) > longest:
        text = text[: longest - 1].rstrip() + "…"
    return "".join(char if _harmless(char) else f"<U+{ord(char):04X}>" for char in text)


def _harmless(char: str) -> bool:
    # Cc: control; Cs: surrogates; Co, Cn: no agreed meaning; Cf: overrides and invisible ones, joiners of real scripts
    return unicodedata.category(char) not in ("Cc", "Cs", "Cf", "Co", "Cn") or char in "\u200c\u200d"
