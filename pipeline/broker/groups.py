"""How far the workers are, as Kafka knows it: what the consumer groups of the road's segments have committed."""

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.broker.client import Client, Partition
from pipeline.broker.members import segment_groups


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerGroup:
    """Workers of one segment. `reads`, `writes`: its first and last topic, without prefix. `committed`: by partition,
    the offset of the next message to work on."""

    name: str
    reads: str
    writes: str
    committed: Mapping[Partition, int]


def worker_groups(client: Client) -> list[WorkerGroup]:
    """The groups that have committed anything, of all segments that there can be. Raises `BrokerError`."""
    groups = []
    for name, steps in segment_groups(client.settings).items():
        if committed := client.committed(name):
            groups.append(WorkerGroup(name=name, reads=steps[0].reads, writes=steps[-1].writes, committed=committed))
    return groups
