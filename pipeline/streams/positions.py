"""Where the records of each article stand: an index on disk, so that memory is flat however many articles are known.

It is only ever fed from what it is an index of (a topic, a file), so it can't contradict it, and is made again from it
when it is lost.
"""

import hashlib
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import groupby, islice
from pathlib import Path
from typing import NamedTuple

from pipeline.errors import EventwireError, SettingsError

_VERSION = 1  # of the table
_PLACES = 256  # of a key kept in each partition: more than the messages that a worker has in hand
_TABLES = """
CREATE TABLE IF NOT EXISTS positions (
    key INTEGER, partition INTEGER, offset INTEGER, trace INTEGER, PRIMARY KEY (key, partition, offset)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS covered (partition INTEGER PRIMARY KEY, offset INTEGER);
CREATE TABLE IF NOT EXISTS source (name TEXT PRIMARY KEY);
"""


class IndexFailed(EventwireError):
    """The index can't be written: a full disk."""


class Position(NamedTuple):
    """A record's place. `trace` stands for the trace of its raw message: `digest_of`."""

    partition: int
    offset: int
    trace: int


class Positions:
    """Key to places, of one topic or file. Keys and traces are kept as 64 bits: look at what you find.

    `path` None: a temporary file that goes with the process. `source` names what is indexed, once and for all: an
    index of something else, or a damaged one, is begun anew. Raises `SettingsError` if another process has it.
    """

    def __init__(self, path: Path | None = None, *, source: str = "") -> None:
        try:
            self._base = self._open(path, source)
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise SettingsError(
                    f"{path} is in use: another worker has this slot. Give each its own EVENTWIRE_SLOT."
                ) from error
            raise SettingsError(f"{path} can't be opened: {error} (EVENTWIRE_STATE names its folder).") from error
        except sqlite3.DatabaseError:  # no index of ours, or a damaged one
            assert path is not None
            path.unlink()
            self._base = self._open(path, source)

    def _open(self, path: Path | None, source: str) -> sqlite3.Connection:
        base = sqlite3.connect(path or "", check_same_thread=False)
        try:
            # Only this process: then no other file is needed, and a second worker with our slot finds out.
            base.execute("PRAGMA locking_mode = EXCLUSIVE")
            base.execute("PRAGMA journal_mode = WAL")
            base.execute("PRAGMA synchronous = NORMAL")
            if base.execute("PRAGMA user_version").fetchone()[0] not in (0, _VERSION):
                raise sqlite3.DatabaseError("an index of another version")
            base.executescript(_TABLES)
            base.execute(f"PRAGMA user_version = {_VERSION}")
            if base.execute("SELECT name FROM source").fetchall() != [(source,)]:
                base.executescript("DELETE FROM positions; DELETE FROM covered; DELETE FROM source;")
                base.execute("INSERT INTO source VALUES (?)", (source,))
            base.commit()
        except sqlite3.Error:
            base.close()
            raise
        return base

    def add(self, rows: Iterable[tuple[bytes, str | None, int, int]], covered: Mapping[int, int]) -> None:
        """Records (key, trace, partition, offset), and up to where each partition is known now: both or neither.

        Raises `IndexFailed`.
        """
        try:
            with self._base:
                self._base.executemany(
                    "INSERT OR REPLACE INTO positions VALUES (?, ?, ?, ?)",
                    ((digest_of(key), number, offset, digest_of(trace or "")) for key, trace, number, offset in rows),
                )
                self._base.executemany("INSERT OR REPLACE INTO covered VALUES (?, ?)", covered.items())
        except sqlite3.Error as error:
            raise IndexFailed(f"The index of known articles can't be written: {error}.") from error

    def find(self, key: bytes) -> list[Position]:
        """The places of `key`, the last one of each partition first; some hundreds at most: the older ones of an
        article that is sent again and again are dropped."""
        rows = self._base.execute(
            "SELECT partition, offset, trace FROM positions WHERE key = ? ORDER BY partition, offset DESC",
            (digest_of(key),),
        )
        found = [Position(*row) for row in rows]
        return found if len(found) <= 2 * _PLACES else self._shortened(key, found)

    def _shortened(self, key: bytes, found: list[Position]) -> list[Position]:
        kept: list[Position] = []
        for number, group in groupby(found, key=lambda place: place.partition):
            kept += (newest := list(islice(group, _PLACES)))
            with self._base:
                self._base.execute(
                    "DELETE FROM positions WHERE key = ? AND partition = ? AND offset < ?",
                    (digest_of(key), number, newest[-1].offset),
                )
        return kept

    def covered(self) -> dict[int, int]:
        """By partition: the offset up to which everything is in the index."""
        return dict(self._base.execute("SELECT partition, offset FROM covered"))

    def forget(self, partition: int, before: int) -> None:
        """Drop the places before an offset: they are no longer there."""
        with self._base:
            self._base.execute("DELETE FROM positions WHERE partition = ? AND offset < ?", (partition, before))

    def close(self) -> None:
        with suppress(sqlite3.Error):
            self._base.close()


def digest_of(name: bytes | str) -> int:
    """64 bits, as SQLite's signed integers, that stand for a key or a trace."""
    data = name.encode("utf-8", "surrogateescape") if isinstance(name, str) else name
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big", signed=True)
