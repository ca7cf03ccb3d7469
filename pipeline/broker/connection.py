"""How to connect to Kafka, and why it did not work.

kafka-python reports every failed start as "Unable to bootstrap", after 30 s, without a cause. `connecting` raises a
`BrokerError` that names it, within `BOOTSTRAP_SECONDS` a broker.
"""

import logging
import re
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from pipeline.broker.probe import BrokerRefused, check_reachable
from pipeline.errors import BrokerError, SettingsError
from pipeline.settings import Settings

__all__ = ["BrokerRefused", "connecting", "connection", "missing_topics", "told"]

BOOTSTRAP_SECONDS = 3.0
REQUEST_SECONDS = 30.0
PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")

# Nothing is printed by itself: the cause goes into the error, and a program with logging set up still sees it all.
logging.getLogger("kafka").addHandler(logging.NullHandler())


def connection(settings: Settings) -> dict[str, Any]:
    """The options every kafka-python client takes: brokers, time-outs, security.

    Raises `SettingsError` for settings that cannot be right. Open the client inside `connecting(settings)`.
    """
    options: dict[str, Any] = {
        "bootstrap_servers": broker_list(settings),
        "bootstrap_timeout_ms": int(BOOTSTRAP_SECONDS * 1000),
        "request_timeout_ms": int(REQUEST_SECONDS * 1000),
        "client_id": "eventwire",
        "security_protocol": check_security(settings),
    }
    context = tls_context(settings)
    if context is not None:
        options["ssl_context"] = context
    if settings.security_protocol.startswith("SASL"):
        options |= {
            "sasl_mechanism": settings.sasl_mechanism,
            "sasl_plain_username": settings.sasl_username,
            "sasl_plain_password": settings.sasl_password,
        }
    return options


def broker_list(settings: Settings) -> list[str]:
    """`host:port` of each broker. Raises `SettingsError`."""
    brokers = [part.strip() for part in settings.brokers.split(",") if part.strip()]
    for broker in brokers:
        if not re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[^:\s/]+):\d{1,5}", broker):
            raise SettingsError(f"EVENTWIRE_BROKERS: {broker!r} is not host:port (example: kafka1:9092,kafka2:9092).")
    if not brokers:
        raise SettingsError("EVENTWIRE_BROKERS is empty: name at least one broker as host:port.")
    return brokers


def check_security(settings: Settings) -> str:
    """The security protocol, once everything it needs is there. Raises `SettingsError`."""
    protocol = settings.security_protocol
    if protocol not in PROTOCOLS:
        raise SettingsError(f"EVENTWIRE_SECURITY_PROTOCOL={protocol!r}: choose one of {', '.join(PROTOCOLS)}.")
    if protocol.startswith("SASL"):
        if settings.sasl_mechanism not in MECHANISMS:
            raise SettingsError(
                f"EVENTWIRE_SASL_MECHANISM={settings.sasl_mechanism!r}: choose one of {', '.join(MECHANISMS)}."
            )
        if not settings.sasl_username or not settings.sasl_password:
            raise SettingsError(f"{protocol} needs EVENTWIRE_SASL_USERNAME and EVENTWIRE_SASL_PASSWORD.")
    return protocol


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """TLS as the settings want it: their authority, else the system's; host names are checked. None without TLS."""
    if not settings.security_protocol.endswith("SSL"):
        return None
    cafile = settings.ssl_cafile
    if cafile is not None and not cafile.is_file():
        raise SettingsError(f"EVENTWIRE_SSL_CAFILE: there is no file {cafile}.")
    try:
        return ssl.create_default_context(cafile=str(cafile) if cafile else None)
    except ssl.SSLError as error:
        raise SettingsError(f"EVENTWIRE_SSL_CAFILE: {cafile} is not a PEM certificate ({error.reason}).") from None


@contextmanager
def connecting(settings: Settings) -> Iterator[None]:
    """Open a client in here: a failure is a `BrokerError` that names the cause and what to do about it.

    Raises `BrokerRefused` where waiting would not help. Asks the brokers first (`probe.py`), since the clients don't
    tell; what they log while they fail is the second source.
    """
    from kafka.errors import KafkaError

    check(settings)
    check_sums_in_c()
    listener = _Listener()
    logger = logging.getLogger("kafka")
    logger.addHandler(listener)
    propagate, logger.propagate = logger.propagate, False  # twenty lines a second of one and the same trouble
    try:
        yield
    except KafkaError as error:
        told = f" ({listener.messages[-1]})" if listener.messages else ""
        raise BrokerError(f"Kafka at {settings.brokers} lets us in, and then: {error}{told}") from error
    finally:
        logger.propagate = propagate
        logger.removeHandler(listener)


def check(settings: Settings) -> None:
    """Return if a broker lets us in. Raises `BrokerRefused`, `BrokerError` or `SettingsError` with the cause."""
    check_security(settings)
    check_reachable(settings, broker_list(settings), tls_context(settings))


def check_sums_in_c() -> None:
    """Let kafka-python take the checksum of aiokafka, which is C: 2 MB in 1 ms instead of 1.8 s in Python.

    So each batch can be checked, read and written. kafka-python itself looks for the package crc32c only, and binds
    what it found as a default argument (3.0.12, kafka/record/util.py).
    """
    from kafka.record.util import calc_crc32c

    calc_crc32c.__defaults__ = (_check_sum,)


def _check_sum(data: Any) -> int:
    from aiokafka.record.util import calc_crc32c  # 0.2 s to import: only when there is something to check

    return int(calc_crc32c(data))


class _Listener(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


def missing_topics(settings: Settings, missing: Iterable[str]) -> BrokerError:
    """The error for topics that aren't there, with the command that makes them."""
    names = sorted(missing)
    prefix = f" (with EVENTWIRE_TOPIC_PREFIX={settings.topic_prefix})" if settings.topic_prefix else ""
    what = f"topic {names[0]}" if len(names) == 1 else f"topics {', '.join(names)}"
    return BrokerError(f"Kafka at {settings.brokers} has no {what}. Create them: eventwire topics create{prefix}")


@contextmanager
def told(settings: Settings, doing: str) -> Iterator[None]:
    """What kafka-python raises becomes a `BrokerError` that says what was being done, and where."""
    from kafka.errors import KafkaError

    try:
        yield
    except KafkaError as error:
        raise BrokerError(f"Kafka at {settings.brokers}, {doing}: {error}") from error
