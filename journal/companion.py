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
LONG_SECONDS = 60.0         # who has lived so long begins with the shortest wait again


class Companion:
    """The venue's side: `name` is who says that it has ended, `without` what is not done while it is away.

    starts: how often it was started."""

    def __init__(self, name: str, module: str, arguments: Sequence[str], *, without: str) -> None:
        self.name = name
        self.starts = 0
        self._module, self._without = module, without
        self._arguments = [*arguments, "--log-format", logs.form_now()]
        self._log = logs.Log(name)
        self._child: Child | None = None
        self._ending = threading.Event()
        self._lock = threading.Lock()       # one process at a time, none once it ends
        failure = self._start()
        threading.Thread(target=self._keep, args=(failure,), name=name, daemon=True).start()

    def _start(self) -> str:
        """Start it; why that was not possible, or nothing."""
        with self._lock:
            if not self._ending.is_set():
                try:
                    self._child = Child(self._module, self._arguments)
                    self.starts += 1
                except OSError as error:
                    return f"does not start: {(error.strerror or str(error)).lower()}"
        return ""

    def _keep(self, failure: str) -> None:
        """The thread: see that there is a process until the venue ends."""
        wait = AGAIN_SECONDS
        while True:
            since, child = time.monotonic(), self._child
            if child is not None:
                failure = f"has ended (status {child.wait()})"
            if self._ending.is_set():
                return
            if time.monotonic() - since > LONG_SECONDS:
                wait = AGAIN_SECONDS
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
          tidy: Callable[[argparse.Namespace], None] = nothing) -> argparse.Namespace:
    """The process's first step: step back for others, end with the venue (after `tidy`), speak in its form. The
    arguments."""
    os.nice(NICE)
    signal.signal(signal.SIGINT, signal.SIG_IGN)    # an interrupt at the terminal is the venue's to answer
    parser.add_argument("--parent", type=int, required=True)
    logs.add_argument(parser)
    given = parser.parse_args(arguments)
    logs.begin(given.log_format)
    threading.Thread(target=end_with_parent, args=(given.parent, partial(tidy, given)), name="end with the venue",
                     daemon=True).start()
    return given
