"""CloudEvents 1.0: headers on Kafka (binary mode), one line of JSON in files (structured mode), and back."""

import base64
import binascii
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from pipeline.errors import Code, InvalidInput
from pipeline.streams.message import Headers, Message, Output

JSON = b"application/json"
TEXT = b"text/plain; charset=utf-8"
BYTES = b"application/octet-stream"

# Our own headers. As CloudEvents attributes, which know no underscore: ewstage, ewcode ...
EW_HEADERS = (
    "ew_stage",
    "ew_code",
    "ew_error",
    "ew_source_topic",
    "ew_source_partition",
    "ew_source_offset",
    "ew_attempts",
    "ew_first_seen",
    "ew_trace",
)
_CE_HEADERS = ("ce_specversion", "ce_id", "ce_type", "ce_source", "ce_time", "ce_subject", "ce_dataschema")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def digest(*parts: bytes) -> str:
    """32 hexadecimal digits that stand for `parts`: equal parts, equal digest, on every machine."""
    hasher = hashlib.sha256()
    for part in parts:
        hasher.update(len(part).to_bytes(8, "big"))
        hasher.update(part)
    return hasher.hexdigest()[:32]


def timestamp_text(moment: datetime) -> str:
    """RFC 3339, UTC, milliseconds, Z."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def milliseconds_text(milliseconds: int) -> str | None:
    """The same for milliseconds since 1970; None where that is no time (Kafka says -1 for "none")."""
    if milliseconds < 0:
        return None
    try:
        return timestamp_text(_EPOCH + timedelta(milliseconds=milliseconds))
    except OverflowError:
        return None


def header(headers: Headers, name: str) -> str | None:
    """The last header called `name`, as text; None if there is none."""
    for key, value in reversed(headers):
        if key == name:
            return value.decode("utf-8", "replace")
    return None


def header_time(headers: Headers, name: str) -> str | None:
    """A header's time, normalised as `timestamp_text` does; None if it is missing or no RFC 3339 time."""
    raw = header(headers, name)
    if raw is None:
        return None
    try:
        moment = datetime.fromisoformat(raw)
        return timestamp_text(moment) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def cloudevent_headers(
    *, id: str, type: str, source: str, time: str, subject: str, dataschema: str, trace: str
) -> Headers:
    """The headers of one record, in CloudEvents' Kafka binary mode, and `ew_trace`."""
    return (
        ("ce_specversion", b"1.0"),
        ("ce_id", id.encode()),
        ("ce_type", type.encode()),
        ("ce_source", source.encode()),
        ("ce_time", time.encode()),
        ("ce_subject", subject.encode()),
        ("ce_dataschema", dataschema.encode()),
        ("content-type", JSON),
        ("ew_trace", trace.encode()),
    )


def structured_line(output: Output) -> bytes:
    """`output` as one CloudEvent in structured JSON, with its line feed.

    The record stands under `data`, the key under `partitionkey`. A dead letter is a CloudEvent of its own: `data` is
    the original as text, or `data_base64` where it isn't UTF-8, and `ewheaders` (JSON, base64 values) holds the
    original's headers. `read_structured` gives the message back, byte for byte.
    """
    values = {name: value.decode("utf-8", "replace") for name, value in output.headers}
    line = _dead_letter(output, values) if "ew_code" in values else _record(output, values)
    line.update(_key(output.key))
    line.update({name.replace("_", ""): values[name] for name in EW_HEADERS if name in values})
    if output.value is not None:
        line.update(_data(output.value, line["datacontenttype"]))
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def _record(output: Output, values: dict[str, str]) -> dict[str, Any]:
    line: dict[str, Any] = {name.removeprefix("ce_"): values[name] for name in _CE_HEADERS if name in values}
    line["datacontenttype"] = values.get("content-type", JSON.decode())
    return line


def _dead_letter(output: Output, values: dict[str, str]) -> dict[str, Any]:
    stage = values["ew_stage"]
    identity = (values["ew_trace"].encode(), values["ew_attempts"].encode(), output.value or b"")
    try:
        (output.value or b"").decode()
        kind = TEXT
    except UnicodeDecodeError:
        kind = BYTES
    line: dict[str, Any] = {
        "specversion": "1.0",
        "id": digest(output.topic.encode(), *identity),
        "type": f"eventwire.deadletters.{stage}.v1",
        "source": f"eventwire/{stage}",
        "time": values["ew_first_seen"],
        "datacontenttype": kind.decode(),
    }
    originals = [[n, base64.b64encode(v).decode()] for n, v in output.headers if n not in EW_HEADERS]
    return {**line, "ewheaders": orjson.dumps(originals).decode()} if originals else line


def _key(key: bytes | None) -> dict[str, str]:
    if key is None:
        return {}
    try:
        return {"partitionkey": key.decode()}
    except UnicodeDecodeError:
        return {"ewkeybase64": base64.b64encode(key).decode()}


def _data(value: bytes, kind: str) -> dict[str, Any]:
    if kind == JSON.decode():
        return {"data": orjson.Fragment(value)}
    if kind == TEXT.decode():
        return {"data": value.decode()}
    return {"data_base64": base64.b64encode(value).decode()}


def read_structured(line: bytes, *, topic: str | None = None, offset: int = 0) -> Message:
    """The message that `structured_line` wrote, as if it had been read from Kafka.

    `topic` is the name of the file that the line stands in; without it the topic (without prefix) is read from the
    CloudEvent's type. Raises `InvalidInput` for a line that is no CloudEvent of ours.
    """
    try:
        event = orjson.loads(line)
        kind = event["datacontenttype"]
        if "data_base64" in event:
            value: bytes | None = base64.b64decode(event["data_base64"], validate=True)
        elif "data" not in event:
            value = None
        else:
            value = event["data"].encode() if kind == TEXT.decode() else orjson.dumps(event["data"])
        ours = tuple(
            (name, event[name.replace("_", "")].encode()) for name in EW_HEADERS if name.replace("_", "") in event
        )
        if "ewcode" in event:
            originals = orjson.loads(event.get("ewheaders", "[]"))
            headers: Headers = tuple((name, base64.b64decode(text)) for name, text in originals)
        else:
            known = ((name, event.get(name.removeprefix("ce_"))) for name in _CE_HEADERS)
            headers = (*((name, text.encode()) for name, text in known if text), ("content-type", kind.encode()))
        key = base64.b64decode(event["ewkeybase64"]) if "ewkeybase64" in event else event.get("partitionkey")
        return Message(
            topic=topic or topic_of_type(event["type"]),
            partition=0,
            offset=offset,
            key=key.encode() if isinstance(key, str) else key,
            value=value,
            headers=headers + ours,
            timestamp=int(datetime.fromisoformat(event["time"]).timestamp() * 1000),
        )
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error) as error:
        raise InvalidInput(Code.NOT_JSON, f"not a line that Eventwire wrote: {type(error).__name__} {error}") from None


def topic_of_type(kind: str) -> str:
    """The topic of a `ce_type`: `eventwire.events.deal.acquisition.v1` -> `news.events.deal`."""
    return "news." + ".".join(kind.removeprefix("eventwire.").split(".")[:2])
