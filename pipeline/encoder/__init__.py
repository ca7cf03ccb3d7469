"""The multilingual encoder that the entity and the event agent share: one pass over a text, one `Reading`."""

from functools import cache
from pathlib import Path

from pipeline.encoder.model import Model
from pipeline.encoder.reading import Reading

__all__ = ["Model", "Reading", "shared_model"]


@cache
def shared_model(path: Path | None = None) -> Model:
    """The model of this folder (None: the shipped one), loaded once a process: its users share its readings."""
    return Model.load(path)
