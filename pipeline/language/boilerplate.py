"""Spans of a text that are not news: advertising, teasers, newsletters and the like. They are marked, never deleted.

The model decides sentence by sentence; a few signs are certain by themselves.
"""

import re
from typing import Any

import numpy as np

from pipeline.language.boilerplate_model import KINDS, BoilerplateModel
from pipeline.language.units import split_units
from pipeline.records import Boilerplate
from pipeline.records.values import BoilerplateKind

# Log-odds of not being news, of the unit alone and among its neighbours, added: from here on a unit is marked. High,
# because news taken for advertising is a lost event, and no neighbourhood alone makes a sentence advertising.
THRESHOLD = 2.0

_AD_LABELS = (
    "anzeige|werbung|werbeanzeige|advertisement|sponsored(?: content)?|advertorial|publicité|contenu sponsorisé|"
    "publicidad|contenido patrocinado|pubblicità|advertentie|publicidade|conteúdo patrocinado|reklama|annons|annonse|"
    "annonce|publicitate|реклама|reklam"
)
_CERTAIN: tuple[tuple[BoilerplateKind, re.Pattern[str]], ...] = (
    ("ad", re.compile(rf"[-–—*\s|]*(?:{_AD_LABELS})[-–—*\s|.:]*", re.IGNORECASE)),
    ("disclaimer", re.compile(r"(?:©|\(c\)|copyright)\s.{0,200}", re.IGNORECASE)),
)


def find_boilerplate(
    text: str, model: BoilerplateModel, *, title: int = 0, threshold: float = THRESHOLD
) -> tuple[Boilerplate, ...]:
    """The spans of `text` that are not news, in order, without overlaps. Offsets are code points into `text`.

    Neighbouring units of one kind in one line are one span. The first `title` characters, the headline, are news.
    """
    units = split_units(text)
    alone, around = model.probabilities(text, units)
    odds = evidence(alone, around)
    spans: list[Boilerplate] = []
    line = -1
    for unit, row, odd in zip(units, around, odds, strict=True):
        kind = _kind(text[unit.start : unit.end], row, odd >= threshold) if unit.start >= title else None
        if kind is None:
            line = -1
            continue
        if line == unit.line and spans[-1].kind == kind:
            spans[-1] = Boilerplate(start=spans[-1].start, end=unit.end, kind=kind)
        else:
            spans.append(Boilerplate(start=unit.start, end=unit.end, kind=kind))
        line = unit.line
    return tuple(spans)


def evidence(alone: Any, around: Any) -> Any:
    """[units]: the log-odds of not being news that `THRESHOLD` is compared with."""
    news = np.clip(np.stack([alone[:, 0], around[:, 0]]), 1e-4, 1 - 1e-4)
    return np.log((1 - news) / news).sum(axis=0)


def _kind(unit: str, probabilities: Any, enough: bool) -> BoilerplateKind | None:
    for kind, pattern in _CERTAIN:
        if pattern.fullmatch(unit):
            return kind
    if not enough:
        return None
    name: BoilerplateKind = KINDS[1 + int(probabilities[1:].argmax())]  # type: ignore[assignment]  # all but news
    return name
