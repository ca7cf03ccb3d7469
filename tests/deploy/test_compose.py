"""The compose file and the image: valid, and as guarded as we say. No Docker daemon is needed."""

import inspect
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from pipeline import flow
from pipeline.cli.dashboard import dashboard
from pipeline.cli.main import run
from pipeline.errors import SettingsError
from pipeline.settings import Settings, load_settings
from pipeline.web.guard import check_token
from tests.conftest import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
AGENTS = [step.name for step in flow.FLOW]
TOKEN = "${EVENTWIRE_API_TOKEN:-}"  # as compose fills it in
OURS = ["topics", *AGENTS, "dashboard"]


def test_the_file_is_valid_by_the_compose_specification() -> None:
    schema = json.loads((Path(__file__).parent / "vendor" / "compose-spec.json").read_text("utf-8"))
    schema.pop("$id")  # a bare file name, which is no absolute address
    validator = jsonschema_rs.Draft202012Validator(schema, offline=True)
    validator.validate(COMPOSE)
    assert not validator.is_valid({**COMPOSE, "services": {"kafka": {"imagee": "typo"}}})


def test_docker_compose_itself_accepts_it() -> None:
    """Where the command and its plug-in are installed: neither starts anything nor needs a daemon."""
    command = ["docker", "compose"]
    plugged = shutil.which("docker") and subprocess.run([*command, "version"], capture_output=True, check=False)
    if not plugged or plugged.returncode:
        pytest.skip("`docker compose` is not installed: the specification's schema is the check (the test above)")
    done = subprocess.run(
        [*command, "-f", str(ROOT / "docker-compose.yml"), "config", "--quiet"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_every_stage_is_a_service_and_topics_come_first() -> None:
    assert set(SERVICES) == {"kafka", *OURS, "prometheus", "grafana"}
    assert SERVICES["topics"]["depends_on"] == {"kafka": {"condition": "service_healthy"}}
    for name in AGENTS:
        command = SERVICES[name]["command"]
        assert command == ["worker", "--stages", name]
        assert [step.name for step in flow.segment(command[2:])] == [name]
        assert SERVICES[name]["depends_on"] == {"topics": {"condition": "service_completed_successfully"}}
        assert "container_name" not in SERVICES[name]  # so that it can be scaled
        assert "hostname" not in SERVICES[name]  # the slot: unique for each container


@pytest.mark.parametrize("name", OURS)
def test_commands_and_their_options_exist(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*SERVICES[name]["command"], "--help"]) == 0
    assert run([*SERVICES[name]["command"], "--no-such-option", "--help"]) == 2  # so an unknown one would be found


def test_settings_of_our_services_exist() -> None:
    for name in OURS:
        environment = SERVICES[name]["environment"]
        settings = load_settings({key: value.replace(TOKEN, "") for key, value in environment.items()})
        assert settings.brokers in SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]
    agent = load_settings(SERVICES["events"]["environment"])
    assert agent.metrics_host == "0.0.0.0"
    assert SERVICES["events"]["expose"] == [str(agent.metrics_port)]


def test_the_page_is_there_for_those_who_give_it_a_token() -> None:
    """Without one it says so, and all the rest starts: `:?` would stop that, too, whatever profile was asked for."""
    page = SERVICES["dashboard"]
    assert page["profiles"] == ["page"]
    assert [name for name, service in SERVICES.items() if "profiles" in service] == ["dashboard"]
    assert page["environment"]["EVENTWIRE_API_TOKEN"] == TOKEN
    host = page["command"][page["command"].index("--host") + 1]
    with pytest.raises(SettingsError, match="EVENTWIRE_API_TOKEN"):
        check_token(host, "")
    (port,) = page["ports"]
    assert f"http://127.0.0.1:{port.rpartition(':')[2]}/healthz" in page["healthcheck"]["test"][-1]
    assert port.rpartition(":")[2] == str(inspect.signature(dashboard).parameters["port"].default)


def test_a_scaled_service_has_no_place_of_its_own_in_the_file() -> None:
    """Two workers in one place stop each other: agent.sh gives places, tests/deploy/test_agent.py."""
    for name in AGENTS:
        assert "EVENTWIRE_SLOT" not in SERVICES[name]["environment"]
    events = SERVICES["events"]
    assert events["volumes"] == [f"events-state:{events['environment']['EVENTWIRE_STATE']}"]
    # A new volume belongs to whom its folder in the image belongs to.
    assert f"install -d -o eventwire -g eventwire {events['environment']['EVENTWIRE_STATE']}\n" in FINAL


def test_a_worker_gets_longer_to_stop_than_it_takes() -> None:
    for name in AGENTS:
        assert int(SERVICES[name]["stop_grace_period"].removesuffix("s")) > Settings().shutdown_seconds


def test_the_broker_creates_no_topics_by_itself_and_keeps_its_data() -> None:
    kafka = SERVICES["kafka"]
    assert kafka["environment"]["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
    volume, _, path = kafka["volumes"][0].partition(":")
    assert volume in COMPOSE["volumes"]
    assert kafka["environment"]["KAFKA_LOG_DIRS"] == path
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", kafka["environment"]["CLUSTER_ID"])


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_guarded(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    for key in ("privileged", "cap_add", "devices", "pid", "ipc", "network_mode", "user"):
        assert key not in service  # `user`: every image has one of its own that is not root
    assert service["networks"] == ["stream"]
    for port in service.get("ports", []):
        assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port), "published on the loopback address only"
    for volume in service.get("volumes", []):
        source, _, target = volume.partition(":")
        assert source in COMPOSE["volumes"] or (target.endswith(":ro") and (ROOT / source).is_dir())
    assert "docker.sock" not in json.dumps(service)
    assert service["logging"]["options"]["max-size"]
    assert "restart" in service


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned(name: str) -> None:
    _, _, tag = SERVICES[name]["image"].partition(":")
    assert tag == "local" if name in OURS else re.fullmatch(r"v?\d+\.\d+\.\d+", tag)


def test_agents_write_nowhere_but_to_tmp_and_are_started_by_the_script_that_holds_them() -> None:
    for name in AGENTS:
        assert SERVICES[name]["read_only"] is True
        assert SERVICES[name]["tmpfs"] == ["/tmp"]
        assert SERVICES[name]["entrypoint"] == ["eventwire-agent"]
        assert SERVICES[name]["init"] is True


def test_health_is_looked_at_everywhere() -> None:
    for name, service in SERVICES.items():
        if name == "topics":
            assert service["healthcheck"] == {"disable": True}  # it ends
        elif name in AGENTS:
            assert "healthcheck" not in service  # the image's: /readyz
        else:
            assert service["healthcheck"]["test"][0] == "CMD"


# -- the image

DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text("utf-8")
FINAL = DOCKERFILE.rpartition("\nFROM ")[2]


def test_the_image_runs_as_nobody_special_and_says_when_it_is_ready() -> None:
    assert re.search(r"^USER 10001:10001$", FINAL, re.MULTILINE)
    assert "HEALTHCHECK" in FINAL
    assert f"http://127.0.0.1:{Settings().metrics_port}/readyz" in FINAL
    assert FINAL.index("\nUSER ") < FINAL.index("\nENTRYPOINT ")
    (environment,) = re.findall(r"^ENV (.*)$", FINAL, re.MULTILINE)
    load_settings(dict(pair.split("=", 1) for pair in environment.split()))


def test_nothing_but_the_environment_and_the_start_is_copied_into_the_image() -> None:
    assert re.findall(r"^(?:COPY|ADD) .*$", FINAL, re.MULTILINE) == [
        "COPY --from=build /opt/eventwire /opt/eventwire",
        "COPY deploy/agent.sh /usr/local/bin/eventwire-agent",
    ]


def test_the_build_has_no_secrets_and_checks_every_file_by_its_hash() -> None:
    assert not re.search(r"^ARG |--mount=type=secret|--build-arg", DOCKERFILE, re.MULTILINE)
    assert "--require-hashes -r /src/requirements.lock" in DOCKERFILE
    assert "\nUSER root" not in DOCKERFILE


def test_only_what_the_wheel_is_made_of_goes_to_the_builder() -> None:
    lines = (ROOT / "deploy" / "Dockerfile.dockerignore").read_text("utf-8").split()
    assert "*" in lines
    let_in = {line.removeprefix("!") for line in lines if line.startswith("!")}
    copied = {
        source
        for line in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.MULTILINE)
        for source in line.split()[:-1]
    }
    assert let_in == copied
    assert all((ROOT / name).exists() for name in let_in)
