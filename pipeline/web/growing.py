"""A run's folder as it grows: complete lines, each with the place where it stands."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.errors import SettingsError
from pipeline.local.outputs import output_files, read_line
from pipeline.streams.message import Message

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A message of a topic file. It fills the bytes `start` to `end`."""

    message: Message
    path: Path
    start: int
    end: int


@dataclass
class _Read:
    """How far a file has been read. `inode` tells a file that was replaced from one that has grown."""

    at: int = 0
    number: int = 0
    inode: int = 0


@dataclass
class GrowingFolder:
    """What `eventwire run --out` writes, read on as it is written.

    `positions`: bytes of a file (by its name) that were read before; others start at 0. A file that was cut (a run goes
    on after a crash) is read from its new end, one that was replaced from its start. `complain` is told of lines
    that Eventwire didn't write.
    """

    path: Path
    wanted: Callable[[str], bool]  # by topic
    complain: Callable[[str], None]
    positions: dict[str, int] = field(default_factory=dict)
    _files: dict[str, _Read] = field(default_factory=dict)

    def sizes(self) -> dict[str, int]:
        """Bytes of the wanted files by name. Raises `SettingsError` if this is no run's folder."""
        files = output_files(self.path)
        return {path.name: path.stat().st_size for topic, path in files.items() if self.wanted(topic)}

    def lines(self) -> Iterator[Line]:
        """The complete lines that weren't read before, file by file. Raises `SettingsError`."""
        for topic, path in output_files(self.path).items():
            if self.wanted(topic):
                try:
                    yield from self._lines(topic, path)
                except OSError as error:
                    raise SettingsError(f"{path} can't be read: {error.strerror or error}.") from error

    def _lines(self, topic: str, path: Path) -> Iterator[Line]:
        with path.open("rb", buffering=_CHUNK) as file:
            status = os.fstat(file.fileno())
            read = self._files.get(path.name)
            if read is None:
                read = _Read(at=self.positions.get(path.name, 0), inode=status.st_ino)
                self._files[path.name] = read
            elif read.inode != status.st_ino:
                read.at, read.number, read.inode = 0, 0, status.st_ino
            read.at = min(read.at, status.st_size)
            file.seek(read.at)
            for line in file:
                if not line.endswith(b"\n"):  # still being written
                    return
                start, read.at = read.at, read.at + len(line)
                read.number += 1
                message = read_line(line, path, topic, read.number, self.complain)
                if message is not None:
                    yield Line(message=message, path=path, start=start, end=read.at)
