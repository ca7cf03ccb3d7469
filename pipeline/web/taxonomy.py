"""The values that filters take and records hold, with labels for people."""

from collections.abc import Collection, Iterable
from typing import Any, get_args

from pipeline.events.selection import STATUSES
from pipeline.events.taxonomy import taxonomy
from pipeline.records.values import AmountKind, BoilerplateKind, EntityLabel
from pipeline.web.query import TIMES

_ENTITY_LABELS = {"PER": "Person", "ORG": "Organisation", "LOC": "Place", "PRODUCT": "Product", "MISC": "Other"}
_SHORT = {"ip": "Intellectual property", "ad": "Advertisement"}


def vocabulary(languages: Collection[str]) -> dict[str, Any]:
    """A `Taxonomy` of the API. `languages`: the codes that an article can have."""
    kinds = taxonomy()
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
        "languages": [{"name": code, "label": _language(code)} for code in languages],
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
