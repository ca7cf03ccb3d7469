"""Nothing is taken as delivered before it is acknowledged; what fails is sent again, in order."""

import asyncio
from collections.abc import Callable

import pytest

from pipeline.broker.delivery import Delivery, DeliveryFailed
from pipeline.streams.message import Output


def _output(number: int, *, topic: str = "t", value: bytes | None = None) -> Output:
    return Output(topic=topic, key=b"k", value=value if value is not None else b"%d" % number)


class FakeProducer:
    """`answer(output, number of the call)` says what becomes of a message: None, an error, or never (False)."""

    def __init__(self, answer: Callable[[Output, int], BaseException | bool | None]) -> None:
        self.sent: list[Output] = []
        self._answer = answer

    async def send(self, output: Output) -> "asyncio.Future[object]":
        answer = self._answer(output, len(self.sent))
        self.sent.append(output)
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        if answer is None:
            asyncio.get_running_loop().call_later(0.01, future.set_result, None)
        elif isinstance(answer, BaseException):
            future.set_exception(answer)
        return future


def test_all_are_awaited() -> None:
    producer = FakeProducer(lambda output, call: None)
    asyncio.run(Delivery(producer.send, seconds=5).deliver([_output(n) for n in range(20)]))
    assert [output.value for output in producer.sent] == [b"%d" % n for n in range(20)]


def test_nothing_to_deliver() -> None:
    producer = FakeProducer(lambda output, call: None)
    asyncio.run(Delivery(producer.send, seconds=5).deliver([]))
    assert producer.sent == []


def test_after_a_failure_the_order_is_kept() -> None:
    producer = FakeProducer(lambda output, call: RuntimeError("not now") if call == 2 else None)
    asyncio.run(Delivery(producer.send, seconds=5).deliver([_output(n) for n in range(5)]))
    assert [output.value for output in producer.sent] == [b"0", b"1", b"2", b"3", b"4", b"2", b"3", b"4"]


def test_a_send_that_raises_is_tried_again() -> None:
    calls: list[Output] = []
    good = FakeProducer(lambda output, call: None)

    async def send(output: Output) -> "asyncio.Future[object]":
        calls.append(output)
        if len(calls) == 1:
            raise OSError("no metadata")
        return await good.send(output)

    asyncio.run(Delivery(send, seconds=5).deliver([_output(0), _output(1)]))
    assert [output.value for output in good.sent] == [b"0", b"1"]


@pytest.mark.parametrize("answer", [RuntimeError("no"), False], ids=["refused", "never acknowledged"])
def test_what_keeps_failing_is_an_error(answer: BaseException | bool) -> None:
    producer = FakeProducer(lambda output, call: answer)
    with pytest.raises(DeliveryFailed, match="has not taken a message for t within 1 s"):
        asyncio.run(Delivery(producer.send, seconds=1).deliver([_output(0)]))


def test_a_dead_letter_that_is_too_long_for_its_topic_is_cut_and_says_so() -> None:
    class MessageSizeTooLargeError(Exception):
        pass

    def answer(output: Output, call: int) -> BaseException | None:
        return MessageSizeTooLargeError() if len(output.value or b"") > 100_000 else None

    producer = FakeProducer(answer)
    long = _output(0, topic="x.news.deadletters.language", value=b"a" * 200_000)
    asyncio.run(Delivery(producer.send, seconds=5).deliver([long, _output(1)]))
    cut = producer.sent[-2]
    assert cut.value == b"a" * 65_536
    assert cut.headers == (("ew_cut_from", b"200000"),)
    assert producer.sent[-1].value == b"1"


def test_an_article_that_is_too_long_is_never_cut() -> None:
    class MessageSizeTooLargeError(Exception):
        pass

    producer = FakeProducer(lambda output, call: MessageSizeTooLargeError())
    with pytest.raises(DeliveryFailed):
        asyncio.run(Delivery(producer.send, seconds=1).deliver([_output(0, value=b"a" * 200_000)]))
    assert {len(output.value or b"") for output in producer.sent} == {200_000}
