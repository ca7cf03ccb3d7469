"""Hand-made articles: a text, and what the entity agent and the encoder would say about its words. No model."""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pipeline.encoder.reading import Reading
from pipeline.events.stage import ClassifyEvents
from pipeline.events.taxonomy import taxonomy
from pipeline.events.trace import Explanation
from pipeline.records import (
    Amount,
    Boilerplate,
    ClassifiedArticle,
    Date,
    EntitiesArticle,
    Entity,
    Ids,
    Language,
    Models,
    NewsEvent,
)

STATUSES = ("announced", "completed", "scheduled", "rumoured", "cancelled", "denied", "ongoing")
TIMES = ("current", "background")
TYPES = taxonomy()
PIECE = 4  # characters: long words are several pieces, as with a real vocabulary


class FakeModel:
    """Looks like `pipeline.encoder.Model`; gives the reading it was made with."""

    digest = "0" * 64
    event_types = tuple(TYPES.types)
    roles = TYPES.roles
    statuses = STATUSES
    times = TIMES

    def __init__(self, reading: Reading | None = None) -> None:
        self.reading = reading
        self.thresholds = dict.fromkeys(self.event_types, 0.5)
        self.role_thresholds = dict.fromkeys(self.roles, 0.5)
        self.event_confidence: dict[str, float] = {}

    def read(self, text: str, sentences: Sequence[tuple[int, int]]) -> Reading:
        assert self.reading is not None
        return self.reading


class Story:
    """An article under construction; words are found by their text, from `after` on."""

    def __init__(
        self,
        text: str,
        *,
        title: str | None = None,
        language: str = "en",
        sentences: list[tuple[int, int]] | None = None,
        **fields: object,
    ) -> None:
        self.text = f"{title}\n\n{text}" if title else text
        ends = re.finditer(r"\S[^\n]*?(?:[.!?？؟]+[»”\"]*(?=\s|$)|(?=\n)|$)", self.text)
        self.sentences = sentences or [(match.start(), match.end()) for match in ends]
        spans = [
            (start, min(start + PIECE, match.end()))
            for match in re.finditer(r"\w+|[^\w\s]", self.text)
            for start in range(match.start(), match.end(), PIECE)
        ]
        spans = [span for span in spans if any(a <= span[0] and span[1] <= b for a, b in self.sentences)]
        n, s = len(spans), len(self.sentences)
        self.pieces = np.array(spans, np.int32).reshape(-1, 2)
        index = [next(i for i, (a, b) in enumerate(self.sentences) if a <= span[0] < b) for span in spans]
        self.sentence = np.array(index, np.int32)
        self.event_sentence = np.full((s, len(TYPES.types)), 0.01, np.float32)
        self.event_piece = np.full((n, len(TYPES.types)), 0.01, np.float32)
        self.role_scores = np.full((n, len(TYPES.roles)), 0.01, np.float32)
        self.status = np.tile(np.eye(len(STATUSES), dtype=np.float32)[1], (n, 1))
        self.time = np.tile(np.eye(2, dtype=np.float32)[0], (n, 1))
        self.article = EntitiesArticle(
            id="a1",
            action="add",
            title=title,
            published_at="2026-03-05T09:30:00.000Z",
            text=self.text,
            models=Models(language="l@1+00000000", entities="e@1+00000000"),
            language=Language(code=language, script="Latn", confidence=0.99),
            sentences=tuple(self.sentences),
        )
        self.article = replace(self.article, **fields)  # type: ignore[arg-type]

    def find(self, words: str, after: int = 0) -> tuple[int, int]:
        start = self.text.index(words, after)
        return start, start + len(words)

    def entity(
        self, words: str, label: str, *, id: str | None = None, after: int = 0, ids: Ids | None = None
    ) -> "Story":
        """Every mention of the words from `after` on."""
        start = after
        while (start := self.text.find(words, start)) >= 0:
            entity = Entity(
                start=start,
                end=start + len(words),
                text=words,
                label=label,  # type: ignore[arg-type]
                name=words,
                entity_id=id or f"x:{words.casefold()}",
                ids=ids,
                confidence=0.9,
            )
            found = sorted((*self.article.entities, entity), key=lambda item: item.start)
            self.article = replace(self.article, entities=tuple(found))
            start += len(words)
        return self

    def amount(self, words: str, value: str, unit: str, *, after: int = 0) -> "Story":
        start, end = self.find(words, after)
        kind = "PERCENT" if unit.startswith("percent") else "MONEY"
        amount = Amount(start=start, end=end, text=words, kind=kind, value=value, unit=unit)  # type: ignore[arg-type]
        self.article = replace(self.article, amounts=(*self.article.amounts, amount))
        return self

    def date(self, words: str, date: str, *, after: int = 0) -> "Story":
        start, end = self.find(words, after)
        dates = (*self.article.dates, Date(start=start, end=end, text=words, date=date))
        self.article = replace(self.article, dates=dates)
        return self

    def boilerplate(self, words: str, kind: str = "ad") -> "Story":
        start, end = self.find(words)
        part = Boilerplate(start=start, end=end, kind=kind)  # type: ignore[arg-type]
        self.article = replace(self.article, boilerplate=(*self.article.boilerplate, part))
        return self

    def event(
        self,
        kind: str,
        trigger: str,
        score: float = 0.9,
        *,
        after: int = 0,
        piece: float = 0.9,
        status: str = "completed",
        time: str = "current",
    ) -> "Story":
        """The sentence of the trigger reports an event of this type with this probability."""
        column = FakeModel.event_types.index(kind)
        at = self._at(trigger, after)
        self.event_piece[at, column] = piece
        row = self.sentence[at][0]
        self.event_sentence[row, column] = max(score, self.event_sentence[row, column])
        self.status[at] = np.eye(len(STATUSES), dtype=np.float32)[STATUSES.index(status)]
        self.time[at] = np.eye(2, dtype=np.float32)[TIMES.index(time)]
        return self

    def role(self, role: str, words: str, score: float = 0.9, *, after: int = 0) -> "Story":
        self.role_scores[self._at(words, after), TYPES.roles.index(role)] = score
        return self

    def _at(self, words: str, after: int) -> np.ndarray:
        start, end = self.find(words, after)
        return np.flatnonzero((self.pieces[:, 0] < end) & (self.pieces[:, 1] > start))

    @property
    def reading(self) -> Reading:
        labels = np.full((len(self.pieces), 11), -np.log(11), np.float32)
        return Reading(
            pieces=self.pieces,
            sentence=self.sentence,
            entity=labels,
            event_sentence=self.event_sentence,
            event_piece=self.event_piece,
            role=self.role_scores,
            status=self.status,
            time=self.time,
        )

    def explain(self) -> Explanation:
        return ClassifyEvents(FakeModel(self.reading)).explain(self.article)

    def run(self) -> ClassifiedArticle:
        (outcome,) = ClassifyEvents(FakeModel(self.reading)).run([self.article])
        assert isinstance(outcome, ClassifiedArticle)
        return outcome

    @property
    def events(self) -> tuple[NewsEvent, ...]:
        return self.run().events
