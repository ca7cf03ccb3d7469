"""Which city a place's name means, from GeoNames (`data/cities.csv`). Precision first: when in doubt, none.

A name of the table is the city's by itself, only beside its country ("?"), or only beside its state or province ("!").
Where the text itself says where the place lies ("Paris, Texas"), that decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Set
from functools import cache
from typing import NamedTuple

from pipeline.entities.countries import country_code
from pipeline.entities.names import Key, bare, core, stems, tokens
from pipeline.entities.tables import DATA, read_table

_NEXT = re.compile(r"\s?[,(]\s?((?:[a-z]{1,5}\.){1,3}(?!\s*$)|[^\n,.;:()]{2,40})")
_WITHIN = re.compile(r"(?<=\w)(?:, | \()([^,()]{2,40})\)?$")


class City(NamedTuple):
    """One of GeoNames' places; `area` is "US-IL" where news name the state, else the country's code."""

    geonames_id: int
    country: str
    area: str
    needs: str  # "" by itself, "?" beside its country, "!" beside its state


def find_city(form: str, language: str, lowered: str, areas: Set[str]) -> City | None:
    """The city that `form` must be in an article whose text in lower case is `lowered` and that names `areas`."""
    bearers = next((found for key in _keys(form, language) if (found := _table().get(" ".join(key)))), ())
    within = _WITHIN.search(form)
    behind = _behind(form, lowered)
    whole = [found for chunk in behind for found in _table().get(" ".join(tokens(f"{form} {chunk}")), ())]
    if whole:  # "Frankfurt (Oder)" isn't Frankfurt
        return _only(city for city in dict.fromkeys(whole) if not city.needs)
    if not bearers and within is not None:  # "London, Ontario" as one name
        bearers = tuple(_table().get(" ".join(tokens(form[: within.start()])), ()))
        said = areas_of(within[1], language)
    else:
        said = _said(behind, language)
    if said:
        return _only(city for city in bearers if said & {city.area, city.country})
    city = _only(city for city in bearers if not city.needs)
    if city is None:
        city = _only(city for city in bearers if city.area in areas) or _only(
            city for city in bearers if city.needs == "?" and city.country in areas
        )
    elif not areas & {city.area, city.country} and any(other.area in areas for other in bearers):
        return None  # Barcelona in an article on Venezuela
    words = read_table("places.yaml")["words"].get(city.geonames_id) if city is not None else None
    return None if words and not any(word in lowered for word in words) else city


def areas_of(form: str, language: str) -> frozenset[str]:
    """Codes of the country and the state or province that a name may stand for: "Georgia" -> {"GE", "US-GA"}."""
    code = country_code(form, language)
    states = _states().get(form.lower() if form.endswith(".") else " ".join(tokens(form)), frozenset())
    return states | {code} if code else states


def _keys(form: str, language: str) -> Iterator[Key]:
    """The name, then without possessive or elision, then without what may be a case ending."""
    whole = tokens(form)
    yield whole
    short = bare(form, language)
    found = [key for key in dict.fromkeys((tokens(short), core(short))) if key and len(key) == len(whole)]
    yield from found
    for key in found:
        yield from ((*key[:-1], stem) for stem in stems(key[-1], language) if len(stem) > 2)


def _said(behind: Iterable[str], language: str) -> frozenset[str]:
    """The areas that the words behind a name begin with, if any do: "Paris, Texas", "Halle (Belgien)"."""
    for chunk in behind:
        words = chunk.split()
        for end in range(min(3, len(words)), 0, -1):
            if said := areas_of(" ".join(words[:end]), language):
                return said
    return frozenset()


def _behind(form: str, lowered: str) -> list[str]:
    """What stands behind a comma or in a bracket right behind the name, wherever it is in the text."""
    found, name, at = [], form.lower(), -1
    for _ in range(20):  # a text may say a name a thousand times
        at = lowered.find(name, at + 1)
        if at < 0:
            break
        match = _NEXT.match(lowered, at + len(name))
        if match is not None:
            found.append(match[1])
    return found


def _only(cities: Iterable[City]) -> City | None:
    found = list(cities)
    return found[0] if len(found) == 1 else None


@cache
def _table() -> dict[str, tuple[City, ...]]:
    """Cities by folded name."""
    found: dict[str, tuple[City, ...]] = {}
    for line in (DATA / "cities.csv").read_text(encoding="utf-8").splitlines():
        if line.startswith(("#", "id|")):
            continue
        number, country, state, names = line.split("|")
        area = f"{country}-{state}" if state else country
        cities = {mark: City(int(number), country, area, mark) for mark in ("", "?", "!")}
        for name in names.split(";"):
            mark = name[0] if name[0] in "?!" else ""
            name = name[len(mark) :]
            found[name] = (*found.get(name, ()), cities[mark])
    return found


@cache
def _states() -> dict[str, frozenset[str]]:
    """Codes of states and provinces by folded name; abbreviations by themselves, with their full stop: "la." """
    found: dict[str, frozenset[str]] = {}
    for country, states in read_table("places.yaml")["states"].items():
        for name, code in states.items():
            key = name.lower() if name.endswith(".") else " ".join(tokens(name))
            found[key] = found.get(key, frozenset()) | {f"{country}-{code}"}
    return found
