"""One entity for all its mentions in an article: the fullest form names it, and every mention carries its id."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

from pipeline.entities.decode import Mention
from pipeline.entities.links import Link, Links
from pipeline.entities.names import Key, bare, core, is_generic, is_title, keys, slug, stems, tokens
from pipeline.records import Entity

_OPENS = {"(", "（", '("', "(„", "(“"}
_CLOSES = (")", "）", '"', "“", "”")
UNSURE = 0.9  # below it a name's label may be wrong
_ID_KIND = {"PER": "person", "ORG": "org", "LOC": "place", "PRODUCT": "product", "MISC": "misc"}


@dataclass(slots=True)
class _Group:
    """Mentions taken for one entity: those of one label and one folded name, before joining."""

    label: str
    key: Key
    forms: Counter[str] = field(default_factory=Counter)
    order: int = 0
    link: Link | None = None
    into: _Group | None = None  # the group that this one was joined to

    def root(self) -> _Group:
        found = self
        while found.into is not None:
            found = found.into
        return found


def resolve(text: str, mentions: list[Mention], language: str, links: Links) -> tuple[Entity, ...]:
    """Entities of a text, one a mention, in order. Depends on nothing but the arguments."""
    groups: dict[tuple[str, Key], _Group] = {}
    owner: list[_Group] = []
    for mention in mentions:
        surface = text[mention.start : mention.end]
        key = _person(core(surface)) if mention.label == "PER" else core(surface)
        group = groups.setdefault((mention.label, key), _Group(mention.label, key, order=len(groups)))
        group.forms[surface] += 1
        owner.append(group)
    ordered = list(groups.values())
    _join_cases(ordered, groups, language)
    _join_persons([group for group in ordered if group.label == "PER"], language)
    _join_companies([group for group in ordered if group.label == "ORG"])
    _join_acronyms(text, mentions, owner, language)
    _link(ordered, language, links, text.lower())
    _join_strays(ordered, mentions, owner, language)
    return tuple(
        _entity(text, mention, group.root(), members, language)
        for mention, group, members in _with_members(mentions, owner, ordered)
    )


def _person(key: Key) -> Key:
    while len(key) > 1 and is_title(key[0]):
        key = key[1:]
    return key


def _join(small: _Group, large: _Group) -> None:
    small, large = small.root(), large.root()
    if small is not large:
        small.into = large


def _join_cases(ordered: list[_Group], groups: dict[tuple[str, Key], _Group], language: str) -> None:
    """ "Alibabas" to "Alibaba", if both stand in the article."""
    for group in ordered:
        form = next(iter(group.forms))
        for key in keys(form, language)[1:]:
            other = groups.get((group.label, _person(key) if group.label == "PER" else key))
            if other is not None and other is not group and other.root() is not group:
                _join(group, other)
                break


def _join_persons(persons: list[_Group], language: str) -> None:
    """ "Ma" to "Jack Ma", if only one person of the article has that last (in full names: first or last) name."""
    full: dict[str, list[_Group]] = {}
    for group in persons:
        if len(group.key) > 1:
            full.setdefault(group.key[-1], []).append(group)
    for group in persons:
        if len(group.key) == 1:
            names = (group.key[0], *stems(group.key[0], language))  # "Mas Rede"
            found = {id(other.root()): other for name in names for other in full.get(name, [])}
            if len(found) == 1:
                _join(group, next(iter(found.values())))


def _join_companies(companies: list[_Group]) -> None:
    """ "Alibaba" to "Alibaba Group Holding", but not "Siemens" to "Siemens Energy"."""
    short = {group.key: group for group in companies}
    for group in companies:
        key = group.key
        while len(key) > 1 and is_generic(key[-1]):
            key = key[:-1]
            if key in short and short[key].root() is not group.root():
                _join(short[key], group)


def _join_acronyms(text: str, mentions: list[Mention], owner: list[_Group], language: str) -> None:
    """ "Federal Trade Commission (FTC)": what stands in brackets after a name and could be its short form."""
    for i, (left, right) in enumerate(pairwise(mentions)):
        between = text[left.end : right.start]
        closed = text.startswith(_CLOSES, right.end)
        if between.strip() not in _OPENS or "\n" in between or not closed:
            continue
        long, short = text[left.start : left.end], text[right.start : right.end]
        group, other = owner[i], owner[i + 1]
        if _is_acronym(short, long, language) or (left.label == right.label == "ORG" and _is_made_of(short, long)):
            _join(other, group)
        elif _is_acronym(long, short, language):
            _join(group, other)


def _is_acronym(short: str, long: str, language: str) -> bool:
    """Whether `short` is made of first letters of `long`'s words, in order, beginning with its first."""
    letters = [char for char in short if char.isalnum()]
    if not 2 <= len(letters) <= 8 or sum(char.isupper() for char in letters) * 2 < len(letters) or " " in short:
        return False
    words = tokens(bare(long, language))
    folded = "".join(tokens(short))
    if len(words) < 2 or not folded or words[0][0] != folded[0]:
        return False
    at = 0
    for word in words:
        if at < len(folded) and word[0] == folded[at]:
            at += 1
    return at >= len(folded) - 1 and at >= 2


def _is_made_of(short: str, long: str) -> bool:
    """Whether `short` is capitals that stand in the one word `long` in their order, its first in front: "FI" for
    "Finansinspektionen", "BGH" for "Bundesgerichtshof".
    """
    whole = iter("".join(tokens(long)))
    letters = "".join(tokens(short))
    plain = short.isalpha() and short.isupper() and 2 <= len(short) <= 6 and " " not in long
    return plain and long[:1] == short[:1] and all(letter in whole for letter in letters)


def _join_strays(ordered: list[_Group], mentions: list[Mention], owner: list[_Group], language: str) -> None:
    """ "Orcel", taken for a company, to the person "Andrea Orcel": a single word that no table knows and of which the
    model isn't sure, if just one person of the article has that last name.
    """
    sure: dict[int, float] = {}
    for mention, group in zip(mentions, owner, strict=True):
        sure[id(group)] = max(mention.confidence, sure.get(id(group), 0.0))
    full: dict[str, set[int]] = {}
    roots = {id(group.root()): group.root() for group in ordered if group.label == "PER" and len(group.key) > 1}
    for group in ordered:
        if group.label == "PER" and len(group.key) > 1:
            full.setdefault(group.key[-1], set()).add(id(group.root()))
    for group in ordered:
        stray = group.label != "PER" and group.into is None and group.link is None and len(group.key) == 1
        if stray and sure[id(group)] < UNSURE and all(len(tokens(form)) == 1 for form in group.forms):
            found = {one for name in (group.key[0], *stems(group.key[0], language)) for one in full.get(name, ())}
            if len(found) == 1:
                group.into = roots[found.pop()]


def _link(ordered: list[_Group], language: str, links: Links, lowered: str) -> None:
    """Give each root the id that the first of its forms has; roots with one id become one."""
    by_id: dict[str, _Group] = {}
    said = {
        id(group.root()): links.areas(next(iter(group.forms)), language) for group in ordered if group.label == "LOC"
    }
    times = Counter(area for areas in said.values() for area in areas)
    for group in sorted(ordered, key=lambda group: (group.into is not None, group.order)):
        root = group.root()
        if root.link is None:
            own = said.get(id(root), frozenset())  # "New York" doesn't say which New York
            areas = {area for area, count in times.items() if count > (area in own)}
            for form in group.forms:
                root.link = links.find(form, group.label, language, lowered, areas)
                if root.link is not None:
                    break
    for group in ordered:
        if group.into is None and group.link is not None:
            first = by_id.setdefault(group.link.entity_id, group)
            if first is not group:
                group.into = first


def _with_members(
    mentions: list[Mention], owner: list[_Group], ordered: list[_Group]
) -> list[tuple[Mention, _Group, list[_Group]]]:
    members: dict[int, list[_Group]] = {}
    for group in ordered:
        members.setdefault(id(group.root()), []).append(group)
    return [(mention, group, members[id(group.root())]) for mention, group in zip(mentions, owner, strict=True)]


def _entity(text: str, mention: Mention, root: _Group, members: list[_Group], language: str) -> Entity:
    link = root.link
    name = _fullest(root, members, language)
    identity = f"ew:{_ID_KIND[root.label]}/x-{slug(_person(core(name)) if root.label == 'PER' else core(name))}"
    return Entity(
        start=mention.start,
        end=mention.end,
        text=text[mention.start : mention.end],
        label="PER" if root.label == "PER" else mention.label,
        name=name,
        entity_id=link.entity_id if link is not None else identity,
        ids=link.ids if link is not None else None,
        confidence=mention.confidence,
    )


def _fullest(root: _Group, members: list[_Group], language: str) -> str:
    """The form with most words of the root group, then the most frequent, then the first of the article."""
    forms: Counter[str] = Counter()
    for group in members:
        elided = any(core(bare(form, language)) == root.key for form in group.forms)  # "L'Oréal" of "Oréal"
        if group is root or elided or len(group.key) > len(root.key):
            forms.update(group.forms)
    best = max(forms, key=lambda form: (len(tokens(form)), forms[form], -len(form)))
    short = bare(best, language)
    if short != best and (best[:1].islower() or language in {"tr", "az"}):
        own = any(form[:1].isupper() and short == bare(form, language) != form for form in forms)
        best = best[0].upper() + best[1:] if own and best[:1].islower() else short  # "L'Oréal" beside "l'Oréal"
    words = best.split()
    while root.label == "PER" and len(words) > 1 and is_title("".join(tokens(words[0]))):
        words = words[1:]
    return " ".join(words)
