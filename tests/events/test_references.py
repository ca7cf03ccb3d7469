"""Who "the company" is."""

import pytest

from pipeline.events.lookup import Lookup
from pipeline.events.references import TABLES, most_salient, phrases, reference, says_nothing, with_determiner
from tests.events.story import Story


@pytest.mark.parametrize(
    ("text", "language", "label"),
    [
        ("The company", "en", "ORG"),
        ("the German carmaker", "en", "ORG"),
        ("he", "en", "PER"),
        ("company", "en", None),
        ("the company of his brother", "en", None),
        ("der Konzern", "de", "ORG"),
        ("des Unternehmens", "de", "ORG"),
        ("l’entreprise", "fr", "ORG"),
        ("El grupo gallego", "es", "ORG"),
        ("the group meeting", "en", None),
        ("firma", "pl", "ORG"),
        ("selskapet", "no", "ORG"),
        ("the company", "de", None),
        ("the company", "xx", None),
        ("", "en", None),
    ],
)
def test_reference(text: str, language: str, label: str | None) -> None:
    assert reference(text, language) == label


def test_tables_are_folded() -> None:
    """A word that folding changes would never be found."""
    for language, table in TABLES.items():
        for word in (*table.nouns, *table.pronouns, *table.determiners):
            assert word == word.casefold(), (language, word)


def test_phrases() -> None:
    text = "After the fall, the Swiss bank said the company and its shares fell."
    found = [text[slice(*span)] for span in phrases(text, (0, len(text)), "en")]
    assert found == ["the Swiss bank", "the company", "its shares"]


def test_articles_say_nothing() -> None:
    assert says_nothing("La", "es")
    assert says_nothing("the", "en")
    assert says_nothing("o", "fi")
    assert not says_nothing("la compañía", "es")
    assert not says_nothing("5", "en")
    assert not says_nothing("東", "ja")
    assert not says_nothing("UBS", "de")


def test_a_determiner_that_was_left_out() -> None:
    for text, noun, longer in (
        ("Gestern fiel der Konzern.", "Konzern", "der Konzern"),
        ("die Presse", "Presse", "Presse"),
    ):
        start = text.index(noun)
        span = with_determiner(text, (start, start + len(noun)), (0, len(text)), "de")
        assert text[slice(*span)] == longer


def salient(story: Story, words: str, label: str = "ORG", **options: frozenset[str]) -> str | None:
    found = most_salient(story.article, Lookup(story.article.entities), label, story.find(words)[0], **options)  # type: ignore[arg-type]
    return found.name if found else None


def test_the_title_and_frequency_outweigh_the_last_name() -> None:
    story = Story("Novum grows. Novum hires. Reuters reports. The company is glad.", title="Novum")
    story.entity("Novum", "ORG").entity("Reuters", "ORG").entity("Anna", "PER")
    assert salient(story, "The company") == "Novum"
    assert salient(story, "The company", exclude=frozenset({"x:novum"})) == "Reuters"
    assert salient(story, "The company", "LOC") is None


def test_among_equals_the_nearest() -> None:
    story = Story("Alpha grows. Beta shrinks. The company is sad.").entity("Alpha", "ORG").entity("Beta", "ORG")
    assert salient(story, "The company") == "Beta"


def test_only_a_title_looks_ahead() -> None:
    ahead = Story("Novum hires.", title="Carmaker hires").entity("Novum", "ORG")
    assert salient(ahead, "Carmaker") == "Novum"
    body = Story("The company hires. Novum is glad.").entity("Novum", "ORG")
    assert salient(body, "The company") is None
