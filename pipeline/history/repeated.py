"""Which lines a source repeats in at least 5 of its last 200 articles: the table for EVENTWIRE_REPEATED_BLOCKS.

"Last" is by time: an article's `published_at`, else `fetched_at`, else when its message was written; then by id. So
the table is the same however the articles are spread over partitions, files or processes. Of several versions of an
article the last one counts; articles that consist of the same lines count once. Memory: 200 articles' hashes a source.
"""

import heapq
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from pipeline.errors import InvalidInput, SettingsError
from pipeline.flow import FLOW
from pipeline.history.archive_reader import Archive, is_archive
from pipeline.language.reading import Reading, read_article
from pipeline.language.repeated import FORMAT, SHOWN, line_hash, lines_of, source_key
from pipeline.local.inputs import find_inputs
from pipeline.local.outputs import read_outputs
from pipeline.local.read import Reader
from pipeline.records import LanguageArticle, RawArticle, from_json
from pipeline.settings import Settings
from pipeline.streams.decode import decode
from pipeline.streams.message import Message
from pipeline.streams.topics import validate

logger = logging.getLogger(__name__)

WINDOW, LEAST = 200, 5  # articles
MOST_LINES = 400  # of an article that are remembered, half of them from its end
RAW, TEXTS = FLOW[0].reads, FLOW[0].writes
_SLACK = 2 * WINDOW  # articles of a source that are held before the oldest go

Read = Callable[[], Iterator[tuple[str, Message]]]  # declared topic and message; the same at every call


@dataclass(frozen=True, slots=True)
class Text:
    """One article, cleaned. `at`: milliseconds since 1970; `title`: length of the headline."""

    source: str
    id: str
    at: int
    text: str
    title: int


@dataclass(slots=True)
class _Source:
    """The last articles of one source: id -> (time, hashes of the lines, 8 bytes each, sorted)."""

    articles: dict[str, tuple[int, bytes]] = field(default_factory=dict)

    def add(self, text: Text, hashes: bytes) -> None:
        # The greatest by time and content, not the last that came: files and partitions come in any order.
        self.articles[text.id] = max(self.articles.get(text.id, (-1, b"")), (text.at, hashes))
        if len(self.articles) > _SLACK:
            self.articles = self.last()

    def last(self) -> dict[str, tuple[int, bytes]]:
        items = heapq.nlargest(WINDOW, self.articles.items(), key=lambda item: (item[1][0], item[0]))
        return dict(items)

    def repeated(self) -> tuple[int, dict[bytes, int]]:
        """Articles looked at, and the hashes that are in enough of them."""
        last = self.last()
        counts = Counter(line for hashes in {entry[1] for entry in last.values()} for line in _split(hashes))
        return len(last), {line: number for line, number in counts.items() if number >= LEAST}


def table(read: Read, settings: Settings, *, progress: Callable[[str, int, int | None], None]) -> dict[str, Any]:
    """The table, ready to be written as JSON. Reads everything twice: first to count, then for the examples."""
    sources: dict[str, _Source] = defaultdict(_Source)
    number = 0
    for number, text in enumerate(texts(read(), settings), start=1):
        hashes = [line for line, _ in _lines(text)]
        if len(hashes) > MOST_LINES:
            hashes = hashes[: MOST_LINES // 2] + hashes[-MOST_LINES // 2 :]
        sources[text.source].add(text, b"".join(sorted(set(hashes))))
        progress("articles counted", number, None)
    repeated = {name: source.repeated() for name, source in sorted(sources.items())}
    examples: dict[tuple[str, bytes], str] = {}
    for done, text in enumerate(texts(read(), settings), start=1):
        wanted = repeated.get(text.source, (0, {}))[1]
        for line, words in _lines(text) if wanted else ():
            if line in wanted:
                example = words[:SHOWN]
                examples[text.source, line] = min(examples.get((text.source, line), example), example)
        progress("articles read again", done, number)
    return {
        "format": FORMAT,
        "window": WINDOW,
        "least": LEAST,
        "sources": {
            name: {
                "articles": articles,
                "lines": [
                    {"hash": line.hex(), "count": times, "example": examples.get((name, line), "")}
                    for line, times in sorted(lines.items(), key=lambda item: (-item[1], item[0]))
                ],
            }
            for name, (articles, lines) in repeated.items()
            if lines
        },
    }


def _lines(text: Text) -> Iterator[tuple[bytes, str]]:
    """Hash and words of each line that may be a block."""
    for start, end in lines_of(text.text, title=text.title):
        line = line_hash(text.text[start:end])
        if line is not None:
            yield line, " ".join(text.text[start:end].split())


def _split(hashes: bytes) -> Iterable[bytes]:
    return (hashes[at : at + 8] for at in range(0, len(hashes), 8))


def reader(names: list[str], settings: Settings) -> Read:
    """What `names` hold: an archive, the folder of a run, or raw articles (files, directories).

    An archive and a run's folder give the texts of `news.articles.language`, an archive without them its raw articles.
    Raises `SettingsError` for what isn't there, and for standard input: it can't be read twice.
    """
    if "-" in names:
        raise SettingsError("The articles are read twice, which standard input can't be: name files or a folder.")
    if len(names) == 1 and ("://" in names[0] or Path(names[0]).is_dir()) and is_archive(names[0]):
        archive = Archive(names[0])
        wanted = [settings.topic_prefix + topic for topic in (TEXTS, RAW)]
        topic = next((topic for topic in wanted if topic in archive.topics()), None)
        if topic is None:
            raise SettingsError(f"{names[0]} holds neither {wanted[0]} nor {wanted[1]}: archive one of them.")
        declared = topic.removeprefix(settings.topic_prefix)
        return lambda: ((declared, message) for message in archive.read([topic]))
    if len(names) == 1 and any(Path(names[0]).glob(f"*{TEXTS}.jsonl")):
        folder = Path(names[0])
        return lambda: (
            (TEXTS, message) for message in read_outputs(folder, lambda topic: topic.endswith(TEXTS), complain=_ignore)
        )
    inputs = find_inputs(names)

    def files() -> Iterator[tuple[str, Message]]:
        # Articles without a time of their own: in the order of the files.
        for item in Reader(inputs, clock=count().__next__):
            if item.rejected is None:
                yield RAW, item.message

    return files


def texts(messages: Iterable[tuple[str, Message]], settings: Settings) -> Iterator[Text]:
    """The articles that have a source, as the language stage reads them. What it would reject is passed over."""
    for topic, message in messages:
        try:
            data = decode(message.value)
            validate(topic, data)
            article: Reading | LanguageArticle
            if topic == RAW:
                raw = from_json(RawArticle, data)
                article = read_article(raw, max_text=settings.max_text, max_html=settings.max_html)
            else:
                article = from_json(LanguageArticle, data)
        except InvalidInput:
            continue
        except Exception:  # a page that breaks its reader costs one article, as in a run
            logger.debug("%s can't be read", message.trace, exc_info=True)
            continue
        source = source_key(article.source, article.url)
        if source is None or article.action == "delete":
            continue
        time = article.published_at or article.fetched_at
        at = round(datetime.fromisoformat(time).timestamp() * 1000) if time else message.timestamp
        yield Text(source, article.id, at, article.text, len(article.title or ""))


def _ignore(problem: str) -> None:
    """A line that isn't Eventwire's: the run that wrote the folder said so."""
