"""Which mentions of an article tell the same event.

The groups of types and the distances are measured on pairs of mentions in the annotated articles outside the test
part: a rule stands here if more than half of the pairs that it joins are one event.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache

from pipeline.events.trace import Mention
from pipeline.events.words import Span, fold
from pipeline.records import Amount, Participant

# Types of which an article rarely tells two: the flood, the strike, the take-over.
ONE_STORY = frozenset(
    {
        *("deal.acquisition", "deal.joint_venture", "deal.partnership", "corporate.labour_dispute"),
        *("corporate.restructuring", "corporate.workforce", "financial.capital_raise", "financial.guidance"),
        *("financial.insolvency", "product.outage", "legal.crime", "legal.cyber", "regulation.investigation"),
        *("regulation.penalty", "regulation.rule", "conflict.protest", "conflict.violence"),
        *("disaster.industrial", "disaster.natural", "disaster.transport"),
    }
)
# Types of which every participant has its own: the index move, the rating. Sharing a participant is the only reason.
EACH_ITS_OWN = frozenset(
    {
        *("analyst.rating", "analyst.price_target", "analyst.credit_rating", "market.security_price"),
        *("market.commodity_price", "market.listing", "financial.insider", "financial.calendar"),
        *("product.trial", "product.ip", "product.market"),
    }
)
AFTER_TITLE = 2  # sentences: the first ones tell what the title told, in other words
STORY = 5  # sentences between two mentions of one story that name other participants
NEXT = 1
GROUPS, MENTIONS = 30, 8  # how many groups of its type, and mentions of each, a mention is compared with

Known = Mapping[Span, Amount]  # amounts with a value, by their place

# Two values here are two events. Earnings and indicators name several figures of one report.
DECISIVE = {"price": 0.1, "value": 0.1, "amount": 0.1, "change": 0.1, "count": 0.5}
MANY_FIGURES = frozenset({"financial.earnings", "financial.guidance", "product.market"})
# Roles in which two fillers never are one event, however much else is shared.
IDENTIFYING = frozenset({"analyst", "security", "commodity", "holder", "occasion"})
# Roles in which one event has many fillers, a different one in every sentence.
MANIFOLD = frozenset(
    {"place", "victim", "casualties", "protester", "party", "partner", "polity", "measure", "metric"} | {"candidate"}
)


def merge(mentions: Sequence[Mention], amounts: Sequence[Amount], *, titles: int) -> list[list[Mention]]:
    """Groups of mentions, one an event, each in text order; groups by their first mention.

    Mentions join in text order: the nearest earlier group of their type with which they share a participant, or else
    the nearest that `_follows` says they go on with. A group that contradicts them, or that is told as background
    where they are current, is never joined. `titles`: how many sentences at the beginning are the title.
    """
    groups: list[list[Mention]] = []
    by_type: dict[str, list[list[Mention]]] = {}
    known = {(amount.start, amount.end): amount for amount in amounts if amount.value is not None}
    for mention in mentions:
        earlier = by_type.setdefault(mention.type, [])
        near = [group for group in reversed(earlier[-GROUPS:]) if _may_join(mention, group, known, titles)]
        best = next((group for group in near if _shares(mention, group)), None)
        best = best or next((group for group in near if _follows(mention, group, titles)), None)
        if best is None:
            groups.append([mention])
            earlier.append(groups[-1])
        else:
            best.append(mention)
    return groups


def same(one: Participant, other: Participant) -> bool:
    """Whether two participants are one entity; without ids, whether the words of one are among the other's."""
    if one.entity_id and other.entity_id:
        return one.entity_id == other.entity_id
    left, right = _content(one.name or one.text), _content(other.name or other.text)
    return bool(left and right) and (left <= right or right <= left)


def _may_be_same(one: Participant, other: Participant) -> bool:
    """As `same`, and also when the name of one is among the other's words: "Activision" and "Activision Blizzard"
    may have got two ids. Enough not to contradict, not enough to join ("Siemens", "Siemens Energy").
    """
    left, right = _content(one.name or one.text), _content(other.name or other.text)
    return same(one, other) or (bool(left and right) and (left <= right or right <= left))


@lru_cache(maxsize=4096)
def _content(text: str) -> frozenset[str]:
    words = fold(text).split()
    return frozenset(word for word in words if len(word) > 3 or word.isdigit()) or frozenset(words)


def _may_join(mention: Mention, group: Sequence[Mention], known: Known, titles: int) -> bool:
    first = group[0]
    if first.trigger.time != mention.trigger.time:
        return False
    here = [other for other in group[-MENTIONS:] if other.sentence == mention.sentence]
    if here and not (mention.alone and all(other.alone for other in here)):
        return False  # a sentence that was split on purpose
    # The story of the title is the article's story, even where the model takes another name for its subject.
    story = mention.type in ONE_STORY and _after_title(mention, group, titles)
    return not any(_contradict(mention, other, known, names=not story) for other in group[-MENTIONS:])


def _after_title(mention: Mention, group: Sequence[Mention], titles: int) -> bool:
    return group[0].sentence < titles and mention.sentence < titles + AFTER_TITLE


def _shares(mention: Mention, group: Sequence[Mention]) -> bool:
    return any(
        left.role == right.role and left.role not in DECISIVE and same(left, right)
        for other in group[-MENTIONS:]
        for left in mention.participants
        for right in other.participants
    )


def _follows(mention: Mention, group: Sequence[Mention], titles: int) -> bool:
    """Whether a mention that shares no participant with a group still goes on telling it."""
    if not mention.participants:
        return True
    if mention.type in EACH_ITS_OWN:
        return False
    distance = min(abs(mention.sentence - other.sentence) for other in group[-MENTIONS:])
    after_title = _after_title(mention, group, titles)
    others = any(_differ(mention, other) for other in group[-MENTIONS:])
    if mention.type in ONE_STORY:
        return not others or distance <= STORY or after_title
    return after_title or (not others and distance <= NEXT)


def _roles(one: Mention, other: Mention) -> list[tuple[str, list[Participant], list[Participant]]]:
    """Roles that both fill, with their fillers."""
    common = {p.role for p in one.participants} & {p.role for p in other.participants}
    return [
        (role, [p for p in one.participants if p.role == role], [p for p in other.participants if p.role == role])
        for role in sorted(common)
    ]


def _differ(one: Mention, other: Mention) -> bool:
    """Whether some role is filled by others."""
    return any(
        role not in DECISIVE and not any(same(x, y) for x in left for y in right)
        for role, left, right in _roles(one, other)
    )


def _contradict(one: Mention, other: Mention, figures: Known, *, names: bool) -> bool:
    """Whether the two can't be one event: other figures, or (`names`) other known entities where an event has one."""
    for role, left, right in _roles(one, other):
        if role in DECISIVE:
            if one.type not in MANY_FIGURES and not _near(left, right, figures, DECISIVE[role]):
                return True
        elif role not in MANIFOLD and not any(_may_be_same(x, y) for x in left for y in right):
            known = all(x.entity_id for x in left) and all(y.entity_id for y in right)
            if role in IDENTIFYING or (known and names):
                return True
    return False


def _near(left: Sequence[Participant], right: Sequence[Participant], known: Known, part: float) -> bool:
    """Whether some figure of one side is within `part` of one of the other; unknown or other units don't disagree."""
    pairs = [
        (known[x.start, x.end], known[y.start, y.end])
        for x in left
        for y in right
        if (x.start, x.end) in known and (y.start, y.end) in known
    ]
    alike = [(Decimal(x.value or 0), Decimal(y.value or 0)) for x, y in pairs if x.unit == y.unit]
    return not alike or any(abs(x - y) <= Decimal(str(part)) * max(abs(x), abs(y)) for x, y in alike)
