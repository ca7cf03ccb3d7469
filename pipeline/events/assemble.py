"""From mentions to events: one event for each thing that happened, with all the places that tell it."""

import re
from collections.abc import Sequence
from dataclasses import replace

from pipeline.events.confidence import confidence
from pipeline.events.fillers import DATES, FIGURES
from pipeline.events.keys import event_id, primary, similarity_key
from pipeline.events.lookup import Lookup
from pipeline.events.merge import MANIFOLD, merge, same
from pipeline.events.scheme import Scheme
from pipeline.events.taxonomy import EventType
from pipeline.events.trace import Mention
from pipeline.events.words import Span
from pipeline.records import Amount, ArticleRef, Date, EntitiesArticle, NewsEvent, Participant, Quote
from pipeline.records.values import Models

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_FINE = re.compile(r"\d{4}-(\d{2}(-\d{2})?|W\d{2})(/\d{4}-\d{2}-\d{2})?")  # a day, week, month or interval of days

# Relevance: where an event is told weighs as much as whether the title tells it; how often, a little less.
TITLE, POSITION, OFTEN = 0.35, 0.35, 0.30
BACKGROUND = 0.5  # an event told as background is worth half


def assemble(
    article: EntitiesArticle, mentions: Sequence[Mention], scheme: Scheme, models: Models
) -> list[tuple[NewsEvent, list[Mention]]]:
    """The article's events in text order, each with the mentions that tell it, the best first.

    A group of mentions none of which has a participant is no event. An event's trigger, status and time are those of
    its best mention (one with participants, then the highest probability, then the earliest). Its confidence comes from
    all of them (`confidence.py`).
    """
    found: list[tuple[NewsEvent, list[Mention]]] = []
    ids: dict[str, int] = {}
    amounts, dates = Lookup(article.amounts), Lookup(article.dates)
    titles = sum(start < len(article.title or "") for start, _ in article.sentences)
    groups = [sorted(group, key=_rank) for group in merge(mentions, article.amounts, titles=titles)]
    for group in groups:
        # The best mention has a participant: one without is evidence of what another sentence tells completely.
        if not any(mention.participants for mention in group):
            continue
        kind = scheme.taxonomy[group[0].type]
        trigger, participants = group[0].trigger, _participants(group, kind)
        words = article.text[slice(*trigger.span)]
        base = event_id(article.id, kind, words, participants, 0)
        ordinal = ids[base] = ids.get(base, -1) + 1
        spans = _evidence(group)
        date = _event_date(dates, group, participants)
        day = date.date if date and _DAY.fullmatch(date.date) else (article.published_at or "")[:10]
        event = NewsEvent(
            event_id=base if not ordinal else event_id(article.id, kind, words, participants, ordinal),
            action="add" if article.action == "add" else "update",
            event_class=kind.event_class,
            type=kind.name,
            status=trigger.status,
            time=trigger.time,
            article=ArticleRef(
                id=article.id,
                url=article.url,
                source=article.source.name if article.source else None,
                title=article.title,
                published_at=article.published_at,
                language=article.language.code,
            ),
            evidence=tuple(_quote(article.text, span) for span in spans),
            trigger=_quote(article.text, trigger.span),
            participants=tuple(_called(participant, kind) for participant in participants),
            amounts=tuple(_amounts(amounts, group)),
            event_date=date,
            confidence=_rounded(_confidence(article, group, kind, scheme), 4),
            relevance=relevance(article, group),
            similarity_key=similarity_key(kind, participants, day),
            models=models,
        )
        found.append((event, group))
    return sorted(found, key=_place)


def relevance(article: EntitiesArticle, group: Sequence[Mention]) -> float:
    """How much the article is about the event, 0 to 1.

    .35 x (1 if the title tells it) + .35 x (1 - place of its first sentence / number of sentences) + .30 x (n / (n +
    1) for n sentences that tell it); half of that for background.
    """
    sentences = sorted({mention.sentence for mention in group})
    place = 1 - sentences[0] / len(article.sentences)
    often = len(sentences) / (len(sentences) + 1)
    value = TITLE * _in_title(article, group) + POSITION * place + OFTEN * often
    return _rounded(value * (BACKGROUND if group[0].trigger.time == "background" else 1.0), 3)


def _confidence(article: EntitiesArticle, group: Sequence[Mention], kind: EventType, scheme: Scheme) -> float:
    """Own types keep their best mention's probability: the weights were fitted on the shipped ones."""
    told = [(mention.sentence, mention.score) for mention in group]
    weights = {} if kind.name in scheme.own else scheme.confidence
    return confidence(told, title=_in_title(article, group), weights=weights)


def _in_title(article: EntitiesArticle, group: Sequence[Mention]) -> bool:
    return any(article.sentences[mention.sentence][0] < len(article.title or "") for mention in group)


def _place(pair: tuple[NewsEvent, list[Mention]]) -> tuple[int, int, str, list[int]]:
    event = pair[0]
    return event.trigger.start, event.trigger.end, event.type, sorted(who.start for who in event.participants)


def _rank(mention: Mention) -> tuple[bool, float, Span]:
    return not mention.participants, -mention.score, mention.trigger.span


def _participants(group: Sequence[Mention], kind: EventType) -> list[Participant]:
    """The best mention's, and what the others add; the primary participant first, then in the order of the roles.

    Others add whom they name in a role that is still empty, if they share a participant with the best mention (so
    they surely tell of the same event); figures and dates where there are none; and further places, victims, parties
    and the like that are known by name. Never an actor or an object from a sentence that shares nobody: nothing is
    stitched together.
    """
    chosen = list(group[0].participants)
    for mention in group[1:]:
        shares = any(p.role == q.role and same(p, q) for p in mention.participants for q in group[0].participants)
        filled = {participant.role for participant in chosen}
        for participant in mention.participants:
            empty = participant.role not in filled and (shares or participant.role in FIGURES | DATES)
            known = any(same(participant, other) or _overlap(participant, other) for other in chosen)
            if (empty or (participant.role in MANIFOLD and participant.entity_id)) and not known:
                chosen.append(participant)
    chosen.sort(key=lambda p: (kind.roles.index(p.role), p.start, p.end))
    first = primary(kind, chosen)
    return chosen if first is None else [first, *(other for other in chosen if other is not first)]


def _evidence(group: Sequence[Mention]) -> list[Span]:
    """The evidence of all mentions in text order, overlapping pieces as one."""
    spans: list[Span] = []
    for start, end in sorted(mention.evidence for mention in group):
        if spans and start < spans[-1][1]:
            spans[-1] = spans[-1][0], max(end, spans[-1][1])
        else:
            spans.append((start, end))
    return spans


def _amounts(amounts: Lookup[Amount], group: Sequence[Mention]) -> list[Amount]:
    """The amounts inside the evidence; of a sentence that tells a second event, only those that take part in this."""
    chosen: dict[int, Amount] = {}
    for mention in group:
        for amount in amounts.inside(mention.evidence):
            own = any(p.start <= amount.start and amount.end <= p.end for p in mention.participants)
            if own or mention.alone:
                chosen[amount.start] = amount
    return [chosen[start] for start in sorted(chosen)]


def _event_date(dates: Lookup[Date], group: Sequence[Mention], participants: Sequence[Participant]) -> Date | None:
    """The date that stands nearest to the trigger, in the evidence of the best mention whose evidence has one.

    Not one that is a period reported on (a role), and none coarser than a month: "in 2019" says when something was,
    not on which day this happened.
    """
    periods = [(p.start, p.end) for p in participants if p.role == "period"]
    for mention in group:
        start, end = mention.trigger.span
        inside = [
            date
            for date in dates.inside(mention.evidence)
            if _FINE.fullmatch(date.date) and not any(low < date.end and date.start < high for low, high in periods)
        ]
        if inside:
            return min(inside, key=lambda date: (max(start - date.end, date.start - end, 0), date.start))
    return None


def _called(participant: Participant, kind: EventType) -> Participant:
    """An own type's participant with the name that its user gave the role."""
    name = kind.names.get(participant.role, participant.role)
    return participant if name == participant.role else replace(participant, role=name)


def _overlap(one: Participant, other: Participant) -> bool:
    return one.start < other.end and other.start < one.end


def _quote(text: str, span: Span) -> Quote:
    return Quote(text=text[span[0] : span[1]], start=span[0], end=span[1])


def _rounded(value: float, digits: int) -> float:
    """Rounded and between 0 and 1, whatever the last bit of a sum says."""
    return min(1.0, max(0.0, round(value, digits)))
