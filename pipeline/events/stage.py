"""The event agent: an article with sentences and entities in, the same article with its events out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Protocol

from pipeline.errors import InvalidInput
from pipeline.events.assemble import assemble
from pipeline.events.classify import classify
from pipeline.events.ground import Ground
from pipeline.events.own_heads import extend
from pipeline.events.own_store import OwnTypes, open_own_types, with_own
from pipeline.events.roles import RoleReader
from pipeline.events.scheme import Columns, scheme_of
from pipeline.events.taxonomy import Taxonomy, taxonomy
from pipeline.events.trace import Candidate, Decision, Explanation, Mention, Verdict
from pipeline.records import ClassifiedArticle, EntitiesArticle, NewsEvent

if TYPE_CHECKING:
    from pipeline.encoder.reading import Reading
    from pipeline.settings import Settings


class Reader(Columns, Protocol):
    """The part of `pipeline.encoder.Model` that the stage needs; tests bring their own."""

    def read(self, text: str, sentences: Sequence[tuple[int, int]]) -> Reading: ...


class ClassifyEvents:
    """Reads events. A pure function of the record, the model, the taxonomy, the users' own types and the rules: its ref
    names them all.
    """

    name = "events"

    def __init__(self, model: Reader, *, types: Taxonomy | None = None, own: OwnTypes | None = None) -> None:
        """`own`: the users' types, learned for this model. Raises `ModelError` if the model was trained for other types
        than `types` (default: the shipped ones).
        """
        self._model = model
        self._own = own or OwnTypes()
        self.scheme = with_own(scheme_of(model, types or taxonomy()), self._own)

    @classmethod
    def load(cls, settings: Settings) -> ClassifyEvents:
        """With the model of `settings.model`, or the shipped one, one in memory for both agents that use it; and with
        the types of `settings.types`.
        """
        from pipeline.encoder import shared_model

        model = shared_model(settings.model)
        return cls(model, own=open_own_types(settings.types, model.digest))

    def run(self, records: Sequence[EntitiesArticle]) -> list[ClassifiedArticle | InvalidInput]:
        """One outcome a record. An article that says nothing (a deletion) passes with no events."""
        return [self.explain(record).article for record in records]

    def explain(self, record: EntitiesArticle) -> Explanation:
        """The outcome of one record, and every decision that led to it."""
        models = replace(record.models, events=self.scheme.ref)
        given = {item.name: getattr(record, item.name) for item in fields(record)} | {"models": models}
        if record.action == "delete" or not record.sentences:
            return Explanation(article=ClassifiedArticle(**given), decisions=())
        reading = extend(self._model.read(record.text, record.sentences), self._own.heads)
        ground = Ground(record)
        candidates = classify(record, reading, self.scheme, ground)
        roles = RoleReader(record, reading, self.scheme, ground)
        found = [
            (candidate, roles.mentions(candidate) if candidate.verdict is Verdict.OPEN else [])
            for candidate in candidates
        ]
        mentions = sorted((m for _, ms in found for m in ms), key=lambda m: (m.trigger.span, m.type))
        events = assemble(record, mentions, self.scheme, models)
        article = ClassifiedArticle(**given, events=tuple(event for event, _ in events))
        return Explanation(article=article, decisions=tuple(_decisions(found, events)))


def _decisions(
    found: Sequence[tuple[Candidate, list[Mention]]], events: Sequence[tuple[NewsEvent, list[Mention]]]
) -> list[Decision]:
    """What became of every candidate; one that reports several events has a decision for each."""
    places = {id(mention): (number, at) for number, (_, ms) in enumerate(events, 1) for at, mention in enumerate(ms)}
    decisions: list[Decision] = []
    for candidate, mentions in found:
        base = Decision(
            sentence=candidate.sentence,
            type=candidate.type,
            score=candidate.score,
            threshold=candidate.threshold,
            verdict=candidate.verdict,
        )
        for mention in mentions:
            number, at = places.get(id(mention), (None, 0))
            kept = Verdict.MERGED if at else Verdict.KEPT
            verdict = kept if number else Verdict.NO_PARTICIPANT
            decisions.append(replace(base, verdict=verdict, trigger=mention.trigger.span, event=number))
        if not mentions:
            decisions.append(base)
    return decisions
