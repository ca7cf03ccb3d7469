"""How probable an event is, from how sure its mentions are: a small logistic model in the model's card."""

import math
from collections.abc import Mapping, Sequence

FEATURES = ("score", "sentences", "title", "bias")
_EDGE = 1e-4  # scores are kept so far from 0 and 1, where a logit has no end


def features(told: Sequence[tuple[int, float]], *, title: bool) -> tuple[float, ...]:
    """In the order of `FEATURES`: the logit of the best mention's probability, the logarithm of the number of sentences
    that tell the event, whether the title tells it, 1. `told`: sentence and probability of each mention.
    """
    best = min(max(max(score for _, score in told), _EDGE), 1 - _EDGE)
    sentences = len({sentence for sentence, _ in told})
    return math.log(best / (1 - best)), math.log(sentences), float(title), 1.0


def confidence(told: Sequence[tuple[int, float]], *, title: bool, weights: Mapping[str, float]) -> float:
    """P(the event is reported, in these words). Without weights: the best mention's probability."""
    if not weights:
        return max(score for _, score in told)
    logit = sum(weights[name] * value for name, value in zip(FEATURES, features(told, title=title), strict=True))
    return 1 / (1 + math.exp(-min(max(logit, -30.0), 30.0)))
