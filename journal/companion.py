"""A process beside a venue that is started again where it dies, ever later the more often it does, and ends with it.

The venue waits for it in nothing. Over child.py, which has both sides of one process.
"""

import argparse
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

from pricetime.journal import logs
from pricetime.journal.child import Child, end_with_parent

NICE = 10
AGAIN_SECONDS = 0.5         # before it is started again, doubled each time up to
AGAIN_SECONDS_MAX = 60.0
LOOK_SECONDS = 0.05         # between two looks whether it is wanted
LONG_SECONDS = 60.0         # who has lived so long begins with the shortest wait again


class Companion:
    """The venue's side: `name` is who says that it has ended, `without` what is not done while it is away.

    first: bytes that it finds on its standard input. again: seconds before it is started again, the first time.
    wanted: asked now and then until it says yes, and only then there is a process; None: at once.
    starts: how often it was started."""

    def __init__(self, name: str, module: str, arguments: Sequence[str], *, without: str, first: bytes = b"",
                 again: float = AGAIN_SECONDS, wanted: Callable[[], bool] | None = None) -> None:
        self.name = name
        self.starts = 0
        self._module, self._without, self._first, self._again = module, without, first, again
        self._arguments = [*arguments, "--log-format", logs.form_now()]
        self._log = logs.Log(name)
        self._child: Child | None = None
        self._ending = threading.Event()
        self._lock = threading.Lock()       # one process at a time, none once it ends
        failure = self._start() if wanted is None else ""
        threading.Thread(target=self._keep, args=(failure, wanted), name=name, daemon=True).start()

    def _start(self) -> str:
        """Start it; why that was not possible, or nothing."""
        with self._lock:
            if not self._ending.is_set():
                try:
                    self._child = Child(self._module, self._arguments, self._first)
                    self.starts += 1
                except OSError as error:
                    return f"does not start: {(error.strerror or str(error)).lower()}"
        return ""

    def _keep(self, failure: str, wanted: Callable[[], bool] | None) -> None:
        """The thread: see that there is a process, once it is wanted, until the venue ends."""
        wait = self._again
        while wanted is not None and not wanted():
            if self._ending.wait(LOOK_SECONDS):
                return
        if wanted is not None:
            failure = self._start()
        while True:
            since, child = time.monotonic(), self._child
            if child is not None:
                failure = f"has ended (status {child.wait()})"
            if self._ending.is_set():
                return
            if time.monotonic() - since > LONG_SECONDS:
                wait = self._again
            self._child = None
            self._log.say("ended", f"the process beside the venue {failure}; it is started again in {wait:g} s, and "
                                   f"until then {self._without}", level=logs.WARNING)
            if self._ending.wait(wait):
                return
            wait = min(2 * wait, AGAIN_SECONDS_MAX)
            failure = self._start()

    @property
    def pid(self) -> int:
        """Number of the process; 0: there is none."""
        child = self._child
        return child.pid if child else 0

    def end(self) -> None:
        """End it, at once or nearly so."""
        self._ending.set()
        with self._lock:
            child, self._child = self._child, None
        if child is not None:
            child.end()


def nothing(given: argparse.Namespace) -> None:
    """Most have nothing to tidy up."""


def begin(parser: argparse.ArgumentParser, arguments: list[str] | None,
          tidy: Callable[[argparse.Namespace], None] = nothing, first: int = 0) -> argparse.Namespace:
    """The process's first step: step back for others, end with the venue (after `tidy`), speak in its form. The
    arguments; as `first` so many bytes of what it was given on its standard input."""
    os.nice(NICE)
    signal.signal(signal.SIGINT, signal.SIG_IGN)    # for what it may start itself: it was born deaf to it
    parser.add_argument("--parent", type=int, required=True)
    logs.add_argument(parser)
    given = parser.parse_args(arguments)
    logs.begin(given.log_format)
    given.first = os.read(0, first) if first else b""       # a pipe hands over so little at once
    threading.Thread(target=end_with_parent, args=(given.parent, partial(tidy, given)), name="end with the venue",
                     daemon=True).start()
    return given
