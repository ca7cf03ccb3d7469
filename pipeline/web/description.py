"""The API's description: `openapi.yaml`, with the records' schemas of `topics/schemas` in their places."""

from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from pipeline.streams.schemas import inlined, load_schemas


@cache
def description() -> dict[str, Any]:
    """OpenAPI 3.1, needing nothing beside it."""
    found: dict[str, Any] = yaml.safe_load((files("pipeline.web") / "openapi.yaml").read_bytes())
    schemas = found["components"]["schemas"]
    for name, schema in schemas.items():
        if schema.get("$ref") in load_schemas():
            schemas[name] = inlined(schema["$ref"])
    return found
