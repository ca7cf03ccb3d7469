"""The output folder: one file a topic, whole articles only, whatever ended the run.

`<topic>.jsonl` holds CloudEvents, one a line. A hidden journal has one line for each finished article: the digest
of its input and how long each file was then. The article's lines are written first, its line in the journal last,
so after any end (kill -9, a full disk) the journal says where the last complete article ends: the next start cuts
the files there and goes on.
"""

import fcntl
import json
import os
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import orjson

from pipeline.errors import EventwireError, SettingsError
from pipeline.streams.codec import digest, structured_line
from pipeline.streams.message import Message, Output

JOURNAL = ".eventwire.journal"
LOCK = ".eventwire.lock"
_SYNC_SECONDS = 5.0  # a power cut costs the work of so long at most


class Finished(StrEnum):
    """How an earlier run ended an article."""

    DONE = "done"
    DEAD = "dead"  # it is in the dead letters


class OutputError(EventwireError):
    """The output folder can't be written."""


def message_digest(message: Message) -> str:
    """What stands for a message in the journal: its bytes alone, so a moved or renamed file changes nothing."""
    return digest(b"" if message.value is None else b"=" + message.value)


def made_with(
    *,
    version: str,
    stages: str,
    model: str,
    max_text: int,
    max_html: int,
    types: str | None,
    repeated_blocks: str | None,
) -> dict[str, Any]:
    """What a folder's outputs depend on. `model`, `types`, `repeated_blocks`: digests of the files, not their paths:
    others may stand there tomorrow. What is not in use isn't named.
    """
    used = {"types": types, "repeated_blocks": repeated_blocks}
    always = {"version": version, "stages": stages, "model": model, "max_text": max_text, "max_html": max_html}
    return always | {name: digest for name, digest in used.items() if digest}


class Folder:
    """An output folder, locked against other runs, repaired and ready to go on.

    `made_with` says what the outputs depend on (version, stages, model): a folder made with something else is
    refused, since its files would hold a mixture. Raises `SettingsError` for that, for a folder in use and for files
    that are there without a journal, `OutputError` when the disk says no.
    """

    def __init__(self, path: Path, *, topics: Collection[str], made_with: Mapping[str, Any]) -> None:
        """`topics`: every topic this run may write to, with its prefix."""
        self.path = path
        self._topics = frozenset(topics)
        self.cut = 0  # bytes of unfinished articles that the last run left and this start removed
        self._sizes: dict[str, int] = {}
        self._files: dict[str, int] = {}
        self._journal_size = 0
        self._synced = time.monotonic()
        if path.exists() and not path.is_dir():
            raise SettingsError(f"{path} is a file: name a folder for the output.")
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._lock = self._take_lock()
        except OSError as error:
            raise self._refused(error) from error
        try:
            self._journal = self._open_journal(made_with)
            self._repair()
            self._finished = _Finished(self._entries(path / JOURNAL))
        except OSError as error:
            os.close(self._lock)
            raise self._refused(error) from error
        except SettingsError:
            os.close(self._lock)
            raise

    def __enter__(self) -> "Folder":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Everything to the disk, files closed, lock released."""
        try:
            self._sync()
        except OSError as error:
            raise self._refused(error) from error
        finally:
            for file in (*self._files.values(), self._journal, self._lock):
                os.close(file)
            self._files.clear()

    def finished(self, message_id: str) -> Finished | None:
        """How an input with this digest ended before; None if it didn't. Ask once for each input: of two equal
        lines, the second is finished only if it was written a second time."""
        return self._finished.take(message_id)

    def write(self, message_id: str, outputs: Sequence[Output]) -> None:
        """Append all outputs of one article, or nothing. Raises `OutputError`."""
        sizes: dict[str, int] = {}
        try:
            for output in outputs:
                line = structured_line(output)
                _append(self._file(output.topic), line)
                sizes[output.topic] = sizes.get(output.topic, self._sizes.get(output.topic, 0)) + len(line)
            entry = orjson.dumps([message_id, sizes], option=orjson.OPT_APPEND_NEWLINE)
            _append(self._journal, entry)
        except OSError as error:
            self._undo(outputs)
            raise self._refused(error) from error
        except BaseException:  # Ctrl-C between two files
            self._undo(outputs)
            raise
        self._sizes.update(sizes)
        self._journal_size += len(entry)
        if time.monotonic() - self._synced > _SYNC_SECONDS:
            self._sync()

    def _undo(self, outputs: Sequence[Output]) -> None:
        for topic in {output.topic for output in outputs} & self._files.keys():
            os.ftruncate(self._files[topic], self._sizes.get(topic, 0))
        os.ftruncate(self._journal, self._journal_size)

    def _sync(self) -> None:
        for file in (*self._files.values(), self._journal):  # the journal last: it vouches for the others
            os.fsync(file)
        self._synced = time.monotonic()

    def _refused(self, error: OSError) -> OutputError:
        return OutputError(
            f"{self.path} can't be written: {error.strerror or error}. What is there is complete; "
            "when this is mended, the same command goes on."
        )

    def _take_lock(self) -> int:
        lock = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(lock, 32).decode("ascii", "replace").strip()
            os.close(lock)
            raise SettingsError(f"Another run (process {owner}) is writing to {self.path}.") from None
        os.ftruncate(lock, 0)
        os.write(lock, f"{os.getpid()}\n".encode())
        return lock

    def _open_journal(self, made_with: Mapping[str, Any]) -> int:
        path = self.path / JOURNAL
        header = json.dumps({"eventwire": dict(made_with)}, sort_keys=True).encode() + b"\n"
        if not path.exists() and (topics := sorted(self._on_disk())):
            raise SettingsError(
                f"{self.path} holds {topics[0]}.jsonl, but no journal of a run: name another folder, or remove it."
            )
        journal = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        with open(path, "rb") as file:
            first = file.readline()
        if not first.endswith(b"\n"):  # new, or killed while writing its first line
            os.ftruncate(journal, 0)
            _append(journal, header)
        elif first != header:
            theirs, ours = _differing(first, header)
            raise SettingsError(
                f"{self.path} was made with {theirs}, this run is made with {ours}: "
                "name another folder, so that its files don't hold a mixture."
            )
        return journal

    def _on_disk(self) -> dict[str, int]:
        """The topics whose files are there, and how long they are."""
        found = {file.name.removesuffix(".jsonl"): file for file in self.path.glob("*.jsonl")}
        return {topic: file.stat().st_size for topic, file in found.items() if topic in self._topics}

    def _repair(self) -> None:
        """Cut every file after the last article that is complete in all of them."""
        on_disk = self._on_disk()
        with open(self.path / JOURNAL, "rb") as journal:
            end = len(journal.readline())
            for line in journal:
                entry = _entry(line)
                if entry is None:
                    break
                if gone := sorted(entry[1].keys() - on_disk.keys()):
                    raise SettingsError(
                        f"{self._path(gone[0])} is gone, but this folder's journal counts on it: put it back, "
                        "or name another folder."
                    )
                if any(size > on_disk[topic] for topic, size in entry[1].items()):
                    break  # a power cut: the journal reached the disk, the article did not
                self._sizes.update(entry[1])
                end += len(line)
        self._journal_size = end
        self.cut += _cut(self.path / JOURNAL, end)
        for topic in on_disk:
            self.cut += _cut(self._path(topic), self._sizes.get(topic, 0))

    def _entries(self, path: Path) -> Iterator[tuple[str, Finished]]:
        """Digests and ends of the finished articles, in order. What this run appends meanwhile is not among them."""
        with open(path, "rb") as journal:
            position = len(journal.readline())
            end = self._journal_size
            while position < end:
                line = journal.readline()
                position += len(line)
                if entry := _entry(line):
                    dead = any("news.deadletters." in topic for topic in entry[1])
                    yield entry[0], Finished.DEAD if dead else Finished.DONE

    def _path(self, topic: str) -> Path:
        return self.path / f"{topic}.jsonl"

    def _file(self, topic: str) -> int:
        if topic not in self._files:
            self._files[topic] = os.open(self._path(topic), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        return self._files[topic]


class _Finished:
    """Which inputs are done. The same inputs come in the same order, so one look ahead is usually enough and memory
    stays flat; once they differ, what is left of the journal is held in memory."""

    def __init__(self, entries: Iterator[tuple[str, Finished]]) -> None:
        self._entries = entries
        self._next = next(entries, None)
        self._others: dict[str, list[Finished]] | None = None

    def take(self, message_id: str) -> Finished | None:
        if self._others is None:
            if self._next is None:
                return None
            if self._next[0] == message_id:
                end = self._next[1]
                self._next = next(self._entries, None)
                return end
            self._others = {}
            for other, end in (self._next, *self._entries):
                self._others.setdefault(other, []).append(end)
        ends = self._others.get(message_id)
        return ends.pop(0) if ends else None


def _append(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def _entry(line: bytes) -> tuple[str, dict[str, int]] | None:
    """Digest and sizes of a line of the journal; None for a torn one."""
    try:
        message_id, sizes = orjson.loads(line) if line.endswith(b"\n") else (None, None)
    except ValueError:
        return None
    return (message_id, sizes) if isinstance(message_id, str) and isinstance(sizes, dict) else None


def _cut(path: Path, size: int) -> int:
    """Remove what is after `size`; a file with nothing left was begun by the unfinished article."""
    extra = path.stat().st_size - size
    if size == 0:
        path.unlink()
    elif extra > 0:
        os.truncate(path, size)
    return max(0, extra)


def _differing(first: bytes, second: bytes) -> tuple[str, str]:
    """What two headers were made with, where they differ."""
    try:
        made = [dict(json.loads(header)["eventwire"]) for header in (first, second)]
    except (ValueError, KeyError, TypeError):
        return "something else", "this version"
    names = sorted(name for name in made[0].keys() | made[1].keys() if made[0].get(name) != made[1].get(name))
    theirs, ours = (", ".join(f"{name} {one.get(name, 'unknown')}" for name in names) for one in made)
    return theirs, ours
