"""spaCy is the engine: a blank `Language` for each language, our encoder and our rules as its components.

    words (tokenizer) -> eventwire_sentences -> eventwire_ner -> eventwire_amounts -> eventwire_dates

Entities are `doc.ents`, sentences `doc.sents`; amounts and dates, which carry values, stand with the rest of what
the record needs in `doc.user_data["eventwire"]` (a `Notes`). Anybody can add the components to a pipeline of their
own: `nlp.add_pipe("eventwire_ner")` after `import pipeline.entities.tag`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import spacy
from spacy.attrs import SENT_START
from spacy.language import Language
from spacy.tokens import Doc

from pipeline.encoder import Model
from pipeline.entities.amounts import find_amounts
from pipeline.entities.dates import find_dates
from pipeline.entities.decode import Mention, decode
from pipeline.entities.packages import Package
from pipeline.entities.sentences import split_sentences
from pipeline.entities.words import WordTokenizer
from pipeline.errors import ModelError
from pipeline.records import Amount, Date

NOTES = "eventwire"
_SLOW = {"fr"}  # importing spaCy's French takes three seconds, for exceptions that our words don't use
RENEWED_AFTER = 5_000_000  # characters of one language
KEPT_LANGUAGES = 24  # pipelines kept in memory; a blank one costs a few megabytes and 20 ms


@dataclass(slots=True)
class Notes:
    """What rules need to know of an article, and what components found in it."""

    language: str
    text: str | None = None  # spaCy builds `doc.text` anew each time; None: take that
    country: str | None = None  # of the source, ISO 3166-1 alpha-2: whose dollars
    published_at: str | None = None  # RFC 3339: what "Friday" means
    sentences: list[tuple[int, int]] = field(default_factory=list)
    mentions: list[Mention] = field(default_factory=list)
    amounts: list[Amount] = field(default_factory=list)
    dates: list[Date] = field(default_factory=list)


def notes(doc: Doc) -> Notes:
    """The document's notes; made from the pipeline's language if nobody gave any."""
    found = doc.user_data.get(NOTES)
    if not isinstance(found, Notes):
        found = doc.user_data[NOTES] = Notes(language=doc.lang_ or "und")
    if found.text is None:
        found.text = doc.text
    return found


@spacy.util.registry.tokenizers("eventwire.words.v1")  # type: ignore[untyped-decorator]  # spaCy leaves it untyped
def make_words() -> Callable[[Language], WordTokenizer]:
    """The tokenizer, for `[nlp.tokenizer]` of a config."""
    return lambda nlp: WordTokenizer(nlp.vocab)


@Language.component("eventwire_sentences")
def sentences_component(doc: Doc) -> Doc:
    """Sets sentence starts and `Notes.sentences`."""
    note = notes(doc)
    note.sentences = split_sentences(note.text or "", note.language)
    spans = (doc.char_span(start, end, alignment_mode="expand") for start, end in note.sentences)
    starts: Any = np.zeros((len(doc), 1), np.uint64)
    starts[[span.start for span in spans if span is not None]] = 1
    # All at once: each `is_sent_start = True` looks at the whole document.
    return doc.from_array([SENT_START], starts) if len(doc) else doc


@Language.component("eventwire_amounts")
def amounts_component(doc: Doc) -> Doc:
    """Fills `Notes.amounts`."""
    note = notes(doc)
    note.amounts = find_amounts(note.text or "", note.language, country=note.country)
    return doc


@Language.component("eventwire_dates")
def dates_component(doc: Doc) -> Doc:
    """Fills `Notes.dates`; what an amount covers is no date, nor is a word within a longer name ("May Street")."""
    note = notes(doc)
    taken = [(amount.start, amount.end) for amount in note.amounts]
    dates = find_dates(
        note.text or "", note.language, published_at=note.published_at, country=note.country, taken=taken
    )
    note.dates = [one for one in dates if not _within_name(one, note.mentions)]
    return doc


def _within_name(found: Date, mentions: list[Mention]) -> bool:
    """Whether a date without a digit is a part of a person's, company's or place's name."""
    if any(char.isdigit() for char in found.text):
        return False
    at = bisect_right(mentions, found.start, key=lambda mention: mention.start) - 1
    if at < 0:
        return False
    name = mentions[at]
    return name.label in {"PER", "ORG", "LOC"} and found.end <= name.end and len(found.text) < name.end - name.start


class EncoderEntities:
    """`eventwire_ner`: one encoder pass, `doc.ents` and `Notes.mentions`."""

    def __init__(self, model: Model | None) -> None:
        self.model = model

    def __call__(self, doc: Doc) -> Doc:
        if self.model is None:
            raise ModelError("eventwire_ner has no model: add it with load=True, or set its `model`.")
        note = notes(doc)
        text = note.text or ""
        if not note.sentences:
            note.sentences = split_sentences(note.text or "", note.language)
        note.mentions = decode(self.model.read(text, note.sentences), text, self.model.entity_labels)
        return with_entities(doc, note)


@Language.factory("eventwire_ner", default_config={"model": None, "load": True})
def make_entities(nlp: Language, name: str, model: str | None, load: bool) -> EncoderEntities:
    """The component with the model in folder `model`, or the shipped one; `load` False: the caller sets `.model`."""
    if not load:
        return EncoderEntities(None)
    from pipeline.encoder import shared_model

    return EncoderEntities(shared_model(Path(model) if model else None))


class PackageEntities:
    """`eventwire_package`: `doc.ents` and `Notes.mentions` from another spaCy package."""

    def __init__(self, package: Package | None) -> None:
        self.package = package

    def __call__(self, doc: Doc) -> Doc:
        if self.package is None:
            raise ModelError("eventwire_package has no package: set its `package`.")
        note = notes(doc)
        note.mentions = self.package.mentions(note.text or "")
        return with_entities(doc, note)


def with_entities(doc: Doc, note: Notes) -> Doc:
    """Sets `doc.ents` from the mentions."""
    spans = (doc.char_span(start, end, label=label, alignment_mode="expand") for start, end, label, _ in note.mentions)
    doc.ents = spacy.util.filter_spans([span for span in spans if span is not None])
    return doc


@Language.factory("eventwire_package")
def make_package(nlp: Language, name: str) -> PackageEntities:
    """The component without a package: the caller sets `.package`."""
    return PackageEntities(None)


class Tagger:
    """Runs the pipeline of a text's language. `model` None: rules only. Not for several threads.

    `packages` replace the model for their languages; None there: rules only.
    """

    def __init__(self, model: Model | None, packages: Mapping[str, Package | None] | None = None) -> None:
        self._model = model
        self._packages = packages or {}
        self._pipelines: OrderedDict[str, Language] = OrderedDict()
        self._read: Counter[str] = Counter()  # characters by language since its pipeline was built

    def tag(self, text: str, note: Notes) -> Notes:
        """Fill `note` from `text`."""
        nlp = self._pipeline(note.language)
        note.text = text
        doc = nlp.make_doc(text)
        doc.user_data[NOTES] = note
        nlp(doc)
        self._read[note.language] += len(text)
        return note

    def _pipeline(self, language: str) -> Language:
        """The pipeline of a language, built again when its vocabulary may have grown large: spaCy never forgets a
        word, and a worker runs for months (its memory zones forget at once, which costs milliseconds an article).
        """
        if self._read[language] > RENEWED_AFTER:
            self._pipelines.pop(language, None)
        if language not in self._pipelines:
            self._read[language] = 0
            self._pipelines[language] = self._build(language)
            if len(self._pipelines) > KEPT_LANGUAGES:
                self._pipelines.popitem(last=False)
        self._pipelines.move_to_end(language)
        return self._pipelines[language]

    def _build(self, language: str) -> Language:
        nlp = _blank(language)
        nlp.max_length = 100_000_000  # the road has limits of its own
        # Shapes, stop words, URLs: nobody here asks, and making them costs a third of the time of the rules.
        nlp.vocab.lex_attr_getters = {}  # type: ignore[attr-defined]  # the stubs leave it out
        nlp.add_pipe("eventwire_sentences")
        package = self._packages.get(language)
        if package is not None:
            nlp.add_pipe("eventwire_package").package = package  # type: ignore[attr-defined]
        elif self._model is not None and language not in self._packages:
            nlp.add_pipe("eventwire_ner", config={"load": False}).model = self._model  # type: ignore[attr-defined]
        nlp.add_pipe("eventwire_amounts")
        nlp.add_pipe("eventwire_dates")
        return nlp


def _blank(language: str) -> Language:
    """spaCy's blank pipeline of a language, or of none (`xx`), with our words."""
    config: dict[str, Any] = {"nlp": {"tokenizer": {"@tokenizers": "eventwire.words.v1"}}}
    try:
        return spacy.blank("xx" if language in _SLOW else language, config=config)
    except (ImportError, ValueError):  # spaCy has no such language, or needs a package for it
        return spacy.blank("xx", config=config)
