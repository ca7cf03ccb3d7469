"""The stage around it all: models that fit, and the name that says which one made an event."""

from dataclasses import replace

import pytest

from pipeline.errors import ModelError
from pipeline.events.stage import ClassifyEvents
from pipeline.events.taxonomy import Taxonomy, taxonomy
from pipeline.records import ClassifiedArticle
from pipeline.settings import Settings
from tests.events.story import FakeModel, Story


def test_the_ref_changes_with_model_and_taxonomy() -> None:
    model = FakeModel()
    first = ClassifyEvents(model).scheme.ref
    assert first.startswith("eventwire-events@0.1.0+")
    assert len(first.partition("+")[2]) == 12
    assert ClassifyEvents(FakeModel()).scheme.ref == first
    model.digest = "1" * 64
    assert ClassifyEvents(model).scheme.ref != first
    other = Taxonomy(taxonomy().types, "2" * 64)
    assert ClassifyEvents(FakeModel(), types=other).scheme.ref != first


def test_a_model_for_other_types_is_refused() -> None:
    model = FakeModel()
    model.event_types = (*model.event_types[:-1], "disaster.new")
    with pytest.raises(ModelError, match=r"only in the model: disaster.new; only in the taxonomy: disaster.health"):
        ClassifyEvents(model)


def test_a_model_without_a_threshold_is_refused() -> None:
    model = FakeModel()
    del model.role_thresholds["buyer"]
    with pytest.raises(ModelError, match="no role thresholds for buyer"):
        ClassifyEvents(model)


def test_an_article_without_words_passes() -> None:
    story = Story("Siemens bought Alstom.").event("deal.acquisition", "bought")
    story.article = replace(story.article, action="delete", text="", sentences=())
    outcome = story.run()
    assert isinstance(outcome, ClassifiedArticle)
    assert outcome.events == ()
    assert outcome.models.events is not None


@pytest.mark.model
def test_the_shipped_model_fits() -> None:
    """Loads, reads and is deterministic; what it finds is measured in training/."""
    stage = ClassifyEvents.load(Settings())
    article = Story("Siemens bought Alstom for 5 billion euros.", title="Siemens buys Alstom").article
    assert stage.run([article]) == stage.run([article, article])[:1]
