"""Records to and from plain JSON values. Schemas check shapes first: this only changes types.

A field that is None is left out. Tuples are arrays. `event_class` is `class` in JSON.
"""

from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

RENAMED = {"event_class": "class"}
_SCALARS = {str, int, float, bool}

R = TypeVar("R")


def to_json(value: Any) -> Any:
    """A record or value as dicts, lists and scalars, ready for orjson, in declaration order."""
    kind = value.__class__
    if kind in _SCALARS:  # first: a record of a long article holds thousands of offsets
        return value
    if kind is tuple:
        return [item if item.__class__ in _SCALARS else to_json(item) for item in value]
    if hasattr(kind, "__dataclass_fields__"):
        return {
            json_name: item if item.__class__ in _SCALARS else to_json(item)
            for name, json_name in _names(kind)
            if (item := getattr(value, name)) is not None
        }
    return value


def from_json(kind: type[R], data: dict[str, Any]) -> R:
    """The record that `data` (already valid by its schema) stands for. Unknown optional fields are ignored:
    within a schema version only optional fields are added, so an older reader must not fail on a newer writer.
    """
    reader: Callable[[Any], R] = _reader(kind)  # type: ignore[arg-type]  # classes are hashable
    return reader(data)


@cache
def _names(kind: Any) -> tuple[tuple[str, str], ...]:
    return tuple((f.name, RENAMED.get(f.name, f.name)) for f in fields(kind))


@cache
def _reader(kind: Any) -> Callable[[Any], Any]:
    """How a JSON value becomes a `kind`; built once for each type."""
    if isinstance(kind, type) and is_dataclass(kind):
        hints = get_type_hints(kind)
        readers = [(f.name, RENAMED.get(f.name, f.name), _reader(hints[f.name])) for f in fields(kind)]
        required = {f.name for f in fields(kind) if f.default is MISSING}

        def read_record(data: Any) -> Any:
            return kind(
                **{
                    name: read(data[json_name])
                    for name, json_name, read in readers
                    if name in required or json_name in data
                }
            )

        return read_record
    origin, args = get_origin(kind), get_args(kind)
    if origin is tuple:
        if len(args) == 2 and args[1] is Ellipsis:
            read_item = _reader(args[0])
            return lambda data: tuple(read_item(item) for item in data)
        return tuple
    if origin in (UnionType, Union):
        (inner,) = (arg for arg in args if arg is not NoneType)
        read_value = _reader(inner)
        return lambda data: None if data is None else read_value(data)
    if origin is Literal or kind in (str, int, float, bool, Any) or origin is dict:
        return lambda data: data
    raise TypeError(f"records hold no {kind}")  # a field added with a type that JSON does not have
