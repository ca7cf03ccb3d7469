"""The shape of a unit: length, how it ends and begins, and what signs are in it. Each a yes or no."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from pipeline.language.units import Unit

# Found anywhere in a unit.
_INSIDE = {
    "time": re.compile(r"\b\d{1,2}[:.h]\d{2}\b|\b\d{1,2}\s?(?:Uhr|am|pm|AM|PM|h)\b"),
    "date": re.compile(r"\b\d{1,2}[./-]\s?\d{1,2}[./-](?:\s?\d{2,4})?\b|\b\d{4}-\d{2}-\d{2}\b|\b(?:19|20)\d{2}\b"),
    "money": re.compile(
        r"[€$£¥₽₹₩]|\b(?:[Ee]uros?|[Dd]ollars?|Franken|kronor|kroner|lei|zł|рубл\w+|лв|грн|EUR|USD|CHF|SEK|RON|PLN)\b"
    ),
    "percent": re.compile("[%٪]"),
    "url": re.compile(r"https?://|www\.|\b\w{1,40}\.(?:com|de|org|net|fr|es|it|nl|pl|ru|ro|se|pt|br|ch|at|uk)\b"),
    "email": re.compile("@"),
    "phone": re.compile(r"(?:\+|\b0)\d[\d /()-]{6,20}\d"),
    "bars": re.compile("[|·•]"),
    "slashes": re.compile("/"),
    "copyright_sign": re.compile("©"),
    "hash_tag": re.compile("#"),
    "star": re.compile(r"\*"),
    "ellipsis": re.compile(r"…|\.\.\."),
    "age_limit": re.compile(r"\b18\s?\+|\+\s?18\b"),
}
# At its beginning.
_AT_START = {
    "early_colon": re.compile(r"[^:.!?\n]{2,34}[:：]\s?(?=\S)"),
    "dateline": re.compile(r"[A-ZÀ-ÞА-Я][\w.\- ]{2,24}(?:, [\w. ]{2,16})?\s?[(/][\w./ \-]{2,16}[)/]\s?[-–—.:]"),
    "speech_dash": re.compile(r"[–—-] \w"),
    "number_first": re.compile(r"\d"),
    "list_number": re.compile(r"\d{1,2}[.)] "),
}
_OWN = (
    "words_1", "words_2_3", "words_4_7", "words_8_15", "words_16_30", "words_31", "end_period", "end_question",
    "end_exclamation", "end_colon", "end_none", "end_comma_dash", "question_inside", "exclamation_inside",
    "starts_lower", "starts_quote", "starts_sign", "starts_bracket", "all_in_brackets", "all_caps", "caps_word_first",
    "title_case", "names_only", "digits", "arrow", "quotes", "quote_open", "short_no_end",
)  # fmt: skip
SHAPES = (*_OWN, *_INSIDE, *_AT_START)

_CLOSING = "\"'”“’»«)"
_QUOTES = re.compile('["„“”«»]')
_DIGIT = re.compile(r"\d")


def shapes_of(text: str, units: Sequence[Unit], kinds: Sequence[Sequence[str]]) -> Any:
    """[units, SHAPES] of 0 and 1. `kinds`: how each word of each unit is written (`features.Word.kind`)."""
    shapes = np.zeros((len(units), len(SHAPES)), dtype=np.float32)
    for row, (unit, written) in enumerate(zip(units, kinds, strict=True)):
        shapes[row, : len(_OWN)] = _own(text, unit, written)
    begins = np.array([unit.start for unit in units])
    quotes = _rows(_QUOTES, text, begins)
    counts = np.bincount(quotes, minlength=len(units))
    shapes[:, SHAPES.index("quotes")] = counts >= 2
    shapes[:, SHAPES.index("quote_open")] = counts % 2 == 1
    shapes[_rows(_DIGIT, text, begins), SHAPES.index("digits")] = 1
    for column, pattern in enumerate(_INSIDE.values(), start=len(_OWN)):
        shapes[_rows(pattern, text, begins), column] = 1
    for column, pattern in enumerate(_AT_START.values(), start=len(_OWN) + len(_INSIDE)):
        shapes[:, column] = [pattern.match(text, unit.start, unit.end) is not None for unit in units]
    return shapes


def _rows(pattern: re.Pattern[str], text: str, begins: Any) -> Any:
    """The units in which `pattern` is found, as often as it is."""
    found = [match.start() for match in pattern.finditer(text)]
    rows = np.searchsorted(begins, np.array(found, dtype=np.int64), side="right") - 1
    return rows[rows >= 0]


def _own(text: str, unit: Unit, kinds: Sequence[str]) -> list[bool]:
    """One value for each of `_OWN`; `digits` and the quotes are filled in later."""
    count = len(kinds)
    first, last = text[unit.start], text[unit.end - 1]
    end = unit.end
    while end > unit.start and text[end - 1] in _CLOSING:
        end -= 1
    stop = text[end - 1] if end > unit.start else last
    letters = [kind[0] for kind in kinds if kind[0] in "aATx"]
    upper = len(letters) - letters.count("a") - letters.count("x")
    inside = text[unit.start : unit.end - 1]
    return [
        count <= 1, 2 <= count <= 3, 4 <= count <= 7, 8 <= count <= 15, 16 <= count <= 30, count > 30,
        stop in ".。।۔", stop in "?？؟", stop in "!！", last in ":：", last.isalnum(), last in ",-–—…",
        "?" in inside, "!" in inside, first.islower(), first in "\"„“«»‚‘'「", first in "*>•+►▶→›", first in "([【",
        first in "([" and last in ")]", bool(letters) and letters.count("A") == len(letters),
        bool(letters) and letters[0] == "A", len(letters) > 2 and upper > 0.7 * len(letters),
        2 <= count <= 4 and upper == count, False, last in "›»→►▶>", False, False,
        count < 13 and last.isalnum(),
    ]  # fmt: skip
