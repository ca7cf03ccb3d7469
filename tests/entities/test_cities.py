"""Ids of cities: the table is sound, names in many languages find theirs, a name of two places finds none."""

import pytest

from pipeline.entities.decode import Mention
from pipeline.entities.links import shared_links
from pipeline.entities.mentions import resolve
from pipeline.entities.names import tokens
from pipeline.entities.tables import DATA
from training.cities import Place, table


def rows() -> list[list[str]]:
    lines = (DATA / "cities.csv").read_text(encoding="utf-8").splitlines()
    return [line.split("|") for line in lines if not line.startswith(("#", "id|"))]


def test_the_table_is_sound() -> None:
    found = rows()
    assert len(found) > 10_000
    assert len({row[0] for row in found}) == len(found)
    assert all(len(row) == 4 and row[0].isdigit() and len(row[1]) == 2 and row[3] for row in found)
    owners: dict[str, list[str]] = {}
    for number, _, _, names in found:
        for name in names.split(";"):
            owners.setdefault(name, []).append(number)
    assert {name for name, cities in owners.items() if name[0] not in "?!" and len(cities) > 1} == set()
    sample = list(owners)[::50]  # the names are folded as names of articles are, else nothing finds them
    assert [name for name in sample if " ".join(tokens(name.lstrip("?!"))) != name.lstrip("?!")] == []


def test_the_data_name_their_source() -> None:
    head = (DATA / "cities.csv").read_text(encoding="utf-8")[:600]
    assert "GeoNames" in head
    assert "CC BY 4.0" in head


def linked(text: str, language: str, *names: str) -> list[int | str | None]:
    """GeoNames ids (or countries) of places named in a text, in its order; None where there is none."""
    at, mentions = 0, []
    for name in names:
        at = text.index(name, at)
        mentions.append(Mention(at, at + len(name), "LOC", 0.9))
        at += len(name)
    ids = [entity.ids for entity in resolve(text, mentions, language, shared_links())]
    return [(one.geonames_id or one.country) if one else None for one in ids]


PARIS, LONDON, MOSCOW, MUNICH, BIRMINGHAM_US, LONDON_CA = 2988507, 2643743, 524901, 2867714, 4049979, 6058560
KNOWN = [
    ("en", "Paris", PARIS),
    ("nl", "Parijs", PARIS),
    ("fi", "Pariisissa", PARIS),
    ("ja", "パリ", PARIS),
    ("fr", "Londres", LONDON),
    ("ru", "Лондоне", LONDON),
    ("ru", "Москве", MOSCOW),
    ("de", "Münchens", MUNICH),
    ("it", "Monaco di Baviera", MUNICH),
    ("uk", "Харкові", 706483),
    ("cs", "Brně", 3078610),
    ("tr", "İstanbul'da", 745044),
    ("nl", "Den Haag", 2747373),
    ("ar", "القاهرة", 360630),
    ("ko", "부산", 1838524),
    ("es", "Santander", 3109718),
]


@pytest.mark.parametrize(("language", "name", "geonames_id"), KNOWN)
def test_known_names(language: str, name: str, geonames_id: int) -> None:
    assert linked(name, language, name) == [geonames_id]


CONTEXT: list[tuple[str, str, list[str], list[int | str | None]]] = [
    ("en", "A fire in Birmingham, Alabama.", ["Birmingham"], [BIRMINGHAM_US]),
    ("en", "A fire in Birmingham (Alabama). Birmingham mourns.", ["Birmingham", "Birmingham"], [BIRMINGHAM_US] * 2),
    ("en", "A fire in London, Ont., today.", ["London"], [LONDON_CA]),
    ("en", "A fire in London, Ontario", ["London, Ontario"], [LONDON_CA]),
    ("en", "Moscow, Idaho, has a college.", ["Moscow"], [None]),
    ("en", "Riots in Tripoli.", ["Tripoli"], [None]),
    ("en", "Riots in Tripoli shook Lebanon.", ["Tripoli", "Lebanon"], [266826, "LB"]),
    ("en", "Between Tripoli, Libya and Lebanon", ["Tripoli", "Libya", "Lebanon"], [2210247, "LY", "LB"]),
    ("en", "Washington told Moscow so.", ["Washington", "Moscow"], [None, MOSCOW]),
    ("en", "Washington and the United States", ["Washington", "United States"], [None, "US"]),
    ("en", "A rally in Washington, D.C., drew many.", ["Washington"], [4140963]),
    ("en", "New York's governor signed.", ["New York's"], [None]),
    ("en", "New York fell silent; on Wall Street too.", ["New York"], [5128581]),
    ("fr", "À Paris, la capitale, il pleut.", ["Paris"], [PARIS]),
    ("it", "A Roma, la capitale", ["Roma"], [3169070]),
    ("es", "Barcelona y Venezuela", ["Barcelona", "Venezuela"], [None, "VE"]),
    ("es", "Barcelona, España y Venezuela", ["Barcelona", "España", "Venezuela"], [3128760, "ES", "VE"]),
    ("de", "Valencia", ["Valencia"], [None]),
    ("de", "Das Werk in Frankfurt (Oder) schließt.", ["Frankfurt"], [2925535]),
    ("de", "Das Werk in Frankfurt (Hessen) schließt.", ["Frankfurt"], [2925533]),
    ("ru", "Вашингтон заявил", ["Вашингтон"], [None]),
    ("en", "Gaza", ["Gaza"], [None]),
    ("en", "Springfield", ["Springfield"], [None]),
    ("en", "Springfield, in Illinois", ["Springfield", "Illinois"], [4250542, None]),
]


@pytest.mark.parametrize(("language", "text", "names", "ids"), CONTEXT)
def test_the_text_says_which(language: str, text: str, names: list[str], ids: list[int | str | None]) -> None:
    assert linked(text, language, *names) == ids


def test_only_places_are_cities() -> None:
    for label in ("PER", "ORG", "MISC", "PRODUCT"):
        assert shared_links().find("Paris", label, "en", "paris") is None


@pytest.mark.parametrize(
    "name", ["", " ", "(", ",", "Paris,", ", Texas", "Paris, ", "(Texas)", "?", "!", "?paris", "'s", "日"]
)
def test_strange_names_are_no_city_or_theirs(name: str) -> None:
    found = shared_links().find(name, "LOC", "en", name.lower())
    assert found is None or found.ids is not None


def test_a_name_said_a_thousand_times_is_cheap() -> None:
    text = "London " * 100_000
    assert shared_links().find("London", "LOC", "en", text.lower()) is not None


def place(number: int, name: str, country: str, people: int, *others: str, at: float = 0.0, state: str = "") -> Place:
    return {
        "geonameid": number, "name": name, "countrycode": country, "population": people, "alternatenames": list(others),
        "latitude": at, "longitude": 0.0, "admin1code": state,
    }  # fmt: skip


def test_who_gets_a_name() -> None:
    places = [
        place(1, "Largeton", "FR", 600_000, "Oldname"),
        place(2, "Largeton", "DE", 100_000, at=10),  # a sixth: the first is it, this one only beside its country
        place(3, "Twin", "FR", 300_000, at=20),
        place(4, "Twin", "DE", 200_000, at=30),
        place(5, "Twin", "US", 60_000, at=40, state="IL"),
        place(6, "Twin", "US", 55_000, at=50, state="OR"),
        place(7, "Oldname", "GB", 40_000, at=60),  # too small for the table, large enough to keep its name
        place(8, "Suburb", "FR", 90_000, "Largeton", at=0.1),
    ]
    assert table(places, set()) == [
        "1|FR||largeton",
        "3|FR||?twin",
        "4|DE||?twin",
        "2|DE||?largeton",
        "8|FR||suburb",
        "5|US|IL|!twin",
        "6|US|OR|!twin",
    ]


def test_small_capitals_are_in_and_small_towns_are_not() -> None:
    places = [place(1, "Vaduzia", "LI", 5_000), place(2, "Village", "LI", 6_000, at=10)]
    assert table(places, {("LI", "Vaduzia")}) == ["1|LI||vaduzia"]
