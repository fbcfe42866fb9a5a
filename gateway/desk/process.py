"""The venue's side of the desk: starts it, starts it again when it ends by itself, ends it. The other side: desk.py."""

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from pricetime.journal import logs
from pricetime.journal.child import Child

REPORTS = 262_144                           # events that are kept in memory, and lines of commands
FAILURES_MAX = 100                          # kept for the operator
LOOK_SECONDS = 0.05                         # between two looks whether it is wanted, and there
MODULE = "pricetime.gateway.desk"
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 30.0      # seconds before a new start; twice as long after each that failed
STEADY_SECONDS = 60.0                       # who ran so long begins with the first pause again


class DeskProcess:
    """The desk of one venue. endpoint: where the venue's socket takes it; secret: of this start of the venue; reports:
    how many events it keeps in memory.

    Nothing here waits. Whoever has it calls tend() now and then."""

    def __init__(self, directory: str | os.PathLike[str], endpoint: str, secret: bytes, reports: int) -> None:
        self._arguments = [str(Path(directory).absolute()), endpoint, "--reports", str(reports),
                           "--log-format", logs.form_now()]
        self._secret = secret
        self._child: Child | None = None
        self._wanted = False
        self._pause = FIRST_PAUSE
        self._since = self._due = 0.0

    @property
    def pid(self) -> int:
        """Number of the process; 0: there is none."""
        return self._child.pid if self._child else 0

    def start(self) -> None:
        """From now on there is to be one."""
        if not self._wanted:
            self._wanted = True
            self.tend()

    def tend(self) -> str | None:
        """Start it where it is wanted and due. One line, where it has ended by itself or does not start."""
        failure, now = None, time.monotonic()
        if self._child is not None and (status := self._child.status()) is not None:
            self._child = None
            failure = self._failed(f"the desk has ended (status {status})", now)
        if self._wanted and self._child is None and now >= self._due:
            try:
                self._child = Child(MODULE, self._arguments, self._secret)
                self._since = now
            except OSError as error:
                failure = self._failed(f"the desk does not start: {(error.strerror or str(error)).lower()}", now)
        return failure

    def _failed(self, what: str, now: float) -> str:
        if now - self._since > STEADY_SECONDS:
            self._pause = FIRST_PAUSE
        pause, self._pause = self._pause, min(2 * self._pause, LONGEST_PAUSE)
        self._due = now + pause
        return f"{what}; it is started again in {pause:g} s"

    def end(self) -> None:
        """End it, at once or nearly so; there is to be none."""
        self._wanted = False
        child, self._child = self._child, None
        if child is not None:
            child.end()


class DeskKeeper:
    """A thread of the venue that has a desk there when it is wanted: from start() to end().

    wanted: whether somebody waits for one; always: there is to be one in any case."""

    def __init__(self, desk: DeskProcess, wanted: Callable[[], bool], always: bool) -> None:
        self._desk, self._wanted, self._always = desk, wanted, always
        self._failures = deque[str](maxlen=FAILURES_MAX)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="desk", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def _keep(self) -> None:
        while not self._ended.is_set():
            if self._always or self._wanted():
                self._desk.start()
            if failure := self._desk.tend():
                self._failures.append(failure)
            self._ended.wait(LOOK_SECONDS)

    @property
    def pid(self) -> int:
        """Number of the process; 0: there is none."""
        return self._desk.pid

    def failure(self) -> str | None:
        """One line, once, for each time that it ended by itself or did not start."""
        return self._failures.popleft() if self._failures else None

    def end(self) -> None:
        """End the thread, then the process."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        self._desk.end()
