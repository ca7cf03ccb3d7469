"""Writing a batch's outputs so that nothing of it is acknowledged before all of it is on Kafka."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from pipeline.errors import EventwireError
from pipeline.streams.message import Output

logger = logging.getLogger(__name__)

# Hands one message to the producer; the awaitable that comes back ends when Kafka has acknowledged it.
Send = Callable[[Output], Awaitable["asyncio.Future[object]"]]

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 10.0
_SHORTENED_BYTES = 64 * 1024


class DeliveryFailed(EventwireError):
    """Kafka does not take what the stages made. Nothing of the batch may be acknowledged."""


class Delivery:
    """Sends, awaits every acknowledgement, and tries again with a growing pause for `seconds` in all."""

    def __init__(self, send: Send, *, seconds: float) -> None:
        self._send = send
        self._seconds = seconds

    async def deliver(self, outputs: Sequence[Output]) -> None:
        """Return when every output is acknowledged. Raises `DeliveryFailed` when time is up.

        After a failure everything from the first failed output on is sent again: messages of one key must not
        change places, duplicates are recognisable by their ids.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._seconds
        pause = _FIRST_PAUSE
        left = list(outputs)
        while True:
            failed = await self._round(left, deadline - loop.time())
            if failed is None:
                return
            index, error = failed
            if loop.time() + pause >= deadline:
                raise DeliveryFailed(
                    f"Kafka has not taken a message for {left[index].topic} within {self._seconds:.0f} s: {error!r}. "
                    "Nothing of this batch is acknowledged; it is done again after a restart."
                )
            logger.warning(
                "%d of %d messages are not delivered, the first one for %s: %r; again in %.1f s",
                len(left) - index,
                len(left),
                left[index].topic,
                error,
                pause,
            )
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            left = left[index:]
            if "TooLarge" in type(error).__name__ or "TooLarge" in str(error):
                left[0] = _shortened(left[0])

    async def _round(self, outputs: Sequence[Output], seconds: float) -> tuple[int, BaseException] | None:
        """Send all once. The first one that failed, with its error; None if all are acknowledged."""
        futures: list[asyncio.Future[object]] = []
        refused: BaseException | None = None
        try:
            async with asyncio.timeout(max(seconds, 0.1)):
                for output in outputs:
                    try:
                        futures.append(asyncio.ensure_future(await self._send(output)))
                    except Exception as error:  # noqa: BLE001 (whatever the producer raises: it was not taken)
                        refused = error
                        break
                if futures:
                    await asyncio.wait(futures)
        except TimeoutError:
            refused = refused or TimeoutError("no acknowledgement")
        for index, future in enumerate(futures):
            if not future.done() or future.cancelled():
                return index, refused or TimeoutError("no acknowledgement")
            error_of = future.exception()
            if error_of is not None:
                return index, error_of
        return None if refused is None else (len(futures), refused)


def _shortened(output: Output) -> Output:
    """A dead letter that Kafka won't take at its length, cut: better than a message that stops its stage for ever.

    Happens where the dead-letter topic takes less than the topic the message came from. The whole of it still stands
    there, at the place that the headers name; `ew_cut_from` says how long it was.
    """
    if ".deadletters." not in output.topic or output.value is None or len(output.value) <= _SHORTENED_BYTES:
        return output
    logger.error(
        "%s does not take a dead letter of %d bytes: it is cut to %d (raise max.message.bytes of the topic)",
        output.topic,
        len(output.value),
        _SHORTENED_BYTES,
    )
    note = ("ew_cut_from", str(len(output.value)).encode())
    return replace(output, value=output.value[:_SHORTENED_BYTES], headers=(*output.headers, note))
