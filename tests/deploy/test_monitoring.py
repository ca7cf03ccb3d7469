"""Rules and dashboard name metrics and labels that the program has; promtool's own checks where it is installed."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from prometheus_client import Histogram
from prometheus_client.metrics import MetricWrapperBase

from pipeline import metrics
from tests.conftest import ROOT

DEPLOY = ROOT / "deploy"
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((DEPLOY / "prometheus" / "rules.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]
ALERTS = [rule for rule in RULES if "alert" in rule]
RECORDED = {rule["record"]: rule["expr"] for rule in RULES if "record" in rule}
CONFIG: dict[str, Any] = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text("utf-8"))
DASHBOARDS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text("utf-8"))
    for path in sorted((DEPLOY / "grafana" / "dashboards").glob("*.json"))
}
PANELS = [panel for board in DASHBOARDS.values() for panel in board["panels"] if panel["type"] != "row"]
# Labels that Prometheus adds to every sample it scrapes.
SCRAPED = {"job", "instance", "service"}


def samples() -> dict[str, set[str]]:
    """Every time series name that the program can export, with its labels."""
    found: dict[str, set[str]] = {}
    for metric in vars(metrics).values():
        if isinstance(metric, MetricWrapperBase):
            (family,) = metric.describe()
            labels = set(metric._labelnames) | SCRAPED
            if isinstance(metric, Histogram):
                found |= {f"{family.name}_bucket": labels | {"le"}}
                found |= {f"{family.name}_sum": labels, f"{family.name}_count": labels}
            else:
                found[family.name + ("_total" if family.type == "counter" else "")] = labels
    return found


SAMPLES = samples()


def expressions() -> Iterator[tuple[str, str]]:
    for rule in RULES:
        yield rule.get("alert") or rule["record"], rule["expr"]
    for panel in PANELS:
        for target in panel["targets"]:
            yield f"panel {panel['title']}", target["expr"]


EXPRESSIONS = list(expressions())


def names_in(expression: str) -> set[str]:
    """Metrics and recorded rules: `eventwire_…` and `eventwire:…`."""
    return set(re.findall(r"\beventwire[_:][a-zA-Z0-9_:]+", expression))


def labels_in(expression: str) -> set[str]:
    grouped = re.findall(r"\b(?:by|on|without) \(([a-z_, ]*)\)", expression)
    selected = re.findall(r"([a-z_]+)(?:=|!=|=~|!~)\"", expression)
    return {label.strip() for group in grouped for label in group.split(",") if label.strip()} | set(selected)


def sources(name: str) -> set[str]:
    """The exported series that `name` is made from."""
    if name in RECORDED:
        return {source for inner in names_in(RECORDED[name]) for source in sources(inner)}
    return {name}


@pytest.mark.parametrize(("where", "expression"), EXPRESSIONS, ids=[where for where, _ in EXPRESSIONS])
def test_metrics_and_labels_exist(where: str, expression: str) -> None:
    names = names_in(expression)
    assert names or "up{" in expression
    series = {source for name in names for source in sources(name)}
    assert series <= set(SAMPLES), f"{where} reads what the program does not export"
    known = set().union(*(SAMPLES[name] for name in series)) | SCRAPED
    assert labels_in(expression) <= known


def test_the_check_above_would_find_a_renamed_metric() -> None:
    assert names_in("rate(eventwire_renamed_total[5m])") == {"eventwire_renamed_total"}
    assert "eventwire_renamed_total" not in SAMPLES
    assert labels_in('sum by (a, b) (x{c="1", d=~"2"}) and on (e) y') == {"a", "b", "c", "d", "e"}


def test_every_metric_is_shown_somewhere() -> None:
    shown = {source for _, expression in EXPRESSIONS for name in names_in(expression) for source in sources(name)}
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in SAMPLES}
    assert {name for name in families if not any(series.startswith(name) for series in shown)} == set()


def test_recorded_names_say_what_they_are() -> None:
    for name in RECORDED:
        assert re.fullmatch(r"eventwire:[a-z_]+:[a-z0-9_]+", name)
    used = set().union(*(names_in(expression) for _, expression in EXPRESSIONS))
    assert set(RECORDED) <= used, "recorded and never read"


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_says_what_is_wrong_and_where_to_read_on(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in ("critical", "warning")
    assert alert["annotations"]["summary"].endswith((".", ")."))
    path, _, anchor = alert["annotations"]["runbook"].partition("#")
    headings = re.findall(r"^### (\w+)$", (ROOT / path).read_text("utf-8"), re.MULTILINE)
    assert anchor == alert["alert"].lower()
    assert alert["alert"] in headings


def test_prometheus_asks_every_agent() -> None:
    from pipeline import flow
    from pipeline.settings import Settings

    (agents,) = (job for job in CONFIG["scrape_configs"] if job["job_name"] == "eventwire")
    (discovery,) = agents["dns_sd_configs"]
    assert discovery["names"] == [step.name for step in flow.FLOW]
    assert discovery["port"] == Settings().metrics_port
    assert CONFIG["rule_files"] == ["rules.yml"]


def test_promtool_accepts_configuration_and_rules() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian: apt install prometheus); names are checked by the tests above")
    for arguments in (
        ["check", "config", "prometheus.yml"],
        ["test", "rules", "rules.test.yml", "rules.days.test.yml"],
    ):
        done = subprocess.run(
            [promtool, *arguments], cwd=DEPLOY / "prometheus", capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_unit_test() -> None:
    files = sorted((DEPLOY / "prometheus").glob("*.test.yml"))
    tests = [test for path in files for test in yaml.safe_load(path.read_text("utf-8"))["tests"]]
    fired = {case["alertname"] for test in tests for case in test.get("alert_rule_test", []) if case["exp_alerts"]}
    assert fired == {alert["alert"] for alert in ALERTS}


def test_the_dashboards_are_what_their_code_makes() -> None:
    from deploy.grafana import dashboards

    assert set(DASHBOARDS) == set(dashboards.DASHBOARDS)
    for name in DASHBOARDS:
        made = dashboards.build(name)
        assert (dashboards.FOLDER / f"{name}.json").read_text("utf-8") == made, "run: make dashboards"


@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_dashboard_is_whole(name: str) -> None:
    board = DASHBOARDS[name]
    assert board["uid"] == name
    assert board["editable"] is False
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    source = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/prometheus.yml").read_text("utf-8"))
    uid = source["datasources"][0]["uid"]
    for panel in board["panels"]:
        if panel["type"] != "row":
            assert panel["description"].endswith("."), panel["title"]
            assert panel["datasource"]["uid"] == uid
            assert all(target["datasource"]["uid"] == uid for target in panel["targets"])


@pytest.mark.parametrize("name", DASHBOARDS)
def test_panels_do_not_overlap_and_fit(name: str) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARDS[name]["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + dx, place["y"] + dy) for dx in range(place["w"]) for dy in range(place["h"])}
        assert max(x for x, _ in cells) < 24
        assert not cells & taken, panel["title"]
        taken |= cells
