"""The archive without a broker: what is written is what is read, whatever was killed, merged or broken meanwhile."""

import importlib
import itertools
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pyarrow.parquet as pq
import pytest

from pipeline.cli import main as cli
from pipeline.errors import SettingsError
from pipeline.history import archive_files, compact
from pipeline.history.archive_columns import Facts, facts
from pipeline.history.archive_files import ArchiveError, Store
from pipeline.history.archive_layout import Commit, Span, outermost
from pipeline.history.archive_reader import Archive, read
from pipeline.history.archive_repair import repair, sweep
from pipeline.history.archive_writer import write_messages
from pipeline.streams.message import Message
from pipeline.streams.topics import validate
from tests.conftest import skip_unless_ci
from tests.history.archive_messages import EVENT_TOPICS, RAW, message, outputs, records


def messages(count: int, *, first: int = 0, partition: int = 0, days: int = 3) -> list[Message]:
    """Raw articles of some days, with what strangers write among them."""
    some = itertools.islice(outputs(range(count), days=days, topics=[RAW]), count)
    return [
        message(output.value, offset=first + at, partition=partition, key=output.key, headers=output.headers)
        for at, output in enumerate(some)
    ]


def archive_of(path: Path, *spans: list[Message]) -> tuple[Store, list[Commit]]:
    store = Store(path)
    return store, [write_messages(store, span) for span in spans]


def files(path: Path) -> list[str]:
    return sorted(str(file.relative_to(path)) for file in path.rglob("*") if file.is_file())


def no_warning(text: str) -> None:
    raise AssertionError(text)


def test_every_byte_comes_back(tmp_path: Path) -> None:
    some = messages(120)
    odd = [
        message(b"", offset=120, key=None, timestamp=-1),
        message(b"\x00" * 1000, offset=125, headers=(("a", b"1"), ("a", b"2"), ("", b""))),
    ]
    archive_of(tmp_path, some[:50], some[50:] + odd)
    assert list(read(tmp_path)) == some + odd
    assert list(read(tmp_path, ["news.events.deal"])) == []
    assert Archive(tmp_path).rows() == len(some) + 2
    with pytest.raises(SettingsError, match="is no archive"):
        Archive(tmp_path / "elsewhere")


def test_order_is_by_partition_and_offset(tmp_path: Path) -> None:
    first, second = messages(40), messages(40, partition=10)
    deal = [message({"type": "deal.acquisition"}, topic="news.events.deal", partition=2)]
    archive_of(tmp_path, second, first, deal)
    assert list(read(tmp_path)) == first + second + deal
    assert list(read(tmp_path, [RAW], after={(RAW, 0): 38, (RAW, 10): 5})) == first[39:] + second[6:]


def test_filters(tmp_path: Path) -> None:
    some = messages(120)
    archive_of(tmp_path, some)
    second_day = {"since": datetime(2026, 1, 2, tzinfo=UTC), "until": datetime(2026, 1, 3, tzinfo=UTC)}
    expected = [m for m in some if "2026-01-02" in facts(m).day]
    assert expected
    assert list(read(tmp_path, **second_day)) == expected
    assert len(expected) <= Archive(tmp_path).rows(**second_day) < len(some)
    assert list(read(tmp_path, where={"language": ["de"], "article_id": "a3"})) == [
        m for m in some if b'"id":"a3"' in (m.value or b"")
    ]
    assert list(read(tmp_path, where={"language": []})) == []
    noon = datetime.fromtimestamp(1_750_000_000.0105, UTC)  # between two milliseconds
    later = list(read(tmp_path, since=noon, by="timestamp"))
    assert later == some[11:]
    with pytest.raises(SettingsError, match="only by article_id"):
        list(read(tmp_path, where={"colour": ["red"]}))


def test_a_file_by_hand(tmp_path: Path) -> None:
    """The layout is a promise: others read it without us."""
    _, (commit,) = archive_of(tmp_path, [message({"id": "a", "published_at": "2026-01-02T23:30:00-01:00"}, offset=7)])
    assert files(tmp_path) == [f"_commits/{RAW}/0-7-7.json", f"topic={RAW}/date=2026-01-03/0-7-7.parquet"]
    assert orjson.loads((tmp_path / f"_commits/{RAW}/0-7-7.json").read_bytes()) == {
        "version": 1,
        "topic": RAW,
        "partition": 0,
        "first": 7,
        "last": 7,
        "rows": 1,
        "bytes": commit.size,
        "files": [{"path": f"topic={RAW}/date=2026-01-03/0-7-7.parquet", "rows": 1}],
    }
    parquet = pq.ParquetFile(tmp_path / commit.files[0].path)
    assert parquet.metadata.row_group(0).column(4).compression == "ZSTD"
    assert [(field.name, str(field.type)) for field in parquet.schema_arrow] == [
        ("topic", "string"),
        ("partition", "int32"),
        ("offset", "int64"),
        ("key", "binary"),
        ("value", "binary"),
        ("headers", "list<element: struct<name: string, value: binary>>"),
        ("timestamp", "timestamp[ms, tz=UTC]"),
        ("event_time", "timestamp[ms, tz=UTC]"),
        ("ingested_at", "timestamp[ms, tz=UTC]"),
        ("article_id", "string"),
        ("language", "string"),
        ("type", "string"),
        ("action", "string"),
    ]


def test_facts() -> None:
    for topic, record in records(0, days=1):
        validate(topic, record)
    said = {topic: facts(message(record, topic=topic)) for topic, record in records(0, days=1)}
    published, produced = 1_767_247_200_000, 1_767_250_800_000
    assert said[RAW] == Facts(published, 1_750_000_000_000, "a0", "de", None, None)
    assert said["news.articles.classified"] == Facts(published, produced, "a0", "de", None, "add")
    assert said[EVENT_TOPICS[0]] == Facts(published, produced, "a0", "en", "deal.acquisition", "add")
    arrived = message({}, headers=(("ce_time", b"2026-01-01T00:00:00Z"),), topic="replay.r." + RAW)
    assert facts(arrived) == Facts(1_767_225_600_000, 1_767_225_600_000, None, None, None, None)
    dead = message(b"{", topic="news.deadletters.language", headers=(("ew_first_seen", b"2026-01-01T00:00:00Z"),))
    assert facts(dead).ingested_at == 1_767_225_600_000
    for hostile in (
        b"[1]",
        b'{"id":{},"language":[],"action":7,"published_at":"0001-01-01T00:00:00+14:00"}',
        b'{"id":"\\u0000","article":"no"}',
        b"\xff",
        None,
    ):
        for topic in (RAW, "news.events.deal", "elsewhere"):
            assert facts(message(hostile, topic=topic, timestamp=1 << 62)).day == "1970-01-01"


# -- ends and beginnings


def test_a_start_goes_on_behind_the_last_commit(tmp_path: Path) -> None:
    some = messages(30)
    store, _ = archive_of(tmp_path, some[:10], some[10:20])
    (tmp_path / f"topic={RAW}" / "date=2026-01-01" / "0-20-29.parquet.tmp").write_bytes(b"half a f")
    (tmp_path / "_commits" / RAW / "0-20-29.json.tmp").write_bytes(b"{")
    before = files(tmp_path)
    commit = write_messages(store, some[20:])
    (tmp_path / f"_commits/{RAW}/0-20-29.json").unlink()  # killed before the commit
    assert list(read(tmp_path)) == some[:20]
    assert repair(store, [RAW], {(RAW, 0): 15}, say=no_warning) == {(RAW, 0): 20}
    assert files(tmp_path) == [name for name in before if not name.endswith(".tmp")]
    assert all(file.path not in before for file in commit.files)


def test_what_kafka_no_longer_has_is_not_removed(tmp_path: Path) -> None:
    some = messages(20)
    store, _ = archive_of(tmp_path, some[:10], some[10:])
    (tmp_path / f"_commits/{RAW}/0-10-19.json").unlink()
    there = files(tmp_path)
    with pytest.raises(ArchiveError, match=r"0-10-19\.parquet has no commit, and Kafka no longer has .* Put back"):
        repair(store, [RAW], {(RAW, 0): 15}, say=no_warning)
    # A copy of the files without the commits: nothing of it may be taken for rubbish.
    (tmp_path / f"_commits/{RAW}/0-0-9.json").unlink()
    with pytest.raises(ArchiveError, match="has no commit"):
        repair(store, [RAW], {(RAW, 0): 15}, say=no_warning)
    assert files(tmp_path) == [name for name in there if "_commits" not in name]


def test_damage_is_told_with_its_file(tmp_path: Path) -> None:
    some = messages(20)
    store, (_, second) = archive_of(tmp_path, some[:10], some[10:])
    path = tmp_path / second.files[0].path
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ArchiveError, match=rf"{path.name} is damaged .* put back a copy"):
        list(read(tmp_path))
    with pytest.raises(ArchiveError, match=rf"{path.name} is damaged .* put back a copy"):
        compact.compact(Archive(tmp_path), say=no_warning)
    path.unlink()
    with pytest.raises(ArchiveError, match="gone: put back a copy"):
        list(read(tmp_path))
    for file in second.files[1:]:
        (tmp_path / file.path).unlink()
    with pytest.raises(ArchiveError, match=r"offsets 10 to 19, but its files are gone"):
        repair(store, [RAW], {}, say=no_warning)
    commit = tmp_path / f"_commits/{RAW}/0-0-9.json"
    sound = commit.read_bytes()
    for broken in (b"", b"{}", b"[]", sound.replace(b'"first": 0', b'"first": 1'), sound.replace(b"topic=", b"../")):
        commit.write_bytes(broken)
        with pytest.raises(ArchiveError, match=r"0-0-9\.json is damaged"):
            list(read(tmp_path))
    commit.write_bytes(sound.replace(b'"version": 1', b'"version": 2'))
    with pytest.raises(ArchiveError, match="newer Eventwire"):
        list(read(tmp_path))


def test_strangers_files_are_left_alone(tmp_path: Path) -> None:
    some = messages(10)
    store, _ = archive_of(tmp_path, some)
    strange = [f"topic={RAW}/date=2026-01-01/notes.parquet", f"topic={RAW}/README", "holiday.jpg", f"_commits/{RAW}/x"]
    for name in strange:
        (tmp_path / name).write_bytes(b"mine")
    told: list[str] = []
    repair(store, [RAW], {(RAW, 0): 0}, say=told.append)
    assert [name in "".join(told) for name in strange] == [True, True, False, False]
    assert all((tmp_path / name).read_bytes() == b"mine" for name in strange)
    assert list(read(tmp_path)) == some


# -- merging


def test_merging_changes_no_message(tmp_path: Path) -> None:
    some = messages(100)
    other = messages(10, partition=1)
    store, _ = archive_of(tmp_path, *(some[at : at + 10] for at in range(0, 100, 10)), other)
    spans: list[Span] = []
    assert compact.compact(Archive(store), say=no_warning, told=spans.append) == 9
    assert spans == [Span(RAW, 0, 0, 99)]
    assert list(read(tmp_path)) == some + other
    assert len(list((tmp_path / "_commits" / RAW).iterdir())) == 2
    assert {name.rpartition("/")[2] for name in files(tmp_path) if name.startswith("topic")} == {
        "0-0-99.parquet",
        "1-0-9.parquet",
    }
    assert compact.compact(Archive(store), say=no_warning) == 0


def test_merging_is_deterministic(tmp_path: Path) -> None:
    some = messages(60)
    stores = [archive_of(tmp_path / name, some[:20], some[20:25], some[25:])[0] for name in ("a", "b")]
    for store in stores:
        compact.compact(Archive(store), say=no_warning)
    contents = [{name: (tmp_path / n / name).read_bytes() for name in files(tmp_path / n)} for n in ("a", "b")]
    assert contents[0] == contents[1]


class Killed(BaseException):
    pass


def test_a_merge_killed_at_any_step_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    some = messages(9, first=0, days=1)
    steps = 0
    for steps in range(1, 100):
        root = tmp_path / str(steps)
        store, commits = archive_of(root, some[:3], some[3:6], some[6:])
        left = steps

        def step(do: Callable[..., None]) -> Callable[..., None]:
            def doing(*arguments: Any) -> None:
                nonlocal left
                left -= 1
                if left == 0:
                    raise Killed
                do(*arguments)

            return doing

        with monkeypatch.context() as patch:
            patch.setattr(store, "write", step(store.write), raising=False)
            patch.setattr(store, "delete", step(store.delete), raising=False)
            try:
                compact.merge(store, commits)
            except Killed:
                pass
            else:
                break
        assert list(read(root)) == some, "readers see each offset once, whatever is half done"
        assert sweep(store, RAW, say=no_warning) == {}
        rows = sum(pq.ParquetFile(file).metadata.num_rows for file in root.rglob("*.parquet"))
        assert rows == len(some), "and so does a plain look at the files, after a repair"
        assert list(read(root)) == some
    assert steps > 10


def test_a_reader_goes_on_when_files_are_merged_under_it(tmp_path: Path) -> None:
    some = messages(60)
    _, _ = archive_of(tmp_path, *(some[at : at + 10] for at in range(0, 60, 10)))
    reader = read(tmp_path)
    seen = [next(reader) for _ in range(15)]
    compact.compact(Archive(tmp_path), say=no_warning)
    assert seen + list(reader) == some


def test_what_two_archivers_wrote_into_one_bucket_is_healed(tmp_path: Path) -> None:
    some = messages(40)
    store, _ = archive_of(tmp_path, some[:20], some[10:30], some[5:15], some[30:])
    assert list(read(tmp_path)) == some
    compact.compact(Archive(store), say=no_warning)
    assert list(read(tmp_path)) == some
    assert sum(pq.ParquetFile(file).metadata.num_rows for file in tmp_path.rglob("*.parquet")) == len(some)


def of_sizes(*sizes: int) -> list[Commit]:
    return [Commit(span=Span("t", 0, at, at), size=size, files=()) for at, size in enumerate(sizes)]


def test_what_is_packed_together() -> None:
    most = compact.TARGET_BYTES
    commits = of_sizes(most, 1, 2, most - 3, 1, 2 * most, 5, 5)
    assert compact.pack(commits) == [commits[:1], commits[1:4], commits[4:5], commits[5:6], commits[6:]]
    assert compact.pack([]) == []
    assert outermost([Span("t", 0, 5, 9), Span("t", 0, 0, 9), Span("t", 1, 5, 9), Span("t", 0, 0, 4)]) == [
        Span("t", 0, 0, 9),
        Span("t", 1, 5, 9),
    ]


def test_a_byte_is_merged_a_few_times_only() -> None:
    """A thousand equal flushes, merged as they come."""
    written = 0
    commits: list[Commit] = []
    for flush in range(1000):
        commits.append(Commit(span=Span("t", 0, flush, flush), size=100, files=()))
        if len(commits) >= compact.MANY:
            some = compact.due(commits)
            size = sum(commit.size for commit in some)
            written += size
            commits[-len(some) :] = [
                Commit(span=Span("t", 0, some[0].span.first, some[-1].span.last), size=size, files=())
            ]
        assert len(commits) <= compact.MANY
    assert written < 8 * 1000 * 100


# -- as others read it


def documented(language: str, root: Path) -> list[str]:
    """The blocks of docs/archive.md in this language, about the archive `root`."""
    page = (Path(__file__).parents[2] / "docs" / "archive.md").read_text()
    return [
        block.replace("/data/news", str(root)) for block in re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)
    ]


@pytest.fixture
def events(tmp_path: Path) -> Path:
    """30 events of three days, on three topics."""
    spans: dict[str, list[Message]] = {}
    for output in outputs(range(30), topics=EVENT_TOPICS):
        span = spans.setdefault(output.topic, [])
        span.append(message(output.value, topic=output.topic, offset=len(span), headers=output.headers))
    archive_of(tmp_path, *spans.values())
    return tmp_path


def test_one_line_of_duckdb(events: Path) -> None:
    one_line, unpacked, _ = documented("sql", events)
    assert one_line.count("\n") == 1
    german = [m for m in read(events) if facts(m).language == "de"]
    assert 0 < len(german) < 30
    days = Counter(date.fromisoformat(facts(m).day) for m in german)
    assert duckdb.sql(one_line).fetchall() == sorted(days.items())
    rows = duckdb.sql(unpacked).fetchall()
    assert len(rows) == 30
    assert all(type_ and who and evidence for type_, who, evidence in rows)


def test_one_line_of_pandas(events: Path) -> None:
    if not find_spec("pandas"):
        skip_unless_ci("pandas is not installed (pip install 'eventwire[dev]')")
    names = {"pandas": importlib.import_module("pandas")}
    of_a_topic, of_all = (eval(line, names) for line in documented("python", events))
    told = {facts(m).article_id: facts(m) for m in read(events, ["news.events.deal"]) if facts(m).language == "en"}
    assert len(told) == len(of_a_topic) == 10
    for row in of_a_topic.itertuples():
        assert row.type == told[row.article_id].type
        assert row.event_time.value == told[row.article_id].event_time * 1_000_000, "in UTC"
    assert sorted(of_all["type"]) == sorted(str(facts(m).type) for m in read(events))


# -- the command


def test_without_pyarrow(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from pipeline.cli.main import run\n"
        f"sys.exit(run(['archive', {str(tmp_path)!r}, '--once']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "error: The archive needs pyarrow: pip install 'eventwire[archive]'.\n"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["FILE", "--once"], "is a file: name a folder"),
        (["ftp://host/x", "--once"], "can't be used as an archive"),
        (["s3://", "--once"], "names no bucket"),
        (["ROOT", "--once", "--topic", "news.article.raw"], "Nearest: news.articles.raw"),
        (["", "--once"], "has no name"),
        (["ROOT", "--flush-mb", "0"], "--flush-mb"),
        (["ROOT", "--flush-seconds", "nan"], "--flush-seconds"),
        (["ROOT", "--compact"], "is no archive"),
        (["s3://key:geheim@bucket/x?endpoint_override=127.0.0.1:9&scheme=http", "--compact"], "s3://bucket/x can't be"),
    ],
)
def test_mistakes(options: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    names = {"FILE": str(tmp_path / "file"), "ROOT": str(tmp_path / "new")}
    assert cli.run(["archive", *(names.get(word, word) for word in options)]) == 2
    told = capsys.readouterr().err
    assert says in told
    assert "geheim" not in told


def test_compact_needs_no_kafka(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    some = messages(20)
    store, _ = archive_of(tmp_path, some[:10], some[10:])
    with store.locked():
        assert cli.run(["archive", str(tmp_path), "--compact"]) == 2
    assert "Another archiver (process " in capsys.readouterr().err
    assert cli.run(["archive", str(tmp_path), "--compact"]) == 0
    assert "merged: 1 commits less" in capsys.readouterr().err
    assert list(read(tmp_path)) == some


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    some = messages(20)
    store, _ = archive_of(tmp_path, some[:10])

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(archive_files.os, "fsync", full)
        with pytest.raises(ArchiveError, match=r"can't be written: No space left .* the same command goes on"):
            write_messages(store, some[10:])
    assert list(read(tmp_path)) == some[:10]
    assert repair(store, [RAW], {(RAW, 0): 0}, say=no_warning) == {(RAW, 0): 10}
    assert not [name for name in files(tmp_path) if name.endswith(".tmp")]
