"""Where own types are kept: one folder (EVENTWIRE_TYPES), and in it of each type its definition and what was learned.

`<name>.yaml` is the user's file, byte for byte. `<name>.npz` holds the weights, and says which definition, model and
background they were learned from: a type that was learned for another model is refused, never silently wrong.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.errors import SettingsError
from pipeline.events.own import OwnType, read_own_type
from pipeline.events.own_heads import OwnHead
from pipeline.events.scheme import OwnColumns, Scheme
from pipeline.events.taxonomy import Taxonomy, taxonomy

_ARRAYS = ("sentence", "trigger", "roles", "role_bias")
_NUMBERS = ("sentence_bias", "trigger_bias", "trigger_share", "scale", "shift", "threshold")


@dataclass(frozen=True, slots=True)
class OwnTypes:
    """The folder's types in the order of their names, and a digest over all that the events depend on."""

    types: Mapping[str, OwnType] = field(default_factory=dict)
    heads: tuple[OwnHead, ...] = ()
    digest: str = ""


def read_definitions(folder: Path | None) -> Mapping[str, OwnType]:
    """The definitions in the folder by name, in the order of the names; none if `folder` is None.

    Raises `SettingsError` for a folder that isn't there, and for a file that is wrong or not named after its type.
    """
    if folder is None:
        return {}
    if not folder.is_dir():
        raise SettingsError(f"EVENTWIRE_TYPES: there is no folder {folder}. Make it, or unset the variable.")
    found: dict[str, OwnType] = {}
    for path in sorted(folder.glob("*.yaml")):
        own = read_own_type(path)
        if path.stem != own.name:
            raise SettingsError(f"{path} defines {own.name}: add it with `eventwire types add {path}`.")
        found[own.name] = own
    return found


def known_types(folder: Path | None) -> Taxonomy:
    """The shipped types and the folder's, for whoever filters events."""
    return taxonomy().with_own(own.kind for own in read_definitions(folder).values())


def open_own_types(folder: Path | None, model_digest: str) -> OwnTypes:
    """The folder's types, ready to be read with the model of this digest.

    Raises `SettingsError` for a type that was not learned yet, or for another definition or model.
    """
    types = read_definitions(folder)
    if folder is None or not types:
        return OwnTypes()
    whole = hashlib.sha256()
    heads = []
    for name, own in types.items():
        head, notes = _read(folder / f"{name}.npz", own)
        if notes.get("model") != model_digest or notes.get("source") != source_digest(own):
            what = "another model" if notes.get("model") != model_digest else "an earlier version of its file"
            raise SettingsError(f"{name} was learned for {what}: run `eventwire types add {folder / name}.yaml` again.")
        for part in (name, str(notes), *(repr(getattr(head, number)) for number in _NUMBERS)):
            whole.update(part.encode())
        for array in _ARRAYS:
            whole.update(np.ascontiguousarray(getattr(head, array), np.float32).tobytes())
        heads.append(head)
    return OwnTypes(types, tuple(heads), whole.hexdigest())


def with_own(scheme: Scheme, own: OwnTypes) -> Scheme:
    """The scheme of a reading that `extend` gave the columns of these types. Without any, the scheme as it is."""
    if not own.heads:
        return scheme
    columns: dict[str, OwnColumns] = {}
    at = len(scheme.roles)
    for name, kind in own.types.items():
        roles = {role: at + number for number, role in enumerate(kind.learned)}
        at += len(roles)
        columns[name] = OwnColumns(roles=roles, like=scheme.types.index(kind.like) if kind.like else None)
    plain, _, digest = scheme.ref.partition("+")
    return replace(
        scheme,
        taxonomy=scheme.taxonomy.with_own(kind.kind for kind in own.types.values()),
        types=(*scheme.types, *own.types),
        thresholds=(*scheme.thresholds, *(head.threshold for head in own.heads)),
        own=columns,
        ref=f"{plain}+{hashlib.sha256(f'{digest} {own.digest}'.encode()).hexdigest()[: len(digest)]}",
    )


def write_own_type(folder: Path, own: OwnType, head: OwnHead, model_digest: str, quality: Mapping[str, Any]) -> None:
    """Keep a type, in place of an older one of its name; the definition last, since it is what makes it known."""
    notes = {"model": model_digest, "source": source_digest(own), "quality": dict(quality)}
    arrays: dict[str, Any] = {name: np.asarray(getattr(head, name), np.float32) for name in _ARRAYS}
    arrays["numbers"] = np.array([getattr(head, name) for name in _NUMBERS], np.float64)
    arrays["notes"] = np.frombuffer(json.dumps(notes).encode(), np.uint8)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / f".{own.name}.partial"
        with partial.open("wb") as file:
            np.savez(file, **arrays)
        os.replace(partial, folder / f"{own.name}.npz")
        partial.write_bytes(own.source)
        os.replace(partial, folder / f"{own.name}.yaml")
    except OSError as error:
        raise SettingsError(f"{folder}: cannot be written ({error.strerror}).") from error


def remove_own_type(folder: Path, name: str) -> None:
    """Forget a type. Raises `SettingsError` if there is none of this name."""
    try:
        (folder / f"{name}.yaml").unlink()
        (folder / f"{name}.npz").unlink(missing_ok=True)
    except FileNotFoundError as error:
        raise SettingsError(f"There is no own type {name!r} in {folder}.") from error
    except OSError as error:
        raise SettingsError(f"{folder}: cannot be written ({error.strerror}).") from error


def quality_of(folder: Path, own: OwnType) -> Mapping[str, Any]:
    """What leaving out its examples said when it was added; empty if it was not learned yet."""
    path = folder / f"{own.name}.npz"
    return _read(path, own)[1].get("quality", {}) if path.exists() else {}


def source_digest(own: OwnType) -> str:
    return hashlib.sha256(own.source).hexdigest()


def _read(path: Path, own: OwnType) -> tuple[OwnHead, dict[str, Any]]:
    advice = f"run `eventwire types add {path.with_suffix('.yaml')}` again"
    try:
        with np.load(path, allow_pickle=False) as arrays:
            notes = json.loads(arrays["notes"].tobytes())
            values: dict[str, Any] = dict(zip(_NUMBERS, map(float, arrays["numbers"]), strict=True))
            values.update({name: arrays[name] for name in _ARRAYS})
            head = OwnHead(name=own.name, **values)
    except FileNotFoundError as error:
        raise SettingsError(f"{own.name} was not learned yet: {advice}.") from error
    except Exception as error:  # NumPy and zipfile raise many kinds for a damaged file
        raise SettingsError(f"{path} can't be read ({type(error).__name__}): {advice}.") from error
    return head, notes
