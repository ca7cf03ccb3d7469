"""Small questions about characters: where a word ends, what is a question, how names are compared."""

import re
import unicodedata

Span = tuple[int, int]

# Scripts written without spaces: a word's end can't be seen there, so nothing is grown.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
LONGEST_WORD = 64  # characters: longer ones are noise
_JOINERS = "-\u2010\u2011"  # hyphens inside a word
_QUESTION = "?\uff1f\u061f\u037e\u2e2e\u055e\u1367"  # ASCII, full width, Arabic, Greek, reversed, Armenian, Ethiopic
_ADDRESS = re.compile(r"[\w-]+\.[a-z]{2,}(?:[/:]\S*)?$")  # before a question mark and a word: example.org/?page=2
_CLOSING = (
    "\"'`\u00ab\u00bb\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u2039\u203a\u300c\u300d\u300e\u300f)]}>*_!\u2026."
)
# Where a question inside a sentence may begin. A stop within "2.5 billion", "10:30" or "Inc. buy" is no beginning.
_OPENING = re.compile(
    '["\u00ab\u00bb\u201c\u201d\u201e\u2039\u203a\u300c\u300e(\\[\u00bf\n\u2013\u2014]|:(?=\\s)|'
    "[.!](?=\\s+\\W{0,2}[^\\W\\d_a-z\u00df-\u00ff\u0430-\u044f])|^"
)


# What ought to be done, and a verb of opinion behind a comma.
_WISHES = {
    code: re.compile(
        rf"(?<!\w)(?:{ought})(?!\w)[^;:]{{0,200}},\W{{0,3}}(?:\w+\s+){{0,6}}(?:{says})(?!\w)", re.IGNORECASE
    )
    for code, ought, says in (
        ("en", "ought to|should", "writes?|wrote|thinks?|believes?|argues?|finds?|feels?"),
        ("de", "sollten?|müssten?", "schreibt|findet|meint|glaubt|argumentiert"),
        ("fr", "devrai(?:t|ent)|faudrait", "écrit|estime|pense|juge|croit"),
        ("es", "deberían?|habría que", "escribe|opina|cree|piensa"),
        ("it", "dovrebbe(?:ro)?|bisognerebbe", "scrive|ritiene|pensa|crede"),
        ("nl", "zou(?:den)?|moet(?:en)?", "schrijft|vindt|meent|denkt"),
        ("pt", "dever(?:ia|iam)", "escreve|acha|pensa|considera"),
        ("pl", "powin(?:ien|na|no|ny|ni)|należałoby", "pisze|uważa|sądzi|twierdzi"),
        ("sv", "borde", "skriver|tycker|anser|menar"),
        ("da", "burde", "skriver|mener|synes"),
        ("nb", "burde", "skriver|mener|synes"),
        ("no", "burde", "skriver|mener|synes"),
        ("ru", "следовало бы|(?:должн[аоы]|должен)(?: бы)?", "пишет|считает|полагает|думает"),
    )
}


def is_word(text: str, at: int) -> bool:
    """Whether the character belongs to a word: a letter, a digit, a mark on one, or a hyphen between two."""
    char = text[at]
    if char.isalnum() or unicodedata.category(char)[0] == "M":
        return True
    inside = 0 < at < len(text) - 1
    return char in _JOINERS and inside and text[at - 1].isalnum() and text[at + 1].isalnum()


def grow(text: str, span: Span, within: Span) -> Span:
    """The span extended to whole words, not beyond `within`."""
    start, end = span
    while start > max(within[0], span[0] - LONGEST_WORD) and _joined(text, start):
        start -= 1
    while end < min(within[1], span[1] + LONGEST_WORD) and _joined(text, end):
        end += 1
    return start, end


def _joined(text: str, cut: int) -> bool:
    """Whether a cut before the character at `cut` goes through a word."""
    left, right = cut - 1, cut
    if _UNSPACED.match(text[left]) or _UNSPACED.match(text[right]):
        return False
    return is_word(text, left) and is_word(text, right)


def trim(text: str, span: Span) -> Span:
    """The span without white space and punctuation at its ends, apart from signs that belong to figures."""
    start, end = span
    while start < end and not (text[start].isalnum() or text[start] in "+-−$€£¥₹₽§#@"):
        start += 1
    while end > start and not (text[end - 1].isalnum() or text[end - 1] in "%‰$€£¥₹₽)+" or _is_mark(text[end - 1])):
        end -= 1
    return start, end


def strip(text: str, span: Span) -> Span:
    """The span without white space at its ends."""
    start, end = span
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def fold(text: str) -> str:
    """Words in one spelling, to compare names: NFKC, case folded, punctuation as one space."""
    return " ".join(re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold()))


def is_question(text: str, span: Span, language: str) -> bool:
    """Whether the sentence ends as a question, quotation marks and brackets after it aside."""
    tail = text[span[0] : span[1]].rstrip().rstrip(_CLOSING + " ")
    return tail[-1:] != "" and (tail[-1] in _QUESTION or (language == "el" and tail[-1] == ";"))


def is_wish(text: str, span: Span, language: str) -> bool:
    """Whether somebody says what ought to be done: "the state should ban it, thinks a reader", in this order. Without a
    verb of opinion "should" may mean a plan, so it is not enough.
    """
    pattern = _WISHES.get(language)
    return pattern is not None and pattern.search(text, *span) is not None


def inner_questions(text: str, span: Span, language: str) -> list[Span]:
    """Questions inside a sentence that is none: a quoted one before its speaker, one in brackets."""
    start, end = span
    found: list[Span] = []
    marks = re.compile(f"[{_QUESTION};]" if language == "el" else f"[{_QUESTION}]")
    for mark in marks.finditer(text, start, end):
        at = mark.start()
        if (
            text[at] == "?"
            and at + 1 < end
            and is_word(text, at + 1)
            and _ADDRESS.search(text, max(start, at - 80), at)
        ):
            continue
        openings = [match.end() for match in _OPENING.finditer(text[start:at])]
        found.append((start + (openings[-1] if openings else 0), at + 1))
        start = at + 1
    return found


def _is_mark(char: str) -> bool:
    return unicodedata.category(char)[0] == "M"
