"""What a subscriber may ask for, what is refused, and which events are wanted."""

from typing import Any

import pytest

from pipeline.errors import SettingsError
from pipeline.events.selection import fold_name, nearest, select
from pipeline.records import ArticleRef, Ids, Models, NewsEvent, Participant, Quote


def event(**fields: Any) -> NewsEvent:
    quote = Quote(text="agreed", start=0, end=6)
    defaults: dict[str, Any] = {
        "event_id": "e1",
        "action": "add",
        "event_class": "deal",
        "type": "deal.partnership",
        "status": "announced",
        "time": "current",
        "article": ArticleRef(id="a", language="de", source="Kurier am Süden"),
        "evidence": (quote,),
        "trigger": quote,
        "participants": (
            person("Nestlé-Konzern", name="Nestlé S.A.", entity_id="org:nestle", ids=Ids(isin="CH0038863350")),
            person("阿里巴巴集团", name=None),
        ),
        "confidence": 0.8,
        "relevance": 0.5,
        "similarity_key": "k",
        "models": Models(language="l@1+0"),
    }
    return NewsEvent(**{**defaults, **fields})


def person(text: str, **fields: Any) -> Participant:
    return Participant(role="partner", text=text, start=0, end=len(text), **fields)


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"classes": ["deal"]},
        {"classes": ["legal", "deal"], "types": ["deal.partnership"]},
        {"types": ["analyst.rating", "deal.partnership"]},
        {"entities": ["NESTLE"]},
        {"entities": ["nestlé s.a."]},
        {"entities": ["org:nestle"]},
        {"entities": ["ch0038863350"]},
        {"entities": ["阿里巴巴"]},
        {"entities": ["nobody", "nestle konzern"]},
        {"languages": ["DE"], "known_languages": ["de", "en"]},
        {"statuses": ["announced"]},
        {"sources": ["kurier"]},
        {"min_confidence": 0.8},
    ],
)
def test_wanted(wish: dict[str, Any]) -> None:
    assert select(**wish).wants(event())


@pytest.mark.parametrize(
    "wish",
    [
        {"classes": ["legal"]},
        {"types": ["deal.acquisition"]},
        {"entities": ["nest"]},
        {"entities": ["CH00388"]},
        {"languages": ["en"]},
        {"statuses": ["completed"]},
        {"sources": ["kurier am norden"]},
        {"min_confidence": 0.81},
        {"entities": ["nestle"], "classes": ["legal"]},
    ],
)
def test_not_wanted(wish: dict[str, Any]) -> None:
    assert not select(**wish).wants(event())


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ({"classes": ["deals"]}, "There is no class 'deals'. Nearest: deal"),
        ({"types": ["acquisition"]}, "Nearest: deal.acquisition"),
        ({"types": ["analyst.ratings"]}, "Nearest: analyst.rating"),
        ({"statuses": ["rumored"]}, "The statuses are: announced, completed|Nearest: rumoured"),
        ({"languages": ["gr"], "known_languages": ["de", "el"]}, "The languages are: de, el"),
        (
            {"classes": ["deal"], "types": ["analyst.rating"]},
            "analyst.rating and a class of deal: its class is analyst",
        ),
        ({"classes": ["deal"], "types": ["deal.contract", "analyst.rating"]}, "analyst.rating"),
        ({"min_confidence": 80}, "between 0 and 1"),
        ({"min_confidence": float("nan")}, "between 0 and 1"),
        ({"entities": ["…"]}, "no letter or digit"),
        ({"sources": [""]}, "no letter or digit"),
    ],
)
def test_what_can_never_match_is_an_error(wish: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        select(**wish)


def test_only_the_topics_of_wanted_classes_are_read() -> None:
    assert len(select().wanted_classes) == 12
    assert select(types=["analyst.rating", "deal.contract"]).wanted_classes == ("deal", "analyst")
    assert select(classes=["legal", "deal"], types=["deal.contract"]).wanted_classes == ("deal",)


def test_folding() -> None:
    assert fold_name("  Müller-Straße & Søn ") == "muller strasse søn"
    assert fold_name("İSTANBUL") == fold_name("istanbul")
    assert fold_name("ガ") != fold_name("カ"), "these marks make another letter"
    assert nearest("deal", ["deal.contract", "legal.lawsuit"]) == ["deal.contract"]


def test_a_language_by_its_name_is_no_near_miss_of_two_letters_in_it() -> None:
    assert nearest("german", ["an", "de", "en", "nds"]) == []
