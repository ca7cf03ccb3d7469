"""Who is in the workers' consumer groups, as Kafka knows it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.broker.connection import told
from pipeline.broker.start import group_id
from pipeline.flow import FLOW
from pipeline.settings import Settings
from pipeline.streams.processor import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One consumer group. `state`: `Stable`, `PreparingRebalance`, `Empty` …; `members`: slots of the workers, or what
    else they are called."""

    name: str
    state: str
    members: tuple[str, ...]


def segments() -> list[tuple[Step, ...]]:
    """Every piece of the road that a worker can run."""
    return [FLOW[first : last + 1] for first in range(len(FLOW)) for last in range(first, len(FLOW))]


def segment_groups(settings: Settings) -> Mapping[str, tuple[Step, ...]]:
    """The groups that workers can form, by name."""
    return {group_id(settings, steps): steps for steps in segments()}


def describe_groups(admin: Any, settings: Settings, names: Iterable[str]) -> list[Group]:
    """The groups as they are now; one that doesn't exist is `Dead`. `admin`: see `client.admin_client`.

    A worker that is killed stays a member until its session time is over (`EVENTWIRE_SESSION_SECONDS`).
    Raises `BrokerError`.
    """
    with told(settings, "asking for the members of groups"):
        answer = admin.describe_groups(list(names))
    return [
        Group(name=name, state=str(found["group_state"]), members=tuple(sorted(map(_name, found["members"]))))
        for name, found in answer.items()
    ]


def _name(member: Mapping[str, Any]) -> str:
    return str(member.get("group_instance_id") or f"{member['client_id']}{member['client_host']}")
