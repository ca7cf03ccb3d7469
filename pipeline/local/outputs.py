"""The folder that a run leaves: one file a topic, `<topic>.jsonl`, one CloudEvent a line. Read here, never written."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from pipeline.errors import InvalidInput, SettingsError
from pipeline.streams.codec import read_structured
from pipeline.streams.message import Message

SUFFIX = ".jsonl"
_PAUSE_SECONDS = 0.3  # between two looks at files that are being followed
_CHUNK = 1 << 20

Complain = Callable[[str], None]


def output_files(folder: Path) -> dict[str, Path]:
    """Topic (as the file calls it) to file, sorted. Raises `SettingsError` if `folder` is not a run's."""
    if not folder.is_dir():
        raise SettingsError(f"{folder} is not a folder: name the one that `eventwire run --out` wrote.")
    files = {path.name.removesuffix(SUFFIX): path for path in sorted(folder.glob(f"*news.*{SUFFIX}"))}
    if not files:
        raise SettingsError(f"{folder} holds no topic files (news.….jsonl): name one that `eventwire run --out` wrote.")
    return files


def read_outputs(
    folder: Path,
    topics: Callable[[str], bool],
    *,
    complain: Complain,
    follow: bool = False,
    until: Callable[[], bool] | None = None,
) -> Iterator[Message]:
    """The messages of the topic files whose topic `topics` wants, file by file, in order within a file.

    Offsets count lines from 0. A line that isn't Eventwire's is told of (`complain`) and passed over; a last line
    without line feed, which is still being written, is left alone. With `follow` files are read on as they grow, and
    new ones are found, until `until` says so.
    """
    readers: dict[str, Iterator[Message]] = {}
    while True:
        for topic, path in output_files(folder).items():
            if topic not in readers and topics(topic):
                readers[topic] = _messages(path, topic, complain, follow)
        if not follow:
            for reader in readers.values():
                yield from reader
            return
        came = False
        for reader in readers.values():
            while (message := next(reader, None)) is not None:
                came = True
                yield message
        if until is not None and until():
            return
        if not came:
            time.sleep(_PAUSE_SECONDS)


class _Follower(Iterator[Message]):
    """Lines of one file as messages. Raises StopIteration at the end, and goes on after it if the file has grown."""

    def __init__(self, path: Path, topic: str, complain: Complain) -> None:
        self._path, self._topic, self._complain = path, topic, complain
        self._at = 0  # bytes
        self._line = 0

    def __next__(self) -> Message:
        while True:
            with self._path.open("rb") as file:
                file.seek(self._at)
                line = file.readline()
            if not line.endswith(b"\n"):
                raise StopIteration
            self._at += len(line)
            self._line += 1
            message = read_line(line, self._path, self._topic, self._line, self._complain)
            if message is not None:
                return message


def _messages(path: Path, topic: str, complain: Complain, follow: bool) -> Iterator[Message]:
    return _Follower(path, topic, complain) if follow else _once(path, topic, complain)


def _once(path: Path, topic: str, complain: Complain) -> Iterator[Message]:
    with path.open("rb", buffering=_CHUNK) as file:
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                return
            message = read_line(line, path, topic, number, complain)
            if message is not None:
                yield message


def read_line(line: bytes, path: Path, topic: str, number: int, complain: Complain) -> Message | None:
    """The message of one line of a topic file; None, and a complaint, if it is none of ours."""
    try:
        return read_structured(line, topic=topic, offset=number - 1)
    except InvalidInput as error:
        complain(f"{path}, line {number}: {error}")
        return None
