"""The records of a run, read back: from its topics, from its folder, or those of the live topics."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from pipeline.broker.client import Client
from pipeline.errors import SettingsError
from pipeline.history import runs
from pipeline.history.runs import Run
from pipeline.local.outputs import output_files, read_outputs
from pipeline.settings import Settings
from pipeline.streams.message import Message

logger = logging.getLogger(__name__)

LIVE = "live"

Named = tuple[str, Message]  # the topic's name as it is declared, without any prefix


class Records(Protocol):
    """What stands on a run's topics. `run` is None where no replay wrote it."""

    @property
    def name(self) -> str: ...

    @property
    def run(self) -> Run | None: ...

    def read(self, topics: Sequence[str], *, since: datetime | None = None) -> Iterator[Named]:
        """The messages of `topics` (declared names), in order within a partition. `since`: on Kafka, written then or
        later."""


@dataclass(frozen=True)
class FolderRecords:
    """A folder of `eventwire run --out` or `eventwire replay --out`."""

    name: str
    folder: Path
    run: Run | None

    def read(self, topics: Sequence[str], *, since: datetime | None = None) -> Iterator[Named]:
        wanted = set(topics)
        for message in read_outputs(self.folder, lambda topic: _declared(topic) in wanted, complain=logger.warning):
            yield _declared(message.topic), message


@dataclass(frozen=True)
class KafkaRecords:
    """The topics below the prefix of `client`."""

    name: str
    client: Client
    run: Run | None

    def read(self, topics: Sequence[str], *, since: datetime | None = None) -> Iterator[Named]:
        prefix = self.client.settings.topic_prefix
        for message in self.client.read([prefix + topic for topic in topics], start=since or "begin"):
            yield message.topic.removeprefix(prefix), message


def _declared(topic: str) -> str:
    return topic[max(0, topic.find("news.")) :]


@contextmanager
def records_of(name: str, settings: Settings, *, live: bool = True) -> Iterator[Records]:
    """The records of a run: a folder, the name of a run on Kafka, or `live` for the topics without a replay's prefix.

    Raises `SettingsError` if there is no such run, `BrokerError` if Kafka can't be reached.
    """
    folder = Path(name)
    if (folder.is_dir() or "/" in name) and not (name == LIVE and live):
        output_files(folder)
        yield FolderRecords(name, folder, runs.read_folder(folder))
    else:
        with kafka_records(name, settings, live=live) as records:
            yield records


@contextmanager
def kafka_records(name: str, settings: Settings, *, live: bool = True) -> Iterator[KafkaRecords]:
    """`records_of` for what stands on Kafka, whatever folders there are."""
    if name == LIVE and live:
        with Client(settings) as client:
            yield KafkaRecords(name, client, None)
        return
    with Client(settings) as client:
        run = runs.read(client, name)
    with Client(runs.settings_of(settings, name)) as client:
        yield KafkaRecords(name, client, run)


def finished(records: Records) -> Run:
    """The run, if it is one that came to its end. Raises `SettingsError`."""
    run = records.run
    if run is None:
        raise SettingsError(
            f"{records.name} was not written by `eventwire replay`: nobody knows what it was made from."
        )
    if run.state != "done":
        raise SettingsError(f"The run {records.name} is not finished ({run.state}): go on with it by --resume first.")
    return run
