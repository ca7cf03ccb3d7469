"""Eventwire: news articles in, typed and evidenced events out. Start reading at `pipeline.flow`."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("eventwire")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0.0.0"
