"""The shape of a unit: length, how it ends and begins, and what signs are in it. Each a yes or no."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from pipeline.language.units import Unit

# How a label says that what stands beside it is advertising.
AD_LABELS = (
    "anzeige|werbung|werbeanzeige|advertisement|sponsored(?: content)?|advertorial|publicité|contenu sponsorisé|"
    "publicidad|contenido patrocinado|pubblicità|advertentie|publicidade|conteúdo patrocinado|reklama|annons|annonse|"
    "annonce|publicitate|реклама|reklam|pub|publi|promoted|paid post|gesponsert|sponsrad|sponset|sponsorizzato|"
    "patrocinado|sponsorowane|на правах рекламы"
)

# Tried at every number, and at the two characters before it.
_AT_NUMBER = {
    "time": re.compile(r"\b\d{1,2}[:.h]\d{2}\b|\b\d{1,2}\s?(?:Uhr|am|pm|AM|PM|h)\b"),
    "date": re.compile(r"\b\d{1,2}[./-]\s?\d{1,2}[./-](?:\s?\d{2,4})?\b|\b\d{4}-\d{2}-\d{2}\b|\b(?:19|20)\d{2}\b"),
    "phone": re.compile(r"(?:\+|\b0)\d[\d /()-]{6,20}\d"),
    "age_limit": re.compile(r"\b18\s?\+|\+\s?18\b"),
}
# Found anywhere in a unit.
_INSIDE = {
    "money": re.compile(
        r"[€$£¥₽₹₩]|\b(?:[Ee]uros?|[Dd]ollars?|Franken|kronor|kroner|lei|zł|рубл\w+|лв|грн|EUR|USD|CHF|SEK|RON|PLN)\b"
    ),
    "percent": re.compile("[%٪]"),
    "url": re.compile(r"https?://|www\.|(?<=\w)\.(?:com|de|org|net|fr|es|it|nl|pl|ru|ro|se|pt|br|ch|at|uk)\b"),
    "email": re.compile("@"),
    "bars": re.compile("[|·•]"),
    "slashes": re.compile("/"),
    "copyright_sign": re.compile("©"),
    "hash_tag": re.compile("#"),
    "star": re.compile(r"\*"),
    "ellipsis": re.compile(r"…|\.\.\."),
}
# At its beginning.
_AT_START = {
    "ad_label": re.compile(rf"[-–—*|\[( ]*(?:(?i:{AD_LABELS})\s?[-–—|:.\])]|(?i:{AD_LABELS})\s+(?=[A-ZÀ-ÞА-Я„“«\"]))"),
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
SHAPES = (
    *_OWN, "time", "date", "money", "percent", "url", "email", "phone", "bars", "slashes", "copyright_sign", "hash_tag",
    "star", "ellipsis", "age_limit", *_AT_START,
)  # fmt: skip
_COLUMN = {name: column for column, name in enumerate(SHAPES)}

_CLOSING = "\"'”“’»«)"
_QUOTES = re.compile('["„“”«»]')
_NUMBER = re.compile(r"\d+")


def shapes_of(text: str, units: Sequence[Unit], kinds: Sequence[Sequence[str]]) -> Any:
    """[units, SHAPES] of 0 and 1. `kinds`: how each word of each unit is written (`features.Word.kind`)."""
    shapes = np.zeros((len(units), len(SHAPES)), dtype=np.float32)
    shapes[:, : len(_OWN)] = [_own(text, unit, written) for unit, written in zip(units, kinds, strict=True)]
    begins = np.array([unit.start for unit in units])
    quotes = _rows([found.start() for found in _QUOTES.finditer(text)], begins)
    quotes = quotes[quotes >= 0]
    counts = np.bincount(quotes, minlength=len(units))
    shapes[:, _COLUMN["quotes"]] = counts >= 2
    shapes[:, _COLUMN["quote_open"]] = counts % 2 == 1
    numbers = [found.start() for found in _NUMBER.finditer(text)]
    rows = _rows(numbers, begins)
    shapes[rows[rows >= 0], _COLUMN["digits"]] = 1
    for name, pattern in _AT_NUMBER.items():
        for row, number in zip(rows.tolist(), numbers, strict=True):
            if row >= 0 and any(pattern.match(text, max(number - back, 0)) for back in (0, 1, 2)):
                shapes[row, _COLUMN[name]] = 1
    for name, pattern in _INSIDE.items():
        found_in = _rows([found.start() for found in pattern.finditer(text)], begins)
        shapes[found_in[found_in >= 0], _COLUMN[name]] = 1
    for name, pattern in _AT_START.items():
        shapes[:, _COLUMN[name]] = [pattern.match(text, unit.start, unit.end) is not None for unit in units]
    return shapes


def _rows(places: Sequence[int], begins: Any) -> Any:
    """The unit that each place is in; -1 before the first."""
    return np.searchsorted(begins, np.array(places, dtype=np.int64), side="right") - 1


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
