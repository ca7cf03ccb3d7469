"""Why Kafka can't be reached: one short conversation with each broker, by hand.

kafka-python and aiokafka report every failed start as "unable to bootstrap". What went wrong is at best in their log,
and for a wrong password not always there: kafka-python drops the broker's refusal when it arrives together with the
end of the connection. So the first words of the protocol are spoken here: TLS, SaslHandshake, SaslAuthenticate.
"""

import base64
import hashlib
import hmac
import os
import socket
import ssl
import struct
from dataclasses import dataclass

from pipeline.errors import BrokerError
from pipeline.settings import Settings

PROBE_SECONDS = 3.0
_SASL_HANDSHAKE, _SASL_AUTHENTICATE = 17, 36
_UNSUPPORTED_MECHANISM, _ILLEGAL_STATE = 33, 34


class BrokerRefused(BrokerError):
    """The brokers answer and refuse us (password, certificate, mechanism): waiting will not help."""


@dataclass(frozen=True, slots=True)
class _Trouble(Exception):
    text: str
    refused: bool = False


def check_reachable(settings: Settings, brokers: list[str], context: ssl.SSLContext | None) -> None:
    """Return if one of `brokers` (`host:port`) lets us in, which takes some milliseconds.

    Raises `BrokerRefused` or `BrokerError` with what is wrong with each, after `PROBE_SECONDS` a broker at most.
    """
    troubles: dict[str, _Trouble] = {}
    for broker in brokers:
        try:
            _visit(broker, settings, context)
        except _Trouble as trouble:
            troubles[broker] = trouble
        else:
            return
    text = "; ".join(f"Kafka at {broker} {trouble.text}" for broker, trouble in troubles.items())
    kind = BrokerRefused if any(trouble.refused for trouble in troubles.values()) else BrokerError
    raise kind(f"{text}.")


def _visit(broker: str, settings: Settings, context: ssl.SSLContext | None) -> None:
    host, _, port = broker.rpartition(":")
    host = host.strip("[]")
    try:
        connection = socket.create_connection((host, int(port)), timeout=PROBE_SECONDS)
    except socket.gaierror:
        raise _Trouble("has a host name that cannot be resolved (EVENTWIRE_BROKERS)") from None
    except TimeoutError:
        raise _Trouble(f"did not take the connection within {PROBE_SECONDS:.0f} s (EVENTWIRE_BROKERS)") from None
    except ConnectionRefusedError:
        raise _Trouble("is not there: nothing listens at that address (EVENTWIRE_BROKERS)") from None
    except (OSError, OverflowError, UnicodeError) as error:
        raise _Trouble(f"cannot be reached from here: {error} (EVENTWIRE_BROKERS)") from None
    with connection:
        if context is None:
            _talk(connection, settings)
            return
        with _tls(connection, host, settings, context) as secured:
            _talk(secured, settings)


def _tls(connection: socket.socket, host: str, settings: Settings, context: ssl.SSLContext) -> ssl.SSLSocket:
    try:
        return context.wrap_socket(connection, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        # OpenSSL's numbers: 10 expired, 62 and 64 another host name or address.
        if error.verify_code in (62, 64):
            text = "has a certificate for another host name: use the name in its certificate (EVENTWIRE_BROKERS)"
        elif error.verify_code == 10:
            text = "has a certificate that has expired: renew it on the broker"
        else:
            authority = settings.ssl_cafile or "an authority that this system trusts"
            text = (
                f"has a certificate that is not signed by {authority}: name its certificate authority "
                f"(EVENTWIRE_SSL_CAFILE; {error.verify_message})"
            )
        raise _Trouble(text, refused=True) from None
    except TimeoutError:
        raise _Trouble(_silent()) from None
    except OSError as error:
        reason = getattr(error, "reason", None) or error
        raise _Trouble(
            f"does not speak TLS on this port: EVENTWIRE_SECURITY_PROTOCOL={settings.security_protocol} is wrong for "
            f"it, or it is starting or stopping ({reason})"
        ) from None


def _talk(connection: socket.socket, settings: Settings) -> None:
    wants_sasl = settings.security_protocol.startswith("SASL")
    try:
        error, offered = _handshake(connection, settings.sasl_mechanism)
    except TimeoutError:
        raise _Trouble(_silent()) from None
    except OSError:
        what = "a user and password, or nothing of the kind" if settings.security_protocol.endswith("SSL") else "TLS"
        raise _Trouble(
            f"hangs up at once: EVENTWIRE_SECURITY_PROTOCOL={settings.security_protocol} is wrong for this port "
            f"(it may want {what}), or it is starting or stopping"
        ) from None
    if wants_sasl and error == _ILLEGAL_STATE:
        raise _Trouble(
            "takes no user and password on this port: "
            f"EVENTWIRE_SECURITY_PROTOCOL={settings.security_protocol} is wrong for it",
            refused=True,
        )
    if not wants_sasl and error != _ILLEGAL_STATE:
        raise _Trouble(
            f"wants a user and password on this port ({', '.join(offered)}): "
            f"EVENTWIRE_SECURITY_PROTOCOL={settings.security_protocol} is wrong for it",
            refused=True,
        )
    if not wants_sasl:
        return
    if error == _UNSUPPORTED_MECHANISM:
        raise _Trouble(
            f"does not offer {settings.sasl_mechanism} but {', '.join(offered)} (EVENTWIRE_SASL_MECHANISM)",
            refused=True,
        )
    try:
        _authenticate(connection, settings)
    except TimeoutError:
        raise _Trouble(_silent()) from None
    except OSError:
        raise _Trouble("hangs up while we log in: it is starting or stopping") from None


def _handshake(connection: socket.socket, mechanism: str) -> tuple[int, list[str]]:
    """Error code and offered mechanisms. A listener without SASL answers `_ILLEGAL_STATE`: also an answer."""
    answer = _ask(connection, _SASL_HANDSHAKE, 1, _string(mechanism))
    code, count = struct.unpack_from(">hi", answer)
    offered, at = [], 6
    for _ in range(max(count, 0)):
        (length,) = struct.unpack_from(">h", answer, at)
        offered.append(answer[at + 2 : at + 2 + length].decode("utf-8", "replace"))
        at += 2 + length
    return code, offered


def _authenticate(connection: socket.socket, settings: Settings) -> None:
    user, password = settings.sasl_username, settings.sasl_password
    if settings.sasl_mechanism == "PLAIN":
        _say(connection, f"\0{user}\0{password}".encode(), user)
        return
    # SCRAM (RFC 5802), as far as the client's proof: enough to be refused or let in.
    digest = settings.sasl_mechanism.removeprefix("SCRAM-").replace("-", "").lower()
    name = user.replace("=", "=3D").replace(",", "=2C")
    first = f"n={name},r={base64.b64encode(os.urandom(18)).decode()}"
    challenge = _say(connection, f"n,,{first}".encode(), user).decode()
    parts = dict(part.split("=", 1) for part in challenge.split(",") if "=" in part)
    salted = hashlib.pbkdf2_hmac(digest, password.encode(), base64.b64decode(parts["s"]), int(parts["i"]))
    client_key = hmac.digest(salted, b"Client Key", digest)
    final = f"c=biws,r={parts['r']}"
    signature = hmac.digest(hashlib.new(digest, client_key).digest(), f"{first},{challenge},{final}".encode(), digest)
    proof = bytes(key ^ mask for key, mask in zip(client_key, signature, strict=True))
    _say(connection, f"{final},p={base64.b64encode(proof).decode()}".encode(), user)


def _say(connection: socket.socket, words: bytes, user: str) -> bytes:
    answer = _ask(connection, _SASL_AUTHENTICATE, 0, struct.pack(">i", len(words)) + words)
    code, length = struct.unpack_from(">hh", answer)
    if code:
        reason = answer[4 : 4 + max(length, 0)].decode("utf-8", "replace")
        raise _Trouble(
            f"refused the user {user!r}: wrong name or password (EVENTWIRE_SASL_USERNAME, EVENTWIRE_SASL_PASSWORD; "
            f"it says: {reason.rstrip('.')})",
            refused=True,
        )
    at = 4 + max(length, 0)
    (size,) = struct.unpack_from(">i", answer, at)
    return answer[at + 4 : at + 4 + size]


def _ask(connection: socket.socket, api: int, version: int, body: bytes) -> bytes:
    """One request with header version 1, and the body of its response. Raises `OSError` when the broker hangs up."""
    request = struct.pack(">hhi", api, version, 1) + _string("eventwire") + body
    connection.sendall(struct.pack(">i", len(request)) + request)
    head = _exactly(connection, 4)
    if head[:2] == b"\x15\x03":  # the beginning of a TLS alert
        raise _Trouble("speaks TLS on this port: set EVENTWIRE_SECURITY_PROTOCOL to SSL or SASL_SSL", refused=True)
    (length,) = struct.unpack(">i", head)
    if not 4 <= length <= 1_000_000:
        raise _Trouble("does not speak Kafka's protocol on this port (EVENTWIRE_BROKERS)", refused=True)
    return _exactly(connection, length)[4:]


def _exactly(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece:
            raise ConnectionResetError("the broker hung up")
        data += piece
    return data


def _string(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack(">h", len(encoded)) + encoded


def _silent() -> str:
    return f"takes the connection but says nothing for {PROBE_SECONDS:.0f} s: overloaded, frozen, or not Kafka"
