"""The entity agent: sentences, entities with ids, amounts and dates of each article."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace

from pipeline.encoder import Model
from pipeline.entities.links import shared_links
from pipeline.entities.mentions import resolve
from pipeline.entities.packages import Package, load_packages
from pipeline.entities.tables import tables_digest
from pipeline.entities.tag import Notes, Tagger
from pipeline.errors import InvalidInput
from pipeline.records import EntitiesArticle, LanguageArticle
from pipeline.settings import Settings

VERSION = "0.1.0"


def _ref(model: Model | None) -> str:
    whole = hashlib.sha256(f"{model.ref if model else 'no model'} {tables_digest()}".encode()).hexdigest()
    return f"eventwire-entities{'' if model else '-rules'}@{VERSION}+{whole[:12]}"


def _ref_of(package: Package) -> str:
    whole = hashlib.sha256(f"{package.digest} {tables_digest()}".encode()).hexdigest()
    return f"{package.name}@{package.version}+{whole[:12]}"


class TagEntities:
    """Stage `entities`. `model` None: rules only, with a ref that says so.

    `packages`: spaCy packages that find the names of their language instead, None for rules only. Each article's
    record names what read it: `ref`, or the package's name and version with a digest over its files and our tables.
    """

    name = "entities"

    def __init__(self, model: Model | None, packages: Mapping[str, Package | None] | None = None) -> None:
        packages = packages or {}
        self._tagger = Tagger(model, packages)
        self._links = shared_links()
        self.ref = _ref(model)
        self._refs = {
            language: _ref(None) if package is None else _ref_of(package) for language, package in packages.items()
        }

    @classmethod
    def load(cls, settings: Settings) -> TagEntities:
        """With the encoder of `settings.model`, or the shipped one, and the packages of `settings.models`."""
        from pipeline.encoder import shared_model

        return cls(shared_model(settings.model), load_packages(settings.models))

    def run(self, records: Sequence[LanguageArticle], /) -> list[EntitiesArticle | InvalidInput]:
        """One article each. Deleted, empty and undetermined ones pass with empty lists."""
        return [self._article(record) for record in records]

    def _article(self, record: LanguageArticle) -> EntitiesArticle:
        given = {field.name: getattr(record, field.name) for field in fields(LanguageArticle)}
        language = record.language.code
        given["models"] = replace(record.models, entities=self._refs.get(language, self.ref))
        if record.action == "delete" or not record.text.strip() or language == "und":
            return EntitiesArticle(**given)
        country = record.source.country if record.source else None
        note = Notes(language=language, country=country, published_at=record.published_at)
        self._tagger.tag(record.text, note)
        return EntitiesArticle(
            **given,
            sentences=tuple(note.sentences),
            entities=resolve(record.text, note.mentions, language, self._links),
            amounts=tuple(note.amounts),
            dates=tuple(note.dates),
        )
