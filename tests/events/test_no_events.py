"""A hundred sentences in ten languages that report nothing, through the whole road: boilerplate, rhetorical questions,
advertising, generic statements, outsiders' wishes. Written for this test; no rule and no model was made from them.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.entities.stage import TagEntities
from pipeline.errors import InvalidInput
from pipeline.events.stage import ClassifyEvents
from pipeline.language.stage import DetectLanguage
from pipeline.records import NewsEvent, RawArticle
from pipeline.settings import Settings

SENTENCES = [json.loads(line) for line in Path(__file__).with_name("no_events.jsonl").read_text("utf-8").splitlines()]

# What a newspaper may print around such a sentence without reporting an event either: title, before, after.
CONTEXT = {
    "de": ("Notizen aus dem Alltag", "Der Markt am Rathaus ist klein.", "Am Abend wird es dort ruhig."),
    "en": ("Notes from everyday life", "The market by the town hall is small.", "It is quiet there at night."),
    "fr": ("Notes de tous les jours", "Le marché près de la mairie est petit.", "Le soir, tout y est calme."),
    "es": ("Notas de cada día", "El mercado junto al ayuntamiento es pequeño.", "Por la noche hay silencio."),
    "it": ("Appunti di ogni giorno", "Il mercato vicino al municipio è piccolo.", "La sera tutto è tranquillo."),
    "nl": ("Notities van alledag", "De markt bij het stadhuis is klein.", "In de avond is het daar stil."),
    "pt": ("Notas do dia a dia", "O mercado junto à câmara é pequeno.", "À noite tudo fica calmo."),
    "pl": ("Notatki na co dzień", "Targ przy ratuszu jest mały.", "Wieczorem jest tam cicho."),
    "sv": ("Anteckningar från vardagen", "Torget vid rådhuset är litet.", "På kvällen är det tyst där."),
    "ru": ("Заметки о будничном", "Рынок у ратуши маленький.", "Вечером там тихо."),
}

Road = Callable[[RawArticle], tuple[NewsEvent, ...]]


@pytest.fixture(scope="module")
def road() -> Road:
    stages = [kind.load(Settings()) for kind in (DetectLanguage, TagEntities, ClassifyEvents)]

    def events(article: RawArticle) -> tuple[NewsEvent, ...]:
        record: object = article
        for stage in stages:
            (record,) = stage.run([record])  # type: ignore[attr-defined]
            assert not isinstance(record, InvalidInput), record
        return record.events  # type: ignore[attr-defined,no-any-return]

    return events


def test_there_are_ten_of_each_language() -> None:
    assert {item["language"] for item in SENTENCES} == set(CONTEXT)
    assert all(sum(item["language"] == code for item in SENTENCES) == 10 for code in CONTEXT)
    assert {item["kind"] for item in SENTENCES} == {"boilerplate", "question", "advertising", "generic", "wish"}


@pytest.mark.model
@pytest.mark.parametrize("context", [False, True], ids=["alone", "in an article"])
def test_no_events(road: Road, context: bool) -> None:
    found: list[str] = []
    for number, item in enumerate(SENTENCES):
        title, before, after = CONTEXT[item["language"]]
        text = f"{before} {item['text']} {after}" if context else item["text"]
        article = RawArticle(id=str(number), action="add", title=title if context else None, text=text)
        found += [f"{item['language']} {item['kind']}: {event.type}: {item['text']}" for event in road(article)]
    assert not found, "\n".join(found)
