"""The 12 classes and 53 event types, read once from `taxonomy.yaml` (reviewed data, as topics are); and how the users'
own types stand beside them.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from pipeline.errors import SettingsError

PATH = Path(__file__).with_name("taxonomy.yaml")
_TYPE = re.compile(r"[a-z_]+\.[a-z_]+")
_ROLE = re.compile(r"[a-z_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class EventType:
    """One type. `name` is `<class>.<type>`; `roles` are in order of importance: the first one that an event fills
    with an entity is its primary participant.
    """

    name: str
    definition: str
    roles: tuple[str, ...]
    iptc: str | None = None  # IPTC Media Topic
    plover: str | None = None
    sentivent: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)  # own types: what a role is called in the events

    @property
    def event_class(self) -> str:
        return self.name.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """All types in the file's order, which is the order of the shipped model's columns.

    `digest` is the SHA-256 of the file: it goes into the events' model ref, since other types give other events.
    The users' own types (`own.py`) stand behind the shipped ones and have the shipped roles.
    """

    types: Mapping[str, EventType]
    digest: str

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the file's order; each is an event topic."""
        return tuple(dict.fromkeys(kind.event_class for kind in self.types.values()))

    @property
    def roles(self) -> tuple[str, ...]:
        """Every role once, in the order of its first use."""
        return tuple(dict.fromkeys(role for kind in self.types.values() for role in kind.roles))

    def __getitem__(self, name: str) -> EventType:
        return self.types[name]

    def with_own(self, kinds: Iterable[EventType]) -> "Taxonomy":
        """These types and the users' own ones after them. The digest stays the file's."""
        return Taxonomy(MappingProxyType({**self.types, **{kind.name: kind for kind in kinds}}), self.digest)


def read_taxonomy(path: Path = PATH) -> Taxonomy:
    """Read and check a taxonomy file. Raises `SettingsError`, naming the entry that is wrong."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"{path}: cannot read the event taxonomy ({error.strerror}).") from error
    try:
        content = yaml.safe_load(raw)
    except yaml.YAMLError as error:
        raise SettingsError(f"{path} is not YAML: {error}") from error
    entries = content.get("types") if isinstance(content, dict) else None
    if not isinstance(entries, list) or not entries:
        raise SettingsError(f"{path}: a taxonomy needs a list `types` of type, definition and roles.")
    types: dict[str, EventType] = {}
    for number, entry in enumerate(entries, start=1):
        kind = _event_type(entry, f"{path}, entry {number}")
        if kind.name in types:
            raise SettingsError(f"{path}, entry {number}: {kind.name} is there twice.")
        types[kind.name] = kind
    return Taxonomy(MappingProxyType(types), hashlib.sha256(raw).hexdigest())


def _event_type(entry: Any, where: str) -> EventType:
    if not isinstance(entry, dict):
        raise SettingsError(f"{where}: not a mapping with type, definition and roles.")
    name, definition, roles = entry.get("type"), entry.get("definition"), entry.get("roles")
    if not isinstance(name, str) or not _TYPE.fullmatch(name):
        raise SettingsError(f"{where}: `type` must look like class.type in small letters, not {name!r}.")
    if not isinstance(definition, str) or not definition.strip():
        raise SettingsError(f"{where}: {name} has no `definition`.")
    right = isinstance(roles, list) and all(isinstance(role, str) and _ROLE.fullmatch(role) for role in roles)
    if not right or not roles or len(set(roles)) < len(roles):
        raise SettingsError(f"{where}: {name} needs a list `roles` of different names in small letters.")
    codes: dict[str, Any] = {
        key: value for key in ("iptc", "plover", "sentivent") if isinstance(value := entry.get(key), str)
    }
    return EventType(name=name, definition=definition, roles=tuple(roles), **codes)


@cache
def taxonomy() -> Taxonomy:
    """The shipped taxonomy."""
    return read_taxonomy()
