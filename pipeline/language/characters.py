"""Characters as they should be: no invisible ones, one kind of space, NFC, mojibake undone where it is certain.

Pure functions from text to text. `repair` applies them all until nothing changes, so that it is idempotent: undoing
one thing can uncover another (`&amp;shy;` -> `&shy;` -> a soft hyphen -> nothing).
"""

import html
import re
import unicodedata
from collections.abc import Callable

MAX_MARKS = 30  # combining marks in a row that any script needs (UAX #15, Stream-Safe Text Format)
ROUNDS = 6  # more layers of encoding than any feed has; later ones are left as they are

_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_LINE_ENDS = re.compile(r"\r\n?|[\n\v\f\u2028\u2029]")
_SOFT_HYPHEN_AT_LINE_END = re.compile(r"\u00ad[ \t]*\n[ \t]*(?=\w)")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]")
_ZERO_WIDTH = re.compile("[\u180e\u200b\u2060-\u2064\ufeff]")
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u206a-\u206f]")
_SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_JOINER = re.compile("[\u200c\u200d]")
# Scripts that write with joiners (Arabic, Syriac ... Indic, Khmer, Mongolian), variation selectors and emoji.
_JOINED = re.compile(
    "[\u0600-\u08ff\u0900-\u0dff\u1780-\u17ff\u1800-\u18af\ufb50-\ufdff\ufe00-\ufe0f\ufe70-\ufefc"
    "\u2190-\u2bff\U0001f000-\U0001faff]"
)
_MANY_MARKS = re.compile(rf"[^\w\s\x00-\x7f]{{{MAX_MARKS + 1},}}")

# Bytes 80-9F of Windows-1252 that came through as control characters: never text, always these signs.
_C1 = {code: bytes([code]).decode("cp1252", "ignore") for code in range(0x80, 0xA0)}
_C1_PRESENT = re.compile("[\x80-\x9f]")

# Characters that a UTF-8 continuation byte turns into when it is read as Windows-1252 (or Latin-1).
_BYTE_OF = {character: code for code, character in _C1.items() if character}
_BYTE_OF |= {chr(code): code for code in range(0x80, 0x100)}
_TAILS = "".join(re.escape(character) for character, code in _BYTE_OF.items() if 0x80 <= code < 0xC0)
_MOJIBAKE = re.compile(f"[\u00c2-\u00df][{_TAILS}]|[\u00e0-\u00ef][{_TAILS}]{{2}}|[\u00f0-\u00f4][{_TAILS}]{{3}}")
# Any character that a step looks for, but for mojibake and combining marks.
_SUSPECT = re.compile(
    "[&\r\v\f\u2028\u2029\x00-\x08\x0e-\x1f\x7f-\xa0\xad\u061c\u1680\u180e\u2000-\u200f\u202a-\u202f\u205f-\u206f\u3000"
    "\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]"
)
# Tails that also follow a capital in good text ("FDJÄ“", "IRMÃ…"): no evidence of mojibake by themselves.
_WEAK_TAILS = set("\u00a0«»“”„‘’‚…–—™›‹•€†‡\u00ad")


def repair(text: str) -> tuple[str, list[str]]:
    """`text` with its characters repaired, and the names of what was changed, in a fixed order."""
    if _is_sound(text):
        return text, []
    changed: set[str] = set()
    for _ in range(ROUNDS):
        before = text
        for name, step in STEPS.items():
            after = step(text)
            if after != text:
                changed.add(name)
                text = after
        if text == before:
            break
    return text, [name for name in STEPS if name in changed]


def _is_sound(text: str) -> bool:
    """Whether no step has anything to do, at a tenth of their cost: most articles need none."""
    if _SUSPECT.search(text):
        return False
    return text.isascii() or (
        unicodedata.is_normalized("NFC", text) and not _MOJIBAKE.search(text) and not _MANY_MARKS.search(text)
    )


def _mojibake(text: str) -> str:
    """UTF-8 that was read as Windows-1252, undone: only if one sequence in the text can be nothing else."""
    if text.isascii():
        return text
    certain = any(
        _decoded(found[0]) is not None and not (len(found[0]) == 2 and found[0][1] in _WEAK_TAILS)
        for found in _MOJIBAKE.finditer(text)
    )
    return _MOJIBAKE.sub(lambda found: _decoded(found[0]) or found[0], text) if certain else text


def _decoded(sequence: str) -> str | None:
    """The character that `sequence` was, if it is one that news uses: else it was no mojibake."""
    try:
        character = bytes(_BYTE_OF[part] for part in sequence).decode()
    except UnicodeDecodeError:
        return None
    code = ord(character)
    ordinary = code < 0x180 or 0x370 <= code < 0x530 or 0x2010 <= code < 0x2040 or 0x20A0 <= code < 0x20D0
    letters = character.isalpha() and (0x0590 <= code < 0x0700 or 0x0900 <= code < 0x1000 or 0x1E00 <= code < 0x2000)
    east_asian = 0x3000 <= code < 0xA000 or 0xAC00 <= code < 0xD7A4
    return character if ordinary or letters or east_asian or code >= 0x1F300 else None


def _joiners(text: str) -> str:
    """Zero-width joiners and non-joiners stay between letters that they shape, and go elsewhere."""

    def decide(found: re.Match[str]) -> str:
        start, end = found.span()
        shaped = (
            start > 0
            and end < len(text)
            and _JOINED.match(text[start - 1])
            and (_JOINED.match(text[end]) or text[end] in "\u2640\u2642")
        )
        return found[0] if shaped else ""

    return _JOINER.sub(decide, text)


def _marks(text: str) -> str:
    """Runs of combining marks cut to `MAX_MARKS`: normalising longer ones takes quadratic time."""

    def cut(found: re.Match[str]) -> str:
        kept, run = [], 0
        for character in found[0]:
            run = run + 1 if unicodedata.combining(character) else 0
            if run <= MAX_MARKS:
                kept.append(character)
        return "".join(kept)

    return _MANY_MARKS.sub(cut, text)


def _entities(text: str) -> str:
    return _ENTITY.sub(lambda found: html.unescape(found[0]), text) if "&" in text else text


def _c1(text: str) -> str:
    return text.translate(_C1) if _C1_PRESENT.search(text) else text


def _soft_hyphens(text: str) -> str:
    return _SOFT_HYPHEN_AT_LINE_END.sub("", text).replace("\u00ad", "") if "\u00ad" in text else text


# In this order: line ends first (soft hyphens look at them), mojibake before the spaces and control characters that
# are part of its sequences become ordinary.
STEPS: dict[str, Callable[[str], str]] = {
    "line_ends": lambda text: _LINE_ENDS.sub("\n", text),
    "entities": _entities,
    "mojibake": _mojibake,
    "windows_1252": _c1,
    "control_characters": lambda text: _CONTROL.sub("", text),
    "soft_hyphens": _soft_hyphens,
    "zero_width": lambda text: _joiners(_ZERO_WIDTH.sub("", text)),
    "direction_marks": lambda text: _BIDI.sub("", text),
    "spaces": lambda text: _SPACES.sub(" ", text),
    "combining_marks": _marks,
    "nfc": lambda text: unicodedata.normalize("NFC", text),
}
