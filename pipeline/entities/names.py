"""Names made comparable: case, accents, legal forms, articles, genitives, titles. By language where it matters."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

from pipeline.entities.tables import read_table

Key = tuple[str, ...]  # a folded name, word by word
_SPLIT = re.compile(r"[\s\-‐‑–—·・/,.]+")
_ELISION = re.compile(r"^(?:l|d|dell|all|dall|nell|sull|qu|un|s)['’](?=\w)", re.IGNORECASE)
_SUFFIX = re.compile(r"(?<=\w)['’]\w+$")
_POSSESSIVE = re.compile(r"['’]s?$", re.IGNORECASE)
_JOINED = str.maketrans(
    {"ß": "ss", "ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "đ": "d", "Đ": "d", "æ": "ae", "œ": "oe", "ı": "i"}
)
# Accents of Latin, Greek and Cyrillic and the points of Hebrew and Arabic; not kana's marks, which are other letters.
_ACCENTS = re.compile("[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670]")
_HAN_FORM = re.compile(
    r"^(?:株式会社|有限会社|合同会社|㈱|주식회사|㈜)|(?:株式会社|股份有限公司|有限责任公司|有限公司|集团|集團|주식회사|㈱|㈜)$"
)


@cache
def _forms(name: str) -> frozenset[str]:
    return frozenset(str(read_table("names.yaml")[name]).split())


def tokens(name: str) -> Key:
    """The name's words, folded: lower case, no accents, no signs. "L'Oréal S.A." -> ("l'oreal", "s", "a")."""
    return _tokens(name)


@lru_cache(maxsize=20_000)
def _tokens(name: str) -> Key:
    folded = unicodedata.normalize("NFKD", name.translate(_JOINED)).replace("и\u0306", "й").replace("И\u0306", "Й")
    folded = unicodedata.normalize("NFC", _ACCENTS.sub("", folded).casefold())
    folded = folded.replace("’", "'").replace("&", " & ")
    parts = (part.strip("\"'“”„«»()[]®™©*") for part in _SPLIT.split(folded))
    return tuple(part for part in parts if part)


@lru_cache(maxsize=20_000)
def core(name: str) -> Key:
    """The folded name without its article, possessive and legal form; never empty if the name has a letter.

    "Alibaba Group Holding Ltd." -> ("alibaba", "group", "holding"); "ПАО «Газпром»" -> ("газпром",).
    """
    whole = tokens(_POSSESSIVE.sub("", _HAN_FORM.sub("", name.strip())))
    parts = list(whole)
    while len(parts) > 1 and _ends_in_form(parts):
        parts = parts[: -_ends_in_form(parts)]
    while len(parts) > 1 and (parts[0] in _forms("leading_legal") or parts[0] in _forms("articles")):
        parts = parts[1:]
    return tuple(parts) or tokens(name)


def _ends_in_form(parts: list[str]) -> int:
    """How many of the last words are a legal form, 0 if none. Dotted ones come as letters: s p a."""
    for length in (4, 3, 2):
        if len(parts) > length and all(len(part) == 1 for part in parts[-length:]):
            return length if "".join(parts[-length:]) in _forms("trailing_legal") else 0
    if parts[-1] in _forms("trailing_legal"):
        return 1
    return 2 if len(parts) > 2 and parts[-2:] in (["&", "co"], ["&", "cie"], ["co", "kgaa"], ["and", "co"]) else 0


def bare(name: str, language: str) -> str:
    """The name without what its language hangs on with an apostrophe: "l'Europe" -> "Europe", "Oslo'da" -> "Oslo"."""
    if language in {"fr", "it", "ca"}:
        return _ELISION.sub("", name)
    return _SUFFIX.sub("", name) if language in {"tr", "az"} else name


def keys(name: str, language: str) -> list[Key]:
    """What a name may be looked up as, best first: itself, bare, without a genitive or case ending."""
    found = list(dict.fromkeys((core(name), core(bare(name, language)))))
    for key in list(found):
        if not key:
            continue
        found += [(*key[:-1], stem) for stem in stems(key[-1], language)]
    return list(dict.fromkeys(key for key in found if key))


def stems(word: str, language: str) -> list[str]:
    """The word without what may be a case ending; guesses, to be believed only if the rest is a known name."""
    endings: dict[str, str] = read_table("names.yaml")["endings"]
    found = []
    for ending in str(endings.get(language, "")).split():
        drop, _, put = ending.partition(">")
        if word.endswith(drop) and len(word) - len(drop) >= 2:
            found.append(word[: -len(drop)] + put)
    return found


def is_title(word: str) -> bool:
    """Whether a folded word stands before persons' names ("dr", "mr", "herr")."""
    return word in _forms("titles")


def is_generic(word: str) -> bool:
    """Whether a folded word adds nothing to a company's name ("group", "holding", "konzern")."""
    return word in _forms("generic") or word in _forms("trailing_legal")


def leads(word: str) -> bool:
    """Whether a folded word stands before a company's name and adds nothing to it ("groupe", "koncern")."""
    return word in _forms("leading_generic")


def slug(key: Key) -> str:
    """A folded name as one word for an id: letters and digits of any script, joined by dashes, 80 at most."""
    return re.sub(r"[^\w]+", "-", "-".join(key)).strip("-_")[:80].strip("-_") or "unnamed"
