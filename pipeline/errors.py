"""Every error Eventwire raises on purpose. A message says what was wrong, where, and what to do about it."""

from enum import StrEnum


class EventwireError(Exception):
    """Base of all errors that a user can act on. The command line prints its text, never a traceback."""


class SettingsError(EventwireError):
    """A setting, an option or a file named by the user is wrong."""


class ModelError(EventwireError):
    """A model file is missing, damaged or does not fit this version."""


class BrokerError(EventwireError):
    """Kafka can't be reached, refuses us, or is not set up as `topics/` declares."""


class Code(StrEnum):
    """Why a message was rejected: the bounded vocabulary of dead-letter headers and metrics."""

    TOMBSTONE = "tombstone"  # no value at all
    NOT_UTF8 = "not_utf8"  # JSON in another encoding
    NOT_JSON = "not_json"  # text, but no JSON
    SCHEMA = "schema"  # JSON of the wrong shape
    TOO_LARGE = "too_large"  # longer than the stage's limit
    EMPTY_TEXT = "empty_text"  # neither text nor HTML with any text in it
    BAD_HTML = "bad_html"  # a big page whose body could not be found
    BAD_TEXT = "bad_text"  # text that no encoder can carry (lone surrogates)
    TIMEOUT = "timeout"  # longer than the time limit for one document
    CRASH = "crash"  # killed the process that worked on it
    INTERNAL = "internal"  # an error of ours: please report it


class InvalidInput(EventwireError):
    """This input is invalid and always will be: do not retry, send it to the dead letters.

    `code` is the bounded reason, `str(error)` the readable one. Survives pickling by `multiprocessing`.
    """

    def __init__(self, code: Code, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason

    def __str__(self) -> str:
        return self.reason
