"""Text to sentences, entities with ids, amounts and dates. Pure functions over values; `stage.py` is the way in."""

from pathlib import Path

SPACY = Path(__file__).parent / "eventwire_xx"  # spacy.load(SPACY): the stage's pipeline in a project of your own
