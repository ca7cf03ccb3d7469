import gzip
import io
import os
import random
from pathlib import Path
from typing import Any

import orjson
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from pipeline.local import read
from pipeline.local.compressed import DAMAGED, decompressed
from pipeline.local.inputs import Format, find_inputs
from pipeline.local.read import Item, Reader, sniff


def items(path: Path, format: Format | None = None) -> list[Item]:
    return list(Reader(find_inputs([str(path)], format=format), clock=lambda: 1_700_000_000_000))


def values(path: Path, format: Format | None = None) -> list[Any]:
    return [(i.message.offset + 1, i.message.value, i.rejected and i.rejected.code.value) for i in items(path, format)]


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_json_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "in.jsonl", b'\xef\xbb\xbf{"a":1}\r\n\n  \n{"b":"\xff"}\nno\n\n\n')
    assert values(path) == [
        (1, b'{"a":1}', None),
        (2, b"", "tombstone"),
        (3, b"", "tombstone"),
        (4, b'{"b":"\xff"}', None),  # rejected later, with its bytes
        (5, b"no", None),
    ]
    message = items(path)[0].message
    assert (message.topic, message.partition, message.key, message.headers) == (str(path), 0, None, ())
    assert message.timestamp == 1_700_000_000_000
    assert message.trace == f"{path}/0/0"


def test_no_line_feed_at_the_end_and_nothing_at_all(tmp_path: Path) -> None:
    assert values(write(tmp_path / "a.jsonl", b"{}\n{}")) == [(1, b"{}", None), (2, b"{}", None)]
    assert values(write(tmp_path / "b.jsonl", b"")) == []
    assert values(write(tmp_path / "c.jsonl", b"\n\n")) == []


def test_an_endless_line_is_cut_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "LONGEST", 10)
    path = write(tmp_path / "a.jsonl", b"x" * 11 + b"\n" + b"y" * 10 + b"\n" + b"z" * 95 + b"\n1\n" + b"w" * 11)
    expected = [
        (1, b"x" * 10, "too_large"),
        (2, b"y" * 10, None),
        (3, b"z" * 10, "too_large"),
        (4, b"1", None),
        (5, b"w" * 10, "too_large"),
    ]
    assert values(path) == expected
    assert values(write(tmp_path / "b", b"{" + path.read_bytes()[1:]), None) == [
        (1, b"{xxxxxxxxx", "too_large"),
        *expected[1:],
    ]
    assert values(write(tmp_path / "c.txt", b"x" * 11)) == [(1, b"x" * 10, "too_large")]


@pytest.mark.parametrize("suffix", [".gz", ".zst", ".2.gz", ".2.zst"])
def test_packed(suffix: str, tmp_path: Path) -> None:
    data = b"".join(b'{"n":%d}\n' % n for n in range(5000))
    pack = gzip.compress if suffix.endswith(".gz") else zstandard.ZstdCompressor().compress
    packed = pack(data[:100]) + pack(data[100:]) if ".2" in suffix else pack(data)
    path = write(tmp_path / f"in.jsonl{suffix}", packed)
    assert [value for _, value, _ in values(path, Format.JSONL)] == data.splitlines()
    assert values(path, Format.TEXT)[0][1] == orjson.dumps({"text": data.decode().strip()})


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor(write_checksum=True).compress])
def test_a_packed_file_that_was_cut_off_or_damaged(pack: Any, tmp_path: Path) -> None:
    noise = random.Random(1)
    data = b"".join(b'{"n":"%s"}\n' % noise.randbytes(40).hex().encode() for _ in range(5000))
    packed = pack(data)
    for broken in (packed[: len(packed) // 2], packed[:1000] + b"x" * 50 + packed[1050:], packed[:-1], packed[:5]):
        found = items(write(tmp_path / "in.jsonl.gz", broken))
        last = found.pop()
        assert last.rejected
        assert "the rest of the file is lost" in last.rejected.reason
        assert last.message.offset == len(found)
        assert last.message.value is None
        assert len(found) < 5000 or len(broken) >= len(packed) - 1


@given(st.lists(st.binary(max_size=300), max_size=4), st.integers(1, 400))
def test_zstandard_frames_read_like_a_file(parts: list[bytes], step: int) -> None:
    packed = b"".join(map(zstandard.ZstdCompressor().compress, parts))
    stream = decompressed(io.BufferedReader(io.BytesIO(packed)))  # type: ignore[type-var]
    assert b"".join(iter(lambda: stream.read(step), b"")) == b"".join(parts)
    for end in range(1, len(packed)):
        if end >= 4:
            stream = decompressed(io.BufferedReader(io.BytesIO(packed[:end])))  # type: ignore[type-var]
            try:
                whole = stream.read()
            except DAMAGED:
                continue
            assert b"".join(parts).startswith(whole)  # it was cut between two frames


def test_a_zstandard_bomb_comes_out_bit_by_bit() -> None:
    packed = zstandard.ZstdCompressor().compress(bytes(200_000_000))
    stream = decompressed(io.BufferedReader(io.BytesIO(packed)))  # type: ignore[type-var]
    assert len(packed) < 10_000
    assert len(stream.readline(1000)) == 1000


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{"a": 1}', [(1, b'{"a": 1}', None)]),
        (b'\xef\xbb\xbf {\n "a": 12345678901234567890123\n}\n', [(1, b'{\n "a": 12345678901234567890123\n}', None)]),
        (b'[1.10, "\xc3\xa4\\u00e4" ,\n3]\n', [(1, b"1.10", None), (2, b'"\xc3\xa4\\u00e4"', None), (3, b"3", None)]),
        (b"[]", []),
        (b'{"a":1}\n{"b":2}\n', [(1, b'{"a":1}', None), (2, b'{"b":2}', None)]),
        (b'{"a":1} kaputt', [(1, b'{"a":1}', None), (2, b"kaputt", None)]),
        (b'[{"a":1}, {"b":', [(1, b'{"a":1}', None), (2, b'{"b":', None)]),
        (b'[{"a":1}, ', [(1, b'{"a":1}', None), (2, b"", "not_json")]),
        (b'[{"a":1}] x', [(1, b'{"a":1}', None), (2, b"x", "not_json")]),
        (b"", [(1, b"", "tombstone")]),
        (b'{"a": "\xff"}', [(1, b'{"a": "\xff"}', None)]),
        (b"[" * 5000, [(1, b"[" * 4999, None)]),
        (b"[" + b"9" * 9999 + b', {"b": 1}]', [(1, b"9" * 9999, None), (2, b'{"b": 1}', None)]),
        (b"[NaN, 1]", [(1, b"NaN", None), (2, b"1", None)]),
    ],
)  # fmt: skip
def test_json_files(data: bytes, expected: list[Any], tmp_path: Path) -> None:
    found = values(write(tmp_path / "in.json", data))
    if b"[[[" in data:
        assert [(n, code) for n, _, code in found] == [(1, None)]
    else:
        assert found == expected


@given(
    st.lists(
        st.dictionaries(st.text(), st.integers(-(2**80), 2**80) | st.text() | st.floats(allow_nan=False)), max_size=4
    )
)
def test_json_arrays_keep_their_bytes(articles: list[Any]) -> None:
    import json

    parts = [json.dumps(article, ensure_ascii=False).encode("utf-8", "replace") for article in articles]
    found = list(read._json(b"[ " + b" ,\n".join(parts) + b"]"))
    assert [value for value, _ in found] == parts


def test_text_and_html_files(tmp_path: Path) -> None:
    text = write(tmp_path / "a.txt", "Titel Österreich\n\nText.".encode("cp1252"))
    assert values(text) == [(1, orjson.dumps({"title": "Titel Österreich", "text": "Text."}), None)]
    page = "<html><meta charset=cp1251><p>Банк</p>"
    assert values(write(tmp_path / "a.html", page.encode("cp1251"))) == [(1, orjson.dumps({"html": page}), None)]
    assert values(write(tmp_path / "empty.txt", b"")) == [(1, b'{"text":""}', None)]


def test_a_file_that_is_no_text_is_rejected_with_its_bytes(tmp_path: Path) -> None:
    for data in (b"%PDF-1.7\n1 0 obj", b"PK\x03\x04\x14\x00", bytes(range(256))):
        assert values(write(tmp_path / "a.txt", data)) == [(1, data, "bad_text")]


@pytest.mark.parametrize(
    ("line", "format"),
    [
        (b'{"text": "a"}\n', Format.JSONL),
        (b'\xef\xbb\xbf{"text": "a"}\n', Format.JSONL),
        (b'{"kaputt\n', Format.JSONL),
        (b"{\n", Format.JSON),
        (b"  [\n", Format.JSON),
        (b'[{"text": "a"}]', Format.JSON),
        (b"<!DOCTYPE html>\n", Format.HTML),
        (b'<?xml version="1.0"?>', Format.HTML),
        (b"<p>Hallo", Format.HTML),
        (b"< 5 % Verlust", Format.TEXT),
        (b"Firma kauft Firma\n", Format.TEXT),
        ("Größe".encode("utf-16"), Format.TEXT),
    ],
)
def test_sniffing(line: bytes, format: Format) -> None:
    assert sniff(line) is format


def test_unknown_inputs_are_looked_into(tmp_path: Path) -> None:
    assert values(write(tmp_path / "a", b'\n\n{"a":1}\n{"b":2}\n')) == [
        (1, b"", "tombstone"),
        (2, b"", "tombstone"),
        (3, b'{"a":1}', None),
        (4, b'{"b":2}', None),
    ]
    assert values(write(tmp_path / "b", b"\n[1,\n2]"), None) == [(1, b"1", None), (2, b"2", None)]
    assert (
        values(write(tmp_path / "c", b"\n\nFirma kauft\n\nText"), None)[0][1]
        == b'{"title":"Firma kauft","text":"Text"}'
    )
    assert values(write(tmp_path / "d", b""), None) == []
    assert values(write(tmp_path / "e", b"\n \n"), None) == [(1, b'{"text":""}', None)]


def test_positions_lead_to_the_total(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", b"{}\n" * 1000)
    write(tmp_path / "b.txt", b"Hallo")
    write(tmp_path / "c.jsonl.gz", gzip.compress(b"{}\n" * 1000))
    reader = Reader(find_inputs([str(tmp_path)]), clock=lambda: 0)
    seen = [item.position for item in reader]
    assert seen[:1001] == [*range(3, 3001, 3), 3005]
    assert seen == sorted(seen)
    assert seen[-1] == reader.total == sum(f.stat().st_size for f in tmp_path.iterdir())


def test_a_pipe_has_no_total_and_is_read_as_it_comes() -> None:
    receiver, sender = os.pipe()
    found = find_inputs([f"/dev/fd/{receiver}"])
    reader = Reader(found, clock=lambda: 0)
    assert reader.total is None
    stream = iter(reader)
    os.write(sender, b'{"n":1}\n')
    assert next(stream).message.value == b'{"n":1}'  # though nothing follows yet
    os.write(sender, b'{"n":2}\n')
    os.close(sender)
    assert next(stream).message.value == b'{"n":2}'
    assert next(stream, None) is None
    os.close(receiver)


def test_a_clock_that_is_put_back_makes_no_line_older(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(b"{}\n" * 4)
    times = iter([5, 9, 3, 11])
    reader = Reader(find_inputs([str(path)]), clock=lambda: next(times))
    assert [item.message.timestamp for item in reader] == [5, 9, 9, 11]
