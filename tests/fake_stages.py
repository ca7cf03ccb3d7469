"""Cheap stages with the real records and topics, for tests of what carries messages. Child processes import them.

An article's text steers them: `KAUFT` is an event (Firma, acquirer), the other words misbehave.
"""

import hashlib
import os
import signal
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from pipeline.errors import Code, InvalidInput, ModelError
from pipeline.records import (
    ArticleRef,
    ClassifiedArticle,
    EntitiesArticle,
    Entity,
    Language,
    LanguageArticle,
    Models,
    NewsEvent,
    Participant,
    Quote,
    RawArticle,
)
from pipeline.settings import Settings
from pipeline.streams.message import Message
from pipeline.streams.processor import Step

NOON = datetime(2026, 1, 2, 12, 0, 0, 123456, tzinfo=UTC)


def noon() -> datetime:
    return NOON


class FakeLanguage:
    name = "language"

    def run(self, records: Sequence[RawArticle]) -> list[LanguageArticle | InvalidInput]:
        return [self._one(record) for record in records]

    def _one(self, record: RawArticle) -> LanguageArticle | InvalidInput:
        text = "\n\n".join(part for part in (record.title, record.text or record.html) if part)
        if not text and record.action != "delete":
            return InvalidInput(Code.EMPTY_TEXT, "neither text nor html")
        return LanguageArticle(
            id=record.id or hashlib.sha256(text.encode()).hexdigest(),
            action=record.action,
            url=record.url,
            title=record.title,
            fetched_at=record.fetched_at,
            metadata=record.metadata,
            text=text.replace("\0", ""),
            models=Models(language="fake@1+0123abcd"),
            language=Language(code="de", script="Latn", confidence=0.5),
        )


class FakeEntities:
    name = "entities"

    def run(self, records: Sequence[LanguageArticle]) -> list[EntitiesArticle | InvalidInput]:
        return [self._one(record) for record in records]

    def _one(self, record: LanguageArticle) -> EntitiesArticle | InvalidInput:
        misbehave(record.text)
        end = len(record.text)
        fields = {name: getattr(record, name) for name in LanguageArticle.__dataclass_fields__}
        entity = Entity(
            start=0, end=1, text=record.text[:1], label="ORG", name="Firma", entity_id="org:firma", confidence=0.5
        )
        return EntitiesArticle(**fields, sentences=((0, end),) if end else (), entities=(entity,) if end else ())


class FakeEvents:
    name = "events"

    def run(self, records: Sequence[EntitiesArticle]) -> list[ClassifiedArticle | InvalidInput]:
        return [self._one(record) for record in records]

    def _one(self, record: EntitiesArticle) -> ClassifiedArticle | InvalidInput:
        fields = {name: getattr(record, name) for name in EntitiesArticle.__dataclass_fields__}
        events, at = [], record.text.find("KAUFT")
        while at >= 0:
            events.append(self._event(record, at))
            at = record.text.find("KAUFT", at + 1)
        return ClassifiedArticle(**fields, events=tuple(events))

    def _event(self, record: EntitiesArticle, at: int) -> NewsEvent:
        quote = Quote(text="KAUFT", start=at, end=at + 5)
        firm = record.entities[0]
        return NewsEvent(
            event_id=hashlib.sha256(f"{record.id}{at}".encode()).hexdigest()[:16],
            action=record.action,
            event_class="deal",
            type="deal.acquisition",
            status="announced",
            time="current",
            article=ArticleRef(id=record.id, title=record.title, language="de"),
            evidence=(quote,),
            trigger=quote,
            participants=(
                Participant(role="acquirer", text=firm.text, start=0, end=1, entity_id=firm.entity_id, name=firm.name),
            ),
            confidence=0.5,
            relevance=0.5,
            similarity_key="deal.acquisition|org:firma|2026-01-02",
            models=record.models,
        )


def misbehave(text: str) -> None:
    """What a stage must not do, on a word in the text."""
    if "STIRB_EINMAL" in text:  # STIRB_EINMAL:<path>: dies only as long as the file is not there
        marker = Path(text.partition("STIRB_EINMAL:")[2].split()[0])
        if not marker.exists():
            marker.touch()
            os._exit(9)
    if "STIRB" in text and "STIRB_EINMAL" not in text:
        os.kill(os.getpid(), signal.SIGKILL)
    if "WARTET" in text:  # WARTET:<path>: as long as the file is not there; <path>.begun says that it began
        marker = Path(text.partition("WARTET:")[2].split()[0])
        Path(f"{marker}.begun").touch()
        while not marker.exists():
            time.sleep(0.02)
    if "BREMSE" in text:  # BREMSE:<path>: slow as long as the file is not there
        time.sleep(0.0 if Path(text.partition("BREMSE:")[2].split()[0]).exists() else 0.03)
    if "SCHLAF" in text:  # SCHLAF:<seconds>
        time.sleep(float(text.partition("SCHLAF:")[2].split()[0]))
    if "WIRF" in text:
        raise ValueError("geworfen \ud800")


def step(name: str, load: Callable[[Settings], Any]) -> Step:
    road = {
        "language": ("news.articles.raw", "news.articles.language", RawArticle),
        "entities": ("news.articles.language", "news.articles.entities", LanguageArticle),
        "events": ("news.articles.entities", "news.articles.classified", EntitiesArticle),
    }
    reads, writes, record = road[name]
    return Step(name=name, reads=reads, writes=writes, record=record, load=load)


FAKES: dict[str, Any] = {"language": FakeLanguage, "entities": FakeEntities, "events": FakeEvents}


def _load_language(settings: Settings) -> FakeLanguage:
    return FakeLanguage()


def _load_entities(settings: Settings) -> FakeEntities:
    return FakeEntities()


def _load_events(settings: Settings) -> FakeEvents:
    return FakeEvents()


def _load_nothing(settings: Settings) -> FakeEvents:
    raise ModelError("the fake model is missing: put it back")


def _load_death(settings: Settings) -> FakeEvents:
    os._exit(3)


def fake_steps(names: Sequence[str] | None = None) -> tuple[Step, ...]:
    """The road with fake stages: as `pipeline.flow.segment`."""
    steps = (step("language", _load_language), step("entities", _load_entities), step("events", _load_events))
    return tuple(s for s in steps if not names or s.name in names)


def broken_steps(names: Sequence[str] | None = None) -> tuple[Step, ...]:
    return (*fake_steps(["language", "entities"]), step("events", _load_nothing))


def dying_steps(names: Sequence[str] | None = None) -> tuple[Step, ...]:
    return (*fake_steps(["language", "entities"]), step("events", _load_death))


def raw(text: str | None = None, /, *, offset: int = 0, **fields: Any) -> Message:
    """A raw article as a message. `text` None and no fields: a tombstone."""
    value = (
        orjson.dumps({"text": text, **fields} if text is not None else fields) if text is not None or fields else None
    )
    return message(value, offset=offset)


def message(value: bytes | None, *, offset: int = 0, topic: str = "news.articles.raw", **fields: Any) -> Message:
    defaults: dict[str, Any] = {"partition": 3, "key": b"k", "timestamp": 1_700_000_000_000}
    return Message(topic=topic, offset=offset, value=value, **{**defaults, **fields})


def data(output: Any) -> Any:
    return orjson.loads(output.value)
