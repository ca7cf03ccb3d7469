"""Spans of a text that are not news: advertising, teasers, newsletters and the like. They are marked, never deleted.

The model decides sentence by sentence; a few signs are certain by themselves.
"""

import re
from typing import Any

import numpy as np

from pipeline.language.boilerplate_model import KINDS, BoilerplateModel
from pipeline.language.units import Unit, split_units
from pipeline.records import Boilerplate
from pipeline.records.values import BoilerplateKind

_AD_LABELS = (
    "anzeige|werbung|werbeanzeige|advertisement|sponsored(?: content)?|advertorial|publicité|contenu sponsorisé|"
    "publicidad|contenido patrocinado|pubblicità|advertentie|publicidade|conteúdo patrocinado|reklama|annons|annonse|"
    "annonce|publicitate|реклама|reklam"
)
_READ_ALSO = (
    "lesen sie (?:auch|dazu|hierzu)(?: auch)?|lies auch|read (?:also|more|next)|see also|lees ook|leggi anche|"
    "leia (?:também|mais)|le[ae] también|(?:à )?lire aussi|cit(?:ește|iți) și|czytaj (?:także|też|więcej)|"
    "zobacz (?:także|też)|läs (?:också|även|mer)|читайте также|смотрите также|les også|læs også|lue myös|čtěte také|"
    "čítajte aj|pročitajte i|читайте також|прочетете още|ayrıca okuyun|baca juga|اقرأ أيضا|llegeix també|"
    "preberite (?:še|tudi)|διαβάστε επίσης|olvassa el ezt is"
)
_CERTAIN: tuple[tuple[BoilerplateKind, re.Pattern[str]], ...] = (
    ("ad", re.compile(rf"[-–—*\s|]*(?:{_AD_LABELS})[-–—*\s|.:]*", re.IGNORECASE)),
    ("teaser", re.compile(rf"(?:{_READ_ALSO})\s?[:–—-].{{3,300}}", re.IGNORECASE)),
    ("disclaimer", re.compile(r"(?:©|\(c\)|copyright)\s.{0,200}", re.IGNORECASE)),
)


def find_boilerplate(text: str, model: BoilerplateModel, *, title: int = 0) -> tuple[Boilerplate, ...]:
    """The spans of `text` that are not news, in order, without overlaps. Offsets are code points into `text`.

    Neighbouring units of one kind in one line are one span. The first `title` characters, the headline, are news.
    """
    units = split_units(text)
    alone, around = model.probabilities(text, units)
    kinds = decide(alone, around, model.thresholds)
    spans: list[Boilerplate] = []
    line = -1
    for unit, number in zip(units, kinds, strict=True):
        kind = _certain(text, unit) or _name(number) if unit.start >= title else None
        if kind is None:
            line = -1
            continue
        if line == unit.line and spans[-1].kind == kind:
            spans[-1] = Boilerplate(start=spans[-1].start, end=unit.end, kind=kind)
        else:
            spans.append(Boilerplate(start=unit.start, end=unit.end, kind=kind))
        line = unit.line
    return tuple(spans)


def decide(alone: Any, around: Any, thresholds: Any) -> list[int]:
    """The kind of each unit, a number in `KINDS`, 0 for news. `thresholds`: see `BoilerplateModel`.

    A kind that is below its threshold gives way to the next most probable one: taking a newsletter for advertising
    costs more than the other way round.
    """
    marked = evidence(alone, around) >= thresholds[0]
    both = np.sqrt(alone[:, 1:] * around[:, 1:])
    shares = both / np.maximum(both.sum(axis=1, keepdims=True), 1e-9)
    sure = shares * ((1 - alone[:, :1]) * (1 - around[:, :1]))
    allowed = np.where(sure >= thresholds[1:], shares, -1.0)
    found: list[int] = np.where(marked, 1 + allowed.argmax(axis=1), 0).tolist()
    return found


def evidence(alone: Any, around: Any) -> Any:
    """[units]: the log-odds of not being news, of the unit alone and among its neighbours, added: no neighbourhood
    alone makes a sentence advertising.
    """
    news = np.clip(np.stack([alone[:, 0], around[:, 0]]), 1e-4, 1 - 1e-4)
    return np.log((1 - news) / news).sum(axis=0)


def _certain(text: str, unit: Unit) -> BoilerplateKind | None:
    return next((kind for kind, pattern in _CERTAIN if pattern.fullmatch(text, unit.start, unit.end)), None)


def _name(number: int) -> BoilerplateKind | None:
    return KINDS[number] if number else None  # type: ignore[return-value]  # the others are all kinds of boilerplate
