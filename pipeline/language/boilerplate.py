"""Spans of a text that are not news: advertising, teasers, newsletters and the like. They are marked, never deleted.

The model decides sentence by sentence; a few signs are certain by themselves.
"""

import re
from typing import Any

import numpy as np

from pipeline.language.boilerplate_model import KINDS, BoilerplateModel
from pipeline.language.shapes import AD_LABELS
from pipeline.language.units import Unit, split_units
from pipeline.records import Boilerplate
from pipeline.records.values import BoilerplateKind

_READ_ALSO = (
    "lesen sie (?:auch|dazu|hierzu|mehr)(?: auch)?|lies auch|mehr dazu|passend dazu|lesetipp|zum weiterlesen|"
    "siehe auch|read (?:also|more|next)|see also|don't miss|lees ook|zie ook|mis ook niet|leggi anche|vedi anche|"
    "da non perdere|per approfondire|leia (?:também|mais)|veja também|não perca|le[ae] también|vea también|"
    "no te pierdas|(?:à )?lire aussi|voir aussi|à ne pas manquer|pour aller plus loin|cit(?:ește|iți) și|vezi și|"
    "nu rata|czytaj (?:także|też|więcej)|zobacz (?:także|też)|nie przegap|läs (?:också|även|mer)|se även|missa inte|"
    "читайте также|смотрите также|не пропустите|les også|læs også|se også|lue myös|čtěte také|čítajte aj|"
    "pročitajte i|читайте також|прочетете още|ayrıca okuyun|baca juga|اقرأ أيضا|llegeix també|preberite (?:še|tudi)|"
    "διαβάστε επίσης|olvassa el ezt is"
)
# The article goes on below a picture, a video or advertising.
_GOES_ON = (
    "(?:the )?(?:article|story|text) continues (?:below|after)|scroll down for|(?:der )?(?:artikel|text|beitrag) geht "
    "(?:unter|nach)|la suite (?:de l'article )?(?:après|sous|ci-dessous)|l'article continue (?:après|sous)|"
    "(?:sigue|continúa) leyendo (?:tras|después|debajo)|el artículo (?:sigue|continúa) (?:tras|bajo|debajo|después)|"
    "(?:l'articolo )?continua (?:a leggere )?(?:dopo|sotto)|(?:o (?:artigo|texto) )?continua (?:após|depois|abaixo)|"
    "(?:(?:de|het) )?(?:artikel|tekst|verhaal) gaat (?:verder|door) (?:onder|na)|(?:artikeln|texten) fortsätter|"
    "(?:dalszy ciąg|dalsza część) (?:tekstu|artykułu)|(?:tekst|artykuł) ma ciąg dalszy|articolul continuă|"
    "продолжение (?:статьи )?(?:под|после|ниже)|(?:текст|статья) продолжается|artik(?:kel|l)en fortsetter|"
    "artiklen fortsætter|juttu jatkuu|článek pokračuje|článok pokračuje"
)
# Labels that mean nothing else before a colon; a dash or a bar makes it sure for the others, too.
_CLEAR_LABELS = "anzeige|werbeanzeige|advertisement|advertorial|advertentie|sponsored(?: content)?|contenu sponsorisé"
_CERTAIN: tuple[tuple[BoilerplateKind, re.Pattern[str]], ...] = (
    ("teaser", re.compile(rf"[>»▼↓(\[]*\s?(?:(?:{AD_LABELS})[-–—:|.\s]*)?(?:{_GOES_ON})\b.{{0,60}}", re.IGNORECASE)),
    ("ad", re.compile(rf"[-–—*\s|]*(?:{AD_LABELS})[-–—*\s|.:]*", re.IGNORECASE)),
    ("ad", re.compile(rf"(?:(?:{_CLEAR_LABELS})\s?:|(?:{AD_LABELS})\s[-–—|])\s.{{3,300}}", re.IGNORECASE)),
    ("teaser", re.compile(rf"(?:{_READ_ALSO})\s?[:–—|-].{{3,300}}", re.IGNORECASE)),
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

    A kind whose share of what is not news is below its threshold gives way to the next most probable one: taking a
    newsletter for advertising costs more than the other way round.
    """
    marked = evidence(alone, around) >= thresholds[0]
    both = shares(alone, around)
    allowed = np.where(both >= thresholds[1:], both, -1.0)
    found: list[int] = np.where(marked, 1 + allowed.argmax(axis=1), 0).tolist()
    return found


def shares(alone: Any, around: Any) -> Any:
    """[units, kinds - 1]: what each kind has of what is not news, by both layers."""
    both = np.sqrt(alone[:, 1:] * around[:, 1:])
    return both / np.maximum(both.sum(axis=1, keepdims=True), 1e-9)


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
