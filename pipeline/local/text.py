"""Plain text and HTML files as raw articles: which encoding, and which line is the title."""

import codecs
import re

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


def decode_text(data: bytes, *, html: bool = False) -> str:
    """`data` as text; every file gives some.

    By its byte order mark; else UTF-8 if it is valid UTF-8; else, for HTML, what the page declares in its first
    4 KiB; else Windows-1252, with U+FFFD for its five unused bytes.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    declared = _DECLARED.search(data[:4096]) if html else None
    return data.decode(_known(declared.group(1).decode("ascii")) if declared else "cp1252", "replace")


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
