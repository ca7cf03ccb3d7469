"""The article that users sent us, through all stages. It is never trained on and no rule is made for it.

What a model misses of it must come from a better model, not from a rule.
"""

from pathlib import Path

import pytest

from pipeline.flow import FLOW
from pipeline.records import ClassifiedArticle, RawArticle
from pipeline.settings import load_settings

pytestmark = [pytest.mark.data, pytest.mark.model]


@pytest.fixture(scope="module")
def article(data_dir: Path) -> ClassifiedArticle:
    record = RawArticle(id="sample", text=(data_dir / "articles" / "user-sample-de.txt").read_text(encoding="utf-8"))
    for step in FLOW:
        (record,) = step.load(load_settings()).run([record])
    assert isinstance(record, ClassifiedArticle)
    return record


def test_language_and_types(article: ClassifiedArticle) -> None:
    assert article.language.code == "de"
    types = {event.type for event in article.events}
    assert {"deal.partnership", "product.launch", "analyst.rating"} <= types
    assert types & {"regulation.decision", "regulation.rule"}


def test_who_takes_part(article: ClassifiedArticle) -> None:
    ids = {event.type: {who.entity_id for who in event.participants} for event in article.events}
    assert {"ew:org/alibaba-group", "ew:org/honor"} <= ids["deal.partnership"]
    assert {"ew:org/alibaba-group", "ew:product/x-qwen3-max"} <= ids["product.launch"]
    regulator = [found for name, found in ids.items() if name.startswith("regulation.") and "ew:org/kftc" in found]
    assert any({"ew:org/alibaba-group", "ew:org/shinsegae"} <= found for found in regulator)


def test_two_ratings_of_two_banks(article: ClassifiedArticle) -> None:
    ratings = [
        {who.role: who.text.strip("„“") for who in event.participants}
        for event in article.events
        if event.type == "analyst.rating"
    ]
    kept, cut = sorted(ratings, key=lambda words: words["analyst"])
    assert (kept["analyst"], kept["rating_to"]) == ("JPMorgan", "Overweight")
    assert (cut["analyst"], cut["rating_from"], cut["rating_to"]) == ("US Tiger Securities", "Buy", "Hold")


def test_no_event_from_advertising_or_questions(article: ClassifiedArticle) -> None:
    """The advertising is the end of the text, from its last headline on; a question ends in a question mark."""
    advertising = article.text.rindex("\n", 0, article.text.index("?!"))
    for event in article.events:
        for quote in (*event.evidence, event.trigger):
            assert quote.end <= advertising
            assert not quote.text.rstrip().endswith("?")
