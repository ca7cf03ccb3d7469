"""The server and a webhook on a real broker: what was there, what comes, lag, workers that end, resuming."""

import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from kafka import KafkaConsumer

from pipeline.cli import main as cli
from pipeline.errors import BrokerError
from pipeline.web.app import create_app
from pipeline.web.intake import Intake
from pipeline.web.kafka import KafkaSource, newest
from pipeline.web.query import Known
from pipeline.web.replays import KafkaRuns
from pipeline.web.window import Window
from pipeline.web.workers import Workers
from tests.cli.road import Road, article, make_road
from tests.kafka.broker import Broker
from tests.kafka.broker_settings import plain
from tests.kafka.workers import Road as WorkersRoad
from tests.kafka.workers import WorkerProcess
from tests.web.news import LANGUAGES, Caller
from tests.web.test_webhook import SECRET, endpoint

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(900)]


def until(right: Callable[[], Any], what: str, *, seconds: float = 120) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := right()):
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
    return found


def caller_of(source: KafkaSource, workers: Workers, road: Road) -> Caller:
    app = create_app(source, workers, known=Known(languages=LANGUAGES), runs=KafkaRuns(road.settings))  # type: ignore[arg-type]
    return Caller(app)


def test_a_server_on_kafka(kafka: Broker) -> None:
    road = make_road(kafka)
    road.publish(*(article(number) for number in range(5)), b"no json")
    road.work()
    workers = Workers()
    source = KafkaSource(road.settings, Intake(Window(100), prefix=road.settings.topic_prefix), workers)
    source.load(lambda count: None)
    client = caller_of(source, workers, road)
    assert len(client.get("/events").json()["events"]) == 5
    assert orjson.loads(source.article("a3") or b"")["text"].endswith("Firma KAUFT Werk.")
    assert source.article("a9") is None
    stats = client.get("/stats").json()
    assert stats["dead_letters"]["by_code"][0]["code"] == "not_json"
    assert stats["dead_letters"]["total"] == 1
    assert stats["end_to_end_seconds"]["articles"] == 5

    source.start()
    try:
        road.publish(article(5), article(6, "Nichts."))

        def waiting() -> int | None:
            lag = client.get("/stats").json()["lag"]  # null before the first look
            return lag and lag["messages"]

        until(lambda: waiting() == 2, "what waits is seen")
        road.work()
        until(lambda: len(client.get("/events").json()["events"]) == 6, "a new event is seen")
        assert client.get("/articles/a6").json()["events"] == []
        until(lambda: waiting() == 0, "nothing waits any more")
        group = client.get("/stats").json()["lag"]["groups"][0]
        assert (group["name"], group["state"]) == (road.group(), "Empty")
        assert client.get("/healthz").status_code == 200
        assert client.get("/replays").json() == {"replays": [{"run": "live"}]}
        assert client.get("/replays/live/diff/none").status_code == 404
    finally:
        source.stop()


def test_a_member_that_goes_is_dead(kafka: Broker) -> None:
    road = make_road(kafka)
    workers = Workers()
    source = KafkaSource(road.settings, Intake(Window(10), prefix=road.settings.topic_prefix), workers)
    source.load(lambda count: None)
    member = KafkaConsumer(
        road.topic("news.articles.raw"),
        bootstrap_servers=kafka.bootstrap,
        group_id=road.group(),
        group_instance_id="slot-1",
        session_timeout_ms=1500,
        heartbeat_interval_ms=300,
    )
    source.start()
    try:
        states = lambda: {worker.name: worker.state for worker in workers.report()}  # noqa: E731

        def joined() -> bool:
            member.poll(timeout_ms=100)
            return states() == {"slot-1": "alive"}

        until(joined, "the member is seen")
        member.close()  # a static member says nothing: its session time has to be over
        until(lambda: states() == {"slot-1": "dead"}, "it is gone")
    finally:
        source.stop()


def test_a_source_without_its_topics(kafka: Broker, topic_prefix: str) -> None:
    settings = plain(kafka, topic_prefix=topic_prefix)
    source = KafkaSource(settings, Intake(Window(10), prefix=topic_prefix), Workers())
    with pytest.raises(BrokerError, match="eventwire topics create"):
        source.load(lambda count: None)
    away = replace(settings, brokers="127.0.0.1:9")
    with pytest.raises(BrokerError):
        KafkaSource(away, Intake(Window(10), prefix=topic_prefix), Workers()).load(lambda count: None)


def test_the_newest_share_of_each_partition() -> None:
    begins = {("a", 0): 100, ("a", 1): 0, ("b", 0): 5}
    ends = {("a", 0): 200, ("a", 1): 300, ("b", 0): 5}
    assert newest(begins, ends, ends, 1000) == begins
    assert newest(begins, ends, ends, 40) == {("a", 0): 190, ("a", 1): 270, ("b", 0): 5}
    assert newest({}, {}, [], 40) == {}


def test_a_webhook_resumes(kafka: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENTWIRE_WEBHOOK_SECRET", SECRET)
    road = make_road(kafka)
    road.publish(article(0))
    road.work()
    with endpoint() as there:
        options = ["--webhook", there.url, "--state", str(tmp_path), "--no-follow", *road.options]
        assert cli.run(["subscribe", *options]) == 0
        assert there.got == [], "the first start begins with what comes"
        road.publish(article(1), article(2))
        road.work()
        there.answer = lambda number: 422 if number == 0 else 200
        assert cli.run(["subscribe", *options]) == 1
        assert sorted(name(body) for _, body in there.got) == ["a1", "a2"]
        assert cli.run(["subscribe", *options]) == 0
        assert len(there.got) == 2
        assert cli.run(["subscribe", *options, "--redrive"]) == 0
        assert there.got[2][0]["webhook-id"] == there.got[0][0]["webhook-id"]
        # Another subscription of its own, from the beginning.
        other = [*options[:3], str(tmp_path / "other"), *options[4:], "--name", "other", "--from", "1h"]
        assert cli.run(["subscribe", *other]) == 0
        assert sorted(name(body) for _, body in there.got[3:]) == ["a0", "a1", "a2"]
        assert {headers["webhook-id"] for headers, _ in there.got[3:]} > {there.got[0][0]["webhook-id"]}


def name(body: bytes) -> str:
    return str(orjson.loads(body)["data"]["article"]["id"])


def test_a_worker_that_is_killed(
    kafka: Broker, topic_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own health page tells at once; without it, work that nobody does tells, before Kafka misses it."""
    monkeypatch.setattr("pipeline.web.workers.STALLED_SECONDS", 1.0)
    monkeypatch.setattr("pipeline.web.workers._ASK_SECONDS", 0.2)
    settings = plain(kafka, topic_prefix=topic_prefix, slot="slot-1", session_seconds=60.0)
    road = WorkersRoad.make(kafka, settings, partitions=1)
    process = WorkerProcess(tmp_path, settings)
    process.wait_for("metrics and health on http://")
    address = re.search(r"metrics and health on (http://[^/\s]+)", process.text())
    assert address
    workers = Workers([address[1]])
    source = KafkaSource(settings, Intake(Window(10), prefix=topic_prefix), workers)
    source.load(lambda count: None)

    def states() -> dict[str, str]:
        return {"asked" if worker.name == address[1] else "member": worker.state for worker in workers.report()}

    source.start()
    workers.start()
    try:
        until(lambda: states() == {"asked": "alive", "member": "alive"}, "both say that it lives")
        road.publish({"a0": orjson.dumps({"id": "a0", "text": "Firma KAUFT."})})
        road.wait_until_done(process)
        process.kill()
        road.publish({"a1": orjson.dumps({"id": "a1", "text": "Firma KAUFT."})})
        until(lambda: states()["asked"] == "dead", "its health page says nothing")
        until(lambda: states()["member"] == "stalled", "nobody does its work")
    finally:
        source.stop()
        workers.stop()
        road.close()
