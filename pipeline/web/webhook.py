"""One event to one receiver: signed as the Standard Webhooks say, tried again, given up after a time.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import email.utils
import hashlib
import hmac
import http.client
import random
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from pipeline.errors import SettingsError
from pipeline.streams.codec import digest, header, structured_line
from pipeline.streams.message import Message, Output

KIND = "application/cloudevents+json; charset=utf-8"
_ANSWER_SECONDS = 10.0
_LONGEST_PAUSE = 60.0
_SHORTEST_SECRET = 24  # bytes, as the specification wants
_LONGEST_ANSWER = 1 << 16  # bytes of an answer that are read, so that the connection can be used again
_AGAIN = {408, 425, 429}  # and everything from 500 on


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What is sent. `id` is equal for repeated deliveries of one state of one event, `body` one CloudEvent."""

    id: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why an event was given up. `refused`: the receiver said no, rather than nothing."""

    reason: str
    attempts: int
    seconds: float
    refused: bool


def delivery_of(message: Message, event_id: str) -> Delivery:
    """The delivery of a message of an event topic."""
    state = (header(message.headers, name) or "" for name in ("ce_id", "ew_trace"))
    version = digest(*(part.encode() for part in state))[:16]
    output = Output(topic=message.topic, key=message.key, value=message.value, headers=message.headers)
    return Delivery(id=f"{event_id}.{version}", body=structured_line(output).rstrip(b"\n"))


def read_secret(text: str) -> bytes:
    """The key of `whsec_<base64>`, or the text itself. Raises `SettingsError` where it is missing or short."""
    hint = "EVENTWIRE_WEBHOOK_SECRET signs what is sent; make one: echo whsec_$(openssl rand -base64 32)"
    if not text:
        raise SettingsError(f"There is no webhook secret. {hint}")
    try:
        coded = text.removeprefix("whsec_")
        secret = base64.b64decode(coded, validate=True) if coded != text else text.encode()
    except (binascii.Error, ValueError):
        raise SettingsError(f"The webhook secret is not base64 behind whsec_. {hint}") from None
    if len(secret) < _SHORTEST_SECRET:
        raise SettingsError(f"The webhook secret has fewer than {_SHORTEST_SECRET} bytes. {hint}")
    return secret


def signature(secret: bytes, *, id: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature`: HMAC-SHA256 over `id.timestamp.body`."""
    signed = b"%s.%d.%s" % (id.encode(), timestamp, body)
    return "v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()


class Receiver:
    """The receiver at `url`. One connection, used as long as it lives; redirects are not followed.

    Raises `SettingsError` for an address that can't be one.
    """

    def __init__(
        self,
        url: str,
        secret: bytes,
        *,
        give_up_seconds: float,
        tell: Callable[[str], None] = lambda text: None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`tell` is told, in a line, when the receiver can't be reached and when it can again."""
        self.host, self._port, self._path, self._tls = _parts(url)
        self._secret = secret
        self._give_up_seconds = give_up_seconds
        self._tell = tell
        self._clock = clock
        self._sleep = sleep
        self._connection: http.client.HTTPConnection | None = None
        self._random = random.SystemRandom()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def deliver(self, delivery: Delivery) -> Failure | None:
        """Send it until it is taken (None), refused, or `give_up_seconds` are over."""
        start = self._clock()
        attempts = 0
        while True:
            attempts += 1
            reason, again, asked = self._try(delivery)
            waited = self._clock() - start
            if reason is None:
                if attempts > 1:
                    self._tell(f"{self.host} takes events again, after {waited:.0f} s")
                return None
            pause = max(asked, min(2.0 ** min(attempts - 1, 10), _LONGEST_PAUSE) * self._random.uniform(0.5, 1.0))
            if not again or waited + pause > self._give_up_seconds:
                return Failure(reason=reason, attempts=attempts, seconds=waited, refused=not again)
            if attempts == 1:
                self._tell(f"{self.host}: {reason}; trying on for {self._give_up_seconds:.0f} s")
            self._sleep(pause)

    def _try(self, delivery: Delivery) -> tuple[str | None, bool, float]:
        """One attempt: why it failed (None: it didn't), whether to try again, and the pause the receiver asks for."""
        used = self._connection is not None
        try:
            status, headers = self._post(delivery)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            if used:  # a connection that was kept may have ended since: that says nothing of the receiver
                return self._try(delivery)
            return f"no answer: {str(error) or type(error).__name__}", True, 0.0
        if 200 <= status < 300:
            return None, False, 0.0
        if 300 <= status < 400:
            return f"status {status}: a redirect, which is not followed; name its target", False, 0.0
        return f"status {status}", status in _AGAIN or status >= 500, _retry_after(headers, self._clock())

    def _post(self, delivery: Delivery) -> tuple[int, Mapping[str, str]]:
        if self._connection is None:
            self._connection = self._connect()
        timestamp = int(self._clock())
        self._connection.request(
            "POST",
            self._path,
            body=delivery.body,
            headers={
                "Content-Type": KIND,
                "User-Agent": "eventwire",
                "webhook-id": delivery.id,
                "webhook-timestamp": str(timestamp),
                "webhook-signature": signature(self._secret, id=delivery.id, timestamp=timestamp, body=delivery.body),
            },
        )
        answer = self._connection.getresponse()
        answer.read(_LONGEST_ANSWER)
        if not answer.isclosed():  # a longer one: it is of no interest
            self.close()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}

    def _connect(self) -> http.client.HTTPConnection:
        if self._tls:
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(self.host, self._port, timeout=_ANSWER_SECONDS, context=context)
        return http.client.HTTPConnection(self.host, self._port, timeout=_ANSWER_SECONDS)


def _parts(url: str) -> tuple[str, int, str, bool]:
    """Host, port, path with query, whether TLS."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise SettingsError(f"The webhook {url!r} is no URL: {error}.") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not url.isascii() or not url.isprintable():
        raise SettingsError(f"The webhook {url!r} is no URL: write https://host/path.")
    if parts.username is not None or parts.password is not None:
        raise SettingsError("A webhook's URL holds no password: its signature shows the receiver who sends.")
    tls = parts.scheme == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return parts.hostname, port or (443 if tls else 80), path.replace(" ", "%20"), tls


def _retry_after(headers: Mapping[str, str], now: float) -> float:
    text = headers.get("retry-after", "")
    if text.isascii() and text.isdigit() and len(text) < 7:
        return float(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return 0.0
