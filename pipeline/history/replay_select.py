"""Which raw messages a replay takes: by time and by what the article says of itself."""

from collections.abc import Iterable
from datetime import datetime

import orjson

from pipeline.errors import InvalidInput, SettingsError
from pipeline.flow import FLOW
from pipeline.history.archive_columns import Facts, facts
from pipeline.history.runs import By, Taken
from pipeline.records import LanguageArticle, RawArticle, from_json
from pipeline.settings import Settings
from pipeline.stage import Stage
from pipeline.streams.decode import decode
from pipeline.streams.message import Message
from pipeline.streams.topics import validate

FIELDS = ("language", "source", "id", "action")


def read_where(conditions: Iterable[str]) -> dict[str, list[str]]:
    """`language=de,fr` -> {"language": ["de", "fr"]}. Raises `SettingsError`.

    `language`: as our language stage finds it. `source`: name or domain of the publisher, case aside. `id`: of the
    article. `action`: add, update, delete. All conditions must hold, one of the values of each.
    """
    where: dict[str, list[str]] = {}
    for condition in conditions:
        name, equals, values = condition.partition("=")
        name, found = name.strip(), [value.strip() for value in values.split(",") if value.strip()]
        if name not in FIELDS or not equals or not found:
            raise SettingsError(
                f"--where {condition!r}: write FIELD=VALUE[,VALUE]; fields: {', '.join(FIELDS)} (language=de)."
            )
        if name == "action" and (wrong := set(found) - {"add", "update", "delete"}):
            raise SettingsError(f"--where action={min(wrong)}: add, update or delete.")
        where.setdefault(name, []).extend(found)
    return where


class Selection:
    """Whether a raw message is wanted. Reads no more of it than it must."""

    def __init__(self, taken: Taken, settings: Settings) -> None:
        """Raises `ModelError` if the language stage is needed and can't be loaded."""
        self._since, self._before = _milliseconds(taken.since), _milliseconds(taken.before)
        self._by: By = taken.by
        where = taken.where
        self._ids = frozenset(where.get("id", ()))
        self._actions = frozenset(where.get("action", ()))
        self._sources = frozenset(name.casefold() for name in where.get("source", ()))
        self._languages = frozenset(where.get("language", ()))
        self._stage: Stage[RawArticle, LanguageArticle] | None = None
        if self._languages:
            self._stage = FLOW[0].load(settings)

    def wants(self, message: Message) -> bool:
        """What is no article has no language, source or action, and the time at which it came in."""
        says = self._ids or self._actions or self._sources or self._languages
        if not (says or self._since is not None or self._before is not None):
            return True
        said = facts(message)
        moment = said.event_time if self._by == "published" else said.ingested_at or 0
        if (self._since is not None and moment < self._since) or (self._before is not None and moment >= self._before):
            return False
        return not says or self._says(message, said)

    def _says(self, message: Message, said: Facts) -> bool:
        if said.article_id is None or (self._ids and said.article_id not in self._ids):
            return False
        if self._actions and (said.action or "add") not in self._actions:
            return False
        if self._sources and not self._sources & _publisher(message.value):
            return False
        return not self._languages or self._language(message) in self._languages

    def _language(self, message: Message) -> str | None:
        assert self._stage is not None
        try:
            data = decode(message.value)
            validate(FLOW[0].reads, data)
        except InvalidInput:
            return None
        (outcome,) = self._stage.run([from_json(RawArticle, data)])
        return None if isinstance(outcome, InvalidInput) else outcome.language.code


def _publisher(value: bytes | None) -> set[str]:
    """Name and domain of an article's source, case aside."""
    source = orjson.loads(value or b"").get("source")
    said = [source.get("name"), source.get("domain")] if isinstance(source, dict) else []
    return {name.casefold() for name in said if isinstance(name, str)}


def _milliseconds(time: str | None) -> int | None:
    return None if time is None else round(datetime.fromisoformat(time).timestamp() * 1000)
