"""The folder that `eventwire subscribe` keeps: events that were given up, and how far a folder was read.

`dead-letters.jsonl`: one event a line, why it was given up, and the event itself. `position.json`: file to bytes.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from pipeline.errors import EventwireError, SettingsError
from pipeline.streams.codec import milliseconds_text
from pipeline.web.webhook import Delivery, Failure

_LOCK = ".lock"


class KeptError(EventwireError):
    """The folder can't be written."""


class Kept:
    """The folder, locked against another process. Raises `SettingsError` where one has it, `KeptError` for the disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.dead_letters = path / "dead-letters.jsonl"
        self._positions = path / "position.json"
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise self._refused(error) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise SettingsError(f"Another `eventwire subscribe` uses {path}: stop it first, or name another.") from None

    def __enter__(self) -> "Kept":
        return self

    def __exit__(self, *error: object) -> None:
        os.close(self._lock)

    def add(self, delivery: Delivery, failure: Failure, *, now: float) -> None:
        """Keep an event that was given up; it is on the disk when this returns."""
        self._append(_line(delivery, failure, now=now))

    def read(self) -> Iterator[tuple[bytes, Delivery]]:
        """The events that were given up, each with its line. Raises `SettingsError` for a line that is none."""
        if not self.dead_letters.exists():
            return
        with self.dead_letters.open("rb") as file:
            for number, line in enumerate(file, start=1):
                try:
                    record = orjson.loads(line)
                    yield line, Delivery(id=str(record["webhook_id"]), body=orjson.dumps(record["event"]))
                except (ValueError, KeyError, TypeError) as error:
                    raise SettingsError(
                        f"{self.dead_letters}, line {number}: not a line of this file ({error})."
                    ) from None

    def replace(self, lines: list[bytes]) -> None:
        """Keep these lines only."""
        self._write(self.dead_letters, b"".join(lines))

    def positions(self) -> dict[str, int]:
        """What `save` wrote; empty if nothing."""
        try:
            found = orjson.loads(self._positions.read_bytes())
            return {str(name): int(at) for name, at in found.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise SettingsError(
                f"{self._positions} can't be read ({error}): remove it to start anew, with events sent twice."
            ) from None

    def save(self, positions: Mapping[str, int]) -> None:
        self._write(self._positions, orjson.dumps(dict(positions)))

    def _append(self, line: bytes) -> None:
        try:
            with self.dead_letters.open("ab") as file:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise self._refused(error) from error

    def _write(self, path: Path, content: bytes) -> None:
        new = path.with_suffix(".new")
        try:
            with new.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            new.rename(path)
        except OSError as error:
            raise self._refused(error) from error

    def _refused(self, error: OSError) -> KeptError:
        return KeptError(
            f"{self.path} can't be written: {error.strerror or error}. Nothing is lost: it goes on from there."
        )


def _line(delivery: Delivery, failure: Failure, *, now: float) -> bytes:
    line: dict[str, Any] = {
        "webhook_id": delivery.id,
        "reason": failure.reason,
        "attempts": failure.attempts,
        "seconds": round(failure.seconds, 1),
        "given_up_at": milliseconds_text(int(now * 1000)),
        "event": orjson.Fragment(delivery.body),
    }
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
