"""Reads the stage's tables (`data/*.yaml`), once a process, and gives the digest that names them."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from pipeline.errors import ModelError

DATA = Path(__file__).parent / "data"
RULES_VERSION = "3"  # raise it when code of this folder changes what comes out


@cache
def read_table(name: str) -> Any:
    """The parsed table `data/<name>`. Don't change it: it's shared. `ModelError` if it can't be read."""
    path = DATA / name
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ModelError(f"{path} can't be read ({error.strerror}): install eventwire again.") from error
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  # a safe loader, in C


@cache
def tables_digest() -> str:
    """SHA-256 over `RULES_VERSION` and the names and bytes of all tables, as hex."""
    whole = hashlib.sha256(f"rules {RULES_VERSION}\n".encode())
    for path in sorted(DATA.iterdir()):
        if path.suffix in {".yaml", ".csv"}:
            whole.update(f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()
