"""docs/reference.md, made from the program itself: commands, settings, metrics, error codes, topics.

`make docs` writes it; a test fails when the file and the program disagree.
"""

import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference.md"
HEAD = """# Reference

Made from the program by `make docs`; a test fails when they disagree.
"""


def _help(*words: str) -> str:
    environ = {**os.environ, "COLUMNS": "100", "TERM": "dumb", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "pipeline.cli.main", *words, "--help"]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout.rstrip()


def _commands() -> str:
    from pipeline.cli.main import COMMANDS

    parts = ["## Commands"]
    for name in COMMANDS:
        text = _help(name)
        parts.append(f"### eventwire {name}\n\n```\n{text}\n```")
        listed = re.search(r"^Commands:?\n((?:  .+\n?)+)", text, re.MULTILINE)
        for line in (listed.group(1) if listed else "").splitlines():
            if found := re.match(r"  ([a-z-]+)\b", line):
                parts.append(f"#### eventwire {name} {found[1]}\n\n```\n{_help(name, found[1])}\n```")
    return "\n\n".join(parts)


def settings() -> list[tuple[str, str, str]]:
    """Variable, default, meaning: the meaning is the comment beside the field."""
    from pipeline.settings import PREFIX, Settings

    rows = re.findall(r"^    (\w+): [^=\n]+ = (.+?)  # (.+)$", inspect.getsource(Settings), re.MULTILINE)
    return [(PREFIX + name.upper(), default.strip('"'), meaning) for name, default, meaning in rows]


def metrics() -> list[tuple[str, str, str]]:
    """Name as Prometheus sees it, labels, meaning."""
    from prometheus_client import Counter
    from prometheus_client.metrics import MetricWrapperBase

    from pipeline import metrics as module

    found = [value for value in vars(module).values() if isinstance(value, MetricWrapperBase)]
    return [
        (
            metric._name + ("_total" if isinstance(metric, Counter) else ""),
            ", ".join(metric._labelnames),
            metric._documentation,
        )
        for metric in found
    ]


def _table(title: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [f"## {title}", "", " | ".join(("", *columns, "")).strip(), "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _codes() -> list[tuple[str, str]]:
    from pipeline.errors import Code

    return re.findall(r'^    [A-Z_0-9]+ = "(\w+)"  # (.+)$', inspect.getsource(Code), re.MULTILINE)


def _topics() -> list[tuple[str, ...]]:
    from pipeline.streams.topics import load_topics

    return [
        (f"`{topic.name}`", " ".join(topic.key.split()), " ".join(topic.description.split()))
        for topic in load_topics().values()
    ]


def page() -> str:
    return (
        "\n\n".join(
            [
                HEAD.rstrip(),
                _commands(),
                _table(
                    "Settings",
                    ("environment variable", "default", "meaning"),
                    [(f"`{n}`", f"`{d}`" if d else "", m) for n, d, m in settings()],
                ),
                _table("Metrics", ("name", "labels", "meaning"), [(f"`{n}`", la, m) for n, la, m in metrics()]),
                _table("Dead-letter codes", ("code", "why"), [(f"`{c}`", why) for c, why in _codes()]),
                _table("Topics", ("topic", "key", "one message is"), _topics()),
            ]
        )
        + "\n"
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE}")
