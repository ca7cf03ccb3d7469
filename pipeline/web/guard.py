"""Who is let in, and what browsers are told: host check, token, security headers. In front of everything."""

import hmac
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.errors import SettingsError
from pipeline.web.problems import Problem

COOKIE = "eventwire_token"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
SHORTEST_TOKEN = 16
_LONGEST_FORM = 4096  # bytes
_SECURITY = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",  # files of the page: asked for again, and answered 304 if unchanged
}
_UNAUTHORIZED = (
    "This server wants a token: send `Authorization: Bearer <token>`, or log in at `/` with a browser. "
    "The token is what the server was started with (EVENTWIRE_API_TOKEN)."
)


def check_token(host: str, token: str) -> None:
    """Raises `SettingsError` where a token is missing or too easy to guess."""
    if not token and host not in LOOPBACK:
        raise SettingsError(
            f"--host {host} lets other machines in: set a token (EVENTWIRE_API_TOKEN; "
            "`openssl rand -hex 16` makes one), or leave --host out."
        )
    if token and (len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable() or " " in token):
        raise SettingsError(
            f"The API token needs {SHORTEST_TOKEN} or more letters, digits or signs, and no spaces: "
            "`openssl rand -hex 16` makes one."
        )


class Guard:
    """ASGI middleware. `token`: "" lets everybody in. `login`: the page with the form that asks for it.

    On loopback, requests must name a loopback host: a web site that gets its own name to point at 127.0.0.1 (DNS
    rebinding) is refused.
    """

    def __init__(self, app: ASGIApp, *, host: str, token: str, login: Callable[[], Response]) -> None:
        self._app = app
        self._local = host in LOOPBACK
        self._token = token.encode()
        # The cookie proves that the token was known; it is not the token.
        self._cookie = hmac.digest(self._token, b"eventwire cookie", "sha256").hex() if token else ""
        self._login = login

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _SECURITY.items():
                    headers.setdefault(name, value)
            await send(message)

        answer = await self._answer(Request(scope, receive))
        await (answer or self._app)(scope, receive, send_safely)

    async def _answer(self, request: Request) -> Response | None:
        """The answer to a request that goes no further; None for one that may."""
        if self._local and not _is_loopback(request.headers):
            return Problem(421, "This server answers to localhost and 127.0.0.1 only: use one of them.").response()
        path = request.url.path
        if not self._token:
            return _home() if path == "/login" else None
        if path == "/login":
            return await self._log_in(request)
        if path == "/" and "token" in request.query_params:
            return self._admit(request, request.query_params["token"])
        if path == "/healthz" or path.startswith("/static/") or self._knows(request):
            return None
        if path == "/":
            return self._form()
        headers = {"WWW-Authenticate": 'Bearer realm="eventwire"'}
        return Problem(401, _UNAUTHORIZED, headers=headers).response()

    def _knows(self, request: Request) -> bool:
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return _equal(given.strip(), self._token.decode())
        return any(_equal(value, self._cookie) for value in _cookies(request.headers))

    async def _log_in(self, request: Request) -> Response:
        if request.method != "POST":
            return self._form()
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > _LONGEST_FORM:
                return Problem(413, "A form of that length holds no token.").response()
        given = parse_qs(body.decode("latin-1")).get("token", [""])
        return self._admit(request, given[0].strip())

    def _admit(self, request: Request, given: str) -> Response:
        if not _equal(given, self._token.decode()):
            return self._form()
        answer = _home()
        secure = request.url.scheme == "https"
        answer.set_cookie(COOKIE, self._cookie, httponly=True, samesite="strict", secure=secure)
        return answer

    def _form(self) -> Response:
        answer = self._login()
        answer.status_code = 401
        answer.headers["WWW-Authenticate"] = 'Bearer realm="eventwire"'
        return answer


def _home() -> Response:
    return RedirectResponse("/", status_code=303, headers={"Cache-Control": "no-store"})


def _equal(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())


def _cookies(headers: Headers) -> list[str]:
    values = []
    for line in headers.getlist("cookie"):
        try:
            cookies = SimpleCookie(line)
        except CookieError:
            continue
        values += [cookies[COOKIE].value] if COOKIE in cookies else []
    return values


def _is_loopback(headers: Headers) -> bool:
    try:
        name = urlsplit(f"//{headers.get('host', '')}").hostname
    except ValueError:
        return False
    return name in LOOPBACK
