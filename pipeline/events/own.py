"""A user's own event type, as its YAML file says: a name, roles, and sentences that report it, with the words marked.

    type: product.award
    definition: a prize goes to a person, a firm or a product
    like: product.launch
    roles:
      winner: recipient
      jury: authority
    examples:
      - en: <jury=The Harbour Guild> <awarded> its design prize to <winner=Studio Quill>.
      - de: Der Lyrikpreis <geht an> <winner=Ada Brenner>.
    counterexamples:
      - en: Every child likes to win a prize.

`<words>` is the trigger, `<role=words>` a participant. A role follows the rules of a shipped role (what may fill it,
whether it is a figure or a date, who "the company" is): `winner: recipient`; a list of names takes shipped roles as
they are.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from pipeline.errors import SettingsError
from pipeline.events.taxonomy import EventType, Taxonomy, taxonomy
from pipeline.events.words import Span

FEWEST, MOST = 5, 200  # examples
LONGEST = 600  # characters of one
LARGEST_FILE = 1 << 20  # bytes
LEARNED_FROM = 4  # examples that mark a role, from which on it is learned from them
NAME_CHARACTERS = 64  # as the event schema has it

_TYPE = re.compile(r"[a-z]+\.[a-z][a-z_]*")
_ROLE = re.compile(r"[a-z][a-z_]*")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z]+)?")
_MARK = re.compile(r"<(?:([^<>=]*)=)?([^<>]*)>")
_KEYS = ("type", "definition", "like", "roles", "examples", "counterexamples")


@dataclass(frozen=True, slots=True)
class Example:
    """One sentence without its marks. `roles`: own role names and the spans that fill them."""

    language: str
    text: str
    triggers: tuple[Span, ...] = ()
    roles: tuple[tuple[str, Span], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnType:
    """A checked definition. `roles`: own name -> the shipped role whose rules it follows, in order of importance."""

    name: str
    definition: str
    roles: Mapping[str, str]
    examples: tuple[Example, ...]
    counterexamples: tuple[Example, ...] = ()
    like: str | None = None
    source: bytes = field(default=b"", repr=False)  # the file

    @property
    def kind(self) -> EventType:
        """The type as the taxonomy has it. Inside the event agent its roles go by their shipped names."""
        names = {shipped: own for own, shipped in self.roles.items()}
        return EventType(name=self.name, definition=self.definition, roles=tuple(self.roles.values()), names=names)

    @property
    def learned(self) -> tuple[str, ...]:
        """The shipped names of the roles that enough examples mark; the others are read as in the type `like`."""
        marked = [{role for role, _ in example.roles} for example in self.examples]
        return tuple(shipped for own, shipped in self.roles.items() if sum(own in m for m in marked) >= LEARNED_FROM)


def read_own_type(path: Path) -> OwnType:
    """Read and check a file. Raises `SettingsError` that says what is wrong, where, and what would be right."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror}).") from error
    return parse_own_type(raw, str(path))


def parse_own_type(raw: bytes, where: str) -> OwnType:
    """The same for the bytes of a file that errors call `where`."""
    if len(raw) > LARGEST_FILE:
        raise SettingsError(f"{where}: {len(raw):,} bytes are more than a type needs ({LARGEST_FILE:,} at most).")
    try:
        content = yaml.safe_load(raw)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        problem = " ".join(str(error).split())[:200]
        raise SettingsError(f"{where} is not YAML ({problem}). Put sentences with ': ' or '#' into quotes.") from error
    if not isinstance(content, dict):
        raise SettingsError(f"{where}: not a mapping with type, definition, roles and examples.")
    if unknown := [str(key) for key in content if key not in _KEYS]:
        raise SettingsError(f"{where}: there is no key {unknown[0]!r}. The keys are: {', '.join(_KEYS)}.")
    shipped = taxonomy()
    name = _name(content.get("type"), shipped, where)
    where = f"{where}, {name}"
    definition, like = content.get("definition"), content.get("like")
    if not isinstance(definition, str) or not definition.strip():
        raise SettingsError(f"{where}: it has no `definition`.")
    if like is not None and like not in shipped.types:
        raise SettingsError(f"{where}: `like` names a shipped type, whose roles are read; {like!r} is none.")
    roles = _roles(content.get("roles"), shipped, where)
    examples = _examples(content.get("examples"), "examples", roles, where)
    others = _examples(content.get("counterexamples") or [], "counterexamples", roles, where)
    if not FEWEST <= len(examples) <= MOST:
        raise SettingsError(
            f"{where}: {len(examples)} examples. A type needs {FEWEST} to {MOST}; ten are a good number."
        )
    if missing := [number for number, example in enumerate(examples, 1) if not example.triggers]:
        raise SettingsError(f"{where}: example {missing[0]} has no trigger: put the words that name it into <...>.")
    own = OwnType(
        name=name,
        definition=definition.strip(),
        roles=roles,
        examples=examples,
        counterexamples=others,
        like=like,
        source=raw,
    )
    readable = {*own.learned, *(shipped[like].roles if like else ())}
    if unread := [role for role, rules in roles.items() if rules not in readable]:
        raise SettingsError(
            f"{where}: nothing says how to read the role {unread[0]!r}. Mark it (<{unread[0]}=...>) in at least "
            f"{LEARNED_FROM} examples, or let it follow a role of a shipped type named by `like`."
        )
    return own


def _name(name: Any, shipped: Taxonomy, where: str) -> str:
    if not isinstance(name, str) or not _TYPE.fullmatch(name) or len(name) > NAME_CHARACTERS:
        raise SettingsError(f"{where}: `type` must look like product.award (small letters, _), not {name!r}.")
    if name in shipped.types:
        raise SettingsError(f"{where}: {name} is a shipped type: give yours another name.")
    if name.partition(".")[0] not in shipped.classes:
        raise SettingsError(
            f"{where}: {name} needs a class that has a topic, before its point: {', '.join(shipped.classes)}."
        )
    return name


def _roles(roles: Any, shipped: Taxonomy, where: str) -> dict[str, str]:
    if isinstance(roles, list):
        roles = (
            {role: role for role in roles if isinstance(role, str)} if len(set(map(str, roles))) == len(roles) else {}
        )
    if not isinstance(roles, dict) or not roles:
        raise SettingsError(f"{where}: it needs `roles`, such as `winner: recipient`, each name once.")
    for own, rules in roles.items():
        if not isinstance(own, str) or not _ROLE.fullmatch(own):
            raise SettingsError(f"{where}: a role's name has small letters and _ only, not {own!r}.")
        if rules not in shipped.roles:
            raise SettingsError(
                f"{where}: the role {own!r} must follow a shipped role, and {rules!r} is none. They are: "
                f"{', '.join(shipped.roles)}."
            )
    if twice := [rules for rules in roles.values() if list(roles.values()).count(rules) > 1]:
        raise SettingsError(f"{where}: two roles follow {twice[0]!r}: let each follow another one.")
    return dict(roles)


def _examples(entries: Any, key: str, roles: Mapping[str, str], where: str) -> tuple[Example, ...]:
    if not isinstance(entries, list):
        raise SettingsError(f"{where}: `{key}` must be a list of sentences, each as `- en: ...`.")
    found: list[Example] = []
    for number, entry in enumerate(entries[: MOST + 1], 1):
        place = f"{where}, {key} {number}"
        pair = next(iter(entry.items())) if isinstance(entry, dict) and len(entry) == 1 else (None, None)
        language = "no" if pair[0] is False else pair[0]  # YAML 1.1 reads `no` as false
        if not isinstance(language, str) or not _LANGUAGE.fullmatch(language) or not isinstance(pair[1], str):
            raise SettingsError(f"{place}: must be one language code and one sentence, as `- en: ...`.")
        example = _unmark(language, " ".join(pair[1].split()), roles, place)
        if any(example.text == other.text for other in found):
            raise SettingsError(f"{place}: the same sentence is there twice.")
        found.append(example)
    return tuple(found)


def _unmark(language: str, marked: str, roles: Mapping[str, str], place: str) -> Example:
    text, at = "", 0
    triggers: list[Span] = []
    fillers: list[tuple[str, Span]] = []
    for match in _MARK.finditer(marked):
        text += marked[at : match.start()]
        at = match.end()
        role, words = match[1], match[2]
        if not words.strip():
            raise SettingsError(f"{place}: nothing is marked in {match[0]!r}.")
        span = len(text), len(text) + len(words)
        text += words
        if role is None:
            triggers.append(span)
        elif role.strip() in roles:
            fillers.append((role.strip(), span))
        else:
            raise SettingsError(f"{place}: there is no role {role.strip()!r}. The type's roles: {', '.join(roles)}.")
    text += marked[at:]
    if "<" in text or ">" in text:
        raise SettingsError(f"{place}: a mark is not closed, or stands inside another: {_short(marked)!r}.")
    if not any(char.isalpha() for char in text) or len(text) > LONGEST:
        raise SettingsError(f"{place}: must be a sentence of at most {LONGEST} characters.")
    return Example(language, text, tuple(triggers), tuple(fillers))


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


def same_name_twice(types: Sequence[OwnType]) -> str | None:
    """A name that two of the types share."""
    names = [own.name for own in types]
    return next((name for name in names if names.count(name) > 1), None)
