"""A process of ours beside a venue: the venue's side starts and ends it, its own side notices that the venue has gone.

    venue ──pipe──► python -m MODULE … --parent PID      (held open; it ends where the venue's end closes)
"""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

LOOK_SECONDS = 0.2          # between two looks whether the venue has gone
END_SECONDS = 0.5           # it has to end by itself; then it is killed


class Child:
    """The venue's side. `first`: bytes that it finds on its standard input, for what must not be seen in a list of
    processes. It is born deaf to Ctrl-C, which is the venue's to answer. OSError where it does not start."""

    def __init__(self, module: str, arguments: Sequence[str], first: bytes = b"") -> None:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])      # a process has its parent's mask
        try:
            self._process: subprocess.Popen[bytes] = subprocess.Popen(
                [sys.executable, "-P", "-m", module, *arguments, "--parent", str(os.getpid())], stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL, cwd="/",
                env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}, bufsize=0,
            )  # fmt: skip
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if first and self._process.stdin is not None:
            with suppress(BrokenPipeError):     # it has ended already: status() says so
                self._process.stdin.write(first)

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    def status(self) -> int | None:
        """Its exit status where it has ended; None: it runs."""
        return self._process.poll()

    def wait(self) -> int:
        """Its exit status, once it has ended."""
        return self._process.wait()

    def end(self) -> None:
        """End it, at once or nearly so."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


# ------------------------------------------------------------------------------------------- in the process


def end_with_parent(parent: int, tidy: Callable[[], None]) -> None:
    """For a thread: leave, after `tidy`, when the venue's end of the pipe closes, or it is not our parent any more."""
    while os.getppid() == parent and not closed_within(LOOK_SECONDS):
        pass
    tidy()
    os._exit(0)


def closed_within(seconds: float) -> bool:
    """Whether standard input is closed by its other end within so many seconds."""
    return bool(select.select([0], [], [], seconds)[0]) and not os.read(0, 1)
