"""Offsets, proven on random texts: 1,000 here, as many as `OFFSET_TEXTS` in the environment says."""

import os
import random
from itertools import pairwise

import pytest

from pipeline.language.clean import clean
from pipeline.language.stage import DetectLanguage
from pipeline.language.units import split_units
from pipeline.records import LanguageArticle, RawArticle
from pipeline.settings import Settings

TEXTS = int(os.environ.get("OFFSET_TEXTS", "1000"))
PLANTED = "© {} Flusskurier, Neustadt {}"  # certain by itself, wherever it stands alone in a line

_SENTENCES = (
    "Der Stadtrat hat am Montag beschlossen, die Brücke zu erneuern.", "Lesen Sie auch: Warum Butter billiger wird",
    "Shares of Calderwell fell 4.1% on Tuesday.", "Sign up for our newsletter!", "市议会周一决定翻修旧桥。", "広告",
    "Городской совет решил отремонтировать мост.", "قرر المجلس البلدي تجديد الجسر.", "नगर परिषद ने फैसला किया।",
    "สภาเมืองตัดสินใจซ่อมสะพาน", "Le conseil a décidé – enfin ! – de rénover.", "¿Qué pasará ahora?", "Foto: J. Doe/dpa",
)  # fmt: skip
_PIECES = (
    " ", "  ", "\t", "\n", "\n\n", "\r\n", "\u00a0", "\u00ad", "\u200b", "\u200d", "\ufeff", "\x00", "\x85", "\u2028",
    "&amp;", "&shy;", "&#8203;", "<b>", "</p>", "<br/>", "MÃ¼nchen", "e\u0301", "\u1100\u1161\u11a8", "\u0300" * 40,
    "😀", "👩\u200d👧", "🇩🇪", "𝔘", "\U00020000", "İ", "ß", "ﬁ", "...", "?!", "„", "“", "(", ")", "*", "-", "|", "•",
    "5 %", "1.000,50 €", "Dr. A. B.", "www.a.example", "x@y.example", "a" * 700, "字" * 650,
)  # fmt: skip


@pytest.fixture(scope="module")
def stage() -> DetectLanguage:
    return DetectLanguage.load(Settings())


def random_text(draw: random.Random) -> tuple[str, str | None]:
    """A text of sentences, odd characters and line ends, and the line planted in it, if one was."""
    parts = []
    for _ in range(draw.randrange(1, 14)):
        parts.append(draw.choice(_SENTENCES) if draw.random() < 0.5 else draw.choice(_PIECES))
        parts.append(draw.choice((" ", " ", "\n", "\n\n", "")))
    if draw.random() < 0.5:
        return "".join(parts), None
    planted = PLANTED.format(draw.randrange(1900, 2100), draw.choice(("😀", "東京", "Ärzte", "Привет")))
    place = draw.randrange(len(parts) + 1)
    return "".join([*parts[:place], "\n\n", planted, "\n\n", *parts[place:]]), planted


def check(article: LanguageArticle, planted: str | None) -> None:
    text = article.text
    units = split_units(text)
    assert "".join("".join(text[unit.start : unit.end].split()) for unit in units) == "".join(text.split())
    starts, ends = {unit.start for unit in units}, {unit.end for unit in units}
    for span in article.boilerplate:
        assert 0 <= span.start < span.end <= len(text)
        said = text[span.start : span.end]
        assert said == said.strip()
        assert "\n" not in said
        assert span.start in starts
        assert span.end in ends
    assert all(one.end <= other.start for one, other in pairwise(article.boilerplate))
    if article.title:
        assert text.startswith(article.title)
        assert all(span.start >= len(article.title) for span in article.boilerplate)
    if planted and planted in text.split("\n"):
        assert planted in [text[span.start : span.end] for span in article.boilerplate]
    if article.language.code != "und":
        assert 0 < article.language.confidence <= 1


def test_every_span_says_what_stands_at_its_place(stage: DetectLanguage) -> None:
    draw = random.Random(2026)
    found = read = 0
    for number in range(TEXTS):
        text, planted = random_text(draw)
        title = draw.choice((None, None, "Titel 😀", "  A\u0301  &amp; B "))
        (outcome,) = stage.run([RawArticle(id=str(number), title=title, text=text)])
        if isinstance(outcome, LanguageArticle):
            check(outcome, planted)
            read += 1
            found += planted is not None and planted in outcome.text.split("\n")
            again = clean(outcome.title, outcome.text.removeprefix(outcome.title or "").lstrip())
            assert again.text == outcome.text
    assert read > 0.9 * TEXTS
    assert found > 0.3 * TEXTS
