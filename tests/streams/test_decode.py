import contextlib
import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import Code, InvalidInput
from pipeline.streams.decode import decode


@pytest.mark.parametrize(
    ("value", "code", "reason"),
    [
        (None, Code.TOMBSTONE, "no value"),
        (b"", Code.TOMBSTONE, "no value"),
        (b'{"text": "M\xfcnchen"}', Code.NOT_UTF8, "byte 0xfc at position 11"),
        ('{"text": "a"}'.encode("utf-16"), Code.NOT_UTF8, "byte 0xff at position 0"),
        (b'\xef\xbb\xbf{"text": "a"}', Code.NOT_JSON, "byte order mark"),
        (b"{", Code.NOT_JSON, "not JSON"),
        (b"Siemens kauft", Code.NOT_JSON, "not JSON"),
        (b'{"a": NaN}', Code.NOT_JSON, "not JSON"),
        (b'{"a": Infinity}', Code.NOT_JSON, "not JSON"),
        (b'{"a": 1e400}', Code.NOT_JSON, "not JSON"),
        (b'{"text": "\\ud800"}', Code.NOT_JSON, "surrogate"),
        (b"[" * 2000 + b"]" * 2000, Code.NOT_JSON, "not JSON"),
        (b'{"a": {"b": [12345678901234567890123]}}', Code.NOT_JSON, "integer at position 13"),
        (b'{"a": -9223372036854775809}', Code.NOT_JSON, "64 bits"),
        (b'{"a": 18446744073709551616}', Code.NOT_JSON, "64 bits"),
        (b'{"a": ' + b"9" * 100_000 + b"}", Code.NOT_JSON, ""),
    ],
)
def test_rejects_with_reason(value: bytes | None, code: Code, reason: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        decode(value)
    assert caught.value.code is code
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [
        b'{"a": 18446744073709551615, "b": -9223372036854775808}',
        b'{"a": "12345678901234567890123", "b\\"1234567890123456789012": 1}',
        b'{"a": 1.12345678901234567890123, "b": 1e19, "c": 1234567890123456789012.5}',
        b'{"a": "\\\\", "b": 1, "c": "12345678901234567890123\\\\"}',
    ],
)
def test_keeps_digits_that_json_can_carry(value: bytes) -> None:
    assert decode(value) == json.loads(value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(),
    lambda v: st.lists(v) | st.dictionaries(st.text(), v),
)


@given(json_values)
def test_integers_are_exact_or_rejected(value: Any) -> None:
    raw = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
    try:
        decoded = decode(raw)
    except InvalidInput:
        return
    assert decoded == value
    assert orjson.loads(orjson.dumps(decoded)) == value


@given(st.binary(max_size=40))
def test_never_raises_anything_else(value: bytes) -> None:
    with contextlib.suppress(InvalidInput):
        decode(value)


def test_a_long_string_is_scanned_in_linear_time() -> None:
    value = b'{"text": "' + b'1234567890123456789012345 \\" \\\\' * 200_000 + b'"}'
    assert len(decode(value)["text"]) == 200_000 * 29
