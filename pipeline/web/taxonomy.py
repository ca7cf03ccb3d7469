"""The values that filters take and records hold, with labels for people."""

from collections.abc import Iterable
from typing import Any, get_args

from pipeline.events.selection import STATUSES
from pipeline.records.values import AmountKind, BoilerplateKind, EntityLabel
from pipeline.web.query import TIMES, Known

_ENTITY_LABELS = {"PER": "Person", "ORG": "Organisation", "LOC": "Place", "PRODUCT": "Product", "MISC": "Other"}
_SHORT = {"ip": "Intellectual property", "ad": "Advertisement"}


def vocabulary(known: Known) -> dict[str, Any]:
    """A `Taxonomy` of the API."""
    kinds = known.kinds
    types = [
        {
            "name": kind.name,
            "label": label(kind.name.partition(".")[2]),
            "class": kind.event_class,
            "definition": kind.definition,
            "roles": list(kind.roles),
            **({"iptc": kind.iptc} if kind.iptc else {}),
        }
        for kind in kinds.types.values()
    ]
    return {
        "classes": _named(kinds.classes),
        "types": types,
        "roles": _named(kinds.roles),
        "statuses": _named(STATUSES),
        "times": _named(TIMES),
        "languages": [{"name": code, "label": _language(code)} for code in known.languages],
        "entity_labels": [{"name": name, "label": _ENTITY_LABELS[name]} for name in get_args(EntityLabel)],
        "amount_kinds": [{"name": name, "label": name.capitalize()} for name in get_args(AmountKind)],
        "boilerplate_kinds": _named(get_args(BoilerplateKind)),
    }


def label(name: str) -> str:
    """`joint_venture` -> `Joint venture`"""
    return _SHORT.get(name) or name.replace("_", " ").capitalize()


def _named(names: Iterable[str]) -> list[dict[str, str]]:
    return [{"name": name, "label": label(name)} for name in names]


def _language(code: str) -> str:
    from babel import Locale

    if code == "und":
        return "Unknown"
    return str(Locale("en").languages.get(code, code))
