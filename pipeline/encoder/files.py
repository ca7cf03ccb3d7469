"""A model's files on disk: the shared base set, the small set that a training makes, and their digests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import ModelError

MODELS = Path(__file__).resolve().parent.parent / "models"
DEFAULT = "news-s6"
DIGEST_CHARACTERS = 12


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """Paths that were checked against the card, and the digest over all of them."""

    folder: Path
    card: Mapping[str, Any]  # model.json
    paths: Mapping[str, Path]  # by the name in the card: encoder.onnx, heads.npz, base/words.npy ...
    digest: str  # SHA-256 over the names and SHA-256s of all files and over model.json itself


def open_files(folder: Path | None = None) -> ModelFiles:
    """Check a model's files; a missing, changed or half-written one raises `ModelError`."""
    folder = MODELS / DEFAULT if folder is None else folder
    card_bytes = _read(folder / "model.json")
    try:
        card = json.loads(card_bytes)
        expected = {str(name): str(digest) for name, digest in card["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(_advice(folder / "model.json", f"is no model card ({error!r})")) from error
    paths: dict[str, Path] = {}
    whole = hashlib.sha256(card_bytes)
    for name, digest in sorted(expected.items()):
        path = _place(folder, name)
        found = _sha256(path)
        if found != digest:
            raise ModelError(
                _advice(path, f"has SHA-256 {found[:12]}..., {folder.name}/model.json says {digest[:12]}...")
            )
        whole.update(f"{name} {found}\n".encode())
        paths[name] = path
    return ModelFiles(folder, card, paths, whole.hexdigest())


def _place(folder: Path, name: str) -> Path:
    """Base files lie beside the model's folder; a model kept elsewhere uses the shipped ones."""
    if not name.startswith("base/"):
        return folder / name
    beside = folder.parent / name
    return beside if beside.exists() else MODELS / name


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(_advice(path, f"cannot be read ({error.strerror})")) from error


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(_advice(path, f"cannot be read ({error.strerror})")) from error


def _advice(path: Path, what: str) -> str:
    return (
        f"model file {path} {what}. Install eventwire again (or, in a clone: git checkout -- pipeline/models); "
        "for a model of your own run python -m training export."
    )
