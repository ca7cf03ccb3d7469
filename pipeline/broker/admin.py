"""The topics on a live cluster: making those that `topics/` declares, and comparing.

A topic that exists is never made smaller in any way, and not changed at all unless it is to be grown. Names are the
declared ones with `settings.topic_prefix` before them.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.broker.client import admin_client
from pipeline.errors import BrokerError
from pipeline.settings import Settings
from pipeline.streams.topics import FOREVER, Topic, load_topics

MISSING, UNDECLARED = "missing", "not declared"
_SETTLE_SECONDS = 10.0  # given to a change to be seen by every broker
_READY_MILLISECONDS = 60_000  # a broker that is busy takes its time for a hundred partitions
_EXISTS = 36  # Kafka's error code TOPIC_ALREADY_EXISTS
_GROWS = ("partitions", "retention.ms", "min.compaction.lag.ms", "max.message.bytes")  # where more takes nothing away


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing in which the cluster is not as declared. `topic` is the full name.

    `what`: `missing`, `not declared`, `partitions`, `replication` or the name of a Kafka setting.
    """

    topic: str
    what: str
    declared: str = ""
    found: str = ""

    def __str__(self) -> str:
        if self.what in (MISSING, UNDECLARED):
            return f"{self.topic}: {self.what}"
        return f"{self.topic}: {self.what} is {self.found}, declared {self.declared}"

    @property
    def can_grow(self) -> bool:
        """Whether `create_topics(grow=True)` mends it."""
        if self.what == "cleanup.policy":  # what is compacted is kept longer than what is deleted
            return (self.found, self.declared) == ("delete", "compact,delete")
        return self.what in _GROWS and _more(self.declared) > _more(self.found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """What `create_topics` did, and what still differs afterwards."""

    created: tuple[str, ...]
    grown: tuple[Difference, ...]
    differences: tuple[Difference, ...]


def create_topics(
    settings: Settings,
    *,
    topics: Mapping[str, Topic] | None = None,
    replication: int | None = None,
    grow: bool = False,
) -> Created:
    """Create the declared topics that are missing. What exists stays as it is.

    `topics` are made instead of the declared ones. `replication` replaces the declared one (1 for a single broker).
    `grow` raises partitions, retention and message size of existing topics to the declared values, never lowers them;
    more partitions move keys to other partitions, so that the order of messages with one key is kept only from then on.
    Raises `BrokerError` if the cluster can't be reached or has too few brokers.
    """
    wanted = {settings.topic_prefix + topic.name: topic for topic in (topics or load_topics()).values()}
    with admin_client(settings) as admin:
        existing = set(admin.list_topics())
        missing = [name for name in wanted if name not in existing]
        _need_brokers(admin, settings, [_copies(wanted[name], replication) for name in missing])
        created = _create(
            admin,
            {
                name: {
                    "num_partitions": wanted[name].partitions,
                    "replication_factor": _copies(wanted[name], replication),
                    "configs": _configs(wanted[name], replication),
                }
                for name in missing
            },
        )
        grown = tuple(_grow(admin, _compare(admin, wanted, replication))) if grow else ()
        left = _compare(admin, wanted, replication)
        deadline = time.monotonic() + _SETTLE_SECONDS
        while set(left) & set(grown) and time.monotonic() < deadline:  # brokers say the old value for a while
            time.sleep(0.1)
            left = _compare(admin, wanted, replication)
    return Created(created=created, grown=grown, differences=tuple(left))


def check_topics(settings: Settings, *, replication: int | None = None) -> tuple[Difference, ...]:
    """Everything in which the cluster differs from `topics/`: empty when all is as declared.

    A topic below `<prefix>news.` that no file declares is a difference too.
    """
    wanted = {settings.topic_prefix + topic.name: topic for topic in load_topics().values()}
    with admin_client(settings) as admin:
        strangers = sorted(
            name
            for name in admin.list_topics()
            if name.startswith(f"{settings.topic_prefix}news.") and name not in wanted
        )
        differences = _compare(admin, wanted, replication)
    return (*differences, *(Difference(topic=name, what=UNDECLARED) for name in strangers))


def delete_topics(settings: Settings, names: Sequence[str], *, groups: Sequence[str] = ()) -> None:
    """Delete these topics (full names) with all that is on them, and consumer groups that no worker is in.

    One that is not there is no error. Raises `BrokerError` if a group still has a worker: nothing is deleted then.
    """
    with admin_client(settings) as admin:
        known = {group["group_id"] for group in admin.list_groups()}
        for group in known.intersection(groups):
            answer = admin.delete_groups([group])[group]
            if answer != "OK":
                raise BrokerError(
                    f"Kafka at {settings.brokers} keeps the group {group}: {answer}. Is a worker of it running? "
                    f"One that was killed counts for {settings.session_seconds:.0f} s more."
                )
        there = set(admin.list_topics())
        if wanted := [name for name in names if name in there]:
            admin.delete_topics(wanted)
            deadline = time.monotonic() + _SETTLE_SECONDS
            while set(wanted) & set(admin.list_topics()) and time.monotonic() < deadline:  # brokers hear of it later
                time.sleep(0.1)


def remove_member(settings: Settings, group: str, instance: str) -> None:
    """Take a static member that has ended out of its group, which would count it until its session is over.

    Static members don't leave by themselves, so that one that is started again finds its place. One that is not there
    is no error.
    """
    from kafka.admin import MemberToRemove

    with admin_client(settings) as admin:
        if group in {known["group_id"] for known in admin.list_groups()}:
            admin.remove_group_members(group, [MemberToRemove(group_instance_id=instance)])


def _copies(topic: Topic, replication: int | None) -> int:
    return replication or topic.replication


def _configs(topic: Topic, replication: int | None) -> dict[str, str]:
    """The topic's Kafka settings. One replica may be down without stopping writers, never all but one: a write is
    acknowledged by `min.insync.replicas`, and what one broker alone has acknowledged is lost with it."""
    lag = {} if topic.compaction_lag_ms is None else {"min.compaction.lag.ms": str(topic.compaction_lag_ms)}
    return {
        "retention.ms": str(topic.retention_ms),
        **lag,  # before the policy: what is not to be compacted yet must be known when compaction begins
        "cleanup.policy": topic.cleanup_policy,
        "max.message.bytes": str(topic.max_message_bytes),
        "min.insync.replicas": str(max(1, _copies(topic, replication) - 1)),
    }


def _need_brokers(admin: Any, settings: Settings, copies: Sequence[int]) -> None:
    brokers = len(admin.describe_cluster()["brokers"])
    if copies and max(copies) > brokers:
        raise BrokerError(
            f"The topics want {max(copies)} copies of each partition, but the cluster at {settings.brokers} has "
            f"{brokers} broker{'s' if brokers > 1 else ''}. For a cluster that small: --replication {brokers}."
        )


def _create(admin: Any, topics: dict[str, dict[str, Any]]) -> tuple[str, ...]:
    """Create `topics`, wait until every broker knows them, and say which ones were not there.

    The list of topics may be a second old, and others may be creating the same ones: that one exists is no error.
    """
    if not topics:
        return ()
    answers = admin.create_topics(topics, raise_errors=False)["topics"]  # the error raised would quote everything sent
    failed = [answer for answer in answers if answer["error_code"] not in (0, _EXISTS)]
    if failed:
        reasons = "; ".join(f"{answer['name']}: {answer['error_message']}" for answer in failed[:3])
        raise BrokerError(f"Kafka refused to create {len(failed)} of {len(topics)} topics. {reasons}")
    admin.wait_for_topics(list(topics), timeout_ms=_READY_MILLISECONDS)
    return tuple(answer["name"] for answer in answers if answer["error_code"] == 0)


def _compare(admin: Any, wanted: dict[str, Topic], replication: int | None) -> list[Difference]:
    existing = set(admin.list_topics())
    there = [name for name in wanted if name in existing]
    described = {entry["name"]: entry["partitions"] for entry in admin.describe_topics(there)} if there else {}
    settings = _read_configs(admin, there)
    differences: list[Difference] = []
    for name, topic in wanted.items():
        if name not in described:
            differences.append(Difference(topic=name, what=MISSING))
            continue
        partitions = described[name]
        copies = {len(partition["replica_nodes"]) for partition in partitions}
        declared = {
            "partitions": str(topic.partitions),
            "replication": str(_copies(topic, replication)),
            **_configs(topic, replication),
        }
        found = {
            "partitions": str(len(partitions)),
            "replication": " or ".join(str(count) for count in sorted(copies)),
            **settings[name],
        }
        differences += [
            Difference(topic=name, what=what, declared=value, found=found.get(what, "not set"))
            for what, value in declared.items()
            if found.get(what) != value
        ]
    return differences


def _read_configs(admin: Any, names: Sequence[str]) -> dict[str, dict[str, str]]:
    from kafka.admin import ConfigResource, ConfigResourceType

    if not names:
        return {}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    (answer,) = admin.describe_configs(resources, config_filter="all").values()
    return {name: {key: str(entry["value"]) for key, entry in answer[name].items()} for name in names}


def _grow(admin: Any, differences: Sequence[Difference]) -> list[Difference]:
    from kafka.admin import ConfigResource, ConfigResourceType

    grown = [difference for difference in differences if difference.can_grow]
    for difference in grown:
        if difference.what == "partitions":
            admin.create_partitions({difference.topic: int(difference.declared)})
        else:
            configs = {difference.what: difference.declared}
            admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, difference.topic, configs=configs)])
    return grown


def _more(value: str) -> float:
    """A number to compare sizes by: keeping for ever is more than any number of milliseconds."""
    return float("inf") if int(value) == FOREVER else int(value)
