"""The confidence of a whole event."""

import pytest

from pipeline.errors import ModelError
from pipeline.events.confidence import FEATURES, confidence, features
from pipeline.events.scheme import scheme_of
from pipeline.events.stage import ClassifyEvents
from pipeline.events.taxonomy import taxonomy
from tests.events.story import FakeModel, Story

EVEN = {"score": 1.0, "sentences": 0.0, "title": 0.0, "bias": 0.0}


def test_features() -> None:
    assert features([(0, 0.5)], title=True) == (0.0, 0.0, 1.0, 1.0)
    score, sentences, title, _ = features([(0, 0.2), (3, 0.9), (3, 0.4)], title=False)
    assert score == pytest.approx(2.197, abs=0.001)
    assert sentences == pytest.approx(0.693, abs=0.001)
    assert title == 0.0


def test_without_weights_and_with_even_ones_it_is_the_best_mention() -> None:
    told = [(0, 0.2), (1, 0.9)]
    assert confidence(told, title=False, weights={}) == 0.9
    assert confidence(told, title=True, weights=EVEN) == pytest.approx(0.9)
    assert confidence([(0, 1.0)], title=True, weights=dict.fromkeys(FEATURES, 1e6)) == pytest.approx(1.0)
    assert confidence([(0, 0.0)], title=True, weights=dict.fromkeys(FEATURES, 1e6)) == pytest.approx(0.0)


def test_the_models_weights_are_used_but_for_nothing_else() -> None:
    story = Story("Siemens bought Alstom.").entity("Siemens", "ORG").event("deal.acquisition", "bought")
    story.role("acquirer", "Siemens")
    model = FakeModel(story.reading)
    (plain,) = ClassifyEvents(model).run([story.article])[0].events  # type: ignore[union-attr]
    model.event_confidence = EVEN | {"bias": -2.0}
    (lower,) = ClassifyEvents(model).run([story.article])[0].events  # type: ignore[union-attr]
    assert plain.confidence == pytest.approx(0.9)
    assert lower.confidence == pytest.approx(0.5491, abs=0.001)
    assert plain.event_id == lower.event_id


def test_half_of_the_weights_are_a_broken_model() -> None:
    model = FakeModel()
    model.event_confidence = {"score": 1.0}
    with pytest.raises(ModelError, match="needs weights for score, sentences, title, bias"):
        scheme_of(model, taxonomy())
