"""The spans of a sentence that may fill a type's roles, and the choice among them."""

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from pipeline.encoder.reading import FloatArray, Reading
from pipeline.events.ground import Ground, sentence_bounds
from pipeline.events.lookup import Lookup
from pipeline.events.own_heads import own_roles
from pipeline.events.references import reference, says_nothing, with_determiner
from pipeline.events.scheme import Scheme
from pipeline.events.trace import Candidate
from pipeline.events.words import Span, grow, trim
from pipeline.records import Amount, EntitiesArticle, Entity
from pipeline.records.values import EntityLabel

# What a role is filled with. The remaining roles are filled by people, organisations, places and products.
FIGURES = frozenset({"price", "value", "amount", "change", "count"})
DATES = frozenset({"date", "period"})
# Roles of things said in words: a name inside such a span does not stand for the whole.
PHRASES = frozenset(
    {"measure", "metric", "asset", "right", "occasion", "title", "casualties", "goods", "rating_from", "rating_to"}
)
# Roles that several often fill side by side; another role's second filler must be as sure as its first.
SEVERAL = frozenset({"party", "partner", "place", "victim", "candidate", "protester", "polity", "workers"})
# Roles that a whole list of names has if one of its names does.
LISTED = SEVERAL | {"addressee", "target", "defendant", "plaintiff", "suspect", "supplier", "producer", "owner"}
# What "the company" or "he" may stand for; in other roles such words are left as they are.
PEOPLE = frozenset({"person", "candidate", "suspect", "victim", "defendant", "plaintiff", "holder", "attacker"})
ORGANISATIONS = frozenset(
    {"acquirer", "target", "seller", "buyer", "supplier", "customer", "investor", "recipient", "owner", "company"}
    | {"employer", "producer", "debtor", "issuer", "security", "operator", "partner", "addressee", "defendant"}
    | {"plaintiff", "analyst", "funder"}
)
BRIDGE = 0.5  # a piece between two pieces of a span needs this share of the threshold
MOST = 0.6  # of a phrase's letters: then the entity inside it is what the phrase means
WHOLE = 0.6  # a span's mean needs this share of the threshold: one high piece in a long word is chance
WORDS = 0.8  # the same for words that nothing else knows as a name or figure
SURE, LIKELY = 0.95, 0.6  # of the best filler's score: what a further one needs
LONGEST_ROW = 50  # spare fillers in a sentence; with more it is noise, not a list
PERCENT = 1.25  # "rose 2 per cent to 50 euros": the change is the percentage

_AND = re.compile(
    r"\W*(?:[,/&+、]|\b(?:and|und|sowie|et|y|e|i|och|og|en|ja|és|a|και|и)\b)\W*(?:(?:the|der|die|das|den|le|la|les|l)\b)?\W*"
)


@dataclass(frozen=True, slots=True)
class Filler:
    """A span that may fill a role. `score` is the mean of the role's probability over its pieces."""

    role: str
    span: Span
    score: float
    entity: Entity | None = None
    label: EntityLabel | None = None  # of a reference that is still to be resolved


class RoleScores:
    """What the model says of one event's roles at the pieces of its sentence, from `first` on: (pieces, roles)."""

    def __init__(self, scores: FloatArray, first: int, starts: Sequence[int], columns: Mapping[str, int]) -> None:
        self._scores, self._first, self._starts, self._columns = scores, first, starts, columns

    def mean(self, role: str, span: Span) -> float:
        """Mean probability of the role over the span's pieces; 0 if it has none in the sentence."""
        first = max(0, bisect_left(self._starts, span[0] + 1) - 1 - self._first)
        last = bisect_left(self._starts, span[1]) - self._first
        if first >= min(last, len(self._scores)):
            return 0.0
        return float(self._scores[first:last, self._columns[role]].mean())

    def at(self, role: str, pieces: np.ndarray) -> FloatArray:
        """The probabilities of these pieces of the text, all in the sentence."""
        scores: FloatArray = self._scores[pieces - self._first, self._columns[role]]
        return scores


class FillerReader:
    """Finds fillers in one article."""

    def __init__(self, article: EntitiesArticle, reading: Reading, scheme: Scheme, ground: Ground) -> None:
        self.article, self.scheme, self.ground = article, scheme, ground
        self.entities = Lookup(
            entity
            for entity in article.entities
            if ground.is_open(entity.start, entity.end) and not says_nothing(entity.text, article.language.code)
        )
        self._reading = reading
        self._allowed = ground.pieces(reading)
        self._bounds = sentence_bounds(reading)
        self._starts: list[int] = reading.pieces[:, 0].tolist()
        self._amounts = Lookup(amount for amount in article.amounts if ground.is_open(amount.start, amount.end))
        self._dates = Lookup(date for date in article.dates if ground.is_open(date.start, date.end))

    def read(self, candidate: Candidate, scores: RoleScores, share: float = 1.0) -> list[Filler]:
        """The chosen fillers of the candidate's sentence, whose `scores` they are read from: over `share` of their
        role's threshold, none overlapping another. Where two roles want one span, or one role two spans, the better
        pair wins and the loser takes its next best.
        """
        first, last = self._bounds[candidate.sentence : candidate.sentence + 2]
        pieces = np.flatnonzero(self._allowed[first:last]) + first
        sentence = self.article.sentences[candidate.sentence]
        roles = self.scheme.taxonomy[candidate.type].roles
        found: dict[tuple[str, Span], Filler] = {}
        for role in roles:
            threshold = share * self.scheme.role_threshold(candidate.type, role)
            for start, end in self._runs(scores.at(role, pieces), pieces, threshold):
                within = self.ground.around((start, end), sentence)
                span = trim(self.article.text, grow(self.article.text, (start, end), within))
                if span[0] < span[1]:
                    for filler in self._snap(scores, role, span, sentence, threshold):
                        found[filler.role, filler.span] = filler
        chosen = self._choose(list(found.values()), roles, taken=[trigger.span for trigger in candidate.triggers])
        return chosen + self._listed(chosen, sentence)

    def scores(self, candidate: Candidate) -> RoleScores:
        """What the model says of the candidate's roles."""
        first, last = self._bounds[candidate.sentence : candidate.sentence + 2]
        column = self.scheme.types.index(candidate.type)
        own = self.scheme.own.get(candidate.type)
        if own is None:
            return RoleScores(self._reading.roles(first, last, column), first, self._starts, self.scheme.roles)
        return RoleScores(
            own_roles(self._reading, first, last, column, own), first, self._starts, {**self.scheme.roles, **own.roles}
        )

    def _runs(self, scores: FloatArray, pieces: np.ndarray, threshold: float) -> list[Span]:
        """Neighbouring pieces over the threshold, as spans; one weaker piece may stand in between."""
        runs: list[list[int]] = []
        for at in np.flatnonzero(scores >= threshold).tolist():
            previous = runs[-1][-1] if runs else -9
            near = at - previous == 1 or (at - previous == 2 and scores[at - 1] >= BRIDGE * threshold)
            if near and pieces[at] - pieces[previous] == at - previous:
                runs[-1].append(at)
            else:
                runs.append([at])
        spans = self._reading.pieces
        return [(int(spans[pieces[run[0]], 0]), int(spans[pieces[run[-1]], 1])) for run in runs]

    def _snap(self, scores: RoleScores, role: str, span: Span, sentence: Span, threshold: float) -> list[Filler]:
        """The span as what it names: amount, date, entities, reference, or the words themselves."""
        if role in FIGURES | DATES:
            touched = (self._amounts if role in FIGURES else self._dates).touching(span, sentence)
            if touched:
                return [
                    Filler(role, (value.start, value.end), _figure(scores, role, value, span, threshold))
                    for value in touched
                ]
        inside = [
            entity
            for entity in self.entities.touching(span, sentence)
            if 2 * _shared((entity.start, entity.end), span) >= min(entity.end - entity.start, span[1] - span[0])
        ]
        if inside and role not in PHRASES | FIGURES | DATES:
            fillers = [Filler(role, (e.start, e.end), scores.mean(role, (e.start, e.end)), e) for e in inside]
            best = max(fillers, key=lambda filler: (filler.score, -filler.span[0]))
            # "Minister Ann Lee" may be two names to the entity agent: two participants stand side by side.
            kept = [f for f in fillers if f is best or self._coordinated(f.span, best.span)]
            return [filler for filler in kept if filler.score >= WHOLE * threshold]
        whole = [entity for entity in inside if entity.end - entity.start >= MOST * (span[1] - span[0])]
        entity = whole[0] if whole and role in PHRASES else None
        score = scores.mean(role, span)
        within = self.ground.around(span, sentence)
        span = with_determiner(self.article.text, span, within, self.article.language.code)
        text = self.article.text[slice(*span)]
        label = fitting(role, reference(text, self.article.language.code))
        needed = WHOLE if entity or label else WORDS
        if says_nothing(text, self.article.language.code):
            return []
        if score < needed * threshold or (not any(char.isalpha() for char in text) and role not in FIGURES | DATES):
            return []
        return [Filler(role, span, score, entity, label)]

    def _choose(self, found: list[Filler], roles: Sequence[str], *, taken: list[Span]) -> list[Filler]:
        chosen: list[Filler] = []
        spare: list[Filler] = []
        spans: list[Span] = []  # of the chosen ones, in text order
        owner: dict[Span, str] = {}
        best: dict[str, Filler] = {}
        for filler in sorted(found, key=lambda filler: (-filler.score, filler.span, roles.index(filler.role))):
            at = bisect_left(spans, filler.span)
            if any(_shared(filler.span, other) for other in spans[max(0, at - 1) : at + 1]):
                continue
            if filler.span in taken and not filler.entity and filler.role not in PHRASES | FIGURES:
                continue  # a trigger names no actor; a fifth of the annotated changes and measures are triggers
            first = best.setdefault(filler.role, filler)
            needed = (LIKELY if filler.role in SEVERAL else SURE) * first.score
            beside = [other for other in spans[max(0, at - 1) : at + 1] if owner[other] == filler.role]
            if filler.score >= needed or any(self._coordinated(other, filler.span) for other in beside):
                chosen.append(filler)
                spans.insert(at, filler.span)
                owner[filler.span] = filler.role
            else:
                spare.append(filler)
        return chosen + _parallel(chosen, spare)

    def _listed(self, chosen: list[Filler], sentence: Span) -> list[Filler]:
        """The rest of a list of names whose role the model saw for some: "fined A, B and C". All of one label, joined
        by commas, with an "and" in front of the last.
        """
        if not any(filler.entity and filler.role in LISTED for filler in chosen):
            return []
        names = self.entities.inside(sentence)
        roles = {(filler.entity.start, filler.entity.end): filler for filler in chosen if filler.entity}
        found: list[Filler] = []
        first = 0
        while first < len(names):
            last = first
            while last + 1 < len(names) and names[last + 1].label == names[first].label:
                left, right = (names[last].start, names[last].end), (names[last + 1].start, names[last + 1].end)
                if not self._coordinated(left, right):
                    break
                last += 1
            row = names[first : last + 1]
            known = [roles[name.start, name.end] for name in row if (name.start, name.end) in roles]
            last_joint = self.article.text[names[last - 1].end : names[last].start] if last > first else ""
            if known and len({filler.role for filler in known}) == 1 and any(map(str.isalpha, last_joint)):
                model = max(known, key=lambda filler: filler.score)
                if model.role in LISTED:
                    found += [
                        Filler(model.role, (name.start, name.end), model.score, name)
                        for name in row
                        if (name.start, name.end) not in roles
                        and not any(_shared((name.start, name.end), filler.span) for filler in chosen)
                    ]
            first = last + 1
        return found

    def _coordinated(self, one: Span, other: Span) -> bool:
        """Whether the two stand side by side: "A, B and the C"."""
        left, right = sorted((one, other))
        return right[0] - left[1] <= 16 and bool(_AND.fullmatch(self.article.text, left[1], right[0]))


def _figure(scores: RoleScores, role: str, value: object, span: Span, threshold: float) -> float:
    """A figure is read at the pieces that the role head saw, not at its unit; percentages first for a change."""
    score = max(scores.mean(role, span), threshold)
    percent = role == "change" and isinstance(value, Amount) and value.kind == "PERCENT"
    return score * (PERCENT if percent else 1.0)


def _parallel(chosen: list[Filler], spare: list[Filler]) -> list[Filler]:
    """What makes a list of pairs whole: "A rose 2 per cent, B 3 and C 4". Each of several participants in one role has
    its own figure, one after the other; then the less sure ones among them are no less participants.
    """
    if len(spare) > LONGEST_ROW:
        return []
    free = [filler for filler in spare if not any(_shared(filler.span, other.span) for other in chosen)]
    present = {filler.role for filler in chosen}
    for role in sorted(present - FIGURES - DATES - PHRASES - SEVERAL):
        for figure in sorted(present & FIGURES):
            row: list[Filler] = []
            for filler in sorted(chosen + free, key=lambda filler: filler.span):
                if filler.role not in (role, figure):
                    continue
                if row and row[-1].role == filler.role:  # two in a row: the better one counts
                    row[-1] = max(row[-1], filler, key=lambda filler: filler.score)
                else:
                    row.append(filler)
            pairs = len(row) // 2 * 2
            if pairs >= 4:
                row = row[:pairs] if row[0].role == role else row[len(row) - pairs :]
                if all(left.span[1] <= right.span[0] for left, right in pairwise(row)):
                    return [filler for filler in free if filler in row]
    return []


def _shared(one: Span, other: Span) -> int:
    """How many characters two spans share."""
    return max(0, min(one[1], other[1]) - max(one[0], other[0]))


def fitting(role: str, label: EntityLabel | None) -> EntityLabel | None:
    """The label, if a reference to an entity of that kind can fill the role."""
    fits = (label == "PER" and role in PEOPLE) or (label == "ORG" and role in ORGANISATIONS)
    return label if fits else None
