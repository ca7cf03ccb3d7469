"""From a candidate to mentions: who and what took part, in which role, read from the candidate's own sentence."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.encoder.reading import Reading
from pipeline.events.evidence import evidence
from pipeline.events.ground import Ground, sentence_bounds
from pipeline.events.lookup import Lookup
from pipeline.events.references import most_salient, phrases, reference
from pipeline.events.scheme import Scheme
from pipeline.events.split import split
from pipeline.events.trace import Candidate, Mention
from pipeline.events.words import Span, grow, trim
from pipeline.records import EntitiesArticle, Entity, Participant
from pipeline.records.values import EntityLabel

# What a role is filled with. The remaining roles are filled by people, organisations, places and products.
FIGURES = frozenset({"price", "value", "amount", "change", "count"})
DATES = frozenset({"date", "period"})
# Roles of things said in words: a name inside such a span does not stand for the whole.
PHRASES = frozenset(
    {"measure", "metric", "asset", "right", "occasion", "title", "casualties", "goods", "rating_from", "rating_to"}
)
# What "the company" or "he" may stand for in a role; without an entry: anything that the tables know.
PEOPLE = frozenset({"person", "candidate", "suspect"})
ORGANISATIONS = frozenset(
    {"acquirer", "seller", "supplier", "investor", "owner", "company", "employer", "producer", "debtor", "issuer"}
    | {"security", "operator", "holder", "partner"}
)
BRIDGE = 0.5  # a piece between two pieces of a span needs this share of the threshold
NEAR = 0.5  # without any participant, an entity or a reference needs only this share of the threshold
MOST = 0.6  # of a phrase's letters: then the entity inside it is what the phrase means


@dataclass(frozen=True, slots=True)
class _Filler:
    role: str
    span: Span
    score: float
    entity: Entity | None = None
    label: EntityLabel | None = None  # of a reference that is still to be resolved


class RoleReader:
    """Reads the participants of one article's candidates."""

    def __init__(self, article: EntitiesArticle, reading: Reading, scheme: Scheme, ground: Ground) -> None:
        self.article, self.reading, self.scheme, self.ground = article, reading, scheme, ground
        self._allowed = ground.pieces(reading)
        self._bounds = sentence_bounds(reading)
        self._starts = reading.pieces[:, 0].tolist()
        self._entities = Lookup(entity for entity in article.entities if ground.is_open(entity.start, entity.end))
        self._amounts = Lookup(amount for amount in article.amounts if ground.is_open(amount.start, amount.end))
        self._dates = Lookup(date for date in article.dates if ground.is_open(date.start, date.end))

    def mentions(self, candidate: Candidate) -> list[Mention]:
        """The events that the candidate's sentence reports: one, or one for each participant with its own figure.

        Mentions may have no participant: assembly decides whether they are evidence of another mention's event.
        """
        sentence = self.article.sentences[candidate.sentence]
        roles = self.scheme.taxonomy[candidate.type].roles
        fillers = self._fillers(candidate, roles, 1.0)
        if not fillers:
            near = self._fillers(candidate, roles, NEAR)
            fillers = [filler for filler in near if filler.entity]
        if not any(filler.entity or filler.label for filler in fillers if filler.role not in FIGURES | DATES):
            fillers += self._reference(candidate, roles, fillers)
        participants = self._participants(fillers, roles)
        parts = split(self.article.text, candidate, participants, figures=FIGURES)
        spans = [(trigger.span, *((p.start, p.end) for p in chosen)) for trigger, chosen in parts]
        return [
            Mention(
                sentence=candidate.sentence,
                type=candidate.type,
                score=candidate.score,
                trigger=trigger,
                evidence=evidence(self.article.text, sentence, spans[at], spans[:at] + spans[at + 1 :]),
                participants=tuple(chosen),
                alone=len(parts) == 1,
            )
            for at, (trigger, chosen) in enumerate(parts)
        ]

    def _fillers(self, candidate: Candidate, roles: Sequence[str], share: float) -> list[_Filler]:
        """Spans over `share` of their role's threshold, best first chosen, none overlapping another."""
        first, last = self._bounds[candidate.sentence : candidate.sentence + 2]
        pieces = np.flatnonzero(self._allowed[first:last]) + first
        sentence = self.article.sentences[candidate.sentence]
        found: list[_Filler] = []
        for role in roles:
            threshold = share * self.scheme.role_thresholds[role]
            scores = self.reading.role[pieces, self.scheme.roles[role]]
            for run in _spans(scores, pieces, threshold):
                start, end = int(self.reading.pieces[pieces[run[0]], 0]), int(self.reading.pieces[pieces[run[-1]], 1])
                within = self.ground.around((start, end), sentence)
                span = trim(self.article.text, grow(self.article.text, (start, end), within))
                if span[0] < span[1]:
                    found += self._snap(role, span, sentence, float(scores[run].max()))
        return _without_overlap(found, roles, taken=[trigger.span for trigger in candidate.triggers])

    def _snap(self, role: str, span: Span, sentence: Span, score: float) -> list[_Filler]:
        """The span as what it names: amount, date, entities, reference, or the words themselves."""
        if role in FIGURES or role in DATES:
            found = self._amounts.inside(sentence) if role in FIGURES else self._dates.inside(sentence)
            values: list[Span] = [(value.start, value.end) for value in found]
            near = max(values, key=lambda value: (_shared(value, span), -value[0]), default=span)
            return [_Filler(role, near if _shared(near, span) > 0 else span, score)]
        inside = [
            entity
            for entity in self._entities.inside(sentence)
            if 2 * _shared((entity.start, entity.end), span) >= min(entity.end - entity.start, span[1] - span[0])
        ]
        if role in PHRASES:
            whole = [entity for entity in inside if entity.end - entity.start >= MOST * (span[1] - span[0])]
            return [_Filler(role, span, score, whole[0] if whole else None)]
        if inside:
            return [_Filler(role, (entity.start, entity.end), score, entity) for entity in inside]
        text = self.article.text[span[0] : span[1]]
        return [_Filler(role, span, score, None, _fitting(role, reference(text, self.article.language.code)))]

    def _reference(self, candidate: Candidate, roles: Sequence[str], others: list[_Filler]) -> list[_Filler]:
        """Where the role head found nobody: the phrase like "the company" for which it comes nearest, if near."""
        best: list[_Filler] = []
        for span in phrases(self.article.text, self.article.sentences[candidate.sentence], self.article.language.code):
            if any(_shared(span, other.span) for other in others) or not self.ground.is_open(*span):
                continue
            first, last = bisect_left(self._starts, span[0]), bisect_left(self._starts, span[1])
            label = reference(self.article.text[span[0] : span[1]], self.article.language.code)
            for role in roles:
                if role in FIGURES | DATES | PHRASES or _fitting(role, label) is None or first == last:
                    continue
                score = float(self.reading.role[first:last, self.scheme.roles[role]].max())
                if score >= NEAR * self.scheme.role_thresholds[role]:
                    best.append(_Filler(role, span, score, None, label))
        return sorted(best, key=lambda filler: (-filler.score, filler.span))[:1]

    def _participants(self, fillers: Iterable[_Filler], roles: Sequence[str]) -> list[Participant]:
        """Participants in the order of the type's roles, each entity once; unresolved pronouns are nobody."""
        fillers = sorted(fillers, key=lambda filler: (roles.index(filler.role), filler.span))
        named = frozenset(filler.entity.entity_id for filler in fillers if filler.entity)
        result: list[Participant] = []
        seen: set[str] = set()
        for filler in fillers:
            entity, resolved = filler.entity, None
            if filler.label and (
                entity := most_salient(self.article, self._entities, filler.label, filler.span[0], exclude=named)
            ):
                resolved = True
            text = self.article.text[filler.span[0] : filler.span[1]]
            if entity is None and filler.label and len(text.split()) == 1 and filler.role in PEOPLE:
                continue
            if entity and entity.entity_id in seen:
                continue
            if entity:
                seen.add(entity.entity_id)
            result.append(
                Participant(
                    role=filler.role,
                    text=text,
                    start=filler.span[0],
                    end=filler.span[1],
                    label=entity.label if entity else None,
                    entity_id=entity.entity_id if entity else None,
                    name=entity.name if entity else None,
                    ids=entity.ids if entity else None,
                    resolved=resolved,
                )
            )
        return result


def _spans(scores: np.ndarray, pieces: np.ndarray, threshold: float) -> list[list[int]]:
    """Positions in `pieces` over the threshold, neighbours together; one weaker piece may stand in between."""
    runs: list[list[int]] = []
    for at in np.flatnonzero(scores >= threshold).tolist():
        previous = runs[-1][-1] if runs else None
        bridged = previous is not None and at - previous == 2 and scores[at - 1] >= BRIDGE * threshold
        if previous is not None and (at - previous == 1 or bridged) and pieces[at] - pieces[previous] == at - previous:
            runs[-1].append(at)
        else:
            runs.append([at])
    return runs


def _without_overlap(found: list[_Filler], roles: Sequence[str], *, taken: list[Span]) -> list[_Filler]:
    """The best fillers, no two of which share a character: a span has one role. A trigger is no participant, unless
    it is the only word for it ("Warnstreiks bei Verdi").
    """
    chosen: list[_Filler] = []
    spans: list[Span] = []  # of the chosen ones, in text order
    order = sorted(found, key=lambda filler: (-filler.score, filler.span, roles.index(filler.role)))
    for filler in order:
        at = bisect_left(spans, filler.span)
        free = not any(_shared(filler.span, other) for other in spans[max(0, at - 1) : at + 1])
        if free and (filler.entity or filler.span not in taken):
            chosen.append(filler)
            spans.insert(at, filler.span)
    return chosen


def _shared(one: Span, other: Span) -> int:
    """How many characters two spans share."""
    return max(0, min(one[1], other[1]) - max(one[0], other[0]))


def _fitting(role: str, label: EntityLabel | None) -> EntityLabel | None:
    """The label, if an entity of that kind can fill the role."""
    if (role in PEOPLE and label == "ORG") or (role in ORGANISATIONS and label == "PER"):
        return None
    return label
