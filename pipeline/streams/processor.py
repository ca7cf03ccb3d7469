"""Messages to records and back: decode, check, run the stages of one segment, encode. No broker, no files."""

import logging
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

from pipeline.errors import Code, InvalidInput
from pipeline.records import ClassifiedArticle, RawArticle, from_json, to_json
from pipeline.settings import Settings
from pipeline.stage import Stage
from pipeline.streams import dead_letters
from pipeline.streams.codec import header, header_time, milliseconds_text, timestamp_text
from pipeline.streams.decode import decode
from pipeline.streams.encode import Writing, article_output, event_output
from pipeline.streams.message import Message, Outcome, Output
from pipeline.streams.topics import validate

logger = logging.getLogger(__name__)


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Step:
    """One stage between its two topics. `record` is the type it reads, `load` makes the stage (and is slow)."""

    name: str
    reads: str
    writes: str
    record: type[Any]
    load: Callable[[Settings], Stage[Any, Any]]

    @property
    def dead_letters(self) -> str:
        return dead_letters.topic_of(self.name)

    @property
    def done(self) -> str:
        """What an outcome is called that got this far: `language`, `entities`, `classified`."""
        return self.writes.rpartition(".")[2]


def trace_of(message: Message, step: Step) -> str:
    """Where the raw article stands that `message`, read by `step`, comes from: topic/partition/offset."""
    # A redriven raw message may still carry the trace of its first journey: where it stands now counts.
    inherited = None if step.record is RawArticle else header(message.headers, "ew_trace")
    return inherited or message.trace


@dataclass
class _Work:
    """One message on its way: what is known so far, for the outcome or the dead letter."""

    message: Message
    trace: str
    stage: str
    outputs: list[Output] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    confidences: list[tuple[str, float]] = field(default_factory=list)
    language: str = ""
    source: str = ""
    models: dict[str, str] = field(default_factory=dict)


class Processor:
    """The stages of one segment, loaded, and everything about messages that they don't know.

    `process` is a pure function of the message's bytes, the models and the clock; only wall-clock fields depend
    on the last. Raises `ModelError` when a stage can't be loaded.
    """

    def __init__(self, steps: Sequence[Step], settings: Settings, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._steps = tuple(steps)
        self._stages: list[Stage[Any, Any]] = [step.load(settings) for step in steps]
        self._prefix = settings.topic_prefix
        self._clock = clock

    def process(self, message: Message, *, on_stage: Callable[[str], None] | None = None) -> Outcome:
        """What becomes of `message`. Never raises: what can't be read becomes a dead letter, whole.

        Outputs come in the order of the road, an article's events before its classified record: that one closes
        the article. `on_stage` is told each stage's name before it starts (who was working, if this process dies).
        """
        first = self._steps[0]
        work = _Work(message=message, trace=trace_of(message, first), stage=first.name)
        try:
            self._run(work, on_stage)
        except InvalidInput as error:
            return self._dead(work, error)
        except Exception as error:  # an error of ours must cost one article, never the batch
            logger.debug("stage %s, message %s", work.stage, work.trace, exc_info=True)
            return self._dead(work, InvalidInput(Code.INTERNAL, _describe(error)))
        return Outcome(
            outputs=tuple(work.outputs),
            stage=work.stage,
            result=self._steps[-1].done,
            language=work.language,
            events=len(work.confidences),
            seconds=work.seconds,
            source=work.source,
            models=work.models,
            confidences=tuple(work.confidences),
        )

    def _run(self, work: _Work, on_stage: Callable[[str], None] | None) -> None:
        first = self._steps[0]
        if on_stage:
            on_stage(first.name)
        record = self._read(first, work.message)
        ingested_at = getattr(record, "ingested_at", None) or self._arrival(work.message)
        for step, stage in zip(self._steps, self._stages, strict=True):
            work.stage = step.name
            if on_stage and step is not first:
                on_stage(step.name)
            started = perf_counter()
            (result,) = stage.run([record])
            work.seconds[step.name] = perf_counter() - started
            if isinstance(result, InvalidInput):
                raise result
            record = replace(result, ingested_at=ingested_at, produced_at=timestamp_text(self._clock()))
            work.language = record.language.code
            work.source = (record.source.domain or record.source.name or "") if record.source else ""
            if model := getattr(record.models, step.name):
                work.models[step.name] = model
            self._write(step, record, work)

    def _read(self, step: Step, message: Message) -> Any:
        data = decode(message.value)
        validate(step.reads, data)
        return from_json(step.record, data)

    def _arrival(self, message: Message) -> str:
        """When the raw article came in: the sender's `ce_time`, else the time of the message. Of a redriven dead
        letter the time of its first journey: a later version may have come in meanwhile."""
        return (
            header_time(message.headers, "ce_time")
            or header_time(message.headers, "ew_first_seen")
            or milliseconds_text(message.timestamp)
            or timestamp_text(self._clock())
        )

    def _write(self, step: Step, record: Any, work: _Work) -> None:
        writing = Writing(
            stage=step.name,
            article_id=record.id,
            time=record.produced_at,
            trace=work.trace,
            topic_prefix=self._prefix,
        )
        if isinstance(record, ClassifiedArticle):
            for event in record.events:
                stamped = replace(
                    event, ingested_at=record.ingested_at, produced_at=record.produced_at, trace=work.trace
                )
                work.outputs.append(event_output(writing, to_json(stamped)))
                work.confidences.append((event.event_class, event.confidence))
        work.outputs.append(article_output(writing, step.writes, to_json(record)))

    def _dead(self, work: _Work, error: InvalidInput) -> Outcome:
        output = dead_letters.dead_letter(
            work.message,
            error,
            stage=work.stage,
            trace=work.trace,
            now=self._clock(),
            topic_prefix=self._prefix,
        )
        return Outcome(outputs=(output,), stage=work.stage, result=error.code.value, seconds=work.seconds)


def _describe(error: Exception) -> str:
    """Type, text and place of an unexpected error, in one line that can be reported."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({'/'.join(frames[-1].filename.split('/')[-2:])}:{frames[-1].lineno})" if frames else ""
    return f"unexpected {type(error).__name__}: {error}{place}; please report it"
