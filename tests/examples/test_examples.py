"""The demo's input keeps its promises: 30 raw articles, and a hand-made annotation that points into their text."""

import json
import re
from collections import Counter
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
TAXONOMY = ROOT / "pipeline" / "events" / "taxonomy.yaml"
KEYS = [
    "id", "action", "url", "source", "title", "text", "html",
    "language", "published_at", "fetched_at", "metadata",
]  # fmt: skip
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)")
STATUSES = {"announced", "completed", "scheduled", "rumoured", "cancelled", "denied", "ongoing"}
PROMISED = {"de", "en", "fr", "es", "it", "nl", "pt", "pl"}


def read(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (EXAMPLES / name).read_text(encoding="utf-8").splitlines()]


ARTICLES = read("articles.jsonl")
EXPECTED = read("expected.jsonl")
BY_KEY = {(a["id"], a["action"]): a for a in ARTICLES}


class Text(HTMLParser):
    """The text between the tags, with plain spaces: enough to look evidence up in a page."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def words(article: dict[str, Any]) -> str:
    if "html" in article:
        page = Text()
        page.feed(article["html"])
        body = "".join(page.parts).replace("\N{NO-BREAK SPACE}", " ")
    else:
        body = article.get("text", "")
    return f"{article.get('title', '')}\n\n{body}"


def label(record: dict[str, Any]) -> str:
    return f"{record['id']}-{record['action']}"


def test_there_are_thirty_and_each_id_is_added_once_before_it_is_changed() -> None:
    assert len(ARTICLES) == 30
    seen: set[str] = set()
    for article in ARTICLES:
        assert (article["action"] == "add") is (article["id"] not in seen), article["id"]
        seen.add(article["id"])


@pytest.mark.parametrize("article", ARTICLES, ids=label)
def test_an_article_has_the_form_of_a_raw_article(article: dict[str, Any]) -> None:
    assert list(article) == [key for key in KEYS if key in article]
    assert re.fullmatch(r"ex-[a-z]{2}-\d\d", article["id"])
    assert re.match(r"https://example\.(org|com)/", article["url"])
    assert list(article["source"]) == ["name", "domain", "country"]
    assert article["source"]["domain"].endswith(".example")
    for key in ("published_at", "fetched_at"):
        assert RFC3339.fullmatch(article[key])
    assert datetime.fromisoformat(article["published_at"]) < datetime.fromisoformat(article["fetched_at"])
    assert isinstance(article["metadata"], dict)
    if article["action"] == "delete":
        assert not {"title", "text", "html"} & set(article)
    else:
        assert article["title"]
        assert ("text" in article) is not ("html" in article)
        assert article["title"] not in article.get("text", "")


def test_at_least_eight_languages_with_two_articles_each() -> None:
    count = Counter(record["language"] for record in EXPECTED if record["action"] == "add")
    assert all(count[language] >= 2 for language in PROMISED), count


def test_the_special_cases_are_there() -> None:
    length = {label(a): len(a["text"].split()) for a in ARTICLES if "text" in a}
    assert min(length.values()) < 50
    assert max(length.values()) > 700
    page = next(a["html"] for a in ARTICLES if "html" in a)
    assert all(part in page for part in ("application/ld+json", "og:title", "<nav", "cookies", "<footer"))
    assert [label(r) for r in EXPECTED if not r["events"]] == ["ex-de-05-add"]
    wrong = [label(r) for r in EXPECTED if BY_KEY[r["id"], r["action"]]["language"] != r["language"]]
    assert wrong == ["ex-nl-02-add"]
    portal = BY_KEY["ex-de-01", "add"]["text"]
    assert "Sollten Anleger jetzt verkaufen?" in portal
    assert "ANZEIGE" in portal
    assert Counter(a["action"] for a in ARTICLES) == {"add": 28, "update": 1, "delete": 1}


def test_every_article_that_has_a_text_is_annotated() -> None:
    assert [label(r) for r in EXPECTED] == [label(a) for a in ARTICLES if a["action"] != "delete"]


@pytest.mark.parametrize("record", EXPECTED, ids=label)
def test_the_annotation_points_into_the_article(record: dict[str, Any]) -> None:
    text = words(BY_KEY[record["id"], record["action"]])
    for event in record["events"]:
        assert re.fullmatch(r"[a-z]+\.[a-z_]+", event["type"])
        assert event["status"] in STATUSES
        assert event["time"] in {"current", "background"}
        assert event["evidence"]
        assert all(evidence in text for evidence in event["evidence"])
        assert event["trigger"] in event["evidence"][0]
        for participant in event["participants"]:
            assert any(participant["text"] in evidence for evidence in event["evidence"])


def test_advertising_and_questions_are_no_evidence() -> None:
    for record in EXPECTED:
        for event in record["events"]:
            assert not any("?" in e or "ANZEIGE" in e or "Sonderreport" in e for e in event["evidence"])


def test_the_table_in_the_readme_agrees_with_the_annotation() -> None:
    rows: dict[str, str] = {}
    for line in (EXAMPLES / "README.md").read_text(encoding="utf-8").splitlines():
        if match := re.match(r"\| `(ex-[a-z]{2}-\d\d)`( update| delete)? \|", line):
            rows[match[1] + (match[2] or " add").replace(" ", "-")] = line
    assert list(rows) == [label(a) for a in ARTICLES]
    for record in EXPECTED:
        told = re.findall(r"`([a-z]+\.[a-z_]+)`", rows[label(record)])
        assert set(told) == {event["type"] for event in record["events"]}, label(record)


def test_every_type_of_the_taxonomy_occurs_and_no_other() -> None:
    roles = {t["type"]: set(t["roles"]) for t in yaml.safe_load(TAXONOMY.read_text(encoding="utf-8"))["types"]}
    events = [event for record in EXPECTED for event in record["events"]]
    assert {event["type"] for event in events} == set(roles)
    for event in events:
        assert {p["role"] for p in event["participants"]} <= roles[event["type"]], event
