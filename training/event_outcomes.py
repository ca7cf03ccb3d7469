"""What the whole event agent makes of held-out articles: events as they stand on the topics, beside the annotation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pipeline.encoder import Model, Reading
from pipeline.entities.stage import TagEntities
from pipeline.events.confidence import features
from pipeline.events.stage import ClassifyEvents
from pipeline.events.trace import Verdict
from pipeline.events.words import fold
from pipeline.records import EntitiesArticle, Language, LanguageArticle, Models, NewsEvent, Participant
from training.articles import Record
from training.event_data import Document, reported_in
from training.measure_entities import Counts
from training.measure_events import expected_error

BINS = 10
BOOTSTRAPS = 1000
SEED = 20261125


@dataclass(frozen=True, slots=True)
class Outcome:
    """One article. `found` and `gold` are the types that its sentences report, (sentence, type).

    `events`: what came out, each with the numbers that its confidence is made of and whether it is right: an
    annotated mention of its type has its trigger or its evidence in one of the sentences that tell it.
    """

    record: Record
    sentences: list[tuple[int, int]]
    found: frozenset[tuple[int, str]]
    gold: frozenset[tuple[int, str]]
    events: list[tuple[NewsEvent, tuple[float, ...], bool]]


class Kept:
    """A model that keeps its readings, so that calibration and thresholds can change without reading again."""

    def __init__(self, model: Model) -> None:
        self.digest, self.ref, self.entity_labels = model.digest, model.ref, model.entity_labels
        self.event_types, self.roles = model.event_types, model.roles
        self.statuses, self.times = model.statuses, model.times
        self.thresholds, self.role_thresholds = model.thresholds, model.role_thresholds
        self.event_confidence = model.event_confidence
        self._model = model
        self._readings: dict[tuple[str, tuple[tuple[int, int], ...]], Reading] = {}
        self._platt = (1.0, 0.0)

    def recalibrate(self, scale: float, shift: float) -> None:
        """From now on, the logit of a sentence's type is so much of the model's, and so much more."""
        self._platt = scale, shift

    def read(self, text: str, sentences: Sequence[tuple[int, int]]) -> Reading:
        """As the model, recalibrated."""
        key = (text, tuple(sentences))
        if key not in self._readings:
            self._readings[key] = self._model.read(text, sentences)
        kept, (scale, shift) = self._readings[key], self._platt
        p = kept.event_sentence.astype(float).clip(1e-7, 1 - 1e-7)
        moved = 1 / (1 + np.exp(-(scale * np.log(p / (1 - p)) + shift)))
        return replace(kept, event_sentence=moved.astype(np.float32)) if self._platt != (1.0, 0.0) else kept


Tagged = tuple[Record, EntitiesArticle]


def tagged(model: Model | Kept, docs: Iterable[Document]) -> list[Tagged]:
    """Each article with its entities, as the entity agent finds them; its text and language are taken as they are."""
    agent = TagEntities(model)
    found = []
    for doc in docs:
        record = doc.record
        article = LanguageArticle(
            id=record["id"],
            action="add",
            title=record["text"].split("\n", 1)[0] if "\n\n" in record["text"] else None,
            text=record["text"],
            published_at=record.get("published_at"),
            models=Models(language="given"),
            language=Language(code=record["language"], script="Latn", confidence=1.0),
        )
        (entities,) = agent.run([article])
        assert isinstance(entities, EntitiesArticle)
        found.append((record, entities))
    return found


def outcomes(classify: ClassifyEvents, articles: Iterable[Tagged]) -> list[Outcome]:
    """What the event agent makes of each article."""
    return [_outcome(classify, *article) for article in articles]


def _outcome(classify: ClassifyEvents, record: Record, entities: EntitiesArticle) -> Outcome:
    explanation = classify.explain(entities)
    sentences = list(entities.sentences)
    told: dict[int, list[tuple[int, float]]] = {}
    for decision in explanation.decisions:
        if decision.event is not None:
            told.setdefault(decision.event, []).append((decision.sentence, decision.score))
    gold = {(at, event["type"]) for event in record["events"] for at in reported_in(sentences, event)}
    events = []
    for number, event in enumerate(explanation.article.events, 1):
        places = {at for at, _ in told[number]}
        title = any(sentences[at][0] < len(entities.title or "") for at in places)
        right = any((at, event.type) in gold for at in places)
        events.append((event, features(told[number], title=title), right))
    kept = (Verdict.KEPT, Verdict.MERGED)
    found = {(decision.sentence, decision.type) for decision in explanation.decisions if decision.verdict in kept}
    return Outcome(record, sentences, frozenset(found), frozenset(gold), events)


def count(articles: Iterable[Outcome]) -> tuple[Counts, Counts]:
    """By type, for documents and for sentences."""
    documents, sentences = Counts(), Counts()
    for article in articles:
        for counts, found, gold in (
            (documents, {(0, kind) for _, kind in article.found}, {(0, kind) for _, kind in article.gold}),
            (sentences, article.found, article.gold),
        ):
            counts.right.update(kind for _, kind in found & gold)
            counts.wrong.update(kind for _, kind in found - gold)
            counts.missed.update(kind for _, kind in gold - found)
    return documents, sentences


def count_roles(articles: Iterable[Outcome]) -> tuple[Counts, Counter[tuple[str, str]], Counter[tuple[str, str]]]:
    """Of annotated mentions that were found (an event of the type tells the sentence): participants by role, and (gold,
    said) pairs of status and of time.

    A participant is right if the event has one in this role that overlaps it, or that names the same in another
    sentence: an event of several sentences has each participant once. Wrong are those that the event has in the
    mention's own sentence and that no annotated one of the role overlaps.
    """
    roles, status, time = Counts(), Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for article in articles:
        for mention in article.record["events"]:
            at = reported_in(article.sentences, mention)[:1]
            span = article.sentences[at[0]] if at else (0, 0)
            events = [e for e, _, _ in article.events if e.type == mention["type"] and _tells(e, span)]
            if not events:
                continue
            best = min(events, key=lambda e: (abs(e.trigger.start - mention["trigger"]["start"]), e.event_id))
            status[mention["status"], best.status] += 1
            time[mention["time"], best.time] += 1
            said = [p for e in events for p in e.participants]
            gold = [p for p in mention["participants"] if span[0] <= p["start"] < span[1]]
            hits = [any(s.role == g["role"] and (_over(s, g) or _same(s, g)) for s in said) for g in gold]
            roles.right.update(g["role"] for g, hit in zip(gold, hits, strict=True) if hit)
            roles.missed.update(g["role"] for g, hit in zip(gold, hits, strict=True) if not hit)
            own = [p for p in best.participants if span[0] <= p.start < span[1]]
            roles.wrong.update(s.role for s in own if not any(s.role == g["role"] and _over(s, g) for g in gold))
    return roles, status, time


def _same(said: Participant, gold: Mapping[str, Any]) -> bool:
    """Whether the words of one are among the other's, or among those of the name that it was resolved to."""
    words = [set(fold(text).split()) for text in (said.text, said.name or "")]
    wanted = set(fold(gold["text"]).split())
    return any(w and wanted and (w <= wanted or wanted <= w) for w in words)


def _tells(event: NewsEvent, span: tuple[int, int]) -> bool:
    return any(quote.start < span[1] and span[0] < quote.end for quote in event.evidence)


def _over(said: Participant, gold: Mapping[str, Any]) -> bool:
    return bool(said.start < gold["end"] and gold["start"] < said.end)


def confusion(articles: Iterable[Outcome]) -> Counter[tuple[str, str]]:
    """(gold, said) over the types of sentences; `-` where the other side has nothing of its own in the sentence."""
    pairs = Counter[tuple[str, str]]()
    for article in articles:
        for at in {at for at, _ in article.found | article.gold}:
            said = {kind for place, kind in article.found if place == at}
            gold = {kind for place, kind in article.gold if place == at}
            pairs.update((kind, kind) for kind in said & gold)
            missed, wrong = sorted(gold - said), sorted(said - gold)
            if len(missed) == 1 and len(wrong) == 1:
                pairs[missed[0], wrong[0]] += 1
            else:
                pairs.update((kind, "-") for kind in missed)
                pairs.update(("-", kind) for kind in wrong)
    return pairs


def reliability(pairs: Sequence[tuple[float, bool]]) -> list[tuple[float, float, int]]:
    """Mean confidence, share right and number, in ten bins of confidence."""
    rows = []
    for low in range(BINS):
        inside = [(c, r) for c, r in pairs if min(int(c * BINS), BINS - 1) == low]
        if inside:
            rows.append((sum(c for c, _ in inside) / len(inside), sum(r for _, r in inside) / len(inside), len(inside)))
    return rows


def noise(pairs: Sequence[tuple[float, bool]]) -> float:
    """The ECE that so many events would show if their confidence were perfect, on average."""
    rng = np.random.default_rng(SEED)
    drawn = [[(c, bool(rng.random() < c)) for c, _ in pairs] for _ in range(BOOTSTRAPS // 10)]
    return float(np.mean([expected_error(reliability(one)) for one in drawn]))


def bootstrap(parts: Sequence[tuple[int, int, int]]) -> tuple[float, float]:
    """95 % interval of F1 over articles drawn with replacement; `parts`: right, wrong, missed of each article."""
    table = np.array(parts)
    rng = np.random.default_rng(SEED)
    sums = np.array([table[rng.integers(0, len(table), len(table))].sum(0) for _ in range(BOOTSTRAPS)])
    f1 = 2 * sums[:, 0] / np.maximum(1, 2 * sums[:, 0] + sums[:, 1] + sums[:, 2])
    low, high = np.quantile(f1, [0.025, 0.975])
    return float(low), float(high)
