"""How probable an event is, from how sure its mentions are: a small logistic model in the model's card."""

import math
from collections.abc import Mapping, Sequence

from pipeline.events.trace import Mention

FEATURES = ("score", "sentences", "title", "bias")
_EDGE = 1e-4  # scores are kept so far from 0 and 1, where a logit has no end


def features(group: Sequence[Mention], *, title: bool) -> tuple[float, ...]:
    """In the order of `FEATURES`: the logit of the best mention's probability, the logarithm of the number of sentences
    that tell the event, whether the title tells it, 1.
    """
    best = min(max(max(mention.score for mention in group), _EDGE), 1 - _EDGE)
    sentences = len({mention.sentence for mention in group})
    return math.log(best / (1 - best)), math.log(sentences), float(title), 1.0


def confidence(group: Sequence[Mention], *, title: bool, weights: Mapping[str, float]) -> float:
    """P(the event is reported, in these words). Without weights: the best mention's probability."""
    if not weights:
        return max(mention.score for mention in group)
    logit = sum(weights[name] * value for name, value in zip(FEATURES, features(group, title=title), strict=True))
    return 1 / (1 + math.exp(-min(max(logit, -30.0), 30.0)))
