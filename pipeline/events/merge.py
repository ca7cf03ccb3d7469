"""Which mentions of an article tell the same event."""

from collections.abc import Sequence
from decimal import Decimal

from pipeline.events.trace import Mention
from pipeline.events.words import fold
from pipeline.records import Amount, Participant

# Types of which an article rarely tells two: the flood, the strike, the take-over. Their mentions belong together
# unless something contradicts it. Measured on the annotated articles (training/ prints the figures): in these types
# most pairs of mentions that share no participant are still one event; in the others, most are two.
ONE_STORY = frozenset(
    {
        "deal.acquisition",
        "deal.joint_venture",
        "deal.partnership",
        "corporate.labour_dispute",
        "corporate.restructuring",
        "corporate.workforce",
        "product.outage",
        "financial.insolvency",
        "legal.cyber",
        "conflict.protest",
        "conflict.violence",
        "disaster.industrial",
        "disaster.natural",
        "disaster.transport",
    }
)
# Two values here are two events. Earnings and indicators name several figures of one report.
DECISIVE = {"price": 0.1, "value": 0.1, "amount": 0.1, "change": 0.1, "count": 0.5}
MANY_FIGURES = frozenset({"financial.earnings", "financial.guidance", "product.market"})
# Roles in which two fillers never are one event, however much else is shared.
IDENTIFYING = frozenset({"analyst", "security", "commodity", "holder", "occasion"})


def merge(mentions: Sequence[Mention], amounts: Sequence[Amount]) -> list[list[Mention]]:
    """Groups of mentions, one an event, each in text order; groups by their first mention.

    Mentions join in text order, each the nearest earlier group with which it shares a participant and contradicts
    none; a mention of a `ONE_STORY` type, or one without participants, also the nearest that it doesn't contradict.
    Current and background mentions are never one event.
    """
    groups: list[list[Mention]] = []
    for mention in mentions:
        near = [group for group in reversed(groups) if _may_join(mention, group, amounts)]
        best = next((group for group in near if _shares(mention, group)), None)
        if best is None and near and (mention.type in ONE_STORY or not mention.participants):
            best = near[0]
        if best is None:
            groups.append([mention])
        else:
            best.append(mention)
    return groups


def same(one: Participant, other: Participant) -> bool:
    """Whether two participants are one entity; without ids, whether the words of one are among the other's."""
    if one.entity_id and other.entity_id:
        return one.entity_id == other.entity_id
    left, right = _content(one.name or one.text), _content(other.name or other.text)
    return bool(left and right) and (left <= right or right <= left)


def _content(text: str) -> frozenset[str]:
    words = fold(text).split()
    return frozenset(word for word in words if len(word) > 3 or word.isdigit()) or frozenset(words)


def _may_join(mention: Mention, group: Sequence[Mention], amounts: Sequence[Amount]) -> bool:
    first = group[0]
    if first.type != mention.type or first.trigger.time != mention.trigger.time:
        return False
    if not (mention.alone and all(other.alone for other in group)) and any(
        other.sentence == mention.sentence for other in group
    ):
        return False  # a sentence that was split on purpose
    return not any(_contradict(mention, other, amounts) for other in group)


def _shares(mention: Mention, group: Sequence[Mention]) -> bool:
    return any(
        left.role == right.role and left.role not in DECISIVE and same(left, right)
        for other in group
        for left in mention.participants
        for right in other.participants
    )


def _contradict(one: Mention, other: Mention, amounts: Sequence[Amount]) -> bool:
    for role in {p.role for p in one.participants} & {p.role for p in other.participants}:
        left = [p for p in one.participants if p.role == role]
        right = [p for p in other.participants if p.role == role]
        if role in DECISIVE:
            if one.type not in MANY_FIGURES and not _near(left, right, amounts, DECISIVE[role]):
                return True
        elif (role in IDENTIFYING or one.type not in ONE_STORY) and not any(same(x, y) for x in left for y in right):
            return True
    return False


def _near(left: Sequence[Participant], right: Sequence[Participant], amounts: Sequence[Amount], part: float) -> bool:
    """Whether some figure of one side is within `part` of one of the other; unknown or other units don't disagree."""
    known = {(amount.start, amount.end): amount for amount in amounts if amount.value is not None}
    pairs = [
        (known[x.start, x.end], known[y.start, y.end])
        for x in left
        for y in right
        if (x.start, x.end) in known and (y.start, y.end) in known
    ]
    alike = [(Decimal(x.value or 0), Decimal(y.value or 0)) for x, y in pairs if x.unit == y.unit]
    return not alike or any(abs(x - y) <= Decimal(str(part)) * max(abs(x), abs(y)) for x, y in alike)
