"""Whatever the model says about whatever text: the events are well formed, and the same every time."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.encoder.reading import Reading
from pipeline.events.stage import ClassifyEvents
from pipeline.events.trace import Verdict
from pipeline.records import (
    Amount,
    Boilerplate,
    ClassifiedArticle,
    Date,
    EntitiesArticle,
    Entity,
    Language,
    Models,
    to_json,
)
from pipeline.streams.topics import validate
from tests.events.story import TYPES, FakeModel

VOCABULARY = (
    "Siemens buys the company , Alstom . der Konzern er fällt um 5 % ? « » “ ” 買収 した Ελλάς ; l'entreprise "
    "cafe\u0301 🙂 Q3-Zahlen \u200b - – он купил شركة ؟ \n"
)
WORDS = st.sampled_from(VOCABULARY.split(" "))
LABELS = ("PER", "ORG", "LOC", "PRODUCT", "MISC")


def spans(draw: st.DrawFn, length: int, most: int) -> list[tuple[int, int]]:
    """Spans of at least one character which may overlap and cross sentences."""
    found = []
    for _ in range(draw(st.integers(0, most))):
        start = draw(st.integers(0, length - 1))
        found.append((start, draw(st.integers(start + 1, min(length, start + 12)))))
    return sorted(found)


class Case:
    """An article and a random reading of it, which is too long to show."""

    def __init__(self, article: EntitiesArticle, reading: Reading) -> None:
        self.article, self.reading = article, reading

    def __repr__(self) -> str:
        return f"Case({self.article})"


@st.composite
def cases(draw: st.DrawFn) -> Case:
    text = " ".join(draw(st.lists(WORDS, min_size=1, max_size=40)))
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=5)) | {0, len(text)})
    sentences = tuple(pairwise(cuts))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    pieces: list[tuple[int, int]] = []
    index: list[int] = []
    for number, (start, end) in enumerate(sentences):
        while start < end:
            stop = min(end, start + int(random.integers(1, 6)))
            if text[start:stop].strip():
                pieces.append((start, stop))
                index.append(number)
            start = stop
    n, s = len(pieces), len(sentences)
    sharp = draw(st.sampled_from((0.3, 1.0, 4.0)))

    def chances(*shape: int) -> np.ndarray:
        return (random.random(shape) ** sharp).astype(np.float32)

    def softmax(*shape: int) -> np.ndarray:
        raw = chances(*shape) + np.float32(1e-3)
        return raw / raw.sum(axis=1, keepdims=True)

    reading = Reading(
        pieces=np.array(pieces, np.int32).reshape(-1, 2),
        sentence=np.array(index, np.int32),
        entity=np.log(softmax(n, 11)),
        event_sentence=chances(s, 53) ** 8,
        event_piece=chances(n, 53),
        role=chances(n, len(TYPES.roles)),
        status=softmax(n, 7),
        time=softmax(n, 2),
    )

    def quote(span: tuple[int, int]) -> dict[str, object]:
        return {"start": span[0], "end": span[1], "text": text[slice(*span)]}

    entities = tuple(
        Entity(
            **quote(span),  # type: ignore[arg-type]
            label=draw(st.sampled_from(LABELS)),
            name=text[slice(*span)],
            entity_id=f"x:{draw(st.integers(1, 4))}",
            confidence=0.5,
        )
        for span in spans(draw, len(text), 6)
    )
    amounts = tuple(
        Amount(**quote(span), kind="PERCENT", value=draw(st.sampled_from(("5", "-3.2", None))), unit="percent")  # type: ignore[arg-type]
        for span in spans(draw, len(text), 3)
    )
    dates = tuple(
        Date(**quote(span), date=draw(st.sampled_from(("2026-03-02", "2026", "2026-Q1", "2026-03"))))  # type: ignore[arg-type]
        for span in spans(draw, len(text), 2)
    )
    ads = tuple(Boilerplate(start=a, end=b, kind="ad") for a, b in spans(draw, len(text), 2))
    article = EntitiesArticle(
        id="a1",
        action=draw(st.sampled_from(("add", "update"))),
        title=text[: draw(st.integers(0, len(text)))] or None,
        published_at=draw(st.sampled_from((None, "2026-03-05T09:30:00.000Z"))),
        text=text,
        models=Models(language="l@1+00000000", entities="e@1+00000000"),
        language=Language(
            code=draw(st.sampled_from(("en", "de", "fr", "el", "pl", "zh", "und"))), script="Latn", confidence=0.9
        ),
        sentences=sentences,
        entities=entities,
        amounts=amounts,
        dates=dates,
        boilerplate=ads,
    )
    return Case(article, reading)


@given(cases())
@settings(max_examples=150, deadline=None)
def test_any_reading_gives_valid_events(case: Case) -> None:
    article, reading = case.article, case.reading
    stage = ClassifyEvents(FakeModel(reading))
    explanation = stage.explain(article)
    events = explanation.article.events
    text = article.text

    clock = "2026-03-05T09:30:00.000Z"
    stamped = tuple(replace(event, ingested_at=clock, produced_at=clock, trace="t/0/0") for event in events)
    record = replace(explanation.article, events=stamped, ingested_at=clock, produced_at=clock)
    validate("news.articles.classified", to_json(record))

    assert len({event.event_id for event in events}) == len(events)
    for event in events:
        assert event.event_class == event.type.split(".")[0]
        for quote in (*event.evidence, event.trigger, *event.participants):
            assert quote.start < quote.end
            assert text[quote.start : quote.end] == quote.text
        inside = [(quote.start, quote.end) for quote in event.evidence]
        assert all(left[1] <= right[0] for left, right in pairwise(inside))
        for quote in (event.trigger, *event.participants, *event.amounts):
            assert any(start <= quote.start and quote.end <= end for start, end in inside)
        roles = TYPES[event.type].roles
        assert event.participants
        assert all(participant.role in roles for participant in event.participants)
        taken = sorted((participant.start, participant.end) for participant in event.participants)
        assert all(left[1] <= right[0] for left, right in pairwise(taken))
        named = [participant.entity_id for participant in event.participants if participant.entity_id]
        assert len(named) == len(set(named))
        for participant in event.participants:
            assert not any(
                part.start < participant.end and participant.start < part.end for part in article.boilerplate
            )
        assert not any(
            part.start < event.trigger.end and event.trigger.start < part.end for part in article.boilerplate
        )
        assert 0.5 <= event.confidence <= 1
        assert 0 <= event.relevance <= 1
        assert event.action == article.action

    assert not any(decision.verdict is Verdict.OPEN for decision in explanation.decisions)
    kept = [decision.event for decision in explanation.decisions if decision.verdict is Verdict.KEPT]
    assert sorted(kept) == list(range(1, len(events) + 1))


@given(cases())
@settings(max_examples=30, deadline=None)
def test_events_are_the_same_every_time_and_in_any_company(case: Case) -> None:
    article, reading = case.article, case.reading
    stage = ClassifyEvents(FakeModel(reading))
    (alone,) = stage.run([article])
    again = ClassifyEvents(FakeModel(reading)).run([article, replace(article, action="delete"), article])
    assert again[0] == again[2] == alone
    assert isinstance(again[1], ClassifiedArticle)
    assert again[1].events == ()


@given(cases())
@settings(max_examples=30, deadline=None)
def test_event_ids_do_not_depend_on_what_stands_before(case: Case) -> None:
    """The same text 10 characters further on: the same ids."""
    article, reading = case.article, case.reading
    (before,) = ClassifyEvents(FakeModel(reading)).run([replace(article, title=None)])

    def moved(item: object) -> object:
        return replace(item, start=item.start + 10, end=item.end + 10)  # type: ignore[type-var,attr-defined]

    shifted = replace(
        article,
        title=None,
        text="\n" * 10 + article.text,
        sentences=tuple((start + 10, end + 10) for start, end in article.sentences),
        **{
            name: tuple(moved(item) for item in getattr(article, name))
            for name in ("entities", "amounts", "dates", "boilerplate")
        },
    )
    (after,) = ClassifyEvents(FakeModel(replace(reading, pieces=reading.pieces + np.int32(10)))).run([shifted])
    assert isinstance(before, ClassifiedArticle)
    assert isinstance(after, ClassifiedArticle)
    assert [event.event_id for event in before.events] == [event.event_id for event in after.events]
    assert [event.similarity_key for event in before.events] == [event.similarity_key for event in after.events]
