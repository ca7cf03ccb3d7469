"""All settings, read once from the environment (`EVENTWIRE_*`). Options of a command override them.

Every variable is listed in `Settings`: the name is the field's in upper case after `EVENTWIRE_`. Secrets are
never printed: `Settings.describe()` masks them.
"""

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from pipeline.errors import SettingsError

PREFIX = "EVENTWIRE_"
SECRET = {"sasl_password", "api_token", "webhook_secret"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One value for each `EVENTWIRE_<NAME>`; the comment beside it is its documentation."""

    model: Path | None = None  # folder of the model to use instead of the shipped one
    types: Path | None = None  # folder of your own event types (eventwire types add)
    repeated_blocks: Path | None = None  # what sources repeat (eventwire repeated-blocks); empty: isn't looked at
    models: tuple[tuple[str, str], ...] = ()  # EVENTWIRE_MODELS_DE=de_core_news_lg: a spaCy package for a language
    workers: int = 0  # child processes that run the models; 0: one for each core
    batch: int = 16  # documents handed to a child process at a time
    document_seconds: float = 60.0  # a document that takes longer is dead-lettered (code: timeout)
    max_text: int = 1_000_000  # longest text accepted, in characters (code: too_large)
    max_html: int = 2_000_000  # longest HTML page accepted, in characters (code: too_large)
    log_level: str = "info"  # debug | info | warning | error

    brokers: str = "127.0.0.1:9092"  # host:port, several separated by commas
    topic_prefix: str = ""  # put before every topic name, e.g. "replay.r1."
    security_protocol: str = "PLAINTEXT"  # PLAINTEXT | SSL | SASL_PLAINTEXT | SASL_SSL
    sasl_mechanism: str = "SCRAM-SHA-512"  # PLAIN | SCRAM-SHA-256 | SCRAM-SHA-512
    sasl_username: str = ""  # for the SASL protocols
    sasl_password: str = ""  # never printed
    ssl_cafile: Path | None = None  # PEM file with the certificate authority of the brokers
    slot: str = ""  # unique name of this worker's place (host + index, pod name); empty: the host's name and 0
    state: Path | None = None  # folder for a worker's index of known articles; empty: read anew at every start
    session_seconds: float = 12.0  # silent for so long, a worker is dead to Kafka: deploy/README.md
    stall_seconds: float = 600.0  # lag > 0 with no commit for so long ends the worker (exit 75)
    shutdown_seconds: float = 25.0  # after SIGTERM; then the worker exits hard, which loses nothing
    dead_letter_rate: float = 0.5  # share of the last 200 messages that may be dead-lettered before the worker stops
    metrics_host: str = "127.0.0.1"  # 0.0.0.0 lets other machines read the metrics
    metrics_port: int = 9464  # /metrics, /healthz, /readyz; 0: any free port
    api_token: str = ""  # what `eventwire dashboard` wants with every request; never printed
    webhook_secret: str = ""  # signs what `eventwire subscribe` sends; never printed

    def __repr__(self) -> str:
        """As `describe`: a traceback, a log line or a failed assertion may show it."""
        return f"Settings({', '.join(f'{name}={value!r}' for name, value in self.describe().items())})"

    def describe(self) -> dict[str, str]:
        """Name to printable value, secrets masked."""
        shown = {f.name: str(getattr(self, f.name)) for f in fields(self)}
        shown["models"] = ",".join(f"{language}={package}" for language, package in self.models)
        return {name: "***" if name in SECRET and value else value for name, value in shown.items()}


def load_settings(environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Settings from `environ` (default: `os.environ`), then `overrides` whose value is not None.

    Raises `SettingsError` for a value of the wrong type or out of range, and for an `EVENTWIRE_` variable nobody
    reads: a misspelt setting that is silently ignored is worse than an error.
    """
    environ = os.environ if environ is None else environ
    known = {f.name: f for f in fields(Settings)}
    values: dict[str, Any] = {}
    for variable, raw in environ.items():
        if not variable.startswith(PREFIX) or variable in RESERVED:
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name.startswith("models_"):
            values["models"] = tuple(sorted([*values.get("models", ()), _package(variable, raw)]))
            continue
        if name not in known or name == "models":
            import difflib

            near = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean {PREFIX}{near[0].upper()}?" if near else ""
            raise SettingsError(f"{variable} is set, but there is no such setting.{hint}")
        values[name] = _parse(variable, raw, known[name].type)
    values.update({name: value for name, value in overrides.items() if value is not None})
    settings = Settings(**values)
    _check(settings)
    return settings


# Numbers below these make no sense: without a child process or a document at a time nothing would ever end.
_LEAST = {"workers": 0, "batch": 1, "max_text": 1, "max_html": 1, "metrics_port": 0}


def _check(settings: Settings) -> None:
    for field in fields(Settings):
        value = getattr(settings, field.name)
        variable = f"{PREFIX}{field.name.upper()}"
        if field.type is int and value < (least := _LEAST[field.name]):
            raise SettingsError(f"{variable}={value} is too small: {least} is the least.")
        if field.type is float and not 0 < value < math.inf:  # false for NaN, too
            raise SettingsError(f"{variable}={value:g} must be a number above 0.")
    if settings.metrics_port > 65_535:
        raise SettingsError(f"{PREFIX}METRICS_PORT={settings.metrics_port} is no port: 65535 is the largest.")


# Read elsewhere: training and tests (where the data lies), the test suite's broker.
RESERVED = {"EVENTWIRE_DATA", "EVENTWIRE_TRAINING_CACHE", "EVENTWIRE_KAFKA_CACHE"}


def _package(variable: str, raw: str) -> tuple[str, str]:
    """Language and spaCy package of one `EVENTWIRE_MODELS_<LANGUAGE>`."""
    language = variable.removeprefix(f"{PREFIX}MODELS_").lower()
    if not re.fullmatch(r"[a-z]{2,3}", language):
        raise SettingsError(f"{variable}: {language!r} is no language. Two or three letters, as in {PREFIX}MODELS_DE.")
    if not raw.strip():
        raise SettingsError(f"{variable} is empty. Name an installed spaCy package, or `none` for rules only.")
    return language, raw.strip()


def _parse(variable: str, raw: str, kind: Any) -> Any:
    try:
        if kind is int:
            return int(raw)
        if kind is float:
            return float(raw)
    except ValueError:
        raise SettingsError(f"{variable}={raw!r} is not {'a whole number' if kind is int else 'a number'}.") from None
    if kind == Path | None:
        return Path(raw) if raw else None
    return raw
