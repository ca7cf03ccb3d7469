"""The page over a real Kafka: a worker that is killed while it has nothing to do is seen, though nobody named it."""

from pathlib import Path

import pytest

from pipeline.web.intake import Intake
from pipeline.web.kafka import KafkaSource
from pipeline.web.window import Window
from pipeline.web.workers import Workers
from tests.browser.conftest import Opener
from tests.kafka.broker import Broker
from tests.kafka.broker_settings import plain
from tests.kafka.workers import Road, WorkerProcess
from tests.web.news import served

pytestmark = [pytest.mark.browser, pytest.mark.kafka, pytest.mark.timeout(900)]


def test_an_idle_worker_that_is_killed_is_seen(
    kafka: Broker, topic_prefix: str, tmp_path: Path, open_page: Opener
) -> None:
    """Kafka misses it after its session time: 12 s unless set otherwise."""
    settings = plain(kafka, topic_prefix=topic_prefix, workers=1, slot="one", session_seconds=3.0)
    Road.make(kafka, settings, partitions=1)
    workers = Workers()
    source = KafkaSource(settings, Intake(Window(10), prefix=topic_prefix), workers)
    source.load(lambda _: None)
    process = WorkerProcess(tmp_path, settings)
    with served(source, workers=workers) as port:
        page = open_page(f"http://127.0.0.1:{port}/")
        page.get_by_text("1 worker").wait_for(timeout=150_000)
        process.kill()
        page.wait_for_selector("#workers[data-state=dead]", timeout=150_000)
        said = page.locator(".notice.bad").inner_text()
        assert f"Worker {topic_prefix}eventwire-language-events-one is dead, last seen" in said
        page.goto("about:blank")  # before its server goes
