"""Dead letters: the original bytes and key, and in headers why, where from and since when."""

from dataclasses import dataclass
from datetime import datetime

from pipeline.errors import InvalidInput
from pipeline.streams.codec import EW_HEADERS, header, header_time, milliseconds_text, timestamp_text
from pipeline.streams.message import Headers, Message, Output

_LONGEST_ERROR = 1000


def topic_of(stage: str) -> str:
    return f"news.deadletters.{stage}"


def dead_letter(
    message: Message,
    error: InvalidInput,
    *,
    stage: str,
    trace: str,
    now: datetime,
    attempts: int = 1,
    topic_prefix: str = "",
) -> Output:
    """What is written for `message` that `stage` could not read.

    A message that was dead-lettered before (redriven) keeps its `ew_first_seen` and counts its attempts on.
    """
    first_seen = (
        header_time(message.headers, "ew_first_seen") or milliseconds_text(message.timestamp) or timestamp_text(now)
    )
    ours = {
        "ew_stage": stage,
        "ew_code": error.code.value,
        "ew_error": error.reason[:_LONGEST_ERROR] or error.code.value,
        "ew_source_topic": message.topic,
        "ew_source_partition": str(message.partition),
        "ew_source_offset": str(message.offset),
        "ew_attempts": str(attempts + _number(message.headers, "ew_attempts")),
        "ew_first_seen": first_seen,
        "ew_trace": trace,
    }
    # A reason quotes hostile input: what UTF-8 can't carry must not stop the dead letter itself.
    headers = original_headers(message.headers) + tuple(
        (name, ours[name].encode("utf-8", "backslashreplace")) for name in EW_HEADERS
    )
    return Output(topic=topic_prefix + topic_of(stage), key=message.key, value=message.value, headers=headers)


def original_headers(headers: Headers) -> Headers:
    """Those of the message as it was before it became a dead letter."""
    return tuple((name, value) for name, value in headers if name not in EW_HEADERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A dead letter as it is read back, from Kafka or a file. `message` is the dead letter itself."""

    stage: str
    code: str
    error: str
    source_topic: str
    source_partition: int
    source_offset: int
    attempts: int
    first_seen: str
    trace: str
    message: Message

    def redriven(self, *, source_topic: str | None = None) -> Output:
        """The original once more, for the topic it came from. It keeps its count of attempts and its first time;
        everything else about the failure is left behind."""
        kept = tuple((n, v) for n, v in self.message.headers if n in ("ew_attempts", "ew_first_seen"))
        return Output(
            topic=source_topic or self.source_topic,
            key=self.message.key,
            value=self.message.value,
            headers=original_headers(self.message.headers) + kept,
        )


def read_dead_letter(message: Message) -> DeadLetter:
    """The dead letter that `message` is; fields whose header is missing or damaged are "" or 0."""

    def text(name: str) -> str:
        return header(message.headers, name) or ""

    return DeadLetter(
        stage=text("ew_stage"),
        code=text("ew_code"),
        error=text("ew_error"),
        source_topic=text("ew_source_topic"),
        source_partition=_number(message.headers, "ew_source_partition"),
        source_offset=_number(message.headers, "ew_source_offset"),
        attempts=_number(message.headers, "ew_attempts"),
        first_seen=text("ew_first_seen"),
        trace=text("ew_trace"),
        message=message,
    )


def _number(headers: Headers, name: str) -> int:
    raw = header(headers, name) or ""
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 20 else 0
