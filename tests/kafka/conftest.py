"""Every test in this folder needs the real broker: `pytest -m "not kafka"` leaves them out."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kafka.workers import close_roads

HERE = Path(__file__).resolve().parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.kafka)
            # Workers and brokers start slowly on a machine that is busy with something else.
            item.add_marker(pytest.mark.timeout(900))


@pytest.fixture(autouse=True)
def _no_open_roads() -> Iterator[None]:
    yield
    close_roads()
