"""Plain text and HTML files as raw articles: which encoding, and which line is the title."""

import codecs
import re

from pipeline.errors import Code, InvalidInput

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARED = re.compile(rb"""<(?:meta\b|\?xml\b)[^>]*?(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_LONGEST_TITLE = 160

# Browsers read a declared encoding as the larger one that contains it (https://encoding.spec.whatwg.org).
_SUPERSETS = {
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "big5": "big5hkscs",
}
_WEB = {
    *(f"iso8859-{part}" for part in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)),
    *(f"cp125{page}" for page in range(9)),
    *("cp866", "cp874", "cp932", "cp949", "koi8-r", "koi8-u", "mac-roman", "mac-cyrillic"),
    *("gb18030", "big5hkscs", "euc_jp", "iso2022_jp"),
}


# How files begin that are often taken for text, and what they are called.
_KNOWN_BINARY = (
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive (or a document of an office suite)"),
    (b"\xd0\xcf\x11\xe0", "a document of an old office suite"),
    (b"{\\rtf", "a document in RTF"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\x7fELF", "a program"),
)
_NO_TEXT = bytes([*range(0x09), *range(0x0E, 0x1B), *range(0x1C, 0x20), 0x7F])  # bytes that text has next to never
_HEAD = 4096  # bytes that are looked at
_MOST_CONTROL = 0.01  # of them may be control characters


def decode_text(data: bytes, *, html: bool = False) -> str:
    """`data` as text.

    By its byte order mark; else UTF-16 if every second byte says so; else UTF-8 if it is valid UTF-8; else, for HTML,
    what the page declares in its first 4 KiB; else Windows-1252, with U+FFFD for its five unused bytes.

    Raises `InvalidInput` (`BAD_TEXT`) for what is no text: a PDF, a picture, bytes full of control characters.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    for mark, name in _KNOWN_BINARY:
        if data.startswith(mark):
            raise InvalidInput(Code.BAD_TEXT, f"this is {name}, not text. Send the text that is in it.")
    head = data[:_HEAD]
    if 0 in head and (utf16 := _utf16(head)):
        return data.decode(utf16, "replace")
    control = len(head) - len(head.translate(None, _NO_TEXT))
    if control > _MOST_CONTROL * len(head):
        raise InvalidInput(
            Code.BAD_TEXT, f"this is no text: {control} of the first {len(head)} bytes are control characters."
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    declared = _DECLARED.search(data[:4096]) if html else None
    return data.decode(_known(declared.group(1).decode("ascii")) if declared else "cp1252", "replace")


def _utf16(head: bytes) -> str | None:
    """The byte order of UTF-16 without a mark: zero bytes stand in the upper halves, and all is printable."""
    for encoding, lower, upper in (("utf-16-le", 0, 1), ("utf-16-be", 1, 0)):
        if 4 * head[lower::2].count(0) >= head[upper::2].count(0):
            continue
        try:
            text = codecs.getincrementaldecoder(encoding)().decode(head)  # a pair of surrogates may be cut at the end
        except UnicodeDecodeError:
            continue
        if "".join(text.split()).isprintable():
            return encoding
    return None


def _known(name: str) -> str:
    """The codec for what a page calls `name`; Windows-1252 for names that the web doesn't use.

    UTF-8 is not among them (it was tried), nor UTF-16 (such a page's declaration could not have been found).
    """
    try:
        codec = codecs.lookup(name).name
    except (LookupError, ValueError):
        return "cp1252"
    codec = _SUPERSETS.get(codec, codec)
    return codec if codec in _WEB else "cp1252"


def split_title(text: str) -> tuple[str | None, str]:
    """Title and body of a plain text.

    The first line that isn't blank is the title if it is short (160 characters), doesn't end like a sentence,
    and stands apart: a blank line follows it, or a line too long to be one of a hard-wrapped paragraph.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    stripped = text.strip()
    first, _, rest = stripped.partition("\n")
    first = first.strip()
    following = rest.partition("\n")[0].strip()
    apart = not following or len(following) > _LONGEST_TITLE
    if not rest.strip() or not apart or len(first) > _LONGEST_TITLE or first.endswith((".", ",", ";", ":", "。")):
        return None, stripped
    return first, rest.strip()
