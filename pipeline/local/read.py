"""Inputs as messages, one after the other: what Kafka's raw topic would hold.

Memory stays flat for JSON Lines of any length; other formats are read whole, up to `LONGEST`.
"""

import io
import itertools
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

import orjson

from pipeline.errors import Code, InvalidInput, SettingsError
from pipeline.local.compressed import DAMAGED, decompressed
from pipeline.local.inputs import Format, Input
from pipeline.local.text import decode_text, split_title
from pipeline.streams.message import Message

LONGEST = 16 * 1024 * 1024  # bytes of one line or file: twice what the raw topic takes
_UTF8_MARK = b"\xef\xbb\xbf"
_HTML = re.compile(rb"<(?:!|\?|[a-zA-Z])")
_SPACE = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True)
class Item:
    """One message, and why it can't be one of ours where the file itself is to blame.

    `message.offset` + 1 is its line (JSON Lines) or which article of the file it is.
    """

    message: Message
    rejected: InvalidInput | None = None
    position: int = 0  # bytes of all inputs, as they are on the disk, up to the end of this one


class Reader:
    """The messages of `inputs`. `total`: their bytes on the disk, None if nobody knows (a pipe).

    Iterate once. Raises `SettingsError` for a file that can't be read at all; what is wrong inside one is rejected
    with its place.
    """

    def __init__(self, inputs: Sequence[Input], *, clock: Callable[[], int]) -> None:
        """`clock`: now, in milliseconds since 1970: messages say when they were read. One that is put back makes no
        line older than the one before it."""
        self._inputs = inputs
        self._clock = clock
        self._now = 0
        sizes = [i.size for i in inputs]
        self.total = None if None in sizes else sum(size or 0 for size in sizes)

    def __iter__(self) -> Iterator[Item]:
        before = 0
        for source in self._inputs:
            with source.open() as raw:
                yield from self._read(source, raw, before)
            before += source.size or 0

    def _read(self, source: Input, raw: Any, before: int) -> Iterator[Item]:
        number = -1
        plain = io.BufferedReader(raw, 1 << 17)
        try:
            stream = decompressed(plain)
            # In a packed file only the place that was read up to is known, not where an article ends.
            place = plain if stream is plain else raw
            for number, (value, rejected) in enumerate(_values(stream, source.format)):
                position = before + place.tell() if self.total is not None else 0
                yield Item(self._message(source, number, value), rejected, position)
        except DAMAGED as error:
            reason = f"the rest of the file is lost: its compressed data is damaged ({str(error) or 'it ends early'})"
            yield Item(self._message(source, number + 1, None), InvalidInput(Code.NOT_JSON, reason), before)
        except OSError as error:
            raise SettingsError(f"{source.name} can't be read: {error.strerror or error}.") from error

    def _message(self, source: Input, number: int, value: bytes | None) -> Message:
        self._now = max(self._now, self._clock())
        return Message(topic=source.name, partition=0, offset=number, key=None, value=value, timestamp=self._now)


_Value = tuple[bytes, InvalidInput | None]


def _values(stream: IO[bytes], format: Format | None) -> Iterator[_Value]:
    head: list[bytes] = []
    if format is None:
        # One line says enough, and a slow stream may take long for more.
        head = list(itertools.islice(_raw_lines(stream), 1))
        while head and head[-1].isspace() and (line := stream.readline(LONGEST + 1)):
            head.append(line)
        if not head:
            return iter(())
        format = sniff(head[-1])
    if format is Format.JSONL:
        return _lines(stream, head)
    start = b"".join(head)
    data = start + stream.read(max(0, LONGEST + 1 - len(start)))
    if len(data) > LONGEST:
        return iter([(data[:LONGEST], _too_large("file"))])
    if format is Format.JSON:
        return _json(data)
    try:
        return iter([(_article(data, format), None)])
    except InvalidInput as error:
        return iter([(data, error)])


def _raw_lines(stream: IO[bytes]) -> Iterator[bytes]:
    return iter(lambda: stream.readline(LONGEST + 1), b"")


def sniff(first: bytes) -> Format:
    """The format that an input begins like, from its first line that isn't blank."""
    line = first.removeprefix(_UTF8_MARK).strip()
    if line.startswith(b"{") and line not in (b"{", b"{}"):
        return Format.JSONL
    if line.startswith((b"{", b"[")):
        return Format.JSON
    return Format.HTML if _HTML.match(line) else Format.TEXT


def _empty(what: str) -> InvalidInput:
    return InvalidInput(Code.TOMBSTONE, f"an empty {what}")


def _too_large(what: str) -> InvalidInput:
    size = LONGEST >> 20
    return InvalidInput(Code.TOO_LARGE, f"a {what} of more than {size} MiB; the dead letter keeps the first {size}")


def _lines(stream: IO[bytes], head: list[bytes]) -> Iterator[_Value]:
    """One value a line. A blank line is an article that is missing; those at the end of the file are none."""
    blank = 0
    for number, line in enumerate(itertools.chain(head, _raw_lines(stream))):
        value = line.removeprefix(_UTF8_MARK if number == 0 else b"").rstrip(b"\r\n")
        if not value.strip():
            blank += 1
            continue
        yield from itertools.repeat((b"", _empty("line")), blank)
        blank = 0
        if len(value) > LONGEST:
            while line and not line.endswith(b"\n"):
                line = stream.readline(LONGEST)
            yield value[:LONGEST], _too_large("line")
        else:
            yield value, None


def _json(data: bytes) -> Iterator[_Value]:
    """The articles of a JSON file, each as the bytes that stand there: nothing is decoded and encoded again."""
    decoder = json.JSONDecoder(parse_int=len, parse_float=len)  # only where values end matters here
    data = data.removeprefix(_UTF8_MARK)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        yield data, None  # rejected with its place when it is decoded
        return
    position = _skip(text, 0)
    if position == len(text):
        yield b"", _empty("file")
    inside = text[position : position + 1] == "["
    if inside:
        position = _skip(text, position + 1)
    while position < len(text):
        if inside and text[position] == "]":
            rest = text[_skip(text, position + 1) :]
            if rest:
                yield rest.encode(), InvalidInput(Code.NOT_JSON, "there is something after the end of the array")
            return
        try:
            _, end = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            yield text[position:].encode(), None  # what follows the first error can't be told apart
            return
        yield text[position:end].encode(), None
        position = _skip(text, end)
        if inside and text[position : position + 1] == ",":
            position = _skip(text, position + 1)
    if inside:
        yield b"", InvalidInput(Code.NOT_JSON, "the array has no end: the file was cut off")


def _skip(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _article(data: bytes, format: Format) -> bytes:
    """Raises `InvalidInput` for a file that is no text."""
    text = decode_text(data, html=format is Format.HTML)
    if format is Format.HTML:
        return orjson.dumps({"html": text})
    title, body = split_title(text)
    return orjson.dumps({"title": title, "text": body} if title else {"text": body})
