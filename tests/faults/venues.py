"""Venues that are started again and again, each in a process of its own that dies or is stopped: `python -m
faults.venues` has imported all that a venue needs, and is split off (fork) for each start, which takes a few
milliseconds. Over the simulated disk too, where its environment says so.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from faults import disk

PATIENCE_SECONDS = 60


class Venues:
    """One venue.toml, one process at a time. out, errors: what the newest start printed."""

    def __init__(self, directory: Path, environment: dict[str, str] | None = None) -> None:
        self.directory = directory
        self.out, self.errors = directory.parent / "out", directory.parent / "errors"
        self.pid = 0
        self._server = subprocess.Popen(
            [sys.executable, "-P", "-m", "faults.venues", str(directory), str(self.out), str(self.errors)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=environment or disk.environment())  # fmt: skip

    def start(self) -> None:
        """Begin a start; it may not be up yet."""
        for file in (self.out, self.errors):
            file.write_text("")
        self._tell("start")
        self.pid = int(self._server.stdout.readline())

    def endpoint(self) -> str:
        """Wait until it is up; where. AssertionError with what it said, where it is not."""
        end = time.monotonic() + PATIENCE_SECONDS
        while "\n" not in (line := self.out.read_text()):
            assert time.monotonic() < end, f"no start in {PATIENCE_SECONDS} s: {self.errors.read_text()}"
            assert Path(f"/proc/{self.pid}/stat").read_text().split()[2] != "Z", (
                f"ended with {self.wait()}: {self.errors.read_text()}")
            time.sleep(0.001)
        return line.split(" on ")[1].split(",")[0]

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def wait(self) -> int:
        """Until the process has ended: its exit status, or minus the signal that killed it. It is there until this is
        called, be it as a zombie."""
        self._tell("wait")
        status = int(self._server.stdout.readline())
        self.pid = 0
        return status

    def _tell(self, word: str) -> None:
        self._server.stdin.write(word + "\n")
        self._server.stdin.flush()

    def close(self) -> None:
        """No process is left behind."""
        if self.pid:
            self.signal(signal.SIGKILL)
            self.wait()
        self._server.stdin.close()
        self._server.stdout.close()
        self._server.wait()

    def __enter__(self) -> "Venues":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def serve(directory: str, out: str, errors: str) -> None:
    """In the process that was split off: `pricetime serve`."""
    from pricetime.__main__ import main

    for number, file in ((1, out), (2, errors)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_APPEND), number)
    status = 99
    try:
        status = main(["serve", directory])
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(status)


def listen(directory: str, out: str, errors: str) -> None:
    """Start and wait, as told on standard input."""
    import pricetime.gateway.cli.serve  # noqa: F401  before the first start, not in each

    pid = 0
    for word in sys.stdin:
        if word == "start\n":
            pid = os.fork()
            if pid == 0:
                serve(directory, out, errors)
            print(pid, flush=True)
        else:
            print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
            pid = 0


if __name__ == "__main__":
    listen(*sys.argv[1:])
