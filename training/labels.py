"""The label sets of all heads, in the order of the model's outputs."""

from __future__ import annotations

from functools import cache

import yaml

from training import places

CLASSES = ("PER", "ORG", "LOC", "PRODUCT", "MISC")
ENTITY_LABELS = ("O", *(f"{prefix}-{label}" for label in CLASSES for prefix in "BI"))
STATUSES = ("announced", "completed", "scheduled", "rumoured", "cancelled", "denied", "ongoing")
TIMES = ("current", "background")


TAXONOMY = places.REPOSITORY / "pipeline" / "events" / "taxonomy.yaml"


@cache
def event_roles() -> dict[str, tuple[str, ...]]:
    """Roles by event type, both in the taxonomy's order."""
    types = yaml.safe_load(TAXONOMY.read_text(encoding="utf-8"))["types"]
    return {row["type"]: tuple(row["roles"]) for row in types}


def event_types() -> tuple[str, ...]:
    """The 53 types."""
    return tuple(event_roles())


def roles() -> tuple[str, ...]:
    """Distinct role names, in order of first appearance."""
    return tuple(dict.fromkeys(role for names in event_roles().values() for role in names))
