"""Ending a process in time: signals are taken by a thread of their own, so that no busy event loop can miss them."""

import logging
import os
import signal
import threading
from collections.abc import Callable

logger = logging.getLogger(__name__)

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
EXIT_KILLED = 128 + signal.SIGKILL  # ended hard, as a SIGKILL would: nothing is lost, the last batch is done again


class Shutdown:
    """Waits for SIGTERM or SIGINT. Make it in the main thread, before any other thread is started.

    On the first signal `requested` is set and the function given to `call` is called; after `seconds` the process
    ends hard if it still lives. A second signal ends it hard at once. Ending hard is safe, since nothing is
    acknowledged before its outputs are.
    """

    def __init__(self, *, seconds: float) -> None:
        self.requested = threading.Event()
        self._seconds = seconds
        self._lock = threading.Lock()
        self._stop: Callable[[], None] | None = None
        # Blocked in this thread and in all that it starts from now on, the signals wait for `sigwait` below.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        threading.Thread(target=self._wait, name="signals", daemon=True).start()

    def call(self, stop: Callable[[], None]) -> None:
        """What is to be called to stop; at once, if a signal came already."""
        with self._lock:
            self._stop = stop
            called = self.requested.is_set()
        if called:
            stop()

    def _wait(self) -> None:
        number = signal.sigwait(_SIGNALS)
        logger.info("%s: finishing the batch in hand (%.0f s at most)", signal.Signals(number).name, self._seconds)
        threading.Thread(target=self._deadline, name="deadline", daemon=True).start()
        with self._lock:
            self.requested.set()
            stop = self._stop
        if stop is not None:
            stop()
        signal.sigwait(_SIGNALS)
        logger.warning("a second signal: ending at once; what was in hand is done again after a restart")
        os._exit(EXIT_KILLED)

    def _deadline(self) -> None:
        threading.Event().wait(self._seconds)
        logger.warning(
            "not finished after %.0f s (EVENTWIRE_SHUTDOWN_SECONDS): ending hard; what was in hand is done again "
            "after a restart",
            self._seconds,
        )
        os._exit(EXIT_KILLED)
