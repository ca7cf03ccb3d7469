"""A replay: raw messages of the past through the stages, with models that are pinned. Here: what every replay does
before it starts, and the replay into a folder. `replay_kafka.py` replays on Kafka.

Nothing that exists is written to: a run has topics or a folder of its own.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import orjson

from pipeline.encoder.files import open_files
from pipeline.errors import EventwireError, ModelError, SettingsError
from pipeline.events.own_store import open_own_types
from pipeline.history import runs
from pipeline.history.replay_source import Feed, Pace, read_speed
from pipeline.history.runs import Pinned, Run
from pipeline.local.folder import JOURNAL, Finished, Folder, made_with
from pipeline.local.outputs import SUFFIX
from pipeline.local.read import Item
from pipeline.local.runner import Done, process
from pipeline.local.versions import Versions
from pipeline.settings import Settings
from pipeline.streams.codec import timestamp_text
from pipeline.streams.events import EVENTS
from pipeline.streams.message import Message
from pipeline.streams.pool import Pool, Steps
from pipeline.streams.topics import load_topics

# How far a replay is: articles done, and of the messages that the source holds, how many were looked at for these.
Report = Callable[[int, int, int], None]

_PROBE = Message(
    topic="probe", partition=0, offset=0, key=None, value=b'{"id": "probe", "text": "A company."}', timestamp=0
)
_CHUNK = 1 << 20


class Stopped(EventwireError):
    """The replay was stopped on the way; `--resume` goes on."""


def pin(settings: Settings, pool: Pool) -> Pinned:
    """What the children of `pool` were loaded with. Raises `ModelError` if they can't be, or don't work.

    The stages' names are read from the record of an article: they are what a subscriber sees.
    """
    digest = open_files(settings.model).digest
    (outcome,) = pool.submit([_PROBE]).result()
    if outcome.dead:
        raise ModelError(f"The stages reject a plain article ({outcome.stage}: {outcome.result}): reinstall eventwire.")
    models = orjson.loads(outcome.outputs[-1].value or b"")["models"]
    return Pinned(
        version=version("eventwire"),
        model=None if settings.model is None else str(settings.model.resolve()),
        types=None if settings.types is None else str(settings.types.resolve()),
        repeated_blocks=None if settings.repeated_blocks is None else str(settings.repeated_blocks.resolve()),
        types_digest=open_own_types(settings.types, digest).digest or None,
        packages=settings.models,
        digest=digest,
        language=models["language"],
        entities=models.get("entities"),
        events=models.get("events"),
        max_text=settings.max_text,
        max_html=settings.max_html,
    )


def pin_alone(settings: Settings, steps: Steps) -> Pinned:
    """The same with a child process of its own, which is gone afterwards."""
    with Pool(None, replace(settings, workers=1), steps=steps) as pool:
        return pin(settings, pool)


def recorded_settings(settings: Settings, pinned: Pinned, model: Path | None) -> Settings:
    """`settings` with what a run was made with. `model` says where its model lies now, if it has moved; the folder of
    own types that the settings name is where these are now."""
    return replace(
        settings,
        model=model or (Path(pinned.model) if pinned.model else None),
        types=(settings.types or Path(pinned.types)) if pinned.types else None,
        repeated_blocks=(
            (settings.repeated_blocks or Path(pinned.repeated_blocks)) if pinned.repeated_blocks else None
        ),
        models=pinned.packages,
        max_text=pinned.max_text,
        max_html=pinned.max_html,
    )


def check_same(run: Run, now: Pinned) -> None:
    """Raises `ModelError` if the run's records could not be made again with what is here now."""
    if run.pinned.types_digest != now.types_digest:
        raise ModelError(
            f"The run {run.name} was made with other event types of your own than there are now in {now.types}: put "
            "back those of then, or name a folder that has them (EVENTWIRE_TYPES)."
        )
    for what in ("language", "entities", "events", "digest"):
        recorded, found = getattr(run.pinned, what), getattr(now, what)
        if recorded != found:
            raise ModelError(
                f"The run {run.name} was made with {what} {recorded} (eventwire {run.pinned.version}); here it is "
                f"{found} (eventwire {now.version}). Name its model with --models, or install that version."
            )


def now_text() -> str:
    return timestamp_text(datetime.now(UTC))


# -- into a folder


@dataclass
class _Counts:
    raw: int = 0
    dead: int = 0
    position: int = 0  # in the source

    def add(self, done: Done) -> None:
        self.raw += 1
        self.position = done.position
        self.dead += done.outcome.dead if done.outcome else done.before is Finished.DEAD


def check_folder(folder: Path, *, resume: bool) -> Run | None:
    """The run to go on with, or None for a new one. Raises `SettingsError` where the one or the other can't be."""
    run = runs.read_folder(folder)
    if resume and run is None:
        raise SettingsError(f"{folder} holds no run to go on with ({runs.FILE} is not there).")
    if not resume and run is not None:
        raise SettingsError(
            f"{folder} holds a run already ({run.name}, {run.state}): go on with it by --resume, or name another."
        )
    if not resume and (folder / JOURNAL).exists():
        raise SettingsError(f"{folder} holds the output of `eventwire run`: name another folder.")
    return run


def replay_to_folder(
    folder: Path, run: Run, feed: Feed, pool: Pool, settings: Settings, *, first_stage: str, report: Report
) -> Run:
    """Replay `feed` into `folder`, go on where an earlier try ended; the run as it is in the end, saved.

    An exception, Ctrl-C too, leaves complete files and a run that is `stopped`. Raises `SettingsError`,
    `OutputError`, and the errors of source and pool.
    """
    counts, stop = _Counts(), threading.Event()
    with (
        Folder(folder, topics=load_topics(), made_with=_made_with(run.pinned)) as files,
        closing(Versions(folder)) as versions,
    ):
        runs.save_folder(folder, run)
        ends = process(
            _items(feed, Pace(read_speed(run.speed)), stop),
            pool,
            settings,
            first_stage=first_stage,
            finished=files.finished,
            versions=versions,
            tick=lambda: report(counts.raw, counts.position, feed.total),
        )
        state: runs.State = "stopped"
        try:
            for done in ends:
                if done.outcome is not None:
                    files.write(done.digest, done.outcome.outputs)
                counts.add(done)
            state = "done"
        finally:
            stop.set()
            run = replace(run, state=state, finished_at=now_text(), counts=_counted(counts, folder))
            runs.save_folder(folder, run)
    return run


def _items(feed: Feed, pace: Pace, stop: threading.Event) -> Iterator[Item]:
    for message in feed:
        for _ in pace.wait(message, stop=stop):
            pass
        if stop.is_set():
            return
        yield Item(message, position=feed.scanned)


def _made_with(pinned: Pinned) -> dict[str, object]:
    """As `eventwire run` says it of its folder."""
    return made_with(
        version=pinned.version,
        stages="language,entities,events",
        model=pinned.digest,
        max_text=pinned.max_text,
        max_html=pinned.max_html,
        types=pinned.types_digest,
        repeated_blocks=None,  # its digest is part of the language stage's name, which resuming compares
    )


def _counted(counts: _Counts, folder: Path) -> dict[str, int]:
    return {
        "raw": counts.raw,
        "classified": counts.raw - counts.dead,
        "dead_lettered": counts.dead,
        "events": sum(_lines(path) for path in sorted(folder.glob(f"{EVENTS}*{SUFFIX}"))),
    }


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(_CHUNK), b""))
