"""The client against a real broker: what is written is read, and every refusal names its cause."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline.broker.client import BrokerRefused, Client, Writer
from pipeline.errors import BrokerError
from pipeline.streams.message import Output
from tests.kafka.broker import Broker
from tests.kafka.broker_settings import plain, secured


def _write(settings: Any, topic: str, count: int) -> None:
    with Writer(settings) as writer:
        for number in range(count):
            key = str(number % 7).encode()
            writer.write(Output(topic=topic, key=key, value=b"v%d" % number, headers=(("ew_n", b"%d" % number),)))
    assert writer.acknowledged == count


def test_what_is_written_is_read(kafka: Broker, topic: Callable[..., str]) -> None:
    settings = plain(kafka)
    name = topic(partitions=3)
    _write(settings, name, 100)
    with Client(settings) as client:
        messages = list(client.read([name]))
        assert sorted(int(m.value[1:]) for m in messages) == list(range(100))
        for message in messages:
            assert message.headers == (("ew_n", message.value[1:]),)
            assert abs(message.timestamp / 1000 - time.time()) < 600
        by_key = {(m.key, m.partition) for m in messages}
        assert len(by_key) == 7, "one key, one partition"
        assert sum(client.end_offsets([name]).values()) == 100
        assert set(client.begin_offsets([name]).values()) == {0}


def test_read_from_an_offset_a_time_and_the_end(kafka: Broker, topic: Callable[..., str]) -> None:
    settings = plain(kafka)
    name = topic()
    _write(settings, name, 10)
    with Client(settings) as client:
        assert [m.offset for m in client.read([name], start={(name, 0): 7})] == [7, 8, 9]
        assert [m.offset for m in client.read([name], start={(name, 0): 7}, end={(name, 0): 8})] == [7]
        assert list(client.read([name], start="end")) == []
        long_ago = datetime.now(UTC) - timedelta(hours=1)
        assert len(list(client.read([name], start=long_ago))) == 10
        assert list(client.read([name], start=datetime.now(UTC) + timedelta(hours=1))) == []
        found = client.read_at((name, 0), 4)
        assert found is not None
        assert found.value == b"v4"
        assert client.read_at((name, 0), 10) is None


def test_following_sees_what_comes_later(kafka: Broker, topic: Callable[..., str]) -> None:
    settings = plain(kafka)
    name = topic()
    seen: list[bytes | None] = []
    with Client(settings) as client:
        _write(settings, name, 3)
        wrote = False
        for message in client.read([name], follow=True, until=lambda: len(seen) >= 6):
            seen.append(message.value)
            if len(seen) == 3 and not wrote:
                wrote = True
                _write(settings, name, 3)
    assert seen == [b"v0", b"v1", b"v2"] * 2


def test_big_messages_and_tombstones(kafka: Broker, topic: Callable[..., str]) -> None:
    settings = plain(kafka)
    name = topic(max_message_bytes="8388608")
    big = bytes(range(256)) * (4 * 1024 * 4)
    with Writer(settings) as writer:
        writer.write(Output(topic=name, key=b"big", value=big * 2))
        writer.write(Output(topic=name, key=b"gone", value=None))
        writer.write(Output(topic=name, key=None, value=None))
    with Client(settings) as client:
        assert [m.value for m in client.read([name])] == [big * 2, None, b""]


def test_a_message_over_the_topics_limit_is_an_error(kafka: Broker, topic: Callable[..., str]) -> None:
    import random

    settings = plain(kafka)
    name = topic(max_message_bytes="10000")
    with pytest.raises(BrokerError, match=name), Writer(settings) as writer:
        writer.write(Output(topic=name, key=b"k", value=random.Random(1).randbytes(50_000)))


def test_group_offsets_and_lag(kafka: Broker, topic: Callable[..., str]) -> None:
    settings = plain(kafka)
    name = topic(partitions=2)
    group = f"g-{name}"
    _write(settings, name, 50)
    with Client(settings) as client:
        ends = client.end_offsets([name])
        assert client.committed(group) == {}
        assert client.lag(group, [name]) == ends
        client.commit(group, {(name, 0): ends[name, 0] - 3, (name, 1): ends[name, 1]})
        assert client.lag(group, [name]) == {(name, 0): 3, (name, 1): 0}
        assert client.group_state(group) == "Empty"


def test_a_missing_topic_names_the_command(kafka: Broker, topic_prefix: str) -> None:
    settings = plain(kafka, topic_prefix=topic_prefix)
    with Client(settings) as client, pytest.raises(BrokerError, match="eventwire topics create"):
        list(client.read([f"{topic_prefix}nothing"]))
    with pytest.raises(BrokerError, match="eventwire topics create"), Writer(settings) as writer:
        writer.write(Output(topic=f"{topic_prefix}nothing", key=None, value=b"x"))


def test_the_secured_listener(kafka: Broker, topic: Callable[..., str]) -> None:
    settings = secured(kafka)
    name = topic()
    _write(settings, name, 5)
    with Client(settings) as client:
        assert len(list(client.read([name]))) == 5
        assert client.lag("nobody", [name]) == {(name, 0): 5}


@pytest.mark.parametrize("opening", [Client, Writer])
@pytest.mark.parametrize(
    ("fault", "kind", "says"),
    [
        ("password", BrokerRefused, "refused the user 'app'.*EVENTWIRE_SASL_PASSWORD"),
        ("authority", BrokerRefused, "not signed by.*EVENTWIRE_SSL_CAFILE"),
        ("mechanism", BrokerRefused, "does not offer PLAIN"),
        ("plain to TLS", BrokerError, "EVENTWIRE_SECURITY_PROTOCOL"),
        ("TLS without a user", BrokerError, "wants a user and password.*SCRAM-SHA-512"),
        ("TLS to plain", BrokerError, "does not speak TLS"),
        ("user to plain", BrokerRefused, "takes no user and password"),
        ("nobody", BrokerError, "nothing listens"),
    ],
)
def test_a_refusal_names_its_cause_within_seconds(
    kafka: Broker, opening: type[Client] | type[Writer], fault: str, kind: type[BrokerError], says: str
) -> None:
    assert kafka.certificates is not None
    assert kafka.secured_bootstrap is not None
    settings = {
        "password": lambda: secured(kafka, sasl_password="guess"),
        "authority": lambda: secured(kafka, ssl_cafile=kafka.certificates.other_ca),
        "mechanism": lambda: secured(kafka, sasl_mechanism="PLAIN"),
        "plain to TLS": lambda: plain(kafka, brokers=kafka.secured_bootstrap),
        "TLS to plain": lambda: secured(kafka, brokers=kafka.bootstrap),
        "TLS without a user": lambda: secured(kafka, security_protocol="SSL"),
        "user to plain": lambda: secured(kafka, brokers=kafka.bootstrap, security_protocol="SASL_PLAINTEXT"),
        "nobody": lambda: plain(kafka, brokers="127.0.0.1:9"),
    }[fault]()
    started = time.monotonic()
    with pytest.raises(kind, match=says) as caught, opening(settings):
        pass
    assert time.monotonic() - started < 30
    assert "guess" not in str(caught.value)


def test_reading_outlives_a_broker_that_goes_away(own_kafka: Broker) -> None:
    from tests.kafka.fixtures import create_topics

    create_topics(own_kafka, {"t": 1})
    settings = plain(own_kafka)
    _write(settings, "t", 3)
    seen: list[bytes | None] = []
    with Client(settings) as client:
        for message in client.read(["t"], follow=True, until=lambda: len(seen) >= 6):
            seen.append(message.value)
            if len(seen) == 3:
                own_kafka.kill()
                own_kafka.start()
                _write(settings, "t", 3)
    assert seen == [b"v0", b"v1", b"v2"] * 2
