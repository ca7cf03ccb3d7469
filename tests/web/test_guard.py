"""Who is let in."""

import httpx
import pytest

from pipeline.errors import SettingsError
from pipeline.settings import Settings
from pipeline.web.guard import COOKIE, check_token
from tests.web.news import Caller, Given, client_of, event

TOKEN = "0123456789abcdef-token"
OUTSIDE = {"host": "0.0.0.0", "token": TOKEN, "base": "http://news.example.org"}


def guarded() -> Caller:
    return client_of(Given(event(0)), **OUTSIDE)


@pytest.mark.parametrize(
    "path", ["/events", "/events/event-000000", "/articles/x", "/stats", "/openapi.json", "/nothing"]
)
def test_without_the_token_nothing_is_told(path: str) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN}, {"Cookie": f"{COOKIE}={TOKEN}"}):
        answer = guarded().get(path, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert "EVENTWIRE_API_TOKEN" in answer.json()["detail"]
        assert TOKEN not in answer.text


def test_with_the_token() -> None:
    for scheme in ("Bearer", "bearer"):
        assert guarded().get("/events", headers={"Authorization": f"{scheme} {TOKEN}"}).status_code == 200
    assert guarded().get("/healthz").status_code == 200
    assert guarded().get("/events", headers={"Authorization": "Bearer \xe4".encode("latin-1")}).status_code == 401  # type: ignore[dict-item]


def cookie_of(answer: httpx.Response) -> str:
    header = answer.headers["set-cookie"]
    assert "HttpOnly" in header
    assert "SameSite=strict" in header
    assert TOKEN not in header
    return str(header.partition(";")[0])


def test_a_browser_logs_in() -> None:
    form = guarded().get("/")
    assert form.status_code == 401
    assert 'name="token"' in form.text
    assert guarded().get("/static/login.css").status_code == 200
    wrong = guarded().post("/login", data={"token": "no"})
    assert wrong.status_code == 401
    assert "set-cookie" not in wrong.headers
    done = guarded().post("/login", data={"token": TOKEN})
    assert (done.status_code, done.headers["location"]) == (303, "/")
    cookie = cookie_of(done)
    assert guarded().get("/", headers={"Cookie": cookie}).status_code == 200
    assert guarded().get("/events", headers={"Cookie": f"x=y; {cookie}"}).status_code == 200


def test_the_token_in_the_address_is_used_once() -> None:
    answer = guarded().get(f"/?token={TOKEN}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert guarded().get("/events", headers={"Cookie": cookie_of(answer)}).status_code == 200
    assert guarded().get("/?token=wrong").status_code == 401
    assert guarded().get(f"/events?token={TOKEN}").status_code == 401


def test_hostile_logins() -> None:
    assert guarded().post("/login", content=b"token=" + b"x" * 100_000).status_code == 413
    for body in (b"", b"\xff\x00", b"token", b"token=%zz", b"{}"):
        assert guarded().post("/login", content=body).status_code == 401
    assert guarded().get("/events", headers={"Cookie": 'a="\\; ;;=,'}).status_code == 401


def test_headers_are_on_everything() -> None:
    local = client_of(Given(event(0)))
    for path in ("/", "/events", "/nothing", "/events?limit=0", "/static/app.js"):
        headers = local.get(path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'self';")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert not any(name.startswith("access-control") for name in headers)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8321", 200),
        ("localhost", 200),
        ("[::1]:8321", 200),
        ("LOCALHOST:1", 200),
        ("evil.example:8321", 421),
        ("127.0.0.1.evil.example", 421),
        ("", 421),
        ("[", 421),
    ],
)
def test_on_loopback_only_its_names_are_answered(host: str, status: int) -> None:
    assert client_of(Given()).get("/events", headers={"Host": host}).status_code == status


def test_tokens_that_are_none() -> None:
    for host in ("127.0.0.1", "localhost", "::1"):
        check_token(host, "")
    check_token("0.0.0.0", TOKEN)
    with pytest.raises(SettingsError, match="set a token"):
        check_token("0.0.0.0", "")
    for token in ("short", "x" * 15, "with a space in it", "ümläute-ümläute-ümläute", "line\nline\nline\nline"):
        with pytest.raises(SettingsError, match="16 or more"):
            check_token("127.0.0.1", token)


def test_secrets_are_not_printed() -> None:
    settings = Settings(api_token=TOKEN, webhook_secret="whsec_secret")
    assert TOKEN not in repr(settings)
    assert "whsec" not in repr(settings)
