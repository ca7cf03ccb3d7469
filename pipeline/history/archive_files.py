"""The file system that an archive stands on: a folder here, or any URL that Arrow knows (`s3://bucket/path` ...).

A file is written whole or not at all. Paths are relative to the root, with slashes. pyarrow is an extra: everything
that needs it goes through `arrow`.
"""

import contextlib
import fcntl
import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pipeline.errors import EventwireError, SettingsError

LOCK = "_lock"
TEMPORARY = ".tmp"  # the ending of a local file that is being written


class ArchiveError(EventwireError):
    """The archive can't be read or written as it should: a full disk, a bucket that refuses, a damaged file."""


def arrow(name: str = "") -> Any:
    """pyarrow, or its module `name`. Raises `SettingsError` where it is not installed."""
    try:
        return importlib.import_module(f"pyarrow.{name}" if name else "pyarrow")
    except ImportError as error:
        if name and not isinstance(error, ModuleNotFoundError):  # this build of pyarrow lacks a part
            raise SettingsError(f"This pyarrow has no {name} ({error}): install its official package.") from error
        raise SettingsError("The archive needs pyarrow: pip install 'eventwire[archive]'.") from None


class Store:
    """The files below `root`: a folder, or a URL with a scheme. `name` is the root without secrets, for messages.

    Raises `SettingsError` for a root that can't be one, `ArchiveError` when the file system says no (a missing file:
    `FileNotFoundError`).
    """

    def __init__(self, root: str | Path) -> None:
        text = os.fspath(root)
        if not text:
            raise SettingsError("The archive has no name: give a folder or a URL.")
        fs = arrow("fs")
        if "://" in text and not text.startswith("file://"):
            self.local: Path | None = None
            self.name = _without_secrets(text)
            try:
                self._fs, self._base = fs.FileSystem.from_uri(text)
            except (OSError, ValueError, arrow().ArrowException) as error:
                raise SettingsError(f"{self.name} can't be used as an archive: {_short(error)}") from None
            self._base = self._base.rstrip("/")
            if not self._base:
                raise SettingsError(f"{self.name} names no bucket: write s3://bucket/path.")
        else:
            self.local = Path(text.removeprefix("file://")).absolute()
            self.name = text
            self._fs, self._base = fs.LocalFileSystem(), str(self.local)
            if self.local.exists() and not self.local.is_dir():
                raise SettingsError(f"{text} is a file: name a folder for the archive.")

    def files(self, folder: str) -> dict[str, int]:
        """Every file below `folder` with its size, sorted; nothing if there is no such folder."""
        fs = arrow("fs")
        selector = fs.FileSelector(f"{self._base}/{folder}".rstrip("/"), recursive=True, allow_not_found=True)
        with self._told("listed"):
            found = self._fs.get_file_info(selector)
        start = len(self._base) + 1
        return dict(sorted((i.path[start:], int(i.size)) for i in found if i.type == fs.FileType.File))

    def folders(self, folder: str) -> list[str]:
        """The names of the folders directly below `folder`."""
        fs = arrow("fs")
        selector = fs.FileSelector(f"{self._base}/{folder}".rstrip("/"), recursive=False, allow_not_found=True)
        with self._told("listed"):
            found = self._fs.get_file_info(selector)
        return sorted(i.base_name for i in found if i.type == fs.FileType.Directory)

    def read(self, path: str) -> bytes:
        with self._told("read", path), self._fs.open_input_stream(f"{self._base}/{path}") as file:
            return bytes(file.read())

    def open(self, path: str) -> Any:
        """The file as Arrow reads it, at any place."""
        with self._told("read", path):
            return self._fs.open_input_file(f"{self._base}/{path}")

    def write(self, path: str, data: Any) -> None:
        """The whole file, on the disk when this returns (`data`: bytes or an Arrow buffer)."""
        with self._told("written", path):
            if self.local is not None:
                _write_local(self.local / path, data)
            else:
                # An object appears when its upload is complete.
                with self._fs.open_output_stream(f"{self._base}/{path}") as file:
                    file.write(data)

    def delete(self, path: str) -> None:
        """Remove the file; one that is gone already is as good."""
        with self._told("removed", path), contextlib.suppress(FileNotFoundError):
            self._fs.delete_file(f"{self._base}/{path}")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else writes here meanwhile: sure in a local folder, not known elsewhere. Makes the folder.

        Raises `SettingsError` if another process has the lock. It ends with the process, however that ends.
        """
        if self.local is None:
            yield
            return
        with self._told("written"):
            self.local.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.local / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                owner = os.read(lock, 32).decode("ascii", "replace").strip()
                raise SettingsError(
                    f"Another archiver (process {owner}) writes to {self.name}: one is enough, it merges files too."
                ) from None
            os.ftruncate(lock, 0)
            os.write(lock, f"{os.getpid()}\n".encode())
            yield
        finally:
            os.close(lock)

    @contextmanager
    def _told(self, doing: str, path: str = "") -> Iterator[None]:
        where = f"{self.name.rstrip('/')}/{path}" if path else self.name
        try:
            yield
        except FileNotFoundError as error:
            if doing == "read":
                raise
            raise ArchiveError(f"{where} can't be {doing}: {_short(error)}. Make it first.") from error
        except (OSError, arrow().ArrowException) as error:
            raise ArchiveError(
                f"{where} can't be {doing}: {_short(error)}. What was archived is complete; when this is mended, "
                "the same command goes on."
            ) from error


def _write_local(path: Path, data: Any) -> None:
    """Under a temporary name, to the disk, then renamed: there is never half a file under its own name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + TEMPORARY)
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(file, view) :]
        os.fsync(file)
    finally:
        os.close(file)
    temporary.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _without_secrets(url: str) -> str:
    """`s3://bucket/path` of a URL that may hold keys and options."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _short(error: Exception) -> str:
    strerror = getattr(error, "strerror", None)
    return str(strerror or error or type(error).__name__).splitlines()[0].strip().rstrip(".")
