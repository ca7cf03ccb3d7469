"""How a worker ends by itself, and what it says before: each exit code, and that nothing is lost by it."""

import os
import signal
import time
from pathlib import Path

import orjson

from pipeline.broker.connection import check
from pipeline.errors import BrokerError
from pipeline.settings import Settings
from tests.kafka.broker import Broker
from tests.kafka.broker_settings import plain, secured
from tests.kafka.test_delivery import Start, start  # noqa: F401 (a fixture)
from tests.kafka.workers import Road, WorkerProcess, articles, wait_until

CLI = ("-m", "pipeline.cli.main", "worker")


def test_the_watchdog_ends_a_worker_whose_child_is_frozen(kafka: Broker, topic_prefix: str, start: Start) -> None:  # noqa: F811
    settings = plain(kafka, topic_prefix=topic_prefix, workers=1, document_seconds=600.0, stall_seconds=4.0)
    road = Road.make(kafka, settings)
    worker = start(settings)
    road.feed_until(lambda: road.count("news.articles.classified") > 30, "articles are classified")
    os.kill(worker.children()[0], signal.SIGSTOP)
    assert worker.wait() == 75
    assert "stalled: " in worker.text()
    assert "is Stable; partitions here: [0, 1, 2]" in worker.text()
    worker = start(settings)
    road.wait_until_done(worker)
    road.check()
    assert worker.stop() == 0


def test_the_watchdog_ends_one_of_two_workers_in_one_slot(kafka: Broker, topic_prefix: str, start: Start) -> None:  # noqa: F811
    """Two workers with one static id go on writing, and commit nothing any more."""
    settings = plain(kafka, topic_prefix=topic_prefix, workers=1, stall_seconds=5.0, session_seconds=10.0, slot="same")
    road = Road.make(kafka, settings)
    workers = [start(settings), start(settings)]

    def ended() -> list[WorkerProcess]:
        return [worker for worker in workers if worker.process.poll() is not None]

    road.feed_until(ended, "one of the two is ended", waiting=1000)
    for worker in ended():
        assert worker.process.returncode == 75, worker.tail()
        assert "Is there another worker with this slot" in worker.text()
    for worker in workers:
        worker.kill()
    assert road.lag() > 0, "all was done: nothing was tested"


def test_too_many_dead_letters_stop_the_worker(kafka: Broker, topic_prefix: str, start: Start) -> None:  # noqa: F811
    settings = plain(kafka, topic_prefix=topic_prefix, workers=1, dead_letter_rate=0.5)
    road = Road.make(kafka, settings)
    expected = articles(120)
    spoilt = {f"bad{n}": orjson.dumps({"text": n}) for n in range(400)}
    road.publish(expected | spoilt)
    worker = start(settings)
    assert worker.wait() == 76
    assert "of the last 200 messages were rejected" in worker.text()
    written = road.count("news.deadletters.language")
    assert written <= 200 + 16, f"{written} of 400 were rejected before it stopped"
    assert road.lag() > 0
    worker = start(plain(kafka, topic_prefix=topic_prefix, workers=1, dead_letter_rate=1.0))
    road.wait_until_done(worker)
    road.ledger().check(dict.fromkeys(expected, "classified") | dict.fromkeys(spoilt, "schema"))
    assert worker.stop() == 0


def test_a_shutdown_that_takes_too_long_ends_hard(kafka: Broker, topic_prefix: str, start: Start) -> None:  # noqa: F811
    # Several commit intervals pass between the signal and the end: none of them may commit what is in hand.
    settings = plain(kafka, topic_prefix=topic_prefix, workers=1, document_seconds=600.0, shutdown_seconds=4.0)
    road = Road.make(kafka, settings)
    road.publish(articles(20) | {"long": orjson.dumps({"id": "long", "text": "SCHLAF:300 "})})
    worker = start(settings)
    wait_until(lambda: worker.children() and "partitions assigned" in worker.text(), "the worker works")
    time.sleep(1)
    assert worker.stop() == 137
    assert "EVENTWIRE_SHUTDOWN_SECONDS" in worker.text()
    worker = start(plain(kafka, topic_prefix=topic_prefix, workers=1, document_seconds=1.0))
    road.wait_until_done(worker)
    road.ledger().check(dict.fromkeys(articles(20), "classified") | {"long": "timeout"})
    assert worker.stop() == 0


def test_a_worker_on_the_secured_listener(kafka: Broker, topic_prefix: str, start: Start) -> None:  # noqa: F811
    settings = secured(kafka, topic_prefix=topic_prefix, workers=1)
    wait_until(lambda: _reachable(settings), "the listener, which a busy broker makes ready on its first use")
    road = Road.make(kafka, settings)
    road.publish(articles(50))
    worker = start(settings)
    road.wait_until_done(worker)
    road.ledger().check(dict.fromkeys(articles(50), "classified"))
    assert worker.stop() == 0
    assert "s3cret" not in worker.text()


def _reachable(settings: Settings) -> bool:
    try:
        check(settings)
    except BrokerError:
        return False
    return True


def test_mistakes_are_named_within_seconds(kafka: Broker, topic_prefix: str, tmp_path: Path) -> None:
    """`eventwire worker` itself, before it loads any model."""
    assert kafka.certificates is not None
    assert kafka.secured_bootstrap is not None
    faults = {
        "wrong name or password": secured(kafka, topic_prefix=topic_prefix, sasl_password="guess"),
        "not signed by": secured(kafka, topic_prefix=topic_prefix, ssl_cafile=kafka.certificates.other_ca),
        "eventwire topics create": plain(kafka, topic_prefix=topic_prefix),
    }
    workers = {words: WorkerProcess(tmp_path, settings, command=CLI) for words, settings in faults.items()}
    for words, worker in workers.items():
        assert worker.wait() == 3
        (line,) = [line for line in worker.text().splitlines() if line.startswith("error: ")]
        assert words in line
        assert "Traceback" not in worker.text()
