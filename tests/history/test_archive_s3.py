"""The archive on a real S3 server (moto's, over HTTP)."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pipeline.cli import main as cli
from pipeline.history import compact
from pipeline.history.archive_files import ArchiveError, Store
from pipeline.history.archive_reader import Archive, read
from pipeline.history.archive_repair import repair
from pipeline.history.archive_writer import write_messages
from tests.history.archive_messages import RAW
from tests.history.test_archive import messages, no_warning


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """host:port of the server, with the credentials in the environment, as users have them."""
    from moto.server import ThreadedMotoServer

    own = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "geheim", "AWS_DEFAULT_REGION": "us-east-1"}
    before = {name: os.environ.get(name) for name in (*own, "AWS_EC2_METADATA_DISABLED")}
    os.environ.update({**own, "AWS_EC2_METADATA_DISABLED": "true"})
    running = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"{host}:{port}"
    running.stop()
    for name, value in before.items():
        os.environ.pop(name) if value is None else os.environ.update({name: value})


@pytest.fixture
def root(server: str) -> str:
    """The URL of an archive in a bucket of its own."""
    from pyarrow import fs

    bucket = f"b{uuid.uuid4().hex[:12]}"
    made = fs.S3FileSystem(endpoint_override=server, scheme="http", allow_bucket_creation=True)
    made.create_dir(bucket)
    return f"s3://{bucket}/deep/archive?endpoint_override={server}&scheme=http"


def test_written_read_merged_repaired(root: str) -> None:
    some = messages(60)
    store = Store(root)
    with store.locked():
        for at in range(0, 50, 10):
            write_messages(store, some[at : at + 10])
        killed = write_messages(store, some[50:])
    store.delete(f"_commits/{RAW}/0-50-59.json")
    assert list(read(root)) == some[:50]
    assert repair(store, [RAW], {(RAW, 0): 0}, say=no_warning) == {(RAW, 0): 50}
    assert not any(file.path in store.files("") for file in killed.files)
    reader = read(root)
    seen = [next(reader) for _ in range(15)]
    assert compact.compact(Archive(store), say=no_warning) == 4
    assert seen + list(reader) == some[:50]
    assert list(read(root)) == some[:50]
    assert {name.rpartition("/")[2] for name in store.files("")} == {"0-0-49.parquet", "0-0-49.json"}
    assert Archive(root).topics() == [RAW]


def test_the_same_files_as_in_a_folder(root: str, tmp_path: Path) -> None:
    for store in (Store(root), Store(tmp_path)):
        write_messages(store, messages(20))
    names = list(Store(root).files(""))
    assert names == list(Store(tmp_path).files(""))
    assert [Store(root).read(name) for name in names] == [(tmp_path / name).read_bytes() for name in names]


def test_what_s3_refuses(root: str, server: str, capsys: pytest.CaptureFixture[str]) -> None:
    nowhere = root.replace("s3://b", "s3://key:geheim@nowhere-b")
    with pytest.raises(ArchiveError, match=r"s3://nowhere-\w+/deep/archive/topic=.* can't be written: ") as told:
        write_messages(Store(nowhere), messages(3))
    assert "geheim" not in str(told.value)
    assert cli.run(["archive", nowhere, "--compact"]) == 2
    assert "is no archive" in capsys.readouterr().err


@pytest.mark.kafka
@pytest.mark.timeout(600)
def test_the_command(root: str, kafka: object, tmp_path: Path) -> None:
    from tests.chaos.archive_sigkill import make_topics, publish
    from tests.kafka.broker import Broker

    assert isinstance(kafka, Broker)
    settings = make_topics(kafka)
    publish(settings, range(20))
    options = ["--once", "--brokers", settings.brokers, "--topic-prefix", settings.topic_prefix, "--topic", RAW]
    for target in (root, str(tmp_path)):
        assert cli.run(["archive", target, *options]) == 0
    assert list(read(root)) == list(read(tmp_path))
    assert cli.run(["archive", root, *options]) == 0
    assert len(list(read(root))) == 24
    assert duckdb.sql(f"SELECT count(*) FROM read_parquet('{tmp_path}/topic=*/date=*/*.parquet')").fetchall() == [(24,)]
