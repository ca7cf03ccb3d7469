"""The cap on dead letters, and in which order a batch is settled and delivered."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

import pytest

from pipeline.broker.batches import Batches, DeadLetterCap, TooManyDeadLetters
from pipeline.settings import Settings
from pipeline.streams.message import Message, Outcome, Output
from pipeline.streams.processor import Processor
from tests import fake_stages as fake


def _message(offset: int, *, redriven: bool = False) -> Message:
    headers = (("ew_attempts", b"1"),) if redriven else ()
    return Message(topic="t", partition=0, offset=offset, key=None, value=b"", headers=headers, timestamp=0)


def _outcome(dead: bool) -> Outcome:
    return Outcome(outputs=(), stage="language", result="schema" if dead else "classified")


def _feed(cap: DeadLetterCap, dead: list[bool], **options: bool) -> None:
    for offset, each in enumerate(dead):
        cap.check([_message(offset, **options)], [_outcome(each)])


def test_a_window_that_is_not_full_says_nothing() -> None:
    _feed(DeadLetterCap(0.1), [True] * 199)


def test_the_cap_counts_the_last_200() -> None:
    cap = DeadLetterCap(0.5)
    _feed(cap, [True] * 100 + [False] * 100)  # exactly the share that is allowed
    _feed(cap, [True] * 100)  # the oldest fall out: still half
    with pytest.raises(TooManyDeadLetters, match=r"101 of the last 200 .* t/0/0 .*schema.*allows 0\.5"):
        _feed(cap, [True])


def test_a_cap_of_one_never_stops() -> None:
    _feed(DeadLetterCap(1.0), [True] * 1000)


def test_redriven_messages_do_not_count() -> None:
    cap = DeadLetterCap(0.5)
    _feed(cap, [True] * 1000, redriven=True)
    _feed(cap, [False] * 200)


class Told:
    """Stands for pool, delivery and versions, and notes what was asked of it, in order."""

    def __init__(self, settings: Settings) -> None:
        self.road = Processor(fake.fake_steps(), settings, clock=fake.noon)
        self.calls: list[Any] = []

    def submit(self, messages: Sequence[Message]) -> "Future[list[Outcome]]":
        future: Future[list[Outcome]] = Future()
        future.set_result([self.road.process(message) for message in messages])
        return future

    async def revise(self, messages: Sequence[Message], outcomes: Sequence[Outcome]) -> list[Outcome]:
        self.calls.append([message.offset for message in messages])
        return [*outcomes[:-1], Outcome(outputs=(), stage="events", result="classified")]  # was done before

    async def deliver(self, outputs: Sequence[Output]) -> None:
        self.calls.append([output.topic for output in outputs])


def test_the_records_that_close_articles_are_delivered_when_everything_else_is_there() -> None:
    settings = Settings(topic_prefix="p.")
    told: Any = Told(settings)
    batches = Batches(fake.fake_steps(), settings, pool=told, delivery=told, versions=told)
    asyncio.run(
        batches.run([fake.raw("F KAUFT", offset=1), fake.message(b"{", offset=2), fake.raw("F KAUFT", offset=3)])
    )
    others = [
        "p.news.articles.language",
        "p.news.articles.entities",
        "p.news.events.deal",
        "p.news.deadletters.language",
    ]
    assert told.calls == [[1, 2, 3], others, ["p.news.articles.classified"]]
