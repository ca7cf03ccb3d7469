import codecs
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import Code, InvalidInput
from pipeline.local.text import decode_text, split_title

WORDS = "Größe und Maß — „Straße“ 5 €"
LONG = "Ein Absatz, der lang ist. " * 10


@pytest.mark.parametrize(
    "data",
    [
        WORDS.encode(),
        codecs.BOM_UTF8 + WORDS.encode(),
        WORDS.encode("utf-16"),
        codecs.BOM_UTF16_BE + WORDS.encode("utf-16-be"),
        WORDS.encode("utf-32"),
        WORDS.encode("cp1252"),
    ],
)
def test_encodings_of_text(data: bytes) -> None:
    assert decode_text(data) == WORDS


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        ('<meta charset="windows-1251">', "cp1251"),
        ("<meta charset=ISO-8859-2>", "iso8859-2"),
        ('<META http-equiv="Content-Type" content="text/html; charset=Shift_JIS">', "shift_jis"),
        ('<?xml version="1.0" encoding="koi8-r"?>', "koi8-r"),
        ("<meta charset='euc-kr'>", "euc-kr"),
    ],
)
def test_a_page_says_its_encoding(head: str, encoding: str) -> None:
    words = {"cp1251": "Банк", "iso8859-2": "źdźbło", "shift_jis": "銀行", "koi8-r": "Банк", "euc-kr": "은행"}[encoding]
    assert decode_text(f"<html>{head}{words}".encode(encoding), html=True).endswith(words)


@pytest.mark.parametrize(
    "charset", ["latin1", "us-ascii", "utf-8", "utf-16", "base64", "rot13", "punycode?", "x" * 99, "undefined"]
)
def test_a_page_that_says_nonsense_is_windows_1252(charset: str) -> None:
    page = f'<meta charset="{charset}"> {WORDS}'.encode("cp1252")
    assert decode_text(page, html=True).endswith(WORDS)


def test_utf8_wins_over_what_a_page_declares() -> None:
    assert decode_text(f"<meta charset=iso-8859-1>{WORDS}".encode(), html=True).endswith(WORDS)


@given(st.binary())
def test_every_file_is_some_text_or_rejected(data: bytes) -> None:
    for html in (False, True):
        for sent in (data, b"<meta charset=utf-7>\xff" + data):
            with suppress(InvalidInput):
                decode_text(sent, html=html).encode()  # no lone surrogates


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    "text", [WORDS, "Банк купил завод.\n", "銀行は工場を3つ買った。\n", "Am Montag 😀\n" * 900, "x" * 4095 + "😀"]
)
def test_utf16_without_a_mark(encoding: str, text: str) -> None:
    assert decode_text(text.encode(encoding)) == text


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"%PDF-1.7\n1 0 obj <</Type /Catalog>>", "PDF"),
        (b"PK\x03\x04\x14\x00\x06\x00word/document.xml", "ZIP"),
        (b"{\\rtf1\\ansi Text}", "RTF"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "picture"),
        (bytes(range(256)) * 4, "control characters"),
        (b"\x00\x01\x02", "control characters"),
    ],
)
@pytest.mark.parametrize("html", [False, True])
def test_what_is_no_text_is_rejected_and_named(data: bytes, name: str, html: bool) -> None:
    with pytest.raises(InvalidInput, match=name) as caught:
        decode_text(data, html=html)
    assert caught.value.code is Code.BAD_TEXT


def test_a_stray_control_character_makes_no_binary_file() -> None:
    text = LONG * 2 + "\x00\x0c" + LONG
    assert decode_text(text.encode()) == text
    assert decode_text(b"\x1b[1mMontag\x1b[0m") == "\x1b[1mMontag\x1b[0m"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Firma kauft Firma\n\nAm Montag hat die Firma gekauft.", "Firma kauft Firma"),
        ("\n\n  Kauft die Firma? \r\n\r\nAm Montag.", "Kauft die Firma?"),
        ("Firma kauft Firma\n" + LONG, "Firma kauft Firma"),  # a line a paragraph
        (LONG + "\nZwischentitel\n" + LONG, None),
        ("Nur eine Zeile", None),
        ("Nur eine Zeile\n\n  \n", None),
        ("Ein ganzer Satz.\n\nNoch einer.", None),
        ("Hier ist ein Text, der mit der Hand\numbrochen wurde und klein weitergeht.", None),
        ("Am Montag kaufte die Firma in der\nStadt Frankfurt ein Haus.", None),  # wrapped before a capital
        ("", None),
        ("x" * 161 + "\n\nText", None),
    ],
)
def test_titles(text: str, title: str | None) -> None:
    found, body = split_title(text)
    assert found == title
    assert "\r" not in body
    kept = "".join((found or "").split()) + "".join(body.split())
    assert kept == "".join(text.split())  # nothing is lost
