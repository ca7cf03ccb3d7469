"""From a candidate to mentions: who and what took part, in which role, read from the candidate's own sentence."""

from collections.abc import Iterable, Sequence

from pipeline.encoder.reading import Reading
from pipeline.events.direction import directed
from pipeline.events.evidence import evidence
from pipeline.events.fillers import DATES, FIGURES, PEOPLE, PHRASES, Filler, FillerReader, RoleScores, fitting
from pipeline.events.ground import Ground
from pipeline.events.references import most_salient, phrases, reference
from pipeline.events.scheme import Scheme
from pipeline.events.split import split
from pipeline.events.trace import Candidate, Mention
from pipeline.records import EntitiesArticle, Participant

NEAR = 0.5  # without any participant, a filler needs only this share of the threshold


class RoleReader:
    """Reads the participants of one article's candidates."""

    def __init__(self, article: EntitiesArticle, reading: Reading, scheme: Scheme, ground: Ground) -> None:
        self.article, self.scheme, self.ground = article, scheme, ground
        self._fillers = FillerReader(article, reading, scheme, ground)

    def mentions(self, candidate: Candidate) -> list[Mention]:
        """The events that the candidate's sentence reports: one, or one for each participant with its own figure.

        Mentions may have no participant: assembly decides whether they are evidence of another mention's event.
        """
        sentence = self.article.sentences[candidate.sentence]
        roles = self.scheme.taxonomy[candidate.type].roles
        scores = self._fillers.scores(candidate)
        fillers = self._fillers.read(candidate, scores)
        if not any(filler.entity or filler.label for filler in fillers if filler.role not in FIGURES | DATES):
            fillers += self._reference(candidate, scores, fillers)
        if not fillers:
            fillers = self._fillers.read(candidate, scores, NEAR)
        names = self._fillers.entities.inside(sentence)
        fillers = directed(self.article.text, sentence, candidate, fillers, self.article.language.code, names)
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

    def _reference(self, candidate: Candidate, scores: RoleScores, others: list[Filler]) -> list[Filler]:
        """Where the role head found nobody: the phrase like "the company" for which it comes nearest, if near."""
        text, language = self.article.text, self.article.language.code
        roles = self.scheme.taxonomy[candidate.type].roles
        best: list[Filler] = []
        for span in phrases(text, self.article.sentences[candidate.sentence], language):
            taken = any(span[0] < other.span[1] and other.span[0] < span[1] for other in others)
            if taken or not self.ground.is_open(*span):
                continue
            label = reference(text[slice(*span)], language)
            for role in roles:
                if role in FIGURES | DATES | PHRASES or fitting(role, label) is None:
                    continue
                last = max(span[0], text.rfind(" ", span[0], span[1]))  # the noun: the model often leaves out "the"
                score = scores.mean(role, (last, span[1]))
                if score >= NEAR * self.scheme.role_threshold(candidate.type, role):
                    best.append(Filler(role, span, score, None, label))
        return sorted(best, key=lambda filler: (-filler.score, filler.span))[:1]

    def _participants(self, fillers: Iterable[Filler], roles: Sequence[str]) -> list[Participant]:
        """Participants in the order of the type's roles, each entity once; unresolved pronouns are nobody."""
        fillers = sorted(fillers, key=lambda filler: (roles.index(filler.role), filler.span))
        named = frozenset(filler.entity.entity_id for filler in fillers if filler.entity)
        result: list[Participant] = []
        seen: set[str] = set()
        for filler in fillers:
            entity, resolved = filler.entity, None
            if entity is None and filler.label:
                at = filler.span[0]
                entity = most_salient(self.article, self._fillers.entities, filler.label, at, exclude=named)
                resolved = True if entity else None
            text = self.article.text[slice(*filler.span)]
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
