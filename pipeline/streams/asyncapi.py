"""The AsyncAPI 3.0 document: everything a subscriber needs to know, generated from `topics/`.

One channel a topic with its Kafka settings, one message with key, headers, payload schema and examples, and what each
stage receives and sends. Schemas are inlined under `components`: the document needs no file beside it.
https://www.asyncapi.com/docs/reference/specification/v3.0.0
"""

from importlib.metadata import version
from typing import Any

import orjson
import yaml

from pipeline.streams.schemas import inlined, load_schemas
from pipeline.streams.topics import OUTSIDE, Topic, example, load_topics

Document = dict[str, Any]

_KAFKA = {"bindingVersion": "0.5.0"}
_BYTES = {"description": "The original's bytes, whatever they are: often JSON, not always."}


def asyncapi(*, brokers: str = "127.0.0.1:9092", security_protocol: str = "PLAINTEXT", prefix: str = "") -> Document:
    """The document as plain values. `prefix` is put before every topic name; the first of `brokers` is the server."""
    topics = load_topics().values()
    return {
        "asyncapi": "3.0.0",
        "id": "urn:eventwire",
        "info": {
            "title": "Eventwire",
            "version": version("eventwire"),
            "description": "Self-hosted news intelligence as a stream: news articles in, typed and evidenced events "
            "out. Delivery is at least once; equal records have equal ids (`ce_id`, `event_id`).",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"kafka": _server(brokers, security_protocol)},
        "channels": {topic.name: _channel(topic, prefix) for topic in topics},
        "operations": {name: operation for topic in topics for name, operation in _operations(topic).items()},
        "components": {
            "schemas": {name.removesuffix(".json"): inlined(name) for name in load_schemas() if _is_whole(name)},
            "messages": {topic.name: _message(topic) for topic in topics},
        },
    }


def as_yaml(document: Document) -> str:
    """The document as YAML, each value written out where it stands (no anchors)."""
    return yaml.dump(document, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=120)


class _Plain(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _is_whole(schema_file: str) -> bool:
    """Whether a schema describes something that is written, rather than parts of it."""
    return "$defs" not in (schema := load_schemas()[schema_file]) or "type" in schema or "$ref" in schema


def _server(brokers: str, security_protocol: str) -> Document:
    server = {"host": brokers.split(",")[0].strip(), "protocol": "kafka"}
    if "SSL" in security_protocol:
        server["protocol"] = "kafka-secure"
    return {**server, "description": f"Kafka, {security_protocol}. Bootstrap: {brokers}"}


def _channel(topic: Topic, prefix: str) -> Document:
    return {
        "address": prefix + topic.name,
        "title": topic.name,
        "description": topic.description,
        "messages": {"message": {"$ref": f"#/components/messages/{topic.name}"}},
        "servers": [{"$ref": "#/servers/kafka"}],
        "bindings": {
            "kafka": {
                "topic": prefix + topic.name,
                "partitions": topic.partitions,
                "replicas": topic.replication,
                "topicConfiguration": {
                    "cleanup.policy": topic.cleanup_policy.split(","),
                    "retention.ms": topic.retention_ms,
                    "max.message.bytes": topic.max_message_bytes,
                },
                **_KAFKA,
            }
        },
    }


def _operations(topic: Topic) -> dict[str, Document]:
    """What the stages do with the topic: `language-receives-news.articles.raw` ..."""
    channel = {"$ref": f"#/channels/{topic.name}"}
    messages = [{"$ref": f"#/channels/{topic.name}/messages/message"}]
    return {
        f"{stage}-{action}s-{topic.name}": {
            "action": action,
            "channel": channel,
            "title": f"{stage} {action}s {topic.name}",
            "messages": messages,
        }
        for action, stages in (("receive", topic.consumers), ("send", topic.producers))
        for stage in stages
        if stage != OUTSIDE
    }


def _message(topic: Topic) -> Document:
    message: Document = {
        "name": topic.name,
        "title": topic.schema or "dead letter",
        "summary": topic.description,
        "contentType": "application/json" if topic.schema else "application/octet-stream",
        "payload": _payload(topic),
        "bindings": {"kafka": {"key": {"type": "string", "description": f"{topic.key}, in UTF-8."}, **_KAFKA}},
        "examples": [_example(topic, file_name) for file_name in topic.examples],
    }
    if topic.headers_file:
        message["headers"] = {"$ref": _component(topic.headers_file)}
    return message


def _payload(topic: Topic) -> Document:
    if topic.schema_file is None:
        return _BYTES
    record = {"$ref": _component(topic.schema_file)}
    if topic.event_class is None:
        return record
    return {"allOf": [record, {"properties": {"class": {"const": topic.event_class}}}]}


def _component(schema_file: str) -> str:
    return f"#/components/schemas/{schema_file.removesuffix('.json')}"


def _example(topic: Topic, file_name: str) -> Document:
    value = orjson.loads(example(topic, file_name))
    name = file_name.removesuffix(".json")
    if topic.schema is None:
        return {"name": name, "headers": value["headers"], "payload": value["value"]}
    return {"name": name, "payload": value}
