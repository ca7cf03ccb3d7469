"""Bytes of a file that may be compressed: gzip and Zstandard, recognised by how they begin."""

import gzip
import io
import zlib
from typing import IO, Any

import zstandard

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"

# What reading a damaged or cut-off file raises.
DAMAGED = (EOFError, zlib.error, zstandard.ZstdError, gzip.BadGzipFile)


def decompressed(stream: io.BufferedReader) -> IO[bytes]:
    """`stream` itself, or what it unpacks to. A cut-off file raises one of `DAMAGED` where it ends."""
    head = stream.peek(4)[:4]
    if head.startswith(_GZIP):
        return io.BufferedReader(gzip.GzipFile(fileobj=stream))
    if head.startswith(_ZSTD):
        return io.BufferedReader(_Zstandard(stream))
    return stream


class _Zstandard(io.RawIOBase):
    """Zstandard frames, one after the other. The library's own reader takes a cut-off file for a complete one."""

    # A run of equal bytes packs 128 KiB into 4: reading little at a time bounds what can come out at once (32 MiB).
    _CHUNK = 1024

    def __init__(self, stream: io.BufferedReader) -> None:
        self._stream = stream
        self._frame: Any = None
        self._packed = b""
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            self._packed = self._packed or self._stream.read(self._CHUNK)
            if not self._packed:
                if self._frame is not None:
                    raise EOFError("Zstandard data ends in the middle of a frame")
                return 0
            if self._frame is None:
                self._frame = zstandard.ZstdDecompressor().decompressobj()
            self._ready = memoryview(self._frame.decompress(self._packed))
            self._packed = b""
            if self._frame.eof:
                self._packed = self._frame.unused_data
                self._frame = None
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count
