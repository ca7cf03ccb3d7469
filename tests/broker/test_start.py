"""What a worker is called, which topics it needs, and what it says of its health."""

import time
import urllib.error
import urllib.request
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.broker.health import serve
from pipeline.broker.start import group_id, slot_of, topics_of, unhealthy, unready
from pipeline.broker.watch import State
from pipeline.errors import SettingsError
from pipeline.settings import Settings
from tests.fake_stages import fake_steps


def test_groups_are_called_after_their_segment() -> None:
    assert group_id(Settings(), fake_steps()) == "eventwire-language-events"
    assert group_id(Settings(topic_prefix="replay.r1."), fake_steps(["entities"])) == "replay.r1.eventwire-entities"


def test_the_slot_is_the_host_unless_it_is_set() -> None:
    assert slot_of(Settings(slot="pod-3")) == "pod-3"
    assert slot_of(Settings()).endswith("-0")


def test_topics_of_a_segment() -> None:
    assert topics_of(Settings(topic_prefix="p."), fake_steps(["language"])) == [
        *("p.news.articles.raw", "p.news.articles.language", "p.news.deadletters.language"),
    ]
    whole = topics_of(Settings(), fake_steps())
    assert len(whole) == len(set(whole)) == 19


def _pool(ready: int, broken: Exception | None = None) -> Any:
    return SimpleNamespace(ready=ready, size=2, broken=broken)


def test_health_and_readiness() -> None:
    settings = Settings(stall_seconds=10)
    state = State()
    assert (unhealthy(state, settings), unready(state)) == (None, "waiting for Kafka")
    state.pool = _pool(0)
    assert (unhealthy(state, settings), unready(state)) == (None, "the child processes are loading")
    state.pool = _pool(2)
    assert unready(state) == "no partitions assigned yet"
    state.joined = True
    assert (unhealthy(state, settings), unready(state)) == (None, None)
    state.beat = time.monotonic() - 60
    assert "event loop" in (unhealthy(state, settings) or "")
    state.pool = _pool(0, RuntimeError("gone"))
    assert "gone" in (unhealthy(state, settings) or "")
    state.stopping = True
    assert unready(state) == "stopping"


def _get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_the_http_server() -> None:
    port = serve("127.0.0.1", 0, healthy=lambda: None, ready=lambda: "not yet")
    assert _get(port, "/healthz") == (200, "ok\n")
    assert _get(port, "/readyz?probe=1") == (503, "not yet\n")
    status, text = _get(port, "/metrics")
    assert status == 200
    assert "# TYPE eventwire_consumed_messages_total counter" in text
    assert _get(port, "/")[0] == 404
    with pytest.raises(SettingsError, match="EVENTWIRE_METRICS_PORT"):
        serve("127.0.0.1", port, healthy=lambda: None, ready=lambda: None)
