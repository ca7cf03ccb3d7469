"""The entity agent: sentences, entities with ids, amounts and dates of each article."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import fields, replace

from pipeline.encoder import Model
from pipeline.entities.links import shared_links
from pipeline.entities.mentions import resolve
from pipeline.entities.tables import tables_digest
from pipeline.entities.tag import Notes, Tagger
from pipeline.errors import InvalidInput
from pipeline.records import EntitiesArticle, LanguageArticle
from pipeline.settings import Settings

VERSION = "0.1.0"


class TagEntities:
    """Stage `entities`. `model` None: rules only, with a ref that says so."""

    name = "entities"

    def __init__(self, model: Model | None) -> None:
        self._tagger = Tagger(model)
        self._links = shared_links()
        whole = hashlib.sha256(f"{model.ref if model else 'no model'} {tables_digest()}".encode()).hexdigest()
        self.ref = f"eventwire-entities{'' if model else '-rules'}@{VERSION}+{whole[:12]}"

    @classmethod
    def load(cls, settings: Settings) -> TagEntities:
        """With the encoder of `settings.model`, or the shipped one."""
        from pipeline.encoder import shared_model

        return cls(shared_model(settings.model))

    def run(self, records: Sequence[LanguageArticle], /) -> list[EntitiesArticle | InvalidInput]:
        """One article each. Deleted, empty and undetermined ones pass with empty lists."""
        return [self._article(record) for record in records]

    def _article(self, record: LanguageArticle) -> EntitiesArticle:
        given = {field.name: getattr(record, field.name) for field in fields(LanguageArticle)}
        given["models"] = replace(record.models, entities=self.ref)
        language = record.language.code
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
