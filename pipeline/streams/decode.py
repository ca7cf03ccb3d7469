"""The value of a message as JSON, read strictly: what can't be passed on unchanged is rejected, never corrupted."""

import re
from typing import Any

import orjson

from pipeline.errors import Code, InvalidInput

# JSON's tokens that can hold digits. Possessive: linear time and flat memory on hostile input.
_STRING_OR_NUMBER = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|-?\d++(?:\.\d++)?(?:[eE][+-]?\d++)?', re.DOTALL)
_MANY_DIGITS = re.compile(rb"\d{19}")


def decode(value: bytes | None) -> Any:
    """The JSON value of a message.

    Raises `InvalidInput`: TOMBSTONE for None or nothing, NOT_UTF8, and NOT_JSON for everything RFC 8259 doesn't
    allow (a byte order mark, NaN, lone surrogates), for nesting deeper than 1,024 and for integers beyond 64 bits,
    which orjson would turn into floats without a word. Of a repeated member the last one counts.
    """
    if not value:
        raise InvalidInput(Code.TOMBSTONE, "the message has no value")
    try:
        data = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise _why_not_json(value, error) from None
    if _MANY_DIGITS.search(value):
        _check_integers(value)
    return data


def _why_not_json(value: bytes, error: orjson.JSONDecodeError) -> InvalidInput:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError as wrong:
        byte = value[wrong.start]
        return InvalidInput(Code.NOT_UTF8, f"not UTF-8: byte 0x{byte:02x} at position {wrong.start}; send UTF-8")
    if value.startswith(b"\xef\xbb\xbf"):
        return InvalidInput(Code.NOT_JSON, "not JSON: starts with a byte order mark; send UTF-8 without one")
    return InvalidInput(Code.NOT_JSON, f"not JSON: {error}")


def _check_integers(value: bytes) -> None:
    for match in _STRING_OR_NUMBER.finditer(value):
        token = match.group()
        if token.lstrip(b"-").isdigit() and (len(token) > 20 or not -(2**63) <= int(token) < 2**64):
            raise InvalidInput(
                Code.NOT_JSON,
                f"the integer at position {match.start()} has more than 64 bits and can't be kept exactly; "
                "send it as a string",
            )
