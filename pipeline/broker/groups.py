"""Which workers there have been, as Kafka knows them: their consumer groups, and what these have committed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.broker.client import Client, Partition, admin_client
from pipeline.flow import FLOW


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerGroup:
    """A consumer group that committed offsets of topics of the road. `committed`: the next offset, by partition."""

    name: str
    committed: Mapping[Partition, int]

    @property
    def writes_last(self) -> str:
        """The topic (without prefix) that its segment ends with: a worker's group is named after its stages."""
        named = [step for step in FLOW if re.search(rf"(?<![a-z]){step.name}(?![a-z])", self.name)]
        return (named or FLOW)[-1].writes


def worker_groups(client: Client, *, names: frozenset[str] = frozenset()) -> list[WorkerGroup]:
    """The groups whose commits say how far the workers are: those called `names`, else all with "eventwire" in theirs.

    Raises `BrokerError`.
    """
    settings = client.settings
    topics = {settings.topic_prefix + step.reads for step in FLOW}
    with admin_client(settings) as admin:
        found = {group["group_id"] for group in admin.list_groups()}
    groups = []
    for name in sorted(found):
        if name not in names if names else "eventwire" not in name:
            continue
        committed = {key: offset for key, offset in client.committed(name).items() if key[0] in topics}
        if committed:
            groups.append(WorkerGroup(name=name, committed=committed))
    return groups
