"""What the columns of a `Reading` mean to the event agent, and the thresholds that decide."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pipeline.errors import ModelError
from pipeline.events.confidence import FEATURES
from pipeline.events.taxonomy import Taxonomy

VERSION = "0.1.0"
RULES = 3  # raise by one with every change of the rules in this folder that changes what is written
LEARNED_THRESHOLD = 0.5  # of roles that an own type learned from its examples


class Columns(Protocol):
    """The part of `pipeline.encoder.Model` that says what a reading's columns are."""

    digest: str
    event_types: tuple[str, ...]
    roles: tuple[str, ...]
    statuses: tuple[str, ...]
    times: tuple[str, ...]
    thresholds: Mapping[str, float]
    role_thresholds: Mapping[str, float]
    event_confidence: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnColumns:
    """Where an own type's roles are read: those that it learned in columns behind the model's, the others as in an
    event of the shipped type with the column `like`.
    """

    roles: Mapping[str, int]
    like: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """Names and thresholds by column. `ref` names model, taxonomy and rules: equal refs give equal events."""

    taxonomy: Taxonomy
    types: tuple[str, ...]  # columns of event_sentence and event_piece
    thresholds: tuple[float, ...]  # for event_sentence, in the order of `types`
    roles: Mapping[str, int]  # role -> column of `Reading.role`
    role_thresholds: Mapping[str, float]
    statuses: tuple[str, ...]
    times: tuple[str, ...]
    ref: str
    confidence: Mapping[str, float] = field(default_factory=dict)  # weights of `confidence.FEATURES`; none: not fitted
    own: Mapping[str, OwnColumns] = field(default_factory=dict)  # by own type; its own column stands in `types`

    def role_threshold(self, kind: str, role: str) -> float:
        """The probability from which on a piece fills the role."""
        own = self.own.get(kind)
        return LEARNED_THRESHOLD if own and role in own.roles else self.role_thresholds[role]


def scheme_of(model: Columns, taxonomy: Taxonomy) -> Scheme:
    """How to read what `model` writes. Raises `ModelError` when it was trained for another taxonomy."""
    _same("event types", model.event_types, tuple(taxonomy.types))
    _same("roles", model.roles, taxonomy.roles)
    for what, wanted, given in (
        ("thresholds", model.event_types, model.thresholds),
        ("role thresholds", model.roles, model.role_thresholds),
    ):
        if missing := [name for name in wanted if name not in given]:
            raise ModelError(f"The model has no {what} for {', '.join(missing)}: export it again.")
    if model.event_confidence and set(model.event_confidence) != set(FEATURES):
        raise ModelError(f"The model's event confidence needs weights for {', '.join(FEATURES)}: calibrate it again.")
    seed = f"{model.digest} {taxonomy.digest} {RULES}"
    digest = hashlib.sha256(seed.encode()).hexdigest()[:12]
    return Scheme(
        taxonomy=taxonomy,
        types=model.event_types,
        thresholds=tuple(model.thresholds[name] for name in model.event_types),
        roles={role: column for column, role in enumerate(model.roles)},
        role_thresholds=dict(model.role_thresholds),
        statuses=model.statuses,
        times=model.times,
        ref=f"eventwire-events@{VERSION}+{digest}",
        confidence=dict(model.event_confidence),
    )


def _same(what: str, model: Sequence[str], taxonomy: Sequence[str]) -> None:
    unknown, missing = set(model) - set(taxonomy), set(taxonomy) - set(model)
    if unknown or missing:
        raise ModelError(
            f"The model's {what} are not the taxonomy's (only in the model: {', '.join(sorted(unknown)) or 'none'}; "
            f"only in the taxonomy: {', '.join(sorted(missing)) or 'none'}): use the model of this version."
        )
