"""What the earlier versions of a run's articles said: read back from the file that the run writes."""

import os
import tempfile
from pathlib import Path
from typing import IO

import orjson

from pipeline.streams.codec import read_structured, structured_line
from pipeline.streams.message import Message, Outcome
from pipeline.streams.positions import Positions
from pipeline.streams.processor import utc_now
from pipeline.streams.versions import CLASSIFIED, Version, closing, read_version, revised

_ROWS = 10_000  # indexed at a time


class Versions:
    """The classified records of a run, found again by article id.

    `folder` is the run's output folder, whose file of classified records is indexed as it grows, what an earlier run
    wrote included; what its journal does not vouch for must be cut already (`Folder`). Without one, records are kept
    in a temporary file. Memory is flat. Ask for the outcomes in the order of the input, and write each before the next.
    """

    def __init__(self, folder: Path | None = None, *, topic_prefix: str = "") -> None:
        self._prefix = topic_prefix
        self._topic = topic_prefix + CLASSIFIED
        self._path = folder / f"{self._topic}.jsonl" if folder else None
        self._file: IO[bytes] | None = None if folder else tempfile.TemporaryFile()  # noqa: SIM115  (`close` does)
        self._known = 0  # bytes of the file that are indexed
        self._index = Positions()

    def revise(self, message: Message, outcome: Outcome) -> Outcome:
        """What is to be written for `outcome` (`pipeline.streams.versions.revise`)."""
        record = closing(outcome)
        if record is None or record.key is None:
            return outcome
        self._catch_up()
        previous = self._current(record.key)
        outcome = revised(message, outcome, previous, topic_prefix=self._prefix, now=utc_now())
        if self._path is None and self._file is not None and (written := closing(outcome)) is not None:
            self._file.seek(0, os.SEEK_END)
            self._file.write(structured_line(written))
        return outcome

    def close(self) -> None:
        self._index.close()
        if self._file is not None:
            self._file.close()

    def _current(self, key: bytes) -> Version | None:
        for place in self._index.find(key):
            assert self._file is not None
            self._file.seek(place.offset)
            version = read_version(read_structured(self._file.readline(), topic=self._topic))
            if version is not None and version.record["id"].encode() == key:  # not another key of the same digest
                return version
        return None

    def _catch_up(self) -> None:
        """Index what was written since the last look."""
        if self._file is None:
            if self._path is None or not self._path.exists():
                return
            self._file = self._path.open("rb")
        self._file.seek(self._known)
        rows: list[tuple[bytes, str | None, int, int]] = []
        for line in iter(self._file.readline, b""):
            if (key := _key(line)) is not None:
                rows.append((key, None, 0, self._known))
            self._known += len(line)
            if len(rows) == _ROWS:
                self._index.add(rows, {})
                rows.clear()
        self._index.add(rows, {})


def _key(line: bytes) -> bytes | None:
    """The article's id; None where the record was superseded: it is nobody's previous version. And for what is no
    record of ours: somebody edited the file."""
    try:
        event = orjson.loads(line)
        superseded = event["data"].get("revision", {}).get("superseded")
        return None if superseded else event["partitionkey"].encode()
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return None
