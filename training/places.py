"""Where training reads and writes. Both places can be moved by environment variables."""

from __future__ import annotations

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
MODELS = REPOSITORY / "pipeline" / "models"


def data() -> Path:
    """The folder with the data sets that README.md names (EVENTWIRE_DATA)."""
    return Path(os.environ.get("EVENTWIRE_DATA") or REPOSITORY.parent / "shared" / "data")


def cache() -> Path:
    """Check points, soft labels and float models (EVENTWIRE_TRAINING_CACHE); outside git, safe to delete."""
    place = Path(os.environ.get("EVENTWIRE_TRAINING_CACHE") or Path.home() / ".cache" / "eventwire-training")
    place.mkdir(parents=True, exist_ok=True)
    return place
