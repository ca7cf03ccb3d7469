"""A real Prometheus over a real worker on a real Kafka: every panel's query and every rule gives data."""

import json
import os
import re
import shutil
import socket
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.settings import Settings
from tests.conftest import ROOT
from tests.deploy.test_monitoring import DASHBOARDS, RULES, names_in
from tests.kafka.broker import Broker, die_with_parent
from tests.kafka.workers import Road, WorkerProcess, articles, wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.prometheus]

PATIENCE = 120.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Prometheus:
    """Debian's server, with our rules, looking at the workers every second."""

    def __init__(self, folder: Path, program: str, targets: list[str]) -> None:
        rules = yaml.safe_load((ROOT / "deploy/prometheus/rules.yml").read_text("utf-8"))
        (folder / "rules.yml").write_text(yaml.safe_dump(rules))
        config: dict[str, Any] = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": ["rules.yml"],
            "scrape_configs": [
                {
                    "job_name": "eventwire",
                    "static_configs": [{"targets": targets, "labels": {"service": "events"}}],
                }
            ],
        }
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        port = free_port()
        self.address = f"http://127.0.0.1:{port}"
        with (folder / "prometheus.log").open("wb") as log:
            self.process = subprocess.Popen(
                [
                    program,
                    f"--config.file={folder / 'prometheus.yml'}",
                    f"--storage.tsdb.path={folder / 'data'}",
                    f"--web.listen-address=127.0.0.1:{port}",
                ],
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent,
            )

    def get(self, path: str, **parameters: str) -> Any:
        query = f"?{urllib.parse.urlencode(parameters)}" if parameters else ""
        with urllib.request.urlopen(f"{self.address}/api/v1/{path}{query}", timeout=10) as response:
            answer = json.load(response)
        assert answer["status"] == "success", answer
        return answer["data"]

    def ask(self, expression: str) -> list[Any]:
        """The series that an expression gives now."""
        result: list[Any] = self.get("query", query=expression)["result"]
        return [series for series in result if series["value"][1] != "NaN"]

    def ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/-/ready", timeout=5) as response:
                return response.status == 200
        except OSError:
            assert self.process.poll() is None, "Prometheus ended"
            return False

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=30)


def program() -> str:
    found = shutil.which("prometheus")
    if found is None:
        why = "prometheus is not installed (Debian: apt install prometheus)"
        pytest.fail(why) if os.environ.get("CI") else pytest.skip(why)
    return found


# Something to do and some trouble: what is no JSON, a document that raises, one that kills its child.
LOAD = {"bad": b"{", "raises": b'{"text": "WIRF"}', **articles(20)}
KILLS = {"kills": b'{"text": "STIRB"}'}


def start_worker(kafka: Broker, folder: Path, prefix: str) -> tuple[Road, WorkerProcess, str]:
    port = free_port()
    settings = Settings(brokers=kafka.bootstrap, topic_prefix=prefix, workers=1, metrics_port=port, slot=prefix)
    road = Road.make(kafka, settings, partitions=1)
    return road, WorkerProcess(folder / prefix, settings), f"127.0.0.1:{port}"


@pytest.fixture(scope="module")
def watched(kafka: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A live worker, one of a replay, and a Prometheus that has seen both at work."""
    server = program()
    folder = tmp_path_factory.mktemp("prometheus")
    started = [start_worker(kafka, folder, prefix) for prefix in ("watched.", "replay.watched.")]
    prometheus = Prometheus(folder, server, [target for *_, target in started])
    try:
        wait_until(prometheus.ready, "Prometheus is ready", seconds=PATIENCE)
        started[0][0].publish(KILLS)
        rejected = 'sum by (instance) (eventwire_dead_letters_total{code="not_json"})'
        for _ in range(2):  # rates need counters that grow under Prometheus' eyes
            for road, _, _ in started:
                road.publish(LOAD)
            wait_until(lambda: len(prometheus.ask(rejected)) == len(started), "the work is seen", seconds=PATIENCE)
            wait_until(lambda: prometheus.ask("eventwire_child_restarts_total > 0"), "a crash, too", seconds=PATIENCE)
        for road, worker, _ in started:
            road.wait_until_done(worker)
        yield prometheus
    finally:
        for _, worker, _ in started:
            worker.kill()
        prometheus.stop()


QUERIES = [
    (f"{board['title']}: {panel['title']}", target["expr"])
    for board in DASHBOARDS.values()
    for panel in board["panels"]
    if panel["type"] != "row"
    for target in panel["targets"]
]


@pytest.mark.parametrize(("where", "expression"), QUERIES, ids=[where for where, _ in QUERIES])
def test_every_panel_shows_data(watched: Prometheus, where: str, expression: str) -> None:
    # Recorded series come a second or two after what they are made of.
    assert wait_until(lambda: watched.ask(expression), f"{where} shows data", seconds=30)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.get("alert") or rule["record"])
def test_every_rule_is_evaluated_and_finds_its_series(watched: Prometheus, rule: dict[str, Any]) -> None:
    name = rule.get("alert") or rule["record"]

    def loaded() -> Any:
        groups = watched.get("rules")["groups"]
        return next((r for g in groups for r in g["rules"] if r["name"] == name and r["health"] == "ok"), None)

    found = wait_until(loaded, f"{name} is evaluated", seconds=30)
    assert not found.get("lastError")
    for series in names_in(rule["expr"]):
        selectors = re.findall(rf"{re.escape(series)}(?:\{{[^}}]*\}})?", rule["expr"])
        for selector in (series, *selectors):
            if "source!~" in selector:  # the stand-in's articles come from nowhere in particular
                continue
            assert wait_until(lambda selector=selector: watched.ask(selector), f"{selector} exists", seconds=30)


def test_a_renamed_metric_would_be_noticed(watched: Prometheus) -> None:
    assert watched.ask("eventwire_consumed_messages_total")
    assert not watched.ask("eventwire_messages_consumed_total")
