"""Canonical ids for names: companies, institutions, indices, countries, cities. Precision first: when in doubt, none.

Tables: `data/companies.csv`, `data/institutions.yaml`; `countries.py` and `cities.py` have their own. A name is looked
up whole, then without its legal form, article, genitive or case ending (`names.keys`).
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass
from functools import cache

from pipeline.entities.cities import areas_of, find_city
from pipeline.entities.countries import find_country
from pipeline.entities.names import Key, core, is_generic, keys, leads, tokens
from pipeline.entities.tables import DATA, read_table
from pipeline.records import Ids

_KIND = {
    "central_bank": "org",
    "regulator": "org",
    "body": "org",
    "rating_agency": "org",
    "analyst_house": "org",
    "index": "index",
}
_LABELS = {
    "company": frozenset({"ORG"}),
    "org": frozenset({"ORG"}),
    # Corpora disagree on indices and unions of states: the name says it all.
    "index": frozenset({"ORG", "MISC", "PRODUCT", "LOC"}),
    "body": frozenset({"ORG", "LOC", "MISC"}),
    "country": frozenset({"LOC"}),
}


@dataclass(frozen=True, slots=True)
class Link:
    """An entity that other systems know."""

    entity_id: str
    name: str
    ids: Ids | None


@dataclass(frozen=True, slots=True)
class _Entry:
    link: Link
    labels: frozenset[str]
    form: str
    needs: tuple[str, ...]  # lower case; the name counts only in a text with one of them

    def fits(self, form: str, label: str, lowered: str) -> bool:
        if label not in self.labels:
            return False
        if len(self.form) <= 3 and self.form.isupper() and self.form not in form:
            return False  # "Un", "Eu": short capitals are only themselves
        return not self.needs or any(word in lowered for word in self.needs)


class Links:
    """The tables, ready for look-ups. One instance a process: see `shared_links`."""

    def __init__(self) -> None:
        self._exact: dict[Key, list[_Entry]] = {}
        self._core: dict[Key, list[_Entry]] = {}
        entries = [*_companies(), *_institutions()]
        unsure = {core(entry.form) for entry in entries if entry.needs}
        for entry in entries:
            self._exact.setdefault(tokens(entry.form), []).append(entry)
            if entry.needs or core(entry.form) not in unsure:  # "Visa Inc." must not lend its id to "Visa"
                self._core.setdefault(core(entry.form), []).append(entry)

    def find(self, form: str, label: str, language: str, lowered: str, areas: Set[str] = frozenset()) -> Link | None:
        """The entity that `form`, tagged `label` in an article whose text in lower case is `lowered`, must be.

        `areas`: the countries, states and provinces that the article names, as `areas` gives them.
        """
        if label == "LOC":
            code = find_country(form, language, lowered)
            if code is not None:
                return Link(f"ew:country/{code}", form, Ids(country=code))
        found = self._pick(self._exact.get(tokens(form), []), form, label, lowered)
        if found is not None:
            return found
        for key in keys(form, language):
            for short in _shorter(key):
                found = self._pick(self._core.get(short, []), form, label, lowered)
                if found is not None:
                    return found
        city = find_city(form, language, lowered, areas) if label == "LOC" else None
        if city is None:
            return None
        return Link(f"ew:city/{city.geonames_id}", form, Ids(country=city.country, geonames_id=city.geonames_id))

    @staticmethod
    def areas(form: str, language: str) -> frozenset[str]:
        """The areas that the name of a place may stand for: "Georgia" -> {"GE", "US-GA"}."""
        return areas_of(form, language)

    @staticmethod
    def _pick(entries: list[_Entry], form: str, label: str, lowered: str) -> Link | None:
        links = {entry.link.entity_id: entry.link for entry in entries if entry.fits(form, label, lowered)}
        return next(iter(links.values())) if len(links) == 1 else None


@cache
def shared_links() -> Links:
    """The tables of this process."""
    return Links()


def _shorter(key: Key) -> Iterator[Key]:
    """The key, then without what groups add to a name ("volkswagen group", "grupo santander")."""
    yield key
    if len(key) > 1 and leads(key[0]):
        key = key[1:]
        yield key
    while len(key) > 1 and is_generic(key[-1]):
        key = key[:-1]
        yield key


def _companies() -> Iterator[_Entry]:
    for line in (DATA / "companies.csv").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith(("#", "id|")):
            continue
        slug, name, isin, lei, ticker, mic, country, aliases, needs = line.split("|")
        ids = Ids(
            isin=isin or None,
            ticker=ticker or None,
            mic=(ticker and mic) or None,
            lei=lei or None,
            country=country or None,
        )
        link = Link(f"ew:org/{slug}", name.lstrip("?"), ids)
        words = tuple(word.lower() for word in needs.split(";") if word)
        for form in (name, *(alias for alias in aliases.split(";") if alias)):
            yield _Entry(link, _LABELS["company"], form.lstrip("?"), words if form.startswith("?") else ())


def _institutions() -> Iterator[_Entry]:
    table = read_table("institutions.yaml")
    for section, kind in _KIND.items():
        for slug, name, country, *aliases in table[section]:
            link = Link(f"ew:{kind}/{slug}", str(name), Ids(country=country) if country and kind == "org" else None)
            words = tuple(word.lower() for word in table["needs"].get(slug, ()))
            labels = _LABELS.get(section, _LABELS[kind])
            for form in (str(name), *map(str, aliases)):
                yield _Entry(link, labels, form.lstrip("?"), words if form.startswith("?") else ())
