"""The frame of the pages that stand alone (`explain --html`, `diff --html`): nothing is loaded, nothing runs."""

import sys
from html import escape
from pathlib import Path

from pipeline.cli.explain_marks import visible
from pipeline.errors import SettingsError

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def safe(text: str) -> str:
    """Text as it is to be seen, for an element or an attribute."""
    return escape(visible(text), quote=True)


def document(*, title: str, style: str, body: str) -> str:
    """A whole page, UTF-8. `title` and `body` are HTML already."""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}
</body>
</html>
"""


def check_place(file: Path) -> None:
    """Known before long work begins. Raises `SettingsError` where `write` would."""
    if not file.parent.is_dir():
        raise SettingsError(f"--html {file}: cannot be written (there is no folder {file.parent}).")


def write(page: str, file: Path) -> None:
    """Raises `SettingsError` if it can't be written."""
    try:
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"--html {file}: cannot be written ({error.strerror}).") from error
    print(f"written: {file}", file=sys.stderr)
