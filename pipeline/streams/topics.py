"""The topics, as `topics/*.yaml` declares them, and whether a value may stand on one.

Topics are reviewed data, not code: the file name is the topic's name, and `topics/README.md` says what each key means.
Names here are without `settings.topic_prefix`.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

import jsonschema_rs
import yaml

from pipeline.errors import Code, InvalidInput, SettingsError
from pipeline.streams.schemas import Schema, compile_schema, topics_folder

OUTSIDE = "outside"  # a producer or consumer that is not a stage
FOREVER = -1  # `retention_ms` of a topic that keeps everything

_DAY = 24 * 60 * 60 * 1000
_KEYS = {
    *("description", "owner", "key", "schema", "class", "headers", "partitions", "replication", "retention"),
    *("cleanup_policy", "compaction_lag", "max_message_bytes", "producers", "consumers", "examples"),
}
_SHOWN = 3  # problems named in one error; a value that is wrong everywhere needs no list of a thousand
_LONGEST = 160  # characters of a value quoted in an error


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One topic. `schema` is None where values are bytes as they came (dead letters).

    `retention_ms`: milliseconds, `FOREVER` for no end. `replication`: copies of each partition in production.
    `compaction_lag_ms`: of a compacted topic, for how long every message is kept, not just the last of its key.
    `event_class`: the only class of event that may stand here. `examples`: file names in `topics/examples/<name>/`.
    """

    name: str
    description: str
    owner: str
    key: str
    schema: str | None
    schema_version: int | None
    event_class: str | None
    headers: str | None
    headers_version: int | None
    partitions: int
    replication: int
    retention_ms: int
    cleanup_policy: str
    compaction_lag_ms: int | None
    max_message_bytes: int
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    examples: tuple[str, ...]

    @property
    def schema_file(self) -> str | None:
        """File of the schema in `topics/schemas/`."""
        return f"{self.schema}.v{self.schema_version}.json" if self.schema else None

    @property
    def headers_file(self) -> str | None:
        """File of the headers' schema in `topics/schemas/`."""
        return f"{self.headers}.v{self.headers_version}.json" if self.headers else None

    @property
    def dataschema(self) -> str | None:
        """The schema's name for the header `ce_dataschema`: a name, not an address, so nobody fetches it."""
        return f"urn:eventwire:schema:{self.schema}:v{self.schema_version}" if self.schema else None


@cache
def load_topics() -> Mapping[str, Topic]:
    """Every declared topic by name, in alphabetical order. Raises `SettingsError` naming the file that is wrong."""
    names = sorted(file.name for file in topics_folder().iterdir() if file.name.endswith(".yaml"))
    return MappingProxyType({(topic := _load(name)).name: topic for name in names})


def find_topic(name: str) -> Topic:
    """The topic called `name`. Raises `SettingsError` with the nearest names there are."""
    topics = load_topics()
    if name in topics:
        return topics[name]
    near = difflib.get_close_matches(name, topics, n=3, cutoff=0.4) or list(topics)
    raise SettingsError(f"There is no topic {name!r}. Nearest: {', '.join(near)}.")


def example(topic: Topic, file_name: str) -> bytes:
    """The bytes of one of the topic's examples."""
    return (topics_folder() / "examples" / topic.name / file_name).read_bytes()


def validate(topic: str, value: Any) -> None:
    """Check a decoded JSON value against the schema of `topic`. A dead-letter topic takes anything.

    Raises `InvalidInput(Code.SCHEMA)` whose text says where and why: `at source.country: "Germany" does not ...`.
    """
    validator = _validator(topic)
    if validator is None or validator.is_valid(value):
        return
    problems = [f"at {_path(error.instance_path)}: {_why(error)}" for error in validator.iter_errors(value)]
    more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
    raise InvalidInput(Code.SCHEMA, "; ".join(problems[:_SHOWN]) + more)


@cache
def _validator(name: str) -> jsonschema_rs.Draft202012Validator | None:
    schema = value_schema(find_topic(name))
    return None if schema is None else compile_schema(schema)


def value_schema(topic: Topic) -> Schema | None:
    """The schema of the topic's values, its class pinned: `$ref`s are file names of `topics/schemas/`."""
    if topic.schema_file is None:
        return None
    pinned = {"properties": {"class": {"const": topic.event_class}}} if topic.event_class else {}
    return {"$ref": topic.schema_file, **pinned}


def _path(parts: list[str | int]) -> str:
    """`entities[3].ids.isin`"""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts).removeprefix(".")
    return _short(text) or "the top"


def _why(error: jsonschema_rs.ValidationError) -> str:
    """What is wrong, in words; the value itself only in short, since an article may be the value."""
    kind, details = error.kind.name, error.kind.as_dict()
    value = _short(_quoted(error.instance))
    if kind == "required":
        return f"{details['property']!r} is missing"
    if kind in ("additionalProperties", "unevaluatedProperties"):
        return f"there is no field {_short(', '.join(map(repr, details['unexpected'])))}"
    if kind == "type":
        return f"{value} is not of type {' or '.join(sorted(details['types']))}"
    if kind == "enum":
        return f"{value} is none of {', '.join(map(_quoted, details['options']))}"
    if kind == "const":
        return f"{value} is not {_quoted(details['expected_value'])}"
    if kind == "format":
        hint = " (RFC 3339, such as 2025-09-24T08:30:00Z)" if details["format"] == "date-time" else ""
        return f"{value} is not a {details['format']}{hint}"
    if kind == "pattern":
        return f"{value} does not match {details['pattern']}"
    return _short(error.message)


def _quoted(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def _load(file_name: str) -> Topic:
    where = f"topics/{file_name}"
    data = yaml.safe_load((topics_folder() / file_name).read_bytes())
    if not isinstance(data, dict):
        raise SettingsError(f"{where} is not a mapping of keys to values.")
    if unknown := sorted(set(data) - _KEYS, key=str):
        raise SettingsError(
            f"{where} has unknown keys: {', '.join(map(str, unknown))}. Known: {', '.join(sorted(_KEYS))}."
        )
    try:
        schema, headers = data.get("schema"), data.get("headers")
        return Topic(
            name=file_name.removesuffix(".yaml"),
            description=data["description"].strip(),
            owner=data["owner"],
            key=data["key"],
            schema=schema and schema["name"],
            schema_version=schema and schema["version"],
            event_class=data.get("class"),
            headers=headers and headers["name"],
            headers_version=headers and headers["version"],
            partitions=data["partitions"],
            replication=data["replication"],
            retention_ms=_milliseconds(data["retention"]),
            cleanup_policy=data["cleanup_policy"],
            compaction_lag_ms=_milliseconds(data["compaction_lag"]) if "compaction_lag" in data else None,
            max_message_bytes=data["max_message_bytes"],
            producers=tuple(data["producers"]),
            consumers=tuple(data["consumers"]),
            examples=tuple(data["examples"]),
        )
    except KeyError as error:
        raise SettingsError(f"{where} lacks the key {error}.") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise SettingsError(f"{where} has a value of the wrong kind: {error}.") from error


def _milliseconds(retention: str) -> int:
    """`30d` -> milliseconds; `forever` -> `FOREVER`."""
    return FOREVER if retention == "forever" else int(retention.removesuffix("d")) * _DAY
