"""Lines as they should be: markup left in plain text gone, hard-wrapped lines joined, one blank line at most."""

import re
from itertools import pairwise

_MARKUP_WORDS = (
    "a|abbr|b|big|blockquote|br|center|cite|code|div|em|figcaption|figure|font|h[1-6]|hr|i|img|li|ol|p|pre|small|span"
    "|strong|sub|sup|table|tbody|td|th|thead|tr|u|ul"
)
_REST = r"(?:\s[^<>=]{1,40}=[^<>]{0,2000})?\s{0,9}/?>"  # attributes, if any, and the tag's end
_SCRIPT = re.compile(rf"<(script|style){_REST}", re.IGNORECASE)
_INLINE = re.compile(rf"</?(?:a|abbr|b|big|cite|code|em|font|i|img|small|span|strong|sub|sup|u){_REST}", re.IGNORECASE)
_BLOCK = re.compile(rf"</?(?:{_MARKUP_WORDS}){_REST}", re.IGNORECASE)
LAYERS = 3  # of escaped markup that are undone
_BLANKS = re.compile(r"[ \t]{2,}|\t")
_BULLET = re.compile(r"(?:[-*•·–—+▪►]|\(?\d{1,3}[.)]|[A-Za-z][.)])\s")
_SENTENCE_END = re.compile(r"[.!?:;。！？…؟।][\"'”“’»«)\]]*$")
_CJK = re.compile("[\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef]")
# A hyphen before these words stands for a missing part ("Import- und Exportpreise"): the space after it is right.
_SUSPENDING = frozenset(
    [
        "und",
        "oder",
        "bis",
        "sowie",
        "bzw",
        "and",
        "or",
        "to",
        "et",
        "ou",
        "y",
        "o",
        "e",
        "en",
        "of",
        "och",
        "eller",
        "og",
        "i",
        "a",
        "u",
        "lub",
        "nebo",
        "till",
        "ja",
        "tai",
        "и",
        "или",
        "și",
        "sau",
    ]
)
_LETTERS = re.compile(r"[^\W\d_]+")
_LETTERS_BEFORE_HYPHEN = re.compile(r"[^\W\d_]+(?=-$)")
NARROWEST, WIDEST = 38, 132  # columns of a wrapped text
WIDTHS = 8  # tried


def tidy(text: str) -> tuple[str, list[str]]:
    """`text` (its characters already repaired) with its lines in order, and the names of what was changed.

    Idempotent. At the end no line starts or ends with a space, and no two blank lines follow one another.
    """
    changed: list[str] = []
    if "<" in text and ">" in text:
        bare = _without_markup(text)
        if bare != text:
            changed.append("markup")
            text = bare
    lines = [_BLANKS.sub(" ", line).strip() for line in text.split("\n")]
    joined = _join(lines)
    if len(joined) < len(lines):
        changed.append("wrapped_lines")
    result = re.sub(r"\n{3,}", "\n\n", "\n".join(joined)).strip()
    if not changed and result != text:
        changed.append("blanks")
    return result, changed


def _without_markup(text: str) -> str:
    """HTML tags out of a text that should have had none. Unknown tags stay: `<5 percent>` is text."""
    for _ in range(LAYERS):
        bare = _BLOCK.sub("\n", _INLINE.sub("", _without_scripts(text)))
        if bare == text:
            break
        text = bare
    return text


def _without_scripts(text: str) -> str:
    """`<script>` and `<style>` out with what they hold, if they end; in linear time for any text."""
    parts, position = [], 0
    lowered = text.lower() if "<s" in text or "<S" in text else ""
    while lowered and len(lowered) == len(text) and (found := _SCRIPT.search(text, position)):
        end = lowered.find(f"</{found[1].lower()}", found.end())
        close = lowered.find(">", end) if end >= 0 else -1
        if close < 0:
            break
        parts.append(text[position : found.start()])
        position = close + 1
    return "\n".join([*parts, text[position:]]) if parts else text


def _join(lines: list[str]) -> list[str]:
    """Lines that are only wrapped, joined; until none is left, so that joining twice changes nothing more."""
    while True:
        joined = _join_once(lines)
        if len(joined) == len(lines):
            return lines
        lines = joined


def _join_once(lines: list[str]) -> list[str]:
    width = _wrap_width(lines)
    if not width:
        return lines
    words = {word for line in lines for word in re.findall(r"[^\W\d_]{4,}", line)}
    joined: list[str] = []
    parts = [lines[0]]  # of the line that is being joined; the last one is short, so that each step costs the same
    for last, line in pairwise(lines):
        if _wraps(last, line, width):
            glued = _glue(parts[-1], line, words)
            parts[-1:] = [glued[:-WIDEST], glued[-WIDEST:]]
        else:
            joined.append("".join(parts))
            parts = [line]
    return [*joined, "".join(parts)]


def _wraps(line: str, following: str, width: int) -> bool:
    """True if `following` stands on its own line only because `line` was full."""
    if not line or not following or len(line) > width or _BULLET.match(following):
        return False
    first_word = 1 if _CJK.match(following) else len(following.split(" ", 1)[0])
    return len(line) + 1 + first_word > width


def _wrap_width(lines: list[str]) -> int:
    """The column at which the text was wrapped, 0 if it was not.

    Tried are the longest lengths of lines, because a page's head may stand in longer lines above a wrapped text.
    """
    pairs = [(line, following) for line, following in pairwise(lines) if line and following]
    widths = sorted({len(line) for line, _ in pairs if NARROWEST <= len(line) <= WIDEST}, reverse=True)
    return next((width for width in widths[:WIDTHS] if _is_wrapped(pairs, width)), 0)


def _is_wrapped(pairs: list[tuple[str, str]], width: int) -> bool:
    """A greedy wrap leaves no line with room for the next word, except at a paragraph's end; it breaks most lines
    within a sentence, and many of the next ones start with a small letter: lists of headlines don't.
    """
    within = [pair for pair in pairs if len(pair[0]) <= width]
    full = [pair for pair in within if _wraps(*pair, width)]
    broken = [following for line, following in full if not _SENTENCE_END.search(line)]
    if len(full) < 3 or len(full) < 0.7 * len(within) or len(broken) < 0.6 * len(full):
        return False
    small = sum(not following[0].isupper() for following in broken)
    return small >= 0.35 * len(broken)


def _glue(line: str, following: str, words: set[str]) -> str:
    """Two wrapped lines as one. A word divided at the line's end is put together if the text has it elsewhere."""
    if line.endswith("-") and following[:1].islower() and line[-2:-1].isalpha():
        head, tail = _LETTERS_BEFORE_HYPHEN.search(line), _LETTERS.search(following)
        if head and tail and head[0] + tail[0] in words:
            return line[:-1] + following
        return line + (" " if tail and tail[0].lower() in _SUSPENDING else "") + following
    if _CJK.match(line[-1]) and _CJK.match(following):
        return line + following
    return line + " " + following
