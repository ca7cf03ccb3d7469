"""The broker of the test suite does what the other tests rely on."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from kafka import KafkaConsumer, KafkaProducer

from tests.kafka.broker import PASSWORD, USERNAME, Broker, _answers
from tests.kafka.fixtures import create_topics


def _write(bootstrap: str, topic: str, count: int, **options: object) -> None:
    producer = KafkaProducer(bootstrap_servers=bootstrap, bootstrap_timeout_ms=20_000, **options)
    for number in range(count):
        producer.send(topic, str(number).encode())
    producer.flush(30)
    producer.close()


def _count(bootstrap: str, topic: str, expected: int, **options: object) -> int:
    consumer = KafkaConsumer(
        topic, bootstrap_servers=bootstrap, bootstrap_timeout_ms=20_000, auto_offset_reset="earliest", **options
    )
    seen = 0
    deadline = time.monotonic() + 30
    while seen < expected and time.monotonic() < deadline:
        seen += sum(len(records) for records in consumer.poll(timeout_ms=500).values())
    consumer.close()
    return seen


def test_messages_go_round(kafka: Broker, topic: Callable[..., str]) -> None:
    name = topic(partitions=3)
    _write(kafka.bootstrap, name, 50)
    assert _count(kafka.bootstrap, name, 50) == 50


def test_the_secured_listener_wants_the_password(kafka: Broker, topic: Callable[..., str]) -> None:
    assert kafka.certificates is not None
    name = topic()
    security = {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": USERNAME,
        "sasl_plain_password": PASSWORD,
        "ssl_cafile": str(kafka.certificates.ca),
    }
    assert kafka.secured_bootstrap is not None
    _write(kafka.secured_bootstrap, name, 10, **security)
    assert _count(kafka.secured_bootstrap, name, 10, **security) == 10


def test_acknowledged_messages_survive_a_kill(own_kafka: Broker) -> None:
    create_topics(own_kafka, {"kept": 1})
    _write(own_kafka.bootstrap, "kept", 100)
    own_kafka.kill()
    assert not own_kafka.running
    own_kafka.start()
    assert _count(own_kafka.bootstrap, "kept", 100) == 100


def test_a_killed_test_run_leaves_no_broker(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from tests.kafka.broker import Broker\n"
        "broker = Broker(Path(sys.argv[1])); broker.start(); print(broker.bootstrap, flush=True); time.sleep(120)"
    )
    owner = subprocess.Popen([sys.executable, "-c", script, str(tmp_path / "own")], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    port = int(owner.stdout.readline().strip().rpartition(":")[2])
    assert _answers(port)
    owner.kill()
    owner.wait()
    deadline = time.monotonic() + 20
    while _answers(port) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _answers(port)
