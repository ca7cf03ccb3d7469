"""What every test may use. Nothing skips silently: in CI (CI=true) a missing part is a failure."""

import os
from pathlib import Path

import pytest

pytest_plugins = ["tests.kafka.fixtures"]

ROOT = Path(__file__).resolve().parent.parent


def skip_unless_ci(reason: str) -> None:
    """Skip, saying why; fail in CI, which has everything that the suite needs."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"in CI this must not be missing: {reason}", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The project's data folder: EVENTWIRE_DATA, else ../shared/data beside the checkout."""
    path = Path(os.environ.get("EVENTWIRE_DATA", ROOT.parent / "shared" / "data"))
    if not (path / "README.md").is_file():
        skip_unless_ci(f"no data folder at {path}: set EVENTWIRE_DATA (training/README.md names the public sources)")
    return path
