"""What a replay is made of and how far it is: the run's description, kept with its records.

On Kafka it stands on a compacted topic of its own (`replay.<run>.run`), which is made first and only once: two replays
can't have one name. In a folder it is the file `run.json`.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import orjson

from pipeline.broker.admin import create_topics, delete_topics
from pipeline.broker.client import Client, Writer
from pipeline.broker.members import segment_groups
from pipeline.errors import SettingsError
from pipeline.flow import FLOW
from pipeline.local.folder import JOURNAL, LOCK
from pipeline.local.outputs import SUFFIX
from pipeline.records import from_json, to_json
from pipeline.settings import Settings
from pipeline.streams.message import Output
from pipeline.streams.topics import FOREVER, Topic, load_topics

RAW = FLOW[0].reads
FILE = "run.json"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,39}")  # no dot: it ends the name in a topic's name
_TOPIC = "run"
_KEY = b"run"

State = Literal["running", "stopped", "done"]
By = Literal["published", "ingested"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """All that decides a run's bytes, its input aside. `digest`: of the model's files, SHA-256."""

    version: str  # of eventwire
    model: str | None = None  # its folder; None: the shipped one
    types: str | None = None  # folder of the users' own event types
    types_digest: str | None = None  # of all that events depend on in it
    repeated_blocks: str | None = None  # file
    packages: tuple[tuple[str, str], ...] = ()  # spaCy packages in place of the model, by language
    digest: str
    language: str
    entities: str | None = None
    events: str | None = None
    max_text: int
    max_html: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Which messages a run takes: fixed when it begins, so that it is the same when it goes on.

    `archive`: its root; None: `topic` on Kafka. `partitions`: number, first offset, end offset (exclusive).
    `since`, `before`: RFC 3339; `by`: which time they mean.
    """

    archive: str | None = None
    topic: str
    partitions: tuple[tuple[int, int, int], ...]
    since: str | None = None
    before: str | None = None
    by: By = "published"
    where: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A replay. `earliest`: Kafka's time of the first message that it takes. `counts`: messages written so far, by
    what they are: raw, classified, dead_lettered, events."""

    name: str
    state: State
    pinned: Pinned
    taken: Taken
    speed: str = "max"
    earliest: str | None = None
    created_at: str
    finished_at: str | None = None
    counts: dict[str, int] = field(default_factory=dict)


def check_name(name: str) -> str:
    """Raises `SettingsError` for what can't be a run's name."""
    if not _NAME.fullmatch(name) or name == "live":
        raise SettingsError(
            f"{name!r} can't be the name of a run: letters, digits and dashes, 40 at most (and not live)."
        )
    return name


def _read(data: bytes | None, where: str) -> Run:
    try:
        run = from_json(Run, orjson.loads(data or b""))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise SettingsError(
            f"{where} does not describe a run ({type(error).__name__}: {error}). Delete the run and make it again."
        ) from None
    return run


def _bytes(run: Run) -> bytes:
    return orjson.dumps(to_json(run), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


# -- in a folder


def read_folder(folder: Path) -> Run | None:
    """The run whose records are in `folder`; None without a `run.json`. Raises `SettingsError` for a damaged one."""
    path = folder / FILE
    try:
        return _read(path.read_bytes(), str(path))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise SettingsError(f"{path} can't be read: {error.strerror}.") from error


def save_folder(folder: Path, run: Run) -> None:
    """Write `run.json`, whole or not at all."""
    path, draft = folder / FILE, folder / f".{FILE}.new"
    try:
        with draft.open("wb") as file:
            file.write(_bytes(run))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise SettingsError(f"{path} can't be written: {error.strerror}.") from error


def runs_below(folder: Path) -> Iterator[tuple[Path, Run]]:
    """The runs in `folder` itself and in the folders in it, in the order of their names."""
    if not folder.is_dir():
        raise SettingsError(f"There is no folder {folder}.")
    for path in (folder, *sorted(child for child in folder.iterdir() if child.is_dir())):
        if run := read_folder(path):
            yield path, run


def delete_folder(folder: Path) -> None:
    """Remove a run's files from its folder, and the folder if nothing else is in it.

    Raises `SettingsError` for a folder that no replay wrote.
    """
    if read_folder(folder) is None:
        raise SettingsError(f"{folder} holds no run ({FILE} is not there): nothing was deleted.")
    topics = [path for path in folder.glob(f"*{SUFFIX}") if "news." in path.name]
    # The description goes last: a folder that is half deleted is still known as a run's.
    for path in (*topics, folder / JOURNAL, folder / LOCK, folder / FILE):
        path.unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()


# -- on Kafka


def prefix_of(settings: Settings, name: str) -> str:
    """What stands before the names of a run's topics."""
    return f"{settings.topic_prefix}replay.{name}."


def settings_of(settings: Settings, name: str) -> Settings:
    """Settings for the topics of this run."""
    return replace(settings, topic_prefix=prefix_of(settings, name))


def create(settings: Settings, run: Run, *, replication: int | None = None) -> None:
    """Make the run's topics, and save it. Raises `SettingsError` if there is a run of this name.

    Topics are as declared, but keep everything: messages carry their old times, so that Kafka would delete them at
    once, and `verify` compares every record. The raw topic has the partitions of the one that is replayed, the others
    no more than it.
    """
    ours = settings_of(settings, run.name)
    about = replace(load_topics()[RAW], name=_TOPIC, partitions=1, retention_ms=FOREVER, cleanup_policy="compact")
    # First, since only one of two replays can create it.
    if not create_topics(ours, topics={_TOPIC: about}, replication=replication).created:
        raise exists(run.name)
    save(settings, run)
    make_topics(settings, run, replication=replication)


def make_topics(settings: Settings, run: Run, *, replication: int | None = None) -> None:
    """Make those of the run's topics that are missing."""
    create_topics(settings_of(settings, run.name), topics=_topics(run.taken), replication=replication)


def exists(name: str) -> SettingsError:
    return SettingsError(
        f"There is a run {name} already. To go on with it: eventwire replay --run {name} --resume. "
        f"To make it anew: eventwire replay delete {name}, or choose another name."
    )


def _topics(taken: Taken) -> Mapping[str, Topic]:
    count = 1 + max(number for number, _, _ in taken.partitions)
    topics = {}
    for name, topic in load_topics().items():
        partitions = count if name == RAW else min(topic.partitions, count)
        size = topic.max_message_bytes + 1024  # a raw message gets a header more than it had
        topics[name] = replace(
            topic, partitions=partitions, retention_ms=FOREVER, cleanup_policy="delete", max_message_bytes=size
        )
    return topics


def save(settings: Settings, run: Run) -> None:
    """Write the description to its topic."""
    with Writer(settings) as writer:
        writer.write(Output(topic=prefix_of(settings, run.name) + _TOPIC, key=_KEY, value=_bytes(run)))


def read(client: Client, name: str) -> Run:
    """Raises `SettingsError` for a run that isn't there or was never finished being made."""
    topic = prefix_of(client.settings, check_name(name)) + _TOPIC
    if topic not in client.topics():
        known = ", ".join(names(client)) or "none"
        raise SettingsError(f"There is no run {name} on Kafka at {client.settings.brokers} (runs there: {known}).")
    value = None
    for message in client.read([topic]):
        value = message.value
    if value is None:
        raise SettingsError(
            f"The run {name} was interrupted while it was being made: eventwire replay delete {name}, then start anew."
        )
    return _read(value, f"the topic {topic}")


def names(client: Client) -> list[str]:
    """The runs that there are below our topic prefix."""
    pattern = re.compile(re.escape(f"{client.settings.topic_prefix}replay.") + rf"({_NAME.pattern})\.{_TOPIC}")
    return sorted(found[1] for topic in client.topics() if (found := pattern.fullmatch(topic)))


def on_kafka(client: Client) -> Iterator[tuple[str, Run | None]]:
    """The runs by name. None: it is just being made, or was killed while it was."""
    for name in names(client):
        try:
            yield name, read(client, name)
        except SettingsError:
            yield name, None


def delete(settings: Settings, name: str) -> int:
    """Delete the run's topics and its workers' group; how many topics. Raises `SettingsError` if there are none."""
    prefix = prefix_of(settings, check_name(name))
    with Client(settings) as client:
        topics = sorted(topic for topic in client.topics() if topic.startswith(prefix))
        if not topics:
            read(client, name)
    ours = settings_of(settings, name)
    about = prefix + _TOPIC
    delete_topics(settings, [topic for topic in topics if topic != about], groups=list(segment_groups(ours)))
    delete_topics(settings, [about])  # last: what is half deleted can be deleted again
    return len(topics)
