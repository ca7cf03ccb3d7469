"""Cleaning: what is repaired, what is left alone, and that cleaning twice changes nothing."""

import time
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.language.clean import clean
from pipeline.language.units import split_units

# Text as bad as it comes: control and invisible characters, entities, markup, mojibake, wraps, many scripts.
PIECES = st.sampled_from(
    [
        *("&amp;", "&amp;amp;lt;b&gt;", "&shy;", "&#0;", "&#x301;", "\u00ad", "\u00ad\n", "\u200b", "\u200d", "\u200c"),
        *(
            "MÃ¼nchen",
            "â€œ",
            "Ã",
            "¼",
            "\x00",
            "\x93",
            "\x85",
            "\r\n",
            "\u2028",
            "\u00a0",
            "\u3000",
            "<p>",
            "</p>",
            "<br/>",
        ),
        *(
            "<script>",
            "</script>",
            "e\u0301",
            "\u0301",
            "👩\u200d🚀",
            "日本",
            "-\n",
            "- \n",
            "Wort ",
            "x",
            "\n\n\n",
            "\t",
            ".",
        ),
        "می\u200cخواهم",
    ]
)
TEXTS = st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=30).map("".join))


def body(text: str) -> str:
    return clean(None, text).text


@settings(max_examples=200, deadline=None)
@given(title=st.one_of(st.none(), TEXTS), text=TEXTS)
def test_cleaning_again_changes_nothing(title: str | None, text: str) -> None:
    once = clean(title, text)
    start = len(once.title) + 2 if once.title and once.text else 0
    again = clean(once.title, once.text[start:])
    assert again.text == once.text
    assert not again.changes


@settings(max_examples=200, deadline=None)
@given(text=TEXTS)
def test_the_result_holds_nothing_that_offsets_or_encoders_stumble_on(text: str) -> None:
    result = body(text)
    assert unicodedata.is_normalized("NFC", result)
    assert result == result.strip()
    assert not any(mark in result for mark in "\x00\r\u00ad\u200b\ufeff\u00a0\u2028\u202e")
    assert not any(unicodedata.category(character) == "Cc" for character in result.replace("\n", ""))
    assert "\n\n\n" not in result
    assert all(line == line.strip() for line in result.split("\n"))


@settings(max_examples=200, deadline=None)
@given(text=TEXTS)
def test_units_cover_the_text_in_order(text: str) -> None:
    result = body(text)
    units = split_units(result)
    assert all(one.end <= other.start for one, other in pairwise(units))
    covered = "".join(result[unit.start : unit.end] for unit in units)
    assert "".join(covered.split()) == "".join(result.split())
    for unit in units:
        assert result[unit.start : unit.end].strip() == result[unit.start : unit.end] != ""


@pytest.mark.parametrize(
    ("given_text", "wanted", "change"),
    [
        ("Cafe\u0301", "Café", "nfc"),
        ("Wirt\u00adschafts\u00administer", "Wirtschaftsminister", "soft_hyphens"),
        ("Wirt\u00ad\nschaft", "Wirtschaft", "soft_hyphens"),
        ("Wort\u200b\ufeffteil", "Wortteil", "zero_width"),
        ("5\u00a0Prozent", "5 Prozent", "spaces"),
        ("a\x00b\x07", "ab", "control_characters"),
        ("M&uuml;ller &amp; S&#246;hne", "Müller & Söhne", "entities"),
        ("AT&amp;amp;T", "AT&T", "entities"),
        ("FuÃŸgÃ¤nger in MÃ¼nchen", "Fußgänger in München", "mojibake"),
        ("Itâ€™s over â€“ he said", "It’s over – he said", "mojibake"),
        ("ÐœÐ¾Ñ\x81ÐºÐ²Ð°", "Москва", "mojibake"),
        ("He said \x93yes\x94", "He said “yes”", "windows_1252"),
        ("abc\u202edef", "abcdef", "direction_marks"),
        ("<p>Erster Absatz.</p><p>Zweiter <b>Absatz</b>.</p>", "Erster Absatz.\n\nZweiter Absatz.", "markup"),
        ("Eins.<br/>Zwei.", "Eins.\nZwei.", "markup"),
        ("eins \t zwei", "eins zwei", "blanks"),
    ],
)
def test_repairs(given_text: str, wanted: str, change: str) -> None:
    result = clean(None, given_text)
    assert result.text == wanted
    assert change in result.changes


@pytest.mark.parametrize(
    "text",
    [
        "Der Kurs stieg um < 5 Prozent, wenn x > 3 ist.",
        "Sie schrieb: „Die FDJÄ“ und ging.",  # valid UTF-8 bytes by chance, and good text
        "NÃO foi possível, disse a IRMÃ…",
        "AT&T und R&D; S&P 500 &c",
        "می\u200cخواهم",  # the joiner is spelling
        "👩\u200d🚀 im All",
        "क्\u200dष",
        "Erste Zeile.\nZweite Zeile.\n\nDritte Zeile.",
        "Preis: 5 €\nMenge: 3\nSumme: 15 €",
        "https://a.example/?a=1&copy=2&lt=3",
    ],
)
def test_good_text_is_left_alone(text: str) -> None:
    result = clean(None, text)
    assert (result.text, result.changes) == (text, ())


WRAPPED = """Der Vorstand des Unternehmens hat am Dienstag beschlossen,
das Werk in der Oberpfalz zum Ende des Jahres zu schließen.
Betroffen sind nach Angaben der Gewerkschaft rund 340
Beschäftigte, von denen viele seit Jahrzehnten dort tätig
sind.

Die Import- und Exportpreise seien gestiegen, hieß es zur Be-
gründung. Eine Begründung im Einzelnen gab es nicht."""


def test_wrapped_lines_are_joined_and_paragraphs_kept() -> None:
    result = clean(None, WRAPPED)
    assert "wrapped_lines" in result.changes
    first, second = result.text.split("\n\n")
    assert first.endswith("viele seit Jahrzehnten dort tätig sind.")
    assert "\n" not in first + second
    assert second.startswith("Die Import- und Exportpreise seien gestiegen,")


def test_a_divided_word_is_put_together_only_if_the_text_has_it_whole() -> None:
    assert "hieß es zur Begründung. Eine" in body(WRAPPED)
    assert "hieß es zur Be-gründung. Mehr" in body(WRAPPED.replace("Eine Begründung", "Mehr dazu"))


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(f"Das ist Meldung Nummer {n} von heute, sie ist kurz und endet mit einem Punkt." for n in range(9)),
        "- Erster Punkt der Liste, der recht lang geraten ist\n- Zweiter Punkt der Liste, ebenfalls lang\n- Dritter",
        "Kurz.\nAuch kurz.\nUnd noch eine Zeile.\nEnde.",
        "\n".join(["Ein Absatz, der sehr lang ist. " * 12] * 4).strip(),
    ],
)
def test_lines_that_are_not_wrapped_stay(text: str) -> None:
    assert "wrapped_lines" not in clean(None, text).changes


def test_title_and_body_with_a_blank_line_between() -> None:
    assert clean("  Titel\n der Meldung ", "Text.").text == "Titel der Meldung\n\nText."


@pytest.mark.parametrize("first", ["Neue Brücke geplant", "NEUE BRÜCKE GEPLANT", "Neue Brücke geplant."])
def test_a_title_repeated_as_first_line_is_not_doubled(first: str) -> None:
    result = clean("Neue Brücke geplant", f"{first}\n\nDie Stadt baut.")
    assert result.text == "Neue Brücke geplant\n\nDie Stadt baut."
    assert "repeated_title" in result.changes


def test_a_body_that_is_only_the_title_stays() -> None:
    assert clean("Neue Brücke", "Neue Brücke").text == "Neue Brücke\n\nNeue Brücke"


def test_nothing_visible_is_nothing() -> None:
    assert clean("Titel", " \u200b\u00ad&nbsp;\n").text == ""


@pytest.mark.parametrize(
    "text",
    [
        "\u0316\u0301" * 100_000,
        "&" + "amp;" * 20_000,
        "<b" * 20_000 + ">" * 20_000,
        "<script>" * 50_000,
        "wort " * 80_000,
        ("wort " * 14 + "\n") * 4_000,
        "wort und noch ein langes wort mit endung\n" * 20_000,
        "wort und noch ein langes wort mit endun-\n" * 8_000,
        '"' * 300_000,
        "Ã¼" * 100_000,
        "\u200d" * 300_000,
        "x" * 400_000,
    ],
)
def test_hostile_text_takes_bounded_time(text: str) -> None:
    began = time.process_time()
    body(text)
    assert time.process_time() - began < 10


def test_units_of_initials_take_linear_time() -> None:
    began = time.process_time()
    assert len(split_units("A. " * 330_000)) > 1_000
    assert time.process_time() - began < 6


def test_a_word_divided_at_the_end_of_a_joined_line_is_put_together() -> None:
    lines = ["Der Konzern hat im vergangenen Jahr seine Ferti-", "gung in den Werken ausgebaut und viele neue Anla-"]
    lines += ["gen bestellt, wie der Vorstand der Aktionärsver-", "sammlung mitteilte, die über Fertigung und Anlagen"]
    joined = body("\n".join([*lines, "beraten hat."]))
    assert joined.startswith("Der Konzern hat im vergangenen Jahr seine Fertigung in den Werken ausgebaut")
    assert "viele neue Anlagen bestellt" in joined
    assert "Aktionärsver-sammlung" in joined, "a word that stands nowhere else keeps its hyphen"


def test_a_small_sign_that_is_no_letter_may_follow_a_hyphen() -> None:
    line = "wort und noch ein langes wort mit endun-"
    assert "endun-ⓐ" in body("\n".join([line, "ⓐ" * 40, line, line, line]))
