"""Text to sentences, entities with ids, amounts and dates. Pure functions over values; `stage.py` is the way in."""
