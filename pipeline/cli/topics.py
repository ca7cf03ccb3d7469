"""`eventwire topics`: show what `topics/` declares, make it on a cluster, compare a cluster with it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.options import Brokers

if TYPE_CHECKING:
    from pipeline.streams.topics import Topic

app = typer.Typer(
    help="Show the declared topics, create them on Kafka, compare a cluster with them.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

# As in the other commands, and in short: here the prefix is what one often wants to say.
Prefix = Annotated[
    str | None, typer.Option("--topic-prefix", "--prefix", help='Stands before every topic name, e.g. "replay.r1.".')
]
Replication = Annotated[
    int | None,
    typer.Option(min=1, help="Copies of each partition instead of the declared number; 1 for a single broker."),
]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the declared topics.

    Example: eventwire topics list
    """
    from pipeline.streams.topics import load_topics

    topics = list(load_topics().values())
    if as_json:
        _print_json([_as_dict(topic) for topic in topics])
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("topic", "schema", "from", "to"):
        table.add_column(heading, no_wrap=True)
    for heading in ("partitions", "kept", "largest"):
        table.add_column(heading, no_wrap=True, justify="right")
    for topic in topics:
        table.add_row(
            topic.name,
            topic.schema_file.removesuffix(".json") if topic.schema_file else "(the original's bytes)",
            ", ".join(topic.producers),
            ", ".join(topic.consumers),
            str(topic.partitions),
            _kept(topic.retention_ms),
            f"{topic.max_message_bytes >> 20} MiB",
        )
    width = max(Console().width, 110)  # never cut: names are there to be copied
    Console(width=width).print(table)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A topic, as `eventwire topics list` names it.")],
    as_json: AsJson = False,
) -> None:
    """Show one topic: what stands on it, its settings, its fields and examples.

    Example: eventwire topics show news.events.deal
    """
    from pipeline.streams.schemas import inlined
    from pipeline.streams.topics import example, find_topic

    topic = find_topic(name)
    schema = inlined(topic.schema_file) if topic.schema_file else None
    headers = inlined(topic.headers_file) if topic.headers_file else None
    if as_json:
        import orjson

        examples = {file_name: orjson.loads(example(topic, file_name)) for file_name in topic.examples}
        _print_json({**_as_dict(topic), "value_schema": schema, "headers_schema": headers, "examples": examples})
        return
    print(f"{topic.name}\n\n{topic.description}\n")
    facts = {
        "key": topic.key,
        "from": ", ".join(topic.producers),
        "to": ", ".join(topic.consumers),
        "partitions": f"{topic.partitions}, {topic.replication} copies of each",
        "kept": f"{_kept(topic.retention_ms)} (cleanup.policy {topic.cleanup_policy}{_whole(topic)})",
        "largest": f"{topic.max_message_bytes >> 20} MiB",
        "schema": topic.schema_file or "none: the original's bytes",
    }
    if topic.event_class:
        facts["class"] = topic.event_class
    print("\n".join(f"{name:<11} {value}" for name, value in facts.items()))
    for title, described in (("fields", schema), ("headers", headers)):
        if described:
            print(f"\n{title} (* always there)")
            _print_fields(described)
    print("\nexamples: " + ", ".join(topic.examples) + "   (contents: --json)")


@app.command()
def create(
    brokers: Brokers = None,
    prefix: Prefix = None,
    replication: Replication = None,
    grow: Annotated[
        bool,
        typer.Option(
            "--grow",
            help="Raise partitions, retention and message size of existing topics to what is declared. With more "
            "partitions, keys move: messages with one key are in order only from then on.",
        ),
    ] = False,
) -> None:
    """Create the declared topics that are missing. Existing topics are left as they are, and never made smaller.

    \b
    Examples: eventwire topics create --brokers kafka:9092 --replication 1
              eventwire topics create --prefix replay.r1.
    """
    from pipeline.broker.admin import create_topics
    from pipeline.settings import load_settings

    settings = load_settings(brokers=brokers, topic_prefix=prefix)
    done = create_topics(settings, replication=replication, grow=grow)
    for name in done.created:
        print(f"created {name}")
    for difference in done.grown:
        print(f"grown {difference.topic}: {difference.what} {difference.found} -> {difference.declared}")
    for difference in done.differences:
        print(f"left as it is: {difference}")
    print(f"{len(done.created)} created, {len(done.grown)} settings grown, {len(done.differences)} differences left")


@app.command()
def check(brokers: Brokers = None, prefix: Prefix = None, replication: Replication = None) -> None:
    """Compare a cluster with the declared topics. Exit code 1 if anything differs.

    Example: eventwire topics check --brokers kafka:9092
    """
    from pipeline.broker.admin import check_topics
    from pipeline.settings import load_settings
    from pipeline.streams.topics import load_topics

    settings = load_settings(brokers=brokers, topic_prefix=prefix)
    differences = check_topics(settings, replication=replication)
    if not differences:
        print(f"All {len(load_topics())} topics at {settings.brokers} are as declared.")
        return
    topic = None
    for difference in differences:
        if difference.topic != topic:
            topic = difference.topic
            print(topic)
        if difference.declared:
            print(f"  - {difference.what}: {difference.declared}\n  + {difference.what}: {difference.found}")
        else:
            print(f"  {difference.what}")
    print(f"\n{len(differences)} differences (- declared, + on the cluster). `eventwire topics create` makes what is")
    print("missing, `--grow` raises what is too small; it never makes anything smaller.")
    raise typer.Exit(1)


@app.command()
def asyncapi(
    prefix: Prefix = None,
    brokers: Brokers = None,
    format_: Annotated[str, typer.Option("--format", help="yaml or json.")] = "yaml",
) -> None:
    """Print an AsyncAPI 3.0 document of all topics: channels, keys, headers, schemas, examples, Kafka settings.

    Example: eventwire topics asyncapi > eventwire.asyncapi.yaml
    """
    from pipeline.settings import load_settings
    from pipeline.streams import asyncapi as documents

    if format_ not in ("yaml", "json"):
        raise typer.BadParameter(f"{format_!r} is neither yaml nor json.", param_hint="--format")
    settings = load_settings(brokers=brokers, topic_prefix=prefix)
    document = documents.asyncapi(
        brokers=settings.brokers, security_protocol=settings.security_protocol, prefix=settings.topic_prefix
    )
    if format_ == "json":
        _print_json(document)
    else:
        print(documents.as_yaml(document), end="")


def _as_dict(topic: Any) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(topic)


def _print_json(value: Any) -> None:
    import orjson

    print(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


def _print_fields(schema: dict[str, Any]) -> None:
    required = set(schema.get("required", []))
    for name, field in schema["properties"].items():
        star = "*" if name in required else " "
        print(f" {star} {name:<20} {field['description']}")


def _whole(topic: "Topic") -> str:
    lag = topic.compaction_lag_ms
    return "" if lag is None else f", every message for {_kept(lag)}"


def _kept(milliseconds: int) -> str:
    return "for ever" if milliseconds < 0 else f"{milliseconds // 86_400_000} days"
