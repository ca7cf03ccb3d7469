"""The acceptance of the road: 1,000 articles, a worker that is killed three times, and books that balance.

The real commands do it all: `publish`, `worker`, `audit`, `tail`. With cheap stages; and 200 articles with the shipped
model, which takes longer for each than all the rest.
"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson
import pytest

from pipeline.cli import main as cli
from tests.kafka.broker import Broker
from tests.kafka.broker_settings import plain
from tests.kafka.workers import Road, WorkerProcess, wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(900)]  # a minute where nothing else runs

BROKEN = 10  # of the articles; lines that no stage can read
KILLS = 3
PATIENCE = 240.0  # seconds for a quarter of it; on a machine that does other things too
REAL = ("-m", "pipeline.cli.main", "worker")
FAKE = ("-m", "tests.kafka.fake_worker")

# Short, in eight languages, most with an event.
SENTENCES = (
    "Die Siemens AG übernimmt den Rivalen Nummer {n} für {n} Millionen Euro.",
    "Microsoft completed the purchase of company number {n} for {n} million dollars.",
    "Le groupe Renault supprime {n} emplois dans son usine numéro {n}.",
    "El banco Santander compra la empresa número {n} por {n} millones de euros.",
    "La Fiat apre lo stabilimento numero {n} e assume {n} operai.",
    "Philips roept {n} apparaten terug wegens een fout in onderdeel {n}.",
    "A Petrobras vendeu a refinaria número {n} por {n} milhões de reais.",
    "Orlen przejmuje spółkę numer {n} za {n} milionów złotych.",
)


def feed(path: Path, count: int) -> Path:
    """So many different lines, KAUFT in each for the cheap stages."""
    lines = []
    for number in range(count - BROKEN):
        text = SENTENCES[number % len(SENTENCES)].format(n=number) + " KAUFT."
        lines.append(orjson.dumps({"id": f"a{number}", "title": f"Nr. {number}", "text": text}))
    lines += [b'{"id": "b%d", "text": ' % number for number in range(BROKEN)]
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


@pytest.mark.parametrize(
    ("command", "count"),
    [
        pytest.param(FAKE, 1_000, id="cheap stages"),
        pytest.param(REAL, 200, id="shipped model", marks=pytest.mark.model),
    ],
)
def test_killed_three_times_and_nothing_is_lost(
    command: Iterable[str],
    count: int,
    kafka: Broker,
    tmp_path: Path,
    topic_prefix: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    road = Road.make(
        kafka,
        plain(kafka, topic_prefix=topic_prefix, slot="chaos-0", session_seconds=10.0, batch=8, document_seconds=120.0),
    )
    options = ["--brokers", kafka.bootstrap, "--topic-prefix", topic_prefix]
    assert cli.run(["publish", str(feed(tmp_path / "feed.jsonl", count)), *options]) == 0
    capsys.readouterr()

    for kill in range(KILLS):
        worker = WorkerProcess(tmp_path, road.settings, command=command)
        # A piece of the way and then, in the middle of a batch, SIGKILL.
        share = count * (kill + 1) // (KILLS + 1)
        wait_until(
            lambda share=share, worker=worker: ended(road, worker) >= share, f"{share} outcomes", seconds=PATIENCE
        )
        worker.kill()
    before = audit(options, capsys)
    assert before["complete"], before
    assert 0 < before["in_flight"] < count, "killed in the middle"

    worker = WorkerProcess(tmp_path, road.settings, command=command)
    road.wait_until_done(worker, seconds=PATIENCE)
    assert worker.stop(seconds=PATIENCE) == 0

    report = audit(options, capsys)
    assert report["complete"], report
    assert report["raw"] == count
    assert (report["classified"], report["dead_lettered"]) == (count - BROKEN, BROKEN)
    assert (report["in_flight"], report["missing"], report["contradictions"]) == (0, [], [])
    assert report["codes"] == {"not_json": BROKEN}
    # Event ids repeat only with identical content: not within a raw message, not over raw messages.
    assert (report["events_missing"], report["events_contradicted"], report["events_of_updates"]) == (0, 0, 0)
    if command == FAKE:
        assert report["events"] == count - BROKEN
    assert report["repeated"] < count, "a kill repeats what was in hand, not everything"
    print(f"repeated {report['repeated']}, events {report['events']}", file=sys.stderr)

    assert cli.run(["tail", "--no-follow", "--format", "jsonl", *options]) == 0
    told = [orjson.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len({event["event_id"] for event in told}) == report["events"]


def ended(road: Road, worker: WorkerProcess) -> int:
    assert worker.process.poll() is None, worker.tail()
    return road.count("news.articles.classified")


def audit(options: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    cli.run(["audit", "--format", "json", *options])
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    return report
