"""The audit of a run's folder: every article that its journal calls finished has exactly one outcome, with its events.

The journal has a line for each finished input: its digest, and how long each topic file it wrote to was then. So the
lines of one article are known without its source files, which may have moved.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import numpy as np
import orjson

from pipeline.errors import InvalidInput, SettingsError
from pipeline.flow import FLOW
from pipeline.history.content import Position, digest, events_of, read_record, sent_events
from pipeline.history.ledger import Report
from pipeline.local.folder import JOURNAL
from pipeline.local.outputs import SUFFIX, output_files
from pipeline.streams.codec import header, read_structured
from pipeline.streams.events import EVENTS
from pipeline.streams.message import Message

Progress = Callable[[str, int, int], None]
_SAID_EVERY = 200  # articles


def audit_folder(
    folder: Path, *, topic_prefix: str = "", progress: Progress = lambda what, done, total: None
) -> Report:
    """Read the journal and all topic files once. A position is (the journal's path, 0, line - 2): the n-th article.

    Lines after what the journal vouches for are an article in flight. The same input twice (two equal lines) must
    have the same content twice. Raises `SettingsError` if it isn't a run's folder.
    """
    output_files(folder)
    journal = folder / JOURNAL
    if not journal.is_file():
        raise SettingsError(f"{folder} has no journal ({JOURNAL}): it was not written by `eventwire run --out`.")
    with journal.open("rb") as lines:
        closing = _closing(lines.readline())
        audit = _FolderAudit(folder, topic_prefix, closing)
        try:
            total = max(1, journal.stat().st_size)
            done = 0
            for number, line in enumerate(lines):
                done += len(line)
                audit.add(number, line)
                if number % _SAID_EVERY == 0:
                    progress("articles", done, total)
        finally:
            audit.close()
    return audit.report()


def _closing(first: bytes) -> str:
    """The topic whose records close an article: that of the last stage the run had."""
    try:
        stages = str(orjson.loads(first)["eventwire"]["stages"]).split(",")
    except (orjson.JSONDecodeError, KeyError, TypeError):
        stages = [FLOW[-1].name]
    return next((step.writes for step in FLOW if step.name == stages[-1]), FLOW[-1].writes)


class _FolderAudit:
    def __init__(self, folder: Path, prefix: str, closing: str) -> None:
        self._folder, self._prefix, self._closing = folder, prefix, prefix + closing
        self._journal = str(folder / JOURNAL)
        self._files: dict[str, IO[bytes]] = {}
        self._sizes: dict[str, int] = {}
        self._lines: Counter[str] = Counter()
        self._codes: Counter[str] = Counter()
        self._raw = self._classified = self._dead = self._events = self._retracted = self._events_missing = 0
        self._missing: list[Position] = []
        self._contradictions: list[Position] = []
        self._lacking: list[Position] = []
        self._inputs = array("Q")  # with _contents: what came of each input, to compare equal ones
        self._contents = array("Q")
        self._numbers = array("Q")

    def add(self, number: int, line: bytes) -> None:
        """One finished article."""
        try:
            identity, sizes = orjson.loads(line)
        except (orjson.JSONDecodeError, ValueError, TypeError):
            return  # torn: the last line of a run that was killed
        self._raw += 1
        place = (self._journal, 0, number)
        messages = [message for topic, size in sorted(sizes.items()) for message in self._read(topic, size)]
        closed = [m for m in messages if m.topic == self._closing]
        dead = [m for m in messages if header(m.headers, "ew_code")]
        events = [m for m in messages if m.topic.startswith(self._prefix + EVENTS)]
        if not closed and not dead:
            self._missing.append(place)
        elif len(closed) + len(dead) > 1:
            self._contradictions.append(place)
        self._classified += bool(closed)
        self._dead += bool(dead) and not closed
        self._codes.update(header(m.headers, "ew_code") or "" for m in dead)
        found = [read_record(event.value) for event in events]
        retracted = sum(event.get("action") == "delete" for event in found)
        self._events += len(found) - retracted
        self._retracted += retracted
        self._compare(identity, number, closed, found)

    def _compare(self, identity: str, number: int, closed: list[Message], events: list[dict[str, Any]]) -> None:
        for message in closed:
            record = read_record(message.value)
            told = Counter(map(_word, sent_events(record)))
            if missing := (told - Counter(map(_word, events))).total():
                self._events_missing += missing
                self._lacking.append((self._journal, 0, number))
            self._inputs.append(int(identity[:16], 16))
            self._contents.append(_read_content(record))
            self._numbers.append(number)

    def _read(self, topic: str, size: int) -> Iterator[Message]:
        """The article's lines in one file: from where the last one ended to `size`."""
        if topic not in self._files:
            path = self._folder / f"{topic}{SUFFIX}"
            if not path.is_file():
                raise SettingsError(f"{path} is gone, but the journal counts on it: put it back.")
            self._files[topic] = path.open("rb")
        file, at = self._files[topic], self._sizes.get(topic, 0)
        self._sizes[topic] = size
        while at < size:
            line = file.readline()
            at += len(line)
            if not line:
                return
            with suppress(InvalidInput):  # a line that isn't ours is no outcome
                yield read_structured(line, topic=topic, offset=self._lines[topic])
            self._lines[topic] += 1

    def close(self) -> None:
        for file in self._files.values():
            file.close()

    def report(self) -> Report:
        inputs, contents = (np.frombuffer(column, np.uint64) for column in (self._inputs, self._contents))
        repeated, different = _repeats(inputs, contents)
        numbers = np.frombuffer(self._numbers, np.uint64)
        for row in different:
            self._contradictions.append((self._journal, 0, int(numbers[row])))
        return Report(
            raw=self._raw + (unvouched := self._unvouched()),
            classified=self._classified,
            dead_lettered=self._dead,
            in_flight=unvouched,
            missing=tuple(self._missing),
            contradictions=tuple(sorted(set(self._contradictions))),
            lacking=tuple(self._lacking),
            repeated=repeated,
            reclassified=0,
            codes=dict(sorted(self._codes.items())),
            redriven=0,
            redrives=0,
            events=self._events,
            events_repeated=0,
            events_missing=self._events_missing,
            events_contradicted=0,
            events_of_updates=0,
            events_retracted=self._retracted,
        )

    def _unvouched(self) -> int:
        """1 if lines stand in the files that the journal doesn't know of: an article that is being written."""
        names = output_files(self._folder).items()
        return int(any(path.stat().st_size > self._sizes.get(topic, 0) for topic, path in names))


def _word(event: dict[str, Any]) -> tuple[str, bool]:
    return str(event.get("event_id")), event.get("action") == "delete"


def _read_content(record: dict[str, Any]) -> int:
    """What the stages read in an input, however the versions before it read: equal for equal inputs."""
    events = [{name: item for name, item in event.items() if name != "action"} for event in events_of(record)]
    bare = {name: item for name, item in record.items() if name not in ("revision", "ingested_at", "produced_at")}
    return digest(orjson.dumps(bare | {"events": events}, option=orjson.OPT_SORT_KEYS))


def _repeats(inputs: Any, contents: Any) -> tuple[int, list[int]]:
    """Of rows (input, content): how many repeat another exactly, and the rows whose input has another content too."""
    if not len(inputs):
        return 0, []
    order = np.lexsort((contents, inputs))
    same_input = inputs[order][1:] == inputs[order][:-1]
    same_content = contents[order][1:] == contents[order][:-1]
    return int((same_input & same_content).sum()), [
        int(order[at + 1]) for at in np.flatnonzero(same_input & ~same_content)
    ]
