"""Ids: the tables are sound, names in many languages and scripts find them, traps don't."""

import csv

import pytest

from pipeline.entities.links import Links, shared_links
from pipeline.entities.tables import DATA


@pytest.fixture(scope="module")
def links() -> Links:
    return shared_links()


def rows() -> list[dict[str, str]]:
    lines = (DATA / "companies.csv").read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader((line for line in lines if not line.startswith("#")), delimiter="|"))


def isin_is_valid(isin: str) -> bool:
    digits = "".join(str(int(char, 36)) for char in isin)
    total = 0
    for place, char in enumerate(reversed(digits)):
        value = int(char) * (2 if place % 2 else 1)
        total += value // 10 + value % 10
    return len(isin) == 12 and total % 10 == 0


def test_every_isin_passes_its_check_digit_and_stands_once() -> None:
    isins = [row["isin"] for row in rows() if row["isin"]]
    assert len(isins) > 300
    assert [isin for isin in isins if not isin_is_valid(isin)] == []
    assert len(set(isins)) == len(isins)


def test_every_isin_is_of_the_company_s_country_or_of_one_where_others_have_their_seat() -> None:
    """Cayman Islands, Luxembourg, Netherlands ...; US: a receipt that is listed in New York only."""
    seats = {"KY", "LU", "NL", "IE", "JE", "GB", "CH", "AN", "HK"}
    others = {row["id"]: row for row in rows() if row["isin"] and row["isin"][:2] != row["country"]}
    assert {row["isin"][:2] for row in others.values() if row["isin"][:2] not in seats | {"US"}} == set()
    receipts = {name: row["mic"] for name, row in others.items() if row["isin"][:2] == "US"}
    assert set(receipts.values()) <= {"XNYS", "XNAS"}


def test_every_lei_passes_its_check_digits_and_stands_once() -> None:
    leis = [row["lei"] for row in rows() if row["lei"]]
    assert len(leis) == len(set(leis)) > 30
    assert [lei for lei in leis if len(lei) != 20 or int("".join(str(int(char, 36)) for char in lei)) % 97 != 1] == []
    found = shared_links().find("Siemens Energy", "ORG", "de", "siemens energy")
    assert found is not None
    assert found.ids is not None
    assert found.ids.lei == "5299005CHJZ14D4FDJ62"


def test_rows_are_whole() -> None:
    ids = [row["id"] for row in rows()]
    assert len(set(ids)) == len(ids)
    for row in rows():
        assert row["name"]
        assert len(row["country"]) == 2, row["id"]
        assert row["mic"] == "" or (len(row["mic"]) == 4 and row["ticker"]), row["id"]
        marked = row["name"].startswith("?") or ";?" in f";{row['aliases']}"
        assert marked == bool(row["needs"]), row["id"]


FOUND = [
    ("Alibaba", "ORG", "en", "ew:org/alibaba-group"),
    ("Alibabas", "ORG", "de", "ew:org/alibaba-group"),
    ("Alibaba Group Holding Ltd.", "ORG", "en", "ew:org/alibaba-group"),
    ("阿里巴巴", "ORG", "zh", "ew:org/alibaba-group"),
    ("アリババ", "ORG", "ja", "ew:org/alibaba-group"),
    ("Алибаба", "ORG", "ru", "ew:org/alibaba-group"),
    ("Газпрома", "ORG", "ru", "ew:org/gazprom"),
    ("ПАО «Газпром»", "ORG", "ru", "ew:org/gazprom"),
    ("l'Oréal", "ORG", "fr", "ew:org/loreal"),
    ("Siemens AG", "ORG", "de", "ew:org/siemens"),
    ("Siemens Energy", "ORG", "de", "ew:org/siemens-energy"),
    ("Merck & Co.", "ORG", "en", "ew:org/merck-co"),
    ("Merck KGaA", "ORG", "de", "ew:org/merck-kgaa"),
    ("Deutsche Telekom AG", "ORG", "de", "ew:org/deutsche-telekom"),
    ("株式会社トヨタ自動車", "ORG", "ja", "ew:org/toyota"),
    ("삼성전자", "ORG", "ko", "ew:org/samsung-electronics"),
    ("Volkswagen Group", "ORG", "en", "ew:org/volkswagen"),
    ("J.P. Morgan", "ORG", "en", "ew:org/jpmorgan-chase"),
    ("Banque centrale européenne", "ORG", "fr", "ew:org/ecb"),
    ("EZB", "ORG", "de", "ew:org/ecb"),
    ("BCE", "ORG", "es", "ew:org/ecb"),
    ("Еврокомиссия", "ORG", "ru", "ew:org/european-commission"),
    ("Dax", "MISC", "de", "ew:index/dax"),
    ("S&P 500", "MISC", "en", "ew:index/sp-500"),
    ("Moody's", "ORG", "en", "ew:org/moodys"),
    ("Südkoreas", "LOC", "de", "ew:country/KR"),
    ("États-Unis", "LOC", "fr", "ew:country/US"),
    ("России", "LOC", "ru", "ew:country/RU"),
    ("Niemczech", "LOC", "pl", "ew:country/DE"),
    ("美国", "LOC", "zh", "ew:country/US"),
    ("Saksassa", "LOC", "fi", "ew:country/DE"),
    ("EE. UU.", "LOC", "es", "ew:country/US"),
    ("Schweiz", "LOC", "de", "ew:country/CH"),
]


@pytest.mark.parametrize(("form", "label", "language", "entity_id"), FOUND)
def test_known_names(links: Links, form: str, label: str, language: str, entity_id: str) -> None:
    found = links.find(form, label, language, form.lower())
    assert found is not None
    assert found.entity_id == entity_id


TRAPS = [
    ("Meta", "ORG", "de", "die meta-ebene"),
    ("Visa", "ORG", "en", "she applied for a visa"),
    ("Target", "ORG", "en", "the target was missed"),
    ("Orange", "ORG", "fr", "une orange"),
    ("Apple", "MISC", "en", "an apple a day"),
    ("Georgia", "LOC", "en", "georgia's governor in atlanta"),
    ("Victoria", "LOC", "en", "victoria"),
    ("Merck", "ORG", "en", "merck said"),
    ("Ford", "PER", "en", "harrison ford"),
    ("Siemens Gamesa", "ORG", "de", "siemens gamesa"),
    ("Santander", "MISC", "es", "la ciudad de santander"),
    ("Amazon", "LOC", "en", "the amazon river"),
    ("Un", "ORG", "fr", "un"),
    ("Bank of Georgia", "ORG", "en", "bank of georgia"),
    ("Delta", "MISC", "en", "the delta variant"),
    ("Leonardo", "ORG", "it", "leonardo da vinci"),
    ("Deutsche", "ORG", "de", "deutsche"),
    ("Apple Bank", "ORG", "en", "apple bank"),
]


@pytest.mark.parametrize(("form", "label", "language", "lowered"), TRAPS)
def test_traps_get_no_id(links: Links, form: str, label: str, language: str, lowered: str) -> None:
    assert links.find(form, label, language, lowered) is None


def test_context_lifts_an_ambiguous_name(links: Links) -> None:
    found = links.find("Meta", "ORG", "en", "meta, the owner of instagram, said")
    assert found is not None
    assert found.entity_id == "ew:org/meta-platforms"
    assert found.ids is not None
    assert (found.ids.isin, found.ids.ticker, found.ids.mic) == ("US30303M1027", "META", "XNAS")
    georgia = links.find("Georgia", "LOC", "en", "protests in tbilisi")
    assert georgia is not None
    assert georgia.entity_id == "ew:country/GE"
