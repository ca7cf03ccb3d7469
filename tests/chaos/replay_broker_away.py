"""A broker that is killed in the middle of a replay: it ends with code 3, and --resume completes it.

python -m tests.chaos.replay_broker_away [--articles 100]
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from pipeline.broker.client import Client
from pipeline.history import runs
from pipeline.settings import Settings
from pipeline.streams.codec import header
from tests.history.replays import TOPIC, make_archive
from tests.kafka.broker import Broker, die_with_parent
from tests.kafka.broker_settings import plain

ROOT = Path(__file__).resolve().parents[2]
RUN = "away"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.replay_broker_away", description=__doc__)
    parser.add_argument("--articles", type=int, default=100)
    count = parser.parse_args().articles
    with tempfile.TemporaryDirectory() as folder:
        broker = Broker(Path(folder, "kafka"))
        broker.start()
        try:
            values = [{"id": f"a{number}", "text": "Firma KAUFT. SCHLAF:0.1 "} for number in range(count)]
            archive = make_archive(Path(folder, "archive"), values)
            settings = plain(broker)
            process = replay(settings, "--archive", str(archive), "--replication", "1")
            wait_for(settings, count // 5)
            broker.kill()
            started = time.monotonic()
            _, told = process.communicate(timeout=400)
            print(f"exit code {process.returncode} {time.monotonic() - started:.0f} s after the kill:\n{told}")
            assert process.returncode == 3, "trouble with Kafka"
            broker.restart()
            process = replay(settings, "--resume")
            _, told = process.communicate(timeout=1800)
            assert process.returncode == 0, told
            check(settings, count)
        finally:
            broker.stop()


def replay(settings: Settings, *options: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.fake_eventwire", "replay", "--run", RUN, "--workers", "1"]
    return subprocess.Popen(
        [*command, "--brokers", settings.brokers, *options],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=die_with_parent,
    )


def wait_for(settings: Settings, count: int) -> None:
    topic = runs.prefix_of(settings, RUN) + "news.articles.classified"
    with Client(settings) as client:
        while topic not in client.topics() or sum(client.end_offsets([topic]).values()) < count:
            time.sleep(0.2)


def check(settings: Settings, count: int) -> None:
    prefix = runs.prefix_of(settings, RUN)
    with Client(settings) as client:
        origins = Counter(header(message.headers, "ew_origin") for message in client.read([prefix + TOPIC]))
        done = Counter(message.key for message in client.read([f"{prefix}news.articles.classified"]))
    assert len(origins) == count, f"{len(origins)} of {count} raw messages"
    assert set(origins.values()) == {1}, "a raw message was published twice"
    assert len(done) == count, f"{len(done)} of {count} articles"
    print(f"{count} raw messages once each, {count} articles classified, {done.total() - count} records written again")


if __name__ == "__main__":
    main()
