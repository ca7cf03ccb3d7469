"""Settings for the test brokers."""

from typing import Any

from pipeline.settings import Settings
from tests.kafka.broker import PASSWORD, USERNAME, Broker


def plain(broker: Broker, **overrides: Any) -> Settings:
    """Settings for the plain listener."""
    return Settings(**{"brokers": broker.bootstrap, "metrics_port": 0, **overrides})


def secured(broker: Broker, **overrides: Any) -> Settings:
    """Settings for the listener with TLS and a password."""
    assert broker.certificates is not None
    assert broker.secured_bootstrap is not None
    options = {
        "brokers": broker.secured_bootstrap,
        "security_protocol": "SASL_SSL",
        "sasl_username": USERNAME,
        "sasl_password": PASSWORD,
        "ssl_cafile": broker.certificates.ca,
        "metrics_port": 0,
    }
    return Settings(**{**options, **overrides})
