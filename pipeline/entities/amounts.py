"""stub"""

from pipeline.records import Amount


def find_amounts(text: str, language: str, *, country: str | None = None) -> list[Amount]:
    return []
