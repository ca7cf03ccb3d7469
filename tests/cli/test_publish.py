"""`eventwire publish`: what stands on the raw topic afterwards, and what is refused."""

import gzip
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from pipeline.broker.publish import raw_output
from pipeline.cli import main as cli
from pipeline.errors import Code, InvalidInput
from pipeline.streams.codec import header
from tests.cli.road import RAW, Road, article, make_road
from tests.fake_stages import NOON, message
from tests.kafka.broker import Broker


@pytest.fixture
def road(kafka: Broker) -> Road:
    return make_road(kafka)


def jsonl(path: Path, *lines: bytes | dict[str, Any]) -> str:
    data = b"".join((orjson.dumps(line) if isinstance(line, dict) else line) + b"\n" for line in lines)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return str(path)


@pytest.mark.kafka
def test_lines_go_out_as_they_are(road: Road, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = b'{ "id":"a1" , "text": "Gr\xc3\xbc\xc3\x9fe", "extra": 1 }'
    nameless = b'{"title": "T", "text": "x"}'
    file = jsonl(tmp_path / "feed.jsonl.gz", good, nameless, b"not json \xff", b"[1, 2]")
    assert cli.run(["publish", file, *road.options]) == 0
    shown = capsys.readouterr()
    assert f"published 4 to {road.topic(RAW)}; 2 of them no JSON object" in shown.err
    sent = {m.value: m for m in road.read(RAW)}
    assert set(sent) == {good, nameless, b"not json \xff", b"[1, 2]"}
    assert sent[good].key == b"a1"
    assert sent[nameless].key is not None
    assert len(sent[nameless].key or b"") == 64
    assert sent[b"not json \xff"].key is None
    headers = sent[good].headers
    assert header(headers, "ce_type") == "eventwire.articles.raw.v1"
    assert header(headers, "ce_subject") == "a1"
    assert header(headers, "content-type") == "application/json"
    assert header(headers, "ew_input") == "feed.jsonl.gz:1"
    assert header(sent[b"[1, 2]"].headers, "content-type") == "application/octet-stream"


@pytest.mark.kafka
def test_publishing_again_gives_the_same_ids(road: Road, tmp_path: Path) -> None:
    file = jsonl(tmp_path / "feed.jsonl", *(article(number) for number in range(30)))
    assert cli.run(["publish", file, *road.options]) == 0
    road.work()
    assert cli.run(["publish", file, *road.options]) == 0
    road.work()
    raw = road.read(RAW)
    assert len(raw) == 60
    assert len({header(m.headers, "ce_id") for m in raw}) == 30
    assert len({header(m.headers, "ce_id") for m in road.read("news.articles.classified")}) == 30
    assert len({header(m.headers, "ce_id") for m in road.read("news.events.deal")}) == 30
    for name in (RAW, "news.articles.classified"):
        by_key = {(m.key, m.partition) for m in road.read(name)}
        assert len(by_key) == 30, "one article, one partition"


@pytest.mark.kafka
def test_too_large_is_told_with_its_line_and_the_rest_goes_on(
    road: Road, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = jsonl(tmp_path / "big.jsonl", article(1), article(2, text="x" * (9 << 20)), article(3), b"y" * (17 << 20))
    assert cli.run(["publish", file, *road.options]) == 1
    shown = capsys.readouterr().err
    assert f"error: {file}:2: too_large, not published: 9," in shown
    assert f"error: {file}:4: too_large, not published" in shown
    assert "published 2 to" in shown
    assert "2 could not be published" in shown
    assert sorted(m.key or b"" for m in road.read(RAW)) == [b"a1", b"a3"]


@pytest.mark.kafka
def test_standard_input_and_directories(road: Road, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    jsonl(tmp_path / "in" / "a.jsonl", article(1))
    (tmp_path / "in" / "page.html").write_text('<link rel="canonical" href="https://n.example/x"><p>Text</p>')
    (tmp_path / "in" / "notes.md").write_text("no article")
    command = [sys.executable, "-m", "pipeline.cli.main", "publish", "-", str(tmp_path / "in"), *road.options]
    done = subprocess.run(
        command, input=b'{"id": "stdin", "text": "x"}\n', capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert b"skipped 1 files" in done.stderr
    from hashlib import sha256

    page = sha256(b"https://n.example/x").hexdigest().encode()
    assert sorted(m.key or b"" for m in road.read(RAW)) == sorted([b"a1", b"stdin", page])


@pytest.mark.kafka
def test_missing_topics(kafka: Broker, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = jsonl(tmp_path / "a.jsonl", article(1))
    assert cli.run(["publish", file, "--brokers", kafka.bootstrap, "--topic-prefix", "no.such."]) == 3
    assert "eventwire topics create" in capsys.readouterr().err


def test_mistakes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["publish", str(tmp_path / "none.jsonl")]) == 2
    assert "There is no file or directory" in capsys.readouterr().err
    assert cli.run(["publish", str(tmp_path), "--brokers", "127.0.0.1:9"]) == 2
    assert "There is no article in" in capsys.readouterr().err
    file = jsonl(tmp_path / "a.jsonl", article(1))
    assert cli.run(["publish", file, "--brokers", "127.0.0.1:9"]) == 3
    assert "nothing listens at that address" in capsys.readouterr().err
    assert cli.run(["publish", file, "--brokers", "nonsense"]) == 2
    assert "is not host:port" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("value", "key"),
    [
        (b'{"id": "a"}', b"a"),
        (b'{"id": 5}', None),
        (b'{"text": "\\ud800"}', None),
        (b"", None),
        (b"null", None),
        ('{"id": "' + "ä" * 3000 + '"}', ("ä" * 1024).encode()),
    ],
)
def test_keys(value: bytes | str, key: bytes | None) -> None:
    data = value.encode() if isinstance(value, str) else value
    output = raw_output(message(data, topic="/some/where/feed.jsonl"), now=NOON)
    assert output.key == key
    assert output.value == data
    assert header(output.headers, "ew_input") == "feed.jsonl:1", "the folder is nobody's business"


def test_too_large() -> None:
    with pytest.raises(InvalidInput) as caught:
        raw_output(message(b"x" * (8 << 20)), now=NOON)
    assert caught.value.code is Code.TOO_LARGE


@pytest.mark.kafka
def test_the_secured_listener(kafka: Broker, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Publish and tail over SASL_SSL; a refusal names its cause within seconds."""
    import time

    road = make_road(kafka)
    assert kafka.certificates is not None
    environment = {
        "BROKERS": kafka.secured_bootstrap,
        "TOPIC_PREFIX": road.settings.topic_prefix,
        "SECURITY_PROTOCOL": "SASL_SSL",
        "SASL_USERNAME": "app",
        "SASL_PASSWORD": "s3cret",
        "SSL_CAFILE": str(kafka.certificates.ca),
    }
    for name, value in environment.items():
        monkeypatch.setenv(f"EVENTWIRE_{name}", str(value))
    file = jsonl(tmp_path / "a.jsonl", article(1))
    assert cli.run(["publish", file]) == 0
    road.work()
    capsys.readouterr()
    assert cli.run(["tail", "--no-follow", "--format", "jsonl"]) == 0
    assert orjson.loads(capsys.readouterr().out)["article"]["id"] == "a1"

    wrong = {
        "SASL_PASSWORD": ("guess", "EVENTWIRE_SASL_PASSWORD"),
        "SSL_CAFILE": (str(kafka.certificates.other_ca), "EVENTWIRE_SSL_CAFILE"),
    }
    for command in (["publish", file], ["tail", "--no-follow"]):
        for name, (value, says) in wrong.items():
            with monkeypatch.context() as patched:
                patched.setenv(f"EVENTWIRE_{name}", value)
                started = time.monotonic()
                assert cli.run(command) == 3
                assert time.monotonic() - started < 15
                shown = capsys.readouterr().err
                assert says in shown
                assert "guess" not in shown
                assert shown.count("\n") == 1
