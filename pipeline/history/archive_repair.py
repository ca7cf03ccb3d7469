"""What a killed archiver left, put right: files that no commit names are removed if nothing is lost with them."""

from collections.abc import Callable, Iterable, Mapping

from pipeline.history.archive_files import TEMPORARY, ArchiveError, Store
from pipeline.history.archive_layout import COMMITS, Span, commit_path, outermost, span_of_data, spans_of_commits

Partition = tuple[str, int]
Say = Callable[[str], None]


def repair(store: Store, topics: Iterable[str], oldest: Mapping[Partition, int], *, say: Say) -> dict[Partition, int]:
    """Bring `topics` in order. Partition to the offset that is to be archived next; partitions without are left out.

    `oldest`: the first offset that Kafka still has, by partition. A file without commit is removed if other commits
    hold its offsets or Kafka still has them; files that aren't the archive's are left alone and told of. Raises
    `ArchiveError` where removing would lose something, or a commit's files are gone.
    """
    following: dict[Partition, int] = {}
    for topic in topics:
        strays = sweep(store, topic, say=say)
        for span in spans_of_commits(store, topic):
            following[topic, span.partition] = max(following.get((topic, span.partition), 0), span.last + 1)
        for path, span in strays.items():
            partition = (topic, span.partition)
            begun = span.first >= following.get(partition, 0) and oldest.get(partition, span.first + 1) <= span.first
            if not begun:
                commit = commit_path(topic, span.partition, span.first, span.last)
                raise ArchiveError(
                    f"{store.name}/{path} has no commit, and Kafka no longer has what it holds. Put back its commit "
                    f"({commit}) or move the file away."
                )
            store.delete(path)
    return following


def sweep(store: Store, topic: str, *, say: Say) -> dict[str, Span]:
    """Remove what counts for nothing: temporary files, and commits and files whose offsets other commits hold.

    The other files without commit: what a killed archiver was about to commit. Raises `ArchiveError` if the files of
    a commit are gone.
    """
    spans = spans_of_commits(store, topic)
    counting = outermost(spans)
    for span in sorted({*spans} - {*counting}):
        store.delete(commit_path(topic, span.partition, span.first, span.last))
    found: dict[str, Span] = {}
    for folder in (f"{COMMITS}/{topic}", f"topic={topic}"):
        for path in store.files(folder):
            if path.endswith((f".parquet{TEMPORARY}", f".json{TEMPORARY}")):
                store.delete(path)
            elif (named := span_of_data(path)) is not None:
                found[path] = named
            elif not folder.startswith(COMMITS):
                say(f"{store.name}/{path} is no file of the archive: it is left alone; move it away.")
    if gone := sorted({*counting} - {*found.values()}):
        span = gone[0]
        raise ArchiveError(
            f"{store.name}: there is a commit of {topic} [{span.partition}], offsets {span.first} to {span.last}, but "
            f"its files are gone: put back topic={topic}/date=*/{span.partition}-{span.first}-{span.last}.parquet."
        )
    committed = set(counting)
    strays = {path: span for path, span in found.items() if span not in committed}
    for path in [path for path, span in strays.items() if _elsewhere(span, counting)]:
        store.delete(path)
        del strays[path]
    return strays


def _elsewhere(span: Span, counting: list[Span]) -> bool:
    """Whether commits hold these offsets: a larger one, or those that were just being merged into this span."""
    own = [other for other in counting if other.partition == span.partition]
    if any(span.within(other) for other in own):
        return True
    return span.first in {other.first for other in own} and span.last in {other.last for other in own}
