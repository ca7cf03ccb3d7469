"""What runs in a child process of the pool: load the segment once, then one message after the other."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipeline.errors import EventwireError, ModelError
from pipeline.settings import Settings
from pipeline.streams.processor import Processor, Step

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Start:
    """What a child needs to begin: everything in it survives the way to another process."""

    names: Sequence[str] | None
    settings: Settings
    steps: Callable[[Sequence[str] | None], Sequence[Step]]
    clock: Callable[[], datetime]


def run_child(pipe: Any, start: Start, parent: int) -> None:
    """Answer on `pipe` with `("ready", None)` or `("failed", error)`, then for each message with `("stage", name)`
    when a stage begins and `("done", outcome)`. Ends when the parent does, whatever ends it.
    """
    _die_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group: the parent decides
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # so do service managers' stops
    try:
        processor = Processor(start.steps(start.names), start.settings, clock=start.clock)
    except EventwireError as error:
        pipe.send(("failed", error))
        return
    except Exception as error:  # noqa: BLE001  whatever it is, the parent gets one clear error instead of a dead child
        pipe.send(("failed", ModelError(f"The stages can't be loaded: {type(error).__name__}: {error}")))
        return
    pipe.send(("ready", None))
    while True:
        try:
            message = pipe.recv()
        except (EOFError, OSError):  # the parent is gone
            return
        pipe.send(("done", processor.process(message, on_stage=lambda name: pipe.send(("stage", name)))))


def _die_with(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before we could say so
        os._exit(0)
