"""The multilingual encoder that the entity and the event agent share: one pass over a text, one `Reading`."""

from pipeline.encoder.model import Model
from pipeline.encoder.reading import Reading

__all__ = ["Model", "Reading"]
