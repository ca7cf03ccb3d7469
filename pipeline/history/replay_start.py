"""How a replay begins, or goes on: every check first, then whatever leaves a trace."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from pipeline.broker.client import Client
from pipeline.encoder.files import open_files
from pipeline.errors import SettingsError
from pipeline.history import runs
from pipeline.history.archive_files import Store
from pipeline.history.replay import (
    Report,
    check_folder,
    check_same,
    now_text,
    pin,
    pin_alone,
    recorded_settings,
    replay_to_folder,
)
from pipeline.history.replay_kafka import only_here, published, replay_on_kafka
from pipeline.history.replay_select import Selection
from pipeline.history.replay_source import ArchiveSource, Feed, KafkaSource, Source
from pipeline.history.runs import RAW, By, Pinned, Run, Taken
from pipeline.settings import Settings
from pipeline.streams.codec import milliseconds_text, timestamp_text
from pipeline.streams.pool import Pool, Steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a new run is to take. `archive`: folder or URL; None: Kafka. `where`: of `read_where`."""

    archive: str | None = None
    since: datetime | None = None
    before: datetime | None = None
    by: By = "published"
    where: dict[str, list[str]] = field(default_factory=dict)
    speed: str = "max"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Where the archive and the model of a recorded run are now, if not where they were."""

    archive: str | None = None
    model: Path | None = None


def replay_in_folder(
    folder: Path,
    wanted: Wanted,
    settings: Settings,
    *,
    steps: Steps,
    report: Report,
    resume: bool = False,
    moved: Moved | None = None,
    name: str | None = None,
) -> Run:
    """Replay into a folder; `resume` goes on with the run that is there instead of taking what is `wanted`.

    `name`: of a new run, else the folder's.

    Raises `SettingsError`, `ModelError` or `BrokerError` before anything is written.
    """
    run = check_folder(folder, resume=resume)
    moved = moved or Moved()
    settings = recorded_settings(settings, run.pinned, moved.model) if run else settings
    mine = replace(settings, topic_prefix="")
    open_files(mine.model)
    with source_of(run.taken if run else wanted, settings, moved.archive) as source:
        taken = run.taken if run else taken_of(wanted, source)
        feed = Feed(source, taken, Selection(taken, mine))
        if run is None and feed.empty():
            raise _nothing(taken)
        with Pool(None, mine, steps=steps) as pool:
            pinned = pin(mine, pool)
            if run is None:
                run = _new(name or folder.absolute().name, wanted, feed, taken, pinned)
            else:
                check_same(run, pinned)
            run = replace(run, state="running", finished_at=None)
            return replay_to_folder(folder, run, feed, pool, mine, first_stage=steps(None)[0].name, report=report)


def replay_in_topics(
    name: str,
    wanted: Wanted,
    settings: Settings,
    *,
    steps: Steps,
    report: Report,
    resume: bool = False,
    moved: Moved | None = None,
    replication: int | None = None,
) -> Run:
    """Replay on Kafka as the run `name`; `resume` goes on with the one that is there.

    Raises `SettingsError`, `ModelError` or `BrokerError` before a topic is created.
    """
    runs.check_name(name)
    moved = moved or Moved()
    with only_here(settings, name), Client(settings) as client:
        run = None
        if resume:
            run = runs.read(client, name)
            settings = recorded_settings(settings, run.pinned, moved.model)
            runs.make_topics(settings, run, replication=replication)  # it may have been killed while making them
        elif name in runs.names(client):
            raise runs.exists(name)
        open_files(settings.model)
        with source_of(run.taken if run else wanted, settings, moved.archive) as source:
            taken = run.taken if run else taken_of(wanted, source)
            done = published(client, run) if run else None
            feed = Feed(source, taken, Selection(taken, settings), done=done)
            if run is None and feed.empty():
                raise _nothing(taken)
            pinned = pin_alone(settings, steps)
            if run is None:
                run = _new(name, wanted, feed, taken, pinned)
                runs.create(settings, run, replication=replication)
            else:
                check_same(run, pinned)
            run = replace(run, state="running", finished_at=None)
            runs.save(settings, run)
            return replay_on_kafka(run, feed, settings, steps=steps, report=report)


@contextmanager
def source_of(of: Taken | Wanted, settings: Settings, archive: str | None = None) -> Iterator[Source]:
    """The source that is to be read, or was. `archive`: where it is now."""
    topic = of.topic if isinstance(of, Taken) else settings.topic_prefix + RAW
    root = archive or of.archive
    if root is None:
        with Client(settings) as client:
            yield KafkaSource(client, topic)
    else:
        yield ArchiveSource(root, topic, since=_moment(of.since), before=_moment(of.before), by=of.by)


def taken_of(wanted: Wanted, source: Source) -> Taken:
    """What a new run takes, fixed. Raises `SettingsError` if the source is empty."""
    taken = Taken(
        archive=None if wanted.archive is None else _lasting(wanted.archive),
        topic=source.topic,
        partitions=tuple(source.partitions()),
        since=_text(wanted.since),
        before=_text(wanted.before),
        by=wanted.by,
        where=wanted.where,
    )
    if not taken.partitions:
        raise _nothing(taken)
    return taken


def _lasting(archive: str) -> str:
    """How an archive is written down: a path that holds from everywhere, a URL without its secrets."""
    return Store(archive).name if "://" in archive else str(Path(archive).absolute())


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else timestamp_text(moment)


def _moment(time: str | datetime | None) -> datetime | None:
    return datetime.fromisoformat(time).astimezone(UTC) if isinstance(time, str) else time


def _new(name: str, wanted: Wanted, feed: Feed, taken: Taken, pinned: Pinned) -> Run:
    return Run(
        name=name,
        state="running",
        pinned=pinned,
        taken=taken,
        speed=wanted.speed,
        earliest=milliseconds_text(feed.first.timestamp) if feed.first else None,
        created_at=now_text(),
    )


def _nothing(taken: Taken) -> SettingsError:
    where = " ".join(f"{name}={','.join(values)}" for name, values in taken.where.items())
    what = [f"from {taken.since}" * bool(taken.since), f"to {taken.before}" * bool(taken.before), where]
    named = f" {' '.join(filter(None, what))}" if any(what) else ""
    clock = f" (by the time it was {taken.by})" if taken.since or taken.before else ""
    place = f"the archive {taken.archive}" if taken.archive else "Kafka"
    return SettingsError(f"Nothing to replay: {place} has no message of {taken.topic}{named}{clock}.")
