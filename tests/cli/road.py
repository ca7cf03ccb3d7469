"""The road on a real broker with cheap stages and no worker: what `tail`, `dead-letters` and `audit` are tested on."""

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson

from pipeline.broker.client import Client, Writer
from pipeline.broker.publish import RAW, raw_output
from pipeline.broker.start import group_id
from pipeline.errors import BrokerError
from pipeline.settings import Settings
from pipeline.streams.message import Message, Output
from pipeline.streams.processor import Processor
from pipeline.streams.topics import load_topics
from tests.fake_stages import NOON, fake_steps, noon
from tests.kafka.broker import Broker
from tests.kafka.broker_settings import plain
from tests.kafka.fixtures import create_topics


@dataclass
class Road:
    """One prefix on the test broker. `work` does what a worker does, in this process."""

    settings: Settings
    done: dict[tuple[str, int], int] = field(default_factory=dict)

    @property
    def options(self) -> list[str]:
        return ["--brokers", self.settings.brokers, "--topic-prefix", self.settings.topic_prefix]

    def topic(self, name: str) -> str:
        return self.settings.topic_prefix + name

    def publish(self, *values: bytes | dict[str, object] | None) -> None:
        outputs = []
        for number, value in enumerate(values):
            data = orjson.dumps(value) if isinstance(value, dict) else value
            message = Message(topic="test.jsonl", partition=0, offset=number, key=None, value=data, timestamp=0)
            output = raw_output(message, now=NOON, topic_prefix=self.settings.topic_prefix)
            outputs.append(output if data is not None else Output(topic=output.topic, key=b"gone", value=None))
        self.write(outputs)

    def write(self, outputs: Sequence[Output]) -> None:
        with Writer(self.settings) as writer:
            for output in outputs:
                writer.write(output)

    def work(self, *, names: Sequence[str] | None = None, commit: bool = True, twice: bool = False) -> None:
        """Everything that stands on the first topic of the segment and wasn't worked on, then commit."""
        steps = fake_steps(names)
        processor = Processor(steps, self.settings, clock=noon)
        topic = self.topic(steps[0].reads)
        with Client(self.settings) as client:
            ends = client.end_offsets([topic])
            start = {key: self.done.get(key, 0) for key in ends}
            outputs = []
            for message in client.read([topic], start=start, end=ends):
                outputs += processor.process(message).outputs * (2 if twice else 1)
            self.write(outputs)
            self.done |= ends
            if commit:
                _commit(client, self.group(names), ends)

    def group(self, names: Sequence[str] | None = None) -> str:
        return group_id(self.settings, fake_steps(names))

    def read(self, name: str) -> list[Message]:
        with Client(self.settings) as client:
            return list(client.read([self.topic(name)]))


def _commit(client: Client, group: str, offsets: dict[tuple[str, int], int]) -> None:
    """A broker that was just started loads its groups on the first question."""
    for _ in range(40):
        try:
            client.commit(group, offsets)
        except BrokerError as error:
            if "CoordinatorLoadInProgress" not in str(error):
                raise
            time.sleep(0.25)
        else:
            return
    raise AssertionError("the broker still loads its groups")


def make_road(broker: Broker) -> Road:
    """All topics, with few partitions: the declared 130 take the test broker seconds."""
    settings = plain(broker, topic_prefix=f"t{uuid.uuid4().hex[:12]}.")
    counts = {settings.topic_prefix + name: 3 if ".articles." in name else 1 for name in load_topics()}
    create_topics(broker, counts, max_message_bytes=str(8 * 1024 * 1024))
    return Road(settings)


def article(number: int, text: str = "Firma KAUFT Werk.", **fields: object) -> dict[str, object]:
    return {"id": f"a{number}", "title": f"T{number}", "text": text, **fields}


__all__ = ["RAW", "Road", "article", "make_road"]
