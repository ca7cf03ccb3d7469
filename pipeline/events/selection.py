"""Which events a subscriber wants: by class, type, entity, language, confidence, status and source.

A wish that can't be right (a misspelt type, a class with another class's type) is an error at once: a subscriber who
waits for events that never come finds out too late.
"""

import difflib
import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import get_args

from pipeline.errors import SettingsError
from pipeline.events.taxonomy import Taxonomy, taxonomy
from pipeline.records import NewsEvent, Participant
from pipeline.records.events import Status

STATUSES: tuple[str, ...] = get_args(Status)
_SHOWN = 3  # near names in an error
# Latin, Greek and Cyrillic accents, Hebrew and Arabic vowel points. Not the marks that make other letters (が of か).
_ACCENTS = re.compile("[\u0300-\u036f\u0591-\u05bd\u05bf-\u05c7\u064b-\u065f\u0670]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What is wanted; an empty field wants everything. Made by `select`, which checks it.

    `entities` and `sources` are folded. An event is wanted if each field that isn't empty names it.
    """

    classes: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    entities: tuple[str, ...] = ()
    languages: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()
    sources: tuple[str, ...] = ()
    min_confidence: float = 0.0

    @property
    def wanted_classes(self) -> tuple[str, ...]:
        """The classes that wanted events can have, in the taxonomy's order: their topics are enough to read."""
        of_types = {name.partition(".")[0] for name in self.types}
        return tuple(
            name
            for name in taxonomy().classes
            if (not self.classes or name in self.classes) and (not of_types or name in of_types)
        )

    def wants(self, event: NewsEvent) -> bool:
        return (
            (not self.classes or event.event_class in self.classes)
            and (not self.types or event.type in self.types)
            and event.confidence >= self.min_confidence
            and (not self.statuses or event.status in self.statuses)
            and (not self.languages or event.article.language in self.languages)
            and (not self.sources or any(_holds(event.article.source or "", name) for name in self.sources))
            and (not self.entities or any(_is(person, name) for person in event.participants for name in self.entities))
        )


def select(
    *,
    classes: Iterable[str] = (),
    types: Iterable[str] = (),
    entities: Iterable[str] = (),
    languages: Iterable[str] = (),
    statuses: Iterable[str] = (),
    sources: Iterable[str] = (),
    min_confidence: float = 0.0,
    known_languages: Collection[str] = (),
    kinds: Taxonomy | None = None,
) -> Selection:
    """A checked selection. `known_languages`: the codes that an article can have; empty: languages go unchecked.
    `kinds`: the types that there are, if own ones are among them (`own_store.known_types`).

    `entities` are matched with a participant's name and words (whole words, case and accents aside) and with its ids
    (whole). Raises `SettingsError` for a class, type, status or language that doesn't exist (with the nearest ones),
    for an empty name and for a selection that no event can ever meet.
    """
    kinds = kinds or taxonomy()
    classes = frozenset(_known(name, kinds.classes, "class", "classes") for name in classes)
    types = frozenset(_known(name, kinds.types, "type", "types") for name in types)
    for name in sorted(types):
        if classes and kinds[name].event_class not in classes:
            raise SettingsError(
                f"No event has the type {name} and a class of {', '.join(sorted(classes))}: "
                f"its class is {kinds[name].event_class}."
            )
    if not 0.0 <= min_confidence <= 1.0:
        raise SettingsError(f"A confidence lies between 0 and 1: {min_confidence:g} can't be the smallest one.")
    return Selection(
        classes=classes,
        types=types,
        entities=tuple(_name(name, "entity") for name in entities),
        languages=frozenset(
            _known(name.lower(), known_languages, "language", "languages") if known_languages else name.lower()
            for name in languages
        ),
        statuses=frozenset(_known(name, STATUSES, "status", "statuses") for name in statuses),
        sources=tuple(_name(name, "source") for name in sources),
        min_confidence=min_confidence,
    )


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """Up to three of `known` that `name` may stand for: those that it is a part of, then those spelt alike."""
    known = list(known)
    folded = name.lower().strip()
    # Two letters (a language's code) stand in many words by chance.
    lasts = ((k, k.rpartition(".")[2]) for k in known)
    parts = [k for k, last in lasts if len(folded) > 2 and (folded in k or (len(last) > 2 and last in folded))]
    alike = difflib.get_close_matches(folded, known, n=_SHOWN, cutoff=0.6)
    return list(dict.fromkeys(difflib.get_close_matches(folded, parts, n=_SHOWN, cutoff=0.0) + alike))[:_SHOWN]


def _known(name: str, known: Collection[str], what: str, plural: str) -> str:
    if name in known:
        return name
    near = nearest(name, known)
    if near:
        raise SettingsError(f"There is no {what} {name!r}. Nearest: {', '.join(near)}.")
    shown = ", ".join(known) if len(known) <= 16 else f"{', '.join(list(known)[:12])} and {len(known) - 12} more"
    raise SettingsError(f"There is no {what} {name!r}. The {plural} are: {shown}.")


def _name(name: str, what: str) -> str:
    folded = fold_name(name)
    if not folded:
        raise SettingsError(f"An {what} of {name!r} has no letter or digit: no event can match it.")
    return folded


def fold_name(text: str) -> str:
    """Case, accents and punctuation aside, so that "Nestlé S.A." and "NESTLE S A" are one name."""
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", text.casefold())).casefold()
    return " ".join(re.findall(r"\w+", unicodedata.normalize("NFC", plain).replace("_", " ")))


def _is(participant: Participant, name: str) -> bool:
    ids = participant.ids
    whole = (participant.entity_id, *((ids.isin, ids.ticker, ids.lei) if ids else ()))
    return (
        _holds(participant.text, name)
        or _holds(participant.name or "", name)
        or any(name == fold_name(i) for i in whole if i)
    )


def _holds(text: str, name: str) -> bool:
    """Whether `name` (folded) stands in `text`: as whole words, or anywhere in scripts that don't part words."""
    folded = fold_name(text)
    at = folded.find(name)
    while at >= 0:
        end = at + len(name)
        if not (_joined(folded, at) or _joined(folded, end)):
            return True
        at = folded.find(name, at + 1)
    return False


def _joined(text: str, cut: int) -> bool:
    """Whether a cut there goes through a word of a script that has capitals (they all part words), or a number."""
    return 0 < cut < len(text) and _parted(text[cut - 1]) and _parted(text[cut])


def _parted(char: str) -> bool:
    return char.isdigit() or char.upper() != char.lower()
