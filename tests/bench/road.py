"""`make bench`: what an article costs, stage by stage, and what Kafka adds. Prints, asserts nothing.

Three measurements of the same articles in one run, on this machine, with the shipped model:
1. one process: microseconds an article by stage, and what is left for messages (decode, schema, encode);
2. in process: a pool with a child for each core, articles a second;
3. over Kafka: `eventwire worker` with the same number of children on a real broker, articles a second between the
   first and the last classified record (start-up left out). Baseline of the ratio: 2.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from pipeline.flow import FLOW, segment
from pipeline.settings import load_settings
from pipeline.streams.message import Message
from pipeline.streams.processor import Processor

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples" / "articles.jsonl"


def articles(count: int) -> list[bytes]:
    """`count` different articles: the data folder's real ones where it is there, else the examples again and again.

    Each repetition gets its own id and a title of its own, so that nothing is remembered from the one before.
    """
    folder = Path(os.environ.get("EVENTWIRE_DATA", ROOT.parent / "shared" / "data")) / "articles"
    files = sorted(folder.glob("*.jsonl")) or [EXAMPLES]
    lines = [orjson.loads(line) for file in files for line in file.read_bytes().splitlines()]
    lines = [line for line in lines if line.get("action", "add") == "add" and (line.get("text") or line.get("html"))]
    step = max(1, len(lines) // count)
    chosen = (lines[::step] * (count // len(lines[::step]) + 1))[:count]
    return [
        orjson.dumps(
            {
                "id": f"bench-{number}",
                "title": f"{line.get('title') or 'Untitled'} ({number})",
                "text": line.get("text"),
                "html": line.get("html"),
                "language": line.get("language"),
                "published_at": None,
            }
        )
        for number, line in enumerate(chosen)
    ]


def messages(values: list[bytes]) -> list[Message]:
    now = int(time.time() * 1000)
    return [
        Message(topic="news.articles.raw", partition=0, offset=offset, key=None, value=value, timestamp=now)
        for offset, value in enumerate(values)
    ]


def one_process(values: list[bytes]) -> float:
    processor = Processor(FLOW, load_settings())
    batch = messages(values)
    processor.process(batch[0])  # the first pays for what is loaded late
    by_stage: dict[str, float] = defaultdict(float)
    started = time.perf_counter()
    outcomes = [processor.process(message) for message in batch[1:]]
    elapsed = time.perf_counter() - started
    for outcome in outcomes:
        for stage, seconds in outcome.seconds.items():
            by_stage[stage] += seconds
    count = len(outcomes)
    characters = sum(len(orjson.loads(value).get("text") or "") for value in values[1:]) / count
    print(f"one process, {count} articles of {characters:,.0f} characters on average")
    for step in FLOW:
        print(f"  {step.name:<10} {by_stage[step.name] / count * 1e6:10,.0f} us an article")
    rest = elapsed - sum(by_stage.values())
    print(f"  {'messages':<10} {rest / count * 1e6:10,.0f} us an article (decode, schemas, CloudEvents, encode)")
    dead = sum(outcome.dead for outcome in outcomes)
    print(f"  {count / elapsed:.1f} articles/s; {dead} dead-lettered")
    return count / elapsed


def in_process(values: list[bytes], workers: int) -> float:
    from pipeline.streams.pool import Pool

    settings = load_settings(workers=workers)
    with Pool(None, settings, steps=segment, on_restart=print) as pool:
        batch = messages(values)
        pool.submit(batch[: workers * 4]).result()  # every child has loaded and worked
        rest = batch[workers * 4 :]
        started = time.perf_counter()
        futures = [pool.submit(rest[i : i + settings.batch]) for i in range(0, len(rest), settings.batch)]
        done = sum(len(future.result()) for future in futures)
        rate = done / (time.perf_counter() - started)
    print(f"in process, {workers} children: {rate:.1f} articles/s")
    return rate


def outcomes(client: Any, count: int) -> tuple[list[float], int]:
    """When each article was classified (Unix time), and how many were dead-lettered, once all `count` are done."""
    made: list[float] = []
    dead: list[bytes | None] = []
    topics = ["news.articles.classified", *(step.dead_letters for step in FLOW)]
    for message in client.read(topics, follow=True, until=lambda: len(made) + len(dead) >= count):
        if message.topic == topics[0]:
            made.append(datetime.fromisoformat(orjson.loads(message.value)["produced_at"]).timestamp())
        else:
            dead.append(message.key)
    return made, len(dead)


def over_kafka(values: list[bytes], workers: int) -> float:
    from pipeline.broker.admin import create_topics
    from pipeline.broker.client import Client, Writer
    from pipeline.streams.message import Output
    from tests.kafka.broker import Broker

    with tempfile.TemporaryDirectory() as folder:
        broker = Broker(Path(folder) / "kafka")
        broker.start()
        try:
            settings = load_settings(brokers=broker.bootstrap)
            create_topics(settings, replication=1)
            with Writer(settings) as writer:
                for number, value in enumerate(values):
                    writer.write(Output(topic="news.articles.raw", key=f"bench-{number}".encode(), value=value))
            worker = subprocess.Popen(
                [sys.executable, "-m", "pipeline.cli.main", "worker"],
                env={
                    **os.environ,
                    "EVENTWIRE_BROKERS": broker.bootstrap,
                    "EVENTWIRE_WORKERS": str(workers),
                    "EVENTWIRE_METRICS_PORT": "0",
                    "EVENTWIRE_LOG_LEVEL": "error",
                },
                stdout=subprocess.DEVNULL,
            )
            try:
                with Client(settings) as client:
                    made, dead = outcomes(client, len(values))
            finally:
                worker.terminate()
                worker.wait(60)
        finally:
            broker.stop()
    made.sort()
    skip = workers * 4  # as above: loading does not count
    rate = (len(made) - 1 - skip) / (made[-1] - made[skip])
    print(f"over Kafka, {workers} children: {rate:.1f} articles/s; {dead} dead-lettered")
    return rate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--articles", type=int, default=300)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    values = articles(options.articles)
    one_process(values[: options.articles // 2])
    here = in_process(values, options.workers)
    there = over_kafka(values, options.workers)
    print(f"ratio Kafka / in process: {there / here:.2f}")


if __name__ == "__main__":
    main()
