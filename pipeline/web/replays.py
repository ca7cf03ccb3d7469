"""The runs that can be compared, and what one says otherwise than another."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from pipeline.broker.client import Client
from pipeline.events.selection import nearest
from pipeline.history import runs
from pipeline.history.diff import Diff, Difference, Side, Summary, count
from pipeline.history.diff_read import fill
from pipeline.history.recorded import LIVE, FolderRecords, Records, kafka_records
from pipeline.history.runs import Run
from pipeline.records import to_json
from pipeline.settings import Settings
from pipeline.web.problems import Problem

_KINDS = ("added", "lost", "changed", "rescored")


class Runs(Protocol):
    """Where runs are kept. Names that it didn't list are never opened."""

    def all(self) -> Mapping[str, Run | None]:
        """The runs by name, in any order; None for records that no replay wrote. Raises `EventwireError`."""

    def open(self, name: str) -> Any:
        """A context manager that gives the `Records` of a listed run. Raises `EventwireError`."""


class FolderRuns:
    """The folder that is shown, and the runs in the folders beside it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def all(self) -> Mapping[str, Run | None]:
        shown: dict[str, Run | None] = {self._folder.name: runs.read_folder(self._folder)}
        return {**shown, **{name: run for name, (_, run) in self._found().items()}}

    @contextmanager
    def open(self, name: str) -> Iterator[Records]:
        found = {self._folder.name: (self._folder, runs.read_folder(self._folder)), **self._found()}
        path, run = found[name]
        yield FolderRecords(name, path, run)

    def _found(self) -> dict[str, tuple[Path, Run]]:
        beside = self._folder.parent
        return {path.name: (path, run) for path, run in runs.runs_below(beside) if path != beside}


class KafkaRuns:
    """The runs below the topic prefix, and the live topics."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def all(self) -> Mapping[str, Run | None]:
        with Client(self._settings) as client:
            return {LIVE: None, **{name: run for name, run in runs.on_kafka(client) if run}}

    def open(self, name: str) -> Any:
        return kafka_records(name, self._settings)


def listed(known: Mapping[str, Run | None]) -> dict[str, Any]:
    """A `Replays` of the API: the newest first, what no replay wrote at the end."""
    newest = sorted(known.items(), key=lambda item: (item[1].created_at if item[1] else "", item[0]), reverse=True)
    return {"replays": [{"run": name, **(_described(run) if run else {})} for name, run in newest]}


def compare(there: Runs, a: str, b: str, *, limit: int) -> dict[str, Any]:
    """A `ReplayDiff` of the API, with up to `limit` differences. Raises `Problem` for a run that isn't there.

    Differences in nothing but scores are counted, not listed.
    """
    known = there.all()
    for name in (a, b):
        if name not in known:
            near = nearest(name[:100], known)
            hint = f" Nearest: {', '.join(near)}." if near else ""
            raise Problem(404, f"There is no run {name[:100]!r} here.{hint}", nearest=near)
    if a == b:
        raise Problem(400, f"{a} and {b} are the same run: choose two.")
    items: list[dict[str, Any]] = []
    with Diff() as diff, there.open(a) as one, there.open(b) as other:
        summary = diff.summary(*fill(diff, one, other, progress=lambda what, done, total: None))
        for difference in diff.differences():
            count(summary, difference)
            if difference.kind != "rescored" and len(items) < limit:
                items.append(_item(difference))
    listed_kinds = summary.kinds.total() - summary.kinds["rescored"]
    return {"summary": _summary(summary), "items": items, "more": listed_kinds > len(items)}


def _described(run: Run) -> dict[str, Any]:
    return {name: value for name, value in to_json(run).items() if name != "name"}


def _item(difference: Difference) -> dict[str, Any]:
    return {"kind": difference.kind, "a": difference.a, "b": difference.b, "fields": list(difference.fields)}


def _summary(summary: Summary) -> dict[str, Any]:
    kinds = {kind: summary.kinds[kind] for kind in _KINDS}
    by = {
        dimension: {value: {name: counts[name] for name in ("a", "b", *_KINDS)} for value, counts in values.items()}
        for dimension, values in summary.by.items()
    }
    sides = {"a": _side(summary.a), "b": _side(summary.b)}
    return {"articles": summary.compared, "same": summary.same, **kinds, **sides, "by": by}


def _side(side: Side) -> dict[str, Any]:
    return {name: getattr(side, name) for name in ("name", "articles", "dead", "events", "models", "confidences")}
