"""Dates. Not written yet: finds nothing."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.records import Date


def find_dates(
    text: str,
    language: str,
    *,
    published_at: str | None = None,
    country: str | None = None,
    taken: Sequence[tuple[int, int]] = (),
) -> list[Date]:
    """The dates of a text."""
    return []
