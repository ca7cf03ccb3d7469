"""The schemas: true JSON Schema without typos, described, and field by field what `pipeline/records` says."""

import copy
import json
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import jsonschema_rs
import pytest

from pipeline.errors import Code, SettingsError
from pipeline.records import from_json, to_json
from pipeline.records.codec import RENAMED
from pipeline.streams.schemas import compile_schema, inlined, load_schemas
from tests.topics.records import FULL, MINIMAL

SCHEMAS = load_schemas()
RECORDS = sorted(FULL)
# Every keyword a schema here may use. JSON Schema ignores unknown keywords, so a typo would void a rule silently.
# All of them, but unevaluatedProperties and $defs (which `inlined` takes away), mean the same in draft-07.
KEYWORDS = {
    *("$schema", "$ref", "$defs", "$comment", "title", "description", "examples", "default"),
    *("type", "enum", "const", "format", "pattern", "minLength", "maxLength", "minimum", "maximum"),
    *("properties", "required", "additionalProperties", "unevaluatedProperties", "items", "minItems", "maxItems"),
    *("allOf", "not", "if", "then"),
}
FORMATS = {"date-time", "uri", "uri-reference"}


def subschemas(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema inside `schema`, itself included, with where it stands."""
    yield path, schema
    for key, value in schema.items():
        if key in ("properties", "$defs"):
            for name, inner in value.items():
                yield from subschemas(inner, f"{path}/{key}/{name}")
        elif key in ("items", "not", "if", "then"):
            yield from subschemas(value, f"{path}/{key}")
        elif key == "allOf":
            for index, inner in enumerate(value):
                yield from subschemas(inner, f"{path}/allOf/{index}")


ALL = [(f"{name}#{path}", schema) for name, root in SCHEMAS.items() for path, schema in subschemas(root)]


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_valid_by_its_meta_schema(name: str) -> None:
    assert SCHEMAS[name]["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema_rs.meta.validate(SCHEMAS[name])
    compile_schema({"$ref": name})


def test_schemas_have_no_keyword_that_a_validator_would_ignore() -> None:
    assert {where: set(schema) - KEYWORDS for where, schema in ALL if set(schema) - KEYWORDS} == {}


def test_formats_are_checked_ones() -> None:
    assert {schema["format"] for _, schema in ALL if "format" in schema} <= FORMATS


def test_no_two_keys_of_one_object_are_the_same() -> None:
    from pipeline.streams.schemas import topics_folder

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        assert len(names) == len(set(names)), names
        return dict(pairs)

    for name in SCHEMAS:
        json.loads((topics_folder() / "schemas" / name).read_text("utf-8"), object_pairs_hook=once)


def test_every_schema_and_property_is_described() -> None:
    for name, schema in SCHEMAS.items():
        assert len(schema["title"]) > 3, name
        assert schema["description"].endswith("."), name
        if name != "values.v1.json" and not name.endswith("-headers.v1.json"):
            assert schema["examples"], name
    for name in SCHEMAS:
        if name == "values.v1.json":
            for title, value in SCHEMAS[name]["$defs"].items():
                assert value["title"], title
                assert value["description"].endswith("."), title
        for where, schema in subschemas(inlined(name)):
            if "/if" in where or "/then" in where:
                continue
            for title, value in schema.get("properties", {}).items():
                assert value.get("description", "").endswith("."), f"{name}#{where}: {title}"


def test_required_properties_exist() -> None:
    for name in SCHEMAS:
        for where, schema in subschemas(inlined(name)):
            if "properties" in schema and "/if" not in where and "/then" not in where:
                assert set(schema.get("required", [])) <= set(schema["properties"]), f"{name}#{where}"


def test_what_we_write_is_strict() -> None:
    """Every object of the records we write refuses unknown fields; metadata is the sender's."""
    for name in SCHEMAS:
        if name.startswith(("raw-article", "values")) or name.endswith("-headers.v1.json"):
            continue
        for where, schema in subschemas(inlined(name)):
            if schema.get("type") == "object" and not where.endswith("/metadata"):
                assert schema.get("additionalProperties") is False, f"{name}#{where}"


def test_examples_and_defaults_in_schemas_are_valid() -> None:
    for where, schema in ALL:
        shown = [*schema.get("examples", []), *([schema["default"]] if "default" in schema else [])]
        if shown:
            file_name, _, path = where.partition("#")
            validator = compile_schema({"$ref": f"{file_name}#{path}"})
            for value in shown:
                validator.validate(value)


@pytest.mark.parametrize("records", [FULL, MINIMAL], ids=["full", "minimal"])
@pytest.mark.parametrize("name", RECORDS)
def test_a_record_is_valid_and_comes_back(name: str, records: dict[str, Any]) -> None:
    value = to_json(records[name])
    compile_schema({"$ref": name}).validate(json.loads(json.dumps(value)))
    assert from_json(type(records[name]), json.loads(json.dumps(value))) == records[name]


@pytest.mark.parametrize("name", RECORDS)
def test_a_full_record_leaves_no_field_out(name: str) -> None:
    """Else the tests above would prove less than they say."""
    assert set(to_json(FULL[name])) == set(inlined(name)["properties"])


@pytest.mark.parametrize("name", RECORDS)
def test_schema_and_record_have_the_same_fields(name: str) -> None:
    compare(type(FULL[name]), inlined(name), name, raw=name.startswith("raw-article"))


def compare(kind: Any, schema: dict[str, Any], where: str, *, raw: bool) -> None:
    """Fail unless `schema` describes values of `kind`, field by field, all the way down."""
    if get_origin(kind) in (UnionType, Union):
        (kind,) = (arg for arg in get_args(kind) if arg is not NoneType)
    types = schema["type"] if isinstance(schema.get("type"), list) else [schema.get("type")]
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        declared = {RENAMED.get(f.name, f.name): f for f in fields(kind)}
        assert set(schema["properties"]) == set(declared), where
        # to_json leaves out only what is None: everything else is always there in what we write
        always = {name for name, f in declared.items() if f.default is MISSING or f.default is not None}
        assert set(schema.get("required", [])) == (set() if raw else always), where
        for name, f in declared.items():
            compare(hints[f.name], schema["properties"][name], f"{where}.{name}", raw=raw)
            nullable = "null" in schema["properties"][name].get("type", [])
            assert nullable == (raw and f.default is None), (
                f"{where}.{name}: null is for optional fields of raw articles"
            )
        return
    if get_origin(kind) is Literal:
        assert set(schema["enum"]) == set(get_args(kind)), where
    elif get_origin(kind) is tuple:
        args = get_args(kind)
        assert types == ["array"], where
        if args[1] is not Ellipsis:
            assert schema["minItems"] == schema["maxItems"] == len(args), where
        compare(args[0], schema["items"], f"{where}[]", raw=raw)
    else:
        names = {str: "string", int: "integer", float: "number", bool: "boolean"}
        assert names.get(kind, "object") in types, where


@pytest.mark.parametrize("name", RECORDS)
def test_inlined_schemas_accept_and_reject_the_same(name: str) -> None:
    linked, flat = compile_schema({"$ref": name}), compile_schema(inlined(name))
    assert "$ref" not in json.dumps(inlined(name))
    value = to_json(FULL[name])
    variants = [value, to_json(MINIMAL[name])]
    for field in value:
        variants += [{k: v for k, v in value.items() if k != field}, {**value, field: None}, {**value, field: [{}]}]
    variants += [{**value, "typo": 1}, [], None, "text"]
    verdicts = [(linked.is_valid(v), flat.is_valid(v)) for v in variants]
    assert all(first == second for first, second in verdicts)
    assert {first for first, _ in verdicts} == {True, False}


WRONG = [
    ("raw-article.v1.json", {"action": "remove"}, "action"),
    ("raw-article.v1.json", {"action": None}, "action"),
    ("raw-article.v1.json", {"source": {"country": "Germany"}}, "source.country"),
    ("raw-article.v1.json", {"published_at": "24.09.2025"}, "published_at"),
    ("raw-article.v1.json", {"action": "delete", "id": None, "url": None}, "the top"),
    ("raw-article.v1.json", {"text": ["a", "b"]}, "text"),
    ("raw-article.v1.json", {"metadata": "none"}, "metadata"),
    ("language-article.v1.json", {"typo": 1}, "the top"),
    ("language-article.v1.json", {"models": {"language": "no digest"}}, "models.language"),
    (
        "language-article.v1.json",
        {"language": {"code": "German", "script": "Latn", "confidence": 1, "others": []}},
        "language.code",
    ),
    ("language-article.v1.json", {"produced_at": "2025-09-24T08:30:01Z"}, "produced_at"),
    ("entities-article.v1.json", {"sentences": [[0, 1, 2]]}, "sentences[0]"),
    ("entities-article.v1.json", {"dates": [{"start": 0, "end": 1, "text": "a", "date": "Friday"}]}, "dates[0].date"),
    (
        "entities-article.v1.json",
        {"amounts": [{"start": 0, "end": 1, "text": "a", "kind": "MONEY", "value": 5}]},
        "amounts[0].value",
    ),
    (
        "entities-article.v1.json",
        {"amounts": [{"start": -1, "end": 1, "text": "a", "kind": "MONEY"}]},
        "amounts[0].start",
    ),
    ("classified-article.v1.json", {"events": [{}]}, "events[0]"),
    ("classified-article.v1.json", {"events": None}, "events"),
    ("news-event.v1.json", {"type": "deal.contract"}, "type"),  # right type, other class
    ("news-event.v1.json", {"type": "financial.Unheard of"}, "type"),
    ("news-event.v1.json", {"type": "financial"}, "type"),
    ("news-event.v1.json", {"evidence": []}, "evidence"),
    ("news-event.v1.json", {"confidence": 1.2}, "confidence"),
    ("news-event.v1.json", {"trace": "somewhere"}, "trace"),
]


@pytest.mark.parametrize(("name", "change", "where"), WRONG)
def test_an_invalid_value_is_rejected_where_it_is_wrong(name: str, change: dict[str, Any], where: str) -> None:
    from pipeline.streams.topics import _path

    value = {**copy.deepcopy(to_json(FULL[name])), **change}
    for field in [field for field, content in change.items() if field in ("id", "url") and content is None]:
        del value[field]
    errors = list(compile_schema({"$ref": name}).iter_errors(value))
    assert where in {_path(error.instance_path) for error in errors}


def test_every_record_schema_has_invalid_examples() -> None:
    assert {name for name, _, _ in WRONG} == set(RECORDS)


def test_nothing_is_fetched(tmp_path: Any) -> None:
    """The library reads http:// and file:// references unless told not to."""
    (tmp_path / "a.json").write_text('{"type": "string"}')
    for reference in ("http://127.0.0.1:9/a.json", f"file://{tmp_path}/a.json", "absent.v1.json"):
        with pytest.raises(SettingsError, match="nothing is fetched"):
            compile_schema({"$ref": reference})


def test_dead_letter_codes_are_those_of_the_program() -> None:
    headers = SCHEMAS["dead-letter-headers.v1.json"]["properties"]
    assert headers["ew_code"]["enum"] == [code.value for code in Code]
