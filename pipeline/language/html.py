"""A news page -> title, body in reading order, and what its metadata says. No network, bounded time.

The page is parsed once, by lxml; trafilatura finds the body in that tree, `metadata.py` reads the rest.
"""

import re
from dataclasses import dataclass
from typing import Any

from pipeline.errors import Code, InvalidInput
from pipeline.language.metadata import PageMetadata, read_metadata

MAX_ELEMENTS = 40_000  # more than any news page has; extraction time grows with them
MAX_ATTRIBUTES = 5_000  # of one element, about: the parser compares each with all before it
BIG_PAGE = 2_000  # characters: a page this long in which no body is found is an error, a shorter one is empty

# What XML can't hold: one of them in the body, written out or as a reference, and trafilatura finds no body at all.
_NOT_XML = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|&#(?:0*(?:[0-8]|1[124-9]|2\\d|3[01])|[xX]0*(?:[0-8bcefBCEF]|1[0-9a-fA-F]));"
)
_LONG_TAG = re.compile(r"<[a-zA-Z][^<]{20000,}")


@dataclass(frozen=True, slots=True)
class Page:
    """`body` is '' if a small page has none. The metadata's fields are None where the page doesn't say."""

    title: str | None
    body: str
    metadata: PageMetadata


def read_page(html: str, url: str | None = None) -> Page:
    """The article on a page. `html` is decoded already: what the page declares about its charset is ignored.

    Raises `InvalidInput` (`BAD_HTML`) if it can't be read faithfully: elements nested deeper than the parser goes
    (libxml2 drops all text below level 256 without a word), too many elements, or a big page without a body.
    """
    from trafilatura import bare_extraction

    tree = _parse(html)
    if tree is None:
        return Page(title=None, body="", metadata=PageMetadata())
    metadata = read_metadata(tree)
    document = bare_extraction(tree, url=url, include_comments=False, with_metadata=False, deduplicate=False)
    body = getattr(document, "text", None) or ""  # None: nothing found
    if not body.strip() and len(html) >= BIG_PAGE:
        raise InvalidInput(
            Code.BAD_HTML, f"html: no article found in a page of {len(html)} characters. Send the text instead."
        )
    return Page(title=metadata.title, body=body, metadata=metadata)


def page_url(html: str) -> str | None:
    """The address that a page gives for itself: what `read_page` finds, without reading the body."""
    try:
        tree = _parse(html)
    except InvalidInput:  # such a page becomes a dead letter
        return None
    return None if tree is None else read_metadata(tree).url


def _parse(html: str) -> Any:
    """The tree of an HTML page; None for an empty one. Raises `InvalidInput` as `read_page` says."""
    import lxml.etree
    import lxml.html

    # Its own parser each time: `error_log` belongs to one parse. Bytes, because lxml refuses a str with an encoding
    # declaration, and an explicit encoding overrides the declared one.
    parser = lxml.html.HTMLParser(encoding="utf-8", collect_ids=False, remove_comments=True, remove_pis=True)
    for tag in _LONG_TAG.finditer(html):
        end = html.find(">", *tag.span())
        head = html[tag.start() : end if end >= 0 else tag.end()]
        if max(head.count("="), head.count(" ")) > MAX_ATTRIBUTES:
            raise InvalidInput(
                Code.BAD_HTML,
                f"html: more than {MAX_ATTRIBUTES} attributes in one tag: not a news page. Send the text.",
            )
    data = _NOT_XML.sub("", html).encode()
    try:
        tree = lxml.html.document_fromstring(data, parser=parser)
    except lxml.etree.ParserError:  # "Document is empty"
        return None
    if any(entry.type == lxml.etree.ErrorTypes.ERR_RESOURCE_LIMIT for entry in parser.error_log):
        raise InvalidInput(
            Code.BAD_HTML, "html: elements nested more than 256 levels deep: text below would be lost. Send the text."
        )
    elements = sum(1 for _ in tree.iter())
    if elements > MAX_ELEMENTS:
        raise InvalidInput(
            Code.BAD_HTML, f"html: {elements} elements, more than {MAX_ELEMENTS}: not a news page. Send the text."
        )
    return tree
