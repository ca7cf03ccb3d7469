"""The frame of the pages that stand alone (`explain --html`, `diff --html`): nothing is loaded, nothing runs."""

from html import escape

from pipeline.cli.explain_marks import visible

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
