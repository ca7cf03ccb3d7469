"""The JSON Schemas in `topics/schemas/`: read from the package, compiled, inlined. Nothing is ever fetched.

A schema is named `<name>.v<version>.json` and refers to the others by file name (`values.v1.json#/$defs/span`), so
any tool that is given the folder reads them too. The library would fetch what it does not find over the network:
the registry here holds the folder and nothing else, and its retriever raises.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, NoReturn

import jsonschema_rs
import orjson

from pipeline.errors import SettingsError

Schema = dict[str, Any]

_BASE = "eventwire:/schemas/"  # what file names in `$ref` are relative to; never resolved by anyone
_NOTES = {"title", "description", "examples", "default", "$comment"}  # say something to people, nothing to validators


def topics_folder() -> Traversable:
    """`topics/` of a checkout, or its copy in the installed package."""
    return files("pipeline") / "_topics"


@cache
def load_schemas() -> Mapping[str, Schema]:
    """File name (`news-event.v1.json`) to schema, for all of `topics/schemas/`."""
    folder = topics_folder() / "schemas"
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".json"))
    return {name: orjson.loads((folder / name).read_bytes()) for name in names}


def compile_schema(schema: Schema) -> jsonschema_rs.Draft202012Validator:
    """A validator for `schema`, whose `$ref`s name files of `topics/schemas/`. Formats are checked.

    Raises `SettingsError` if it is not a valid schema or refers to something that isn't there.
    """
    try:
        return jsonschema_rs.Draft202012Validator(
            schema,
            registry=_registry(),
            retriever=_refuse,
            base_uri=_BASE,
            validate_formats=True,
            ignore_unknown_formats=False,
        )
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        raise SettingsError(f"A schema in topics/schemas can't be used: {str(error).splitlines()[0]}") from error


@cache
def _registry() -> jsonschema_rs.Registry:
    return jsonschema_rs.Registry(
        [(_BASE + name, schema) for name, schema in load_schemas().items()], retriever=_refuse
    )


def _refuse(uri: str) -> NoReturn:
    raise ValueError(f"{uri} is not a file of topics/schemas, and nothing is fetched")


def inlined(file_name: str) -> Schema:
    """The schema with every `$ref` replaced by what it refers to: one value that needs nothing beside it.

    It accepts the same values. Only keywords that draft-07 has too are left, so that AsyncAPI tools, which read
    draft-07, understand it. Raises `SettingsError` where a `$ref` stands beside a keyword that it can't be merged with.
    """
    flat: Schema = _inline(load_schemas()[file_name], file_name)
    return flat


def _inline(node: Any, file_name: str) -> Any:
    if isinstance(node, list):
        return [_inline(item, file_name) for item in node]
    if not isinstance(node, dict):
        return node
    own = {key: _inline(value, file_name) for key, value in node.items() if key not in ("$ref", "$defs", "$schema")}
    if own.pop("unevaluatedProperties", None) is False:  # after merging, all properties stand in one place
        own["additionalProperties"] = False
    if "$ref" not in node:
        return own
    other, _, pointer = node["$ref"].partition("#")
    other = other or file_name
    target = load_schemas()[other]
    for part in pointer.strip("/").split("/") if pointer else ():
        target = target[part]
    return _merge(_inline(target, other), own, where=f"{file_name}: {node['$ref']}")


def _merge(below: Schema, above: Schema, *, where: str) -> Schema:
    """What `above` says beside a reference to `below`, as one schema."""
    merged = dict(below)
    for key, value in above.items():
        if key == "properties":
            merged[key] = {**below.get(key, {}), **value}
        elif key == "required":
            merged[key] = [*below.get(key, []), *value]
        elif key in _NOTES or key not in below:
            merged[key] = value
        else:
            raise SettingsError(f"topics/schemas/{where} stands beside {key!r}, which the schema it names has too.")
    return merged
