"""What the server reads from: a folder or Kafka. Each has a thread that reads on, and answers for articles."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import orjson

from pipeline.errors import EventwireError, SettingsError
from pipeline.local.outputs import output_files
from pipeline.web.growing import GrowingFolder
from pipeline.web.intake import Intake
from pipeline.web.rows import Row

logger = logging.getLogger(__name__)

_PAUSE_SECONDS = 0.3  # between two looks at a folder
Tell = Callable[[int], None]  # told how many messages were read so far


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupLag:
    """Messages that wait for a consumer group."""

    name: str
    topic: str
    messages: int
    state: str


class Source(Protocol):
    kind: Literal["directory", "kafka"]
    name: str
    intake: Intake

    def load(self, tell: Tell) -> None:
        """Read what is there. Raises `EventwireError`."""

    def start(self) -> None:
        """Read on, in a thread of its own, until `stop`."""

    def stop(self) -> None: ...

    def article(self, name: str) -> bytes | None:
        """The newest record of an article, None if it is unknown. Raises `EventwireError` when it can't be read now."""

    def trouble(self) -> str | None:
        """What is wrong with reading; None if nothing."""

    def lag(self) -> list[GroupLag] | None:
        """None where there are no groups, and before the first look at them."""


class FolderSource:
    """The folder that `eventwire run --out` wrote, or still writes."""

    kind: Literal["directory", "kafka"] = "directory"

    def __init__(self, folder: Path, intake: Intake) -> None:
        """Raises `SettingsError` if it is no such folder."""
        output_files(folder)
        self.name = folder.resolve().name
        self.intake = intake
        self._folder = GrowingFolder(folder, intake.wanted, logger.warning)
        self._trouble: str | None = None
        self._stopping = threading.Event()

    def load(self, tell: Tell) -> None:
        rows: list[Row] = []
        capacity = self.intake.window.capacity
        for count, line in enumerate(self._folder.lines(), start=1):
            row = self.intake.before(line.message, (line.path, line.start, line.end))
            if row is not None:
                rows.append(row)
            if len(rows) > 2 * capacity:
                rows = sorted(rows, key=lambda row: row.written)[-capacity:]
            tell(count)
        self.intake.begin(rows)

    def start(self) -> None:
        threading.Thread(target=self._follow, name="folder", daemon=True).start()

    def stop(self) -> None:
        self._stopping.set()

    def article(self, name: str) -> bytes | None:
        place = self.intake.articles.get(name)
        if place is None:
            return None
        path, start, end = place
        try:
            with path.open("rb") as file:
                file.seek(start)
                record = orjson.loads(file.read(end - start))["data"]
        except (OSError, ValueError, KeyError) as error:
            raise SettingsError(
                f"{path} has changed and the article can't be read from it any more: {error}"
            ) from error
        return orjson.dumps(record) if record.get("id") == name else None

    def trouble(self) -> str | None:
        return self._trouble

    def lag(self) -> list[GroupLag] | None:
        return None

    def _follow(self) -> None:
        while not self._stopping.wait(_PAUSE_SECONDS):
            try:
                for line in self._folder.lines():
                    self.intake.take(line.message, (line.path, line.start, line.end))
                self._trouble = None
            except EventwireError as error:
                if self._trouble is None:
                    logger.warning("%s", error)
                self._trouble = str(error)
