"""A publisher's key is the id that the language stage gives: one function, every way to name an article."""

from typing import Any

import pytest

from pipeline.language.identity import article_id

PAGE = '<html><head><link rel="canonical" href="https://n.example/a"><title>T</title></head><body><p>Text.</p></body>'

ARTICLES: dict[str, dict[str, Any]] = {
    "id": {"id": "a-1", "url": "https://n.example/b", "text": "Text."},
    "url": {"url": "https://n.example/b", "title": "T", "text": "Text."},
    "title and text": {"title": "T", "text": "Text."},
    "text": {"text": "Text."},
    "empty id": {"id": None, "text": "Text."},
    "page": {"html": PAGE},
    "page with url": {"html": PAGE, "url": "https://n.example/b"},
    "text beside a page": {"html": PAGE, "text": "Text."},
    "deletion": {"action": "delete", "url": "https://n.example/b"},
}


@pytest.mark.parametrize("name", ARTICLES)
def test_same_as_the_stage(name: str) -> None:
    from pipeline.language.stage import DetectLanguage
    from pipeline.records import LanguageArticle, RawArticle, from_json
    from pipeline.settings import Settings

    (record,) = DetectLanguage.load(Settings()).run([from_json(RawArticle, ARTICLES[name])])
    assert isinstance(record, LanguageArticle)
    assert article_id(ARTICLES[name]) == record.id


@pytest.mark.parametrize(
    "article", [{"id": 5}, {"url": ["x"]}, {"text": "\ud800"}, {"html": "<p>\ud800"}, {"text": {}}]
)
def test_no_id_for_what_no_stage_reads(article: dict[str, Any]) -> None:
    assert article_id(article) is None


def test_a_page_that_is_no_page() -> None:
    assert article_id({"html": "<b>" * 10_000}) == article_id({"html": "<b>" * 10_000})
    assert article_id({"html": ""}) == article_id({})
