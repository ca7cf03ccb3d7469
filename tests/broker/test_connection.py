"""Settings that cannot be right are told of before anything is opened; causes are read out of a client's log."""

from pathlib import Path
from typing import Any

import pytest

from pipeline.broker.connection import check_sums_in_c, connection
from pipeline.errors import SettingsError
from pipeline.settings import Settings


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"brokers": ""}, "EVENTWIRE_BROKERS is empty"),
        ({"brokers": "kafka"}, "'kafka' is not host:port"),
        ({"brokers": "kafka:9092, http://kafka:9092"}, "'http://kafka:9092' is not host:port"),
        ({"security_protocol": "TLS"}, "choose one of PLAINTEXT, SSL"),
        ({"security_protocol": "SASL_PLAINTEXT"}, "needs EVENTWIRE_SASL_USERNAME"),
        (
            {"security_protocol": "SASL_PLAINTEXT", "sasl_username": "u", "sasl_password": "p", "sasl_mechanism": "X"},
            "EVENTWIRE_SASL_MECHANISM='X'",
        ),
        ({"security_protocol": "SSL", "ssl_cafile": Path("no/such.pem")}, "there is no file no/such.pem"),
    ],
)
def test_wrong_settings(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        connection(Settings(**settings))


def test_a_file_that_holds_no_certificate(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("hello")
    with pytest.raises(SettingsError, match="is not a PEM certificate"):
        connection(Settings(security_protocol="SSL", ssl_cafile=file))


def test_options() -> None:
    options = connection(
        Settings(brokers="a:1, [::1]:2", security_protocol="SASL_SSL", sasl_username="u", sasl_password="p")
    )
    assert options["bootstrap_servers"] == ["a:1", "[::1]:2"]
    assert options["ssl_context"].check_hostname
    assert (options["sasl_plain_username"], options["sasl_plain_password"]) == ("u", "p")
    assert "ssl_context" not in connection(Settings())


def test_checksums_are_those_of_c(monkeypatch: pytest.MonkeyPatch) -> None:
    """kafka-python's own are Python's: 2 MB take 1.8 s."""
    from aiokafka.record import util
    from kafka.record import default_records
    from kafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder

    check_sums_in_c()
    fast, asked = util.calc_crc32c, []
    assert fast is not util.calc_crc32c_py, "aiokafka was installed without its C"
    monkeypatch.setattr(util, "calc_crc32c", lambda data: asked.append(len(data)) or fast(data))
    assert default_records.calc_crc32c(b"123456789") == 0xE3069283, "the check value of CRC-32C"
    assert default_records.calc_crc32c(memoryview(bytearray(b"-123456789"))[1:]) == 0xE3069283
    assert asked == [9, 9]

    builder = DefaultRecordBatchBuilder(
        magic=2, compression_type=0, is_transactional=0, producer_id=-1, producer_epoch=-1, base_sequence=-1,
        batch_size=9_999,
    )  # fmt: skip
    builder.append(0, timestamp=1, key=b"k", value=b"v", headers=[])
    batch = builder.build()
    assert DefaultRecordBatch(bytes(batch)).validate_crc()
    batch[-1] ^= 1
    assert not DefaultRecordBatch(bytes(batch)).validate_crc()
