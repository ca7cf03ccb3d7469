"""Sentences: sentencex where it is good, our own rules where it isn't.

sentencex knows the end marks of 240 languages, but glues everything between quotation marks and needs quadratic time
on Italian. So paragraphs are cut here, quotation marks and brackets are hidden from it (one for one, so that
offsets stay), it never sees more than `CHUNK` characters, and its boundaries pass our tables (`sentence_tables`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import sentencex

from pipeline.entities.sentence_tables import SentenceRules, sentence_rules

CHUNK = 2_000  # characters shown to sentencex at a time

_LINE = re.compile(r"[^\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")
_OPENING = "«„‚‹([{「『（【《〈‘“"
_CLOSING = "»”’›)]}」』）】》〉\"'“‘«›‹"  # when they follow an end mark without a blank
_AMBIGUOUS = "\"'“‘«‹»›"
_HIDDEN = {ord(char): " " for char in _OPENING + _CLOSING} | dict.fromkeys(range(0xD800, 0xE000), "\ufffd")
del _HIDDEN[ord("'")], _HIDDEN[ord("’")], _HIDDEN[ord("‘")]  # apostrophes: hidden only when they don't join letters
_ALNUM = re.compile(r"[^\W_]")
_SINGLE = re.compile(r"(?<!\w)['’‘]|['’‘](?!\w)")
# A sentence can't begin with these: what stands before them isn't finished.
_GOES_ON = re.compile(r"[,;:)\]}»%‰，、；：]|[-–—]\s")
_TOKEN_BREAKS = re.compile(r"[\s,;:()\[\]\"„“”«»/]")
_PARTED = re.compile(r"(?:(?<![\w.])[^\W\d_]{1,3}\.\s?){1,4}$")  # "z. B.", "EE. UU.", "d. h."
_ITEM = re.compile(r"[(\[]?(?:\d{1,3}|[a-zA-Z])[.)]")
_MISSED = re.compile(r"[.!?…]\s+(?=[¿¡]|\d{1,2}\.\s+[A-ZÄÅÆÖØÜ])")  # boundaries that sentencex doesn't see
_FRENCH_CLOSING = re.compile(r"[ \u00a0\u202f]»(?!\w)")
_STOP_THEN_CAPITAL = re.compile(r"\.[\"”“»’)\]]*[ \t\u00a0]+[\"„“«‘(\[]*([^\W\d_]+['’]?)")


def split_sentences(text: str, language: str) -> list[tuple[int, int]]:
    """Spans of the sentences of `text` (code points, end exclusive), in order.

    They hold no white space at either end and cover everything that isn't white space. A line end ends a sentence:
    after cleaning it is a paragraph's, a headline's or a list item's end. `language`: ISO 639 code; with an unknown
    one only what is common to all languages applies. Deterministic, linear in the length, any Unicode.
    """
    rules = sentence_rules(language)
    hidden = _SINGLE.sub(" ", text.translate(_HIDDEN))
    spans: list[tuple[int, int]] = []
    for line in _LINE.finditer(text):
        first = len(spans)
        left = line.start()
        for cut in (*_cuts(text, hidden, line.start(), line.end(), rules), line.end()):
            _append(spans, text, left, cut)
            left = cut
            if len(spans) - first > 1 and not _ALNUM.search(text, *spans[-1]):
                spans[-2:] = [(spans[-2][0], spans[-1][1])]  # stray quotation marks and the like
    return spans


def _append(spans: list[tuple[int, int]], text: str, left: int, right: int) -> None:
    part = text[left:right]
    stripped = part.strip()
    if stripped:
        left += len(part) - len(part.lstrip())
        spans.append((left, left + len(stripped)))


def _cuts(text: str, hidden: str, start: int, end: int, rules: SentenceRules) -> Iterator[int]:
    """Where the sentences between `start` and `end` (one line) end, but for the last."""
    last = start
    for cut in _candidates(hidden, start, end, rules):
        cut = _after_closing(text, max(cut, last), end)
        if last < cut < end and _ends(text, last, cut, end, rules):
            yield cut
            last = cut


def _candidates(hidden: str, start: int, end: int, rules: SentenceRules) -> Iterator[int]:
    """sentencex's boundaries and ours after abbreviations, in order; chunk by chunk."""
    left = start
    while left < end:
        right = min(left + CHUNK, end)
        chunk = hidden[left:right]
        rows = sentencex.get_sentence_boundaries(rules.language, chunk)
        cuts = {left + _trimmed(chunk, row["end_index"]) for row in rows}
        cuts |= {left + found.start() + 1 for found in _MISSED.finditer(chunk)}
        if rules.starters:
            cuts |= {
                left + found.start() + 1 for found in _STOP_THEN_CAPITAL.finditer(chunk) if found[1] in rules.starters
            }
        if right == end:
            yield from sorted(cuts - {end})
            return
        inner = sorted(cut for cut in cuts if left < cut < right - CHUNK // 10)
        yield from inner
        left = inner[-1] if inner else _blank_before(hidden, left, right)


def _trimmed(chunk: str, end: int) -> int:
    """`end` without the blanks before it."""
    while end > 0 and chunk[end - 1].isspace():
        end -= 1
    return end


def _blank_before(hidden: str, left: int, right: int) -> int:
    """A place to go on reading when a chunk holds no boundary: a late blank, else its end."""
    blank = hidden.rfind(" ", right - CHUNK // 10, right)
    return blank if blank > left else right


def _after_closing(text: str, cut: int, end: int) -> int:
    """Closing marks that touch the end mark belong to the sentence before."""
    while cut < end and text[cut] in _CLOSING:
        if text[cut] in _AMBIGUOUS and cut + 1 < end and text[cut + 1].isalnum():
            break  # an opening one
        cut += 1
    spaced = _FRENCH_CLOSING.match(text, cut, end)
    return spaced.end() if spaced else cut


def _ends(text: str, last: int, cut: int, end: int, rules: SentenceRules) -> bool:
    """Whether the sentence that began at `last` really ends at `cut`."""
    after = text[cut : cut + 80].lstrip()
    if not after and cut + 80 >= end:
        return False
    if _GOES_ON.match(after) or text[cut] in "-‐‑":
        return False
    if cut - last < 8 and _ITEM.fullmatch(text[last:cut].strip()):
        return False  # "11. Lederen": the number of a list item
    word = after.lstrip(_OPENING + '"' + "'")
    if not word:
        return True
    first = word[0]
    if first.islower() and (first < "\u0590" or "\u1e00" <= first < "\u2000") and not word[1:2].isupper():
        return False
    if rules.language == "ja" and text[cut - 1] in "」』" and first in "とっ":
        return False
    before = text[max(last, cut - 60) : cut].rstrip("\"”“»’)]'")
    if not before.endswith(".") or before.endswith(".."):
        return True
    return not _stop_goes_on(before, word, rules)


def _stop_goes_on(before: str, word: str, rules: SentenceRules) -> bool:
    """Whether the full stop that ends `before` belongs to an abbreviation, an initial or an ordinal."""
    token = _TOKEN_BREAKS.split(before)[-1][:-1]
    parted = _PARTED.search(before)
    folded = {token.lower(), re.sub(r"\s", "", parted[0]).lower()[:-1] if parted else ""}
    next_word = re.match(r"[^\W\d_]+['’]?", word)
    starter = next_word is not None and next_word[0] in rules.starters and word[next_word.end() :][:1] != "."
    if folded & rules.either:
        return not starter and bool(rules.starters)
    if folded & rules.inside:
        return not (starter and token.lower() in rules.measures)
    if token.lower() in ("no", "nos", "art", "fig", "sec") and word[0].isdigit():
        return True
    if (len(token) == 1 and token.isupper()) or re.fullmatch(r"(?:[^\W\d_]\.)+[^\W\d_]", token):
        return (
            (word[0].isupper() or (rules.language == "fr" and word[0].isdigit()))
            and not starter
            and bool(rules.starters or len(token) == 1)
        )
    if rules.ordinals and re.fullmatch(r"\(?\d{1,2}", token):
        following = re.match(r"[^\W\d_]+", word)
        if following and following[0] in rules.months:
            return True
        earlier = before[: -len(token) - 1].split()
        return bool(earlier) and earlier[-1].lower() in rules.ordinal_before and not starter
    return False
