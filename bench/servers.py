"""Start and end the servers that the load client talks to, each in a process of its own: a venue, a bare loop, a
bare echo.

A server ends when its standard input does, so none outlives the process that started it.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from pricetime.bench.load_client import LoadClient
from pricetime.gateway.sockets import HIGH_WATER_MARK

END_TIMEOUT = 30            # seconds that a server may take to end
SIDE_ORDERS = 500_000       # of one more client: for longer than it is wanted


@contextmanager
def venue(durability: str = "process", *, connections: int = 1, curve: bool = False) -> Iterator[LoadClient]:
    """A client with so many connections to a new venue with as many sessions (not logged on yet); at the end the venue
    is stopped and its directory removed."""
    with (
        tempfile.TemporaryDirectory(prefix="pricetime-bench-") as directory,
        _server("from pricetime.bench.venue_server import run_venue; "
                f"run_venue({directory!r}, {durability!r}, {connections}, {curve})", connections) as client,
    ):
        yield client


class Beside:
    """A venue, clients of it that are measured, and one more beside them (side_client.py) whenever it is wanted."""

    def __init__(self, client: LoadClient, others: int) -> None:
        self.client = client
        self._session = others

    @contextmanager
    def one_more(self, *, reads: bool) -> Iterator[None]:
        """It has a session of its own each time, and is logged on."""
        self._session += 1
        code = ("from pricetime.bench.side_client import run_side_client; from pricetime.bench.inside import dealt; "
                f"run_side_client({self.client.endpoint!r}, {self.client.server_key!r}, {self._session}, "
                f"dealt(1, {SIDE_ORDERS}), {reads})")
        with _process(code) as process:
            assert process.stdout is not None
            if process.stdout.readline() != "ready\n":
                raise RuntimeError("the client beside ended at once")
            yield


@contextmanager
def venue_beside(others: int, runs: int, *, curve: bool = False) -> Iterator[Beside]:
    """One with the bounds of `pricetime serve`, for `others` connections, and sessions for so many runs of one more."""
    with tempfile.TemporaryDirectory(prefix="pricetime-bench-") as directory:
        code = ("from pricetime.bench.venue_server import run_venue; "
                f"run_venue({directory!r}, sessions={others + runs}, curve={curve}, high_water_mark={HIGH_WATER_MARK})")
        with _server(code, others) as client:
            yield Beside(client, others)


@contextmanager
def bare_server(copy: bool, *, connections: int = 1, curve: bool = False) -> Iterator[LoadClient]:
    """A client with so many connections to a new bare loop or, without `copy`, a bare echo."""
    with _server("from pricetime.bench.bare_gateway import run_bare_server; "
                 f"run_bare_server({copy}, {curve})", connections, echoes=True) as client:
        yield client


@contextmanager
def _server(code: str, connections: int, *, echoes: bool = False) -> Iterator[LoadClient]:
    """Run `code`, which says its endpoint first, and its public key where it has one, and connect. A server that does
    not end by itself is killed."""
    with _process(code) as process:
        assert process.stdout is not None
        endpoint, _, key = process.stdout.readline().strip().partition(" ")
        if not endpoint:
            raise RuntimeError(f"the server ended at once, exit status {process.wait()}")
        client = LoadClient(endpoint, connections, key.encode() or None, echoes)
        client.server = process.pid
        try:
            yield client
            process.communicate(timeout=END_TIMEOUT)        # closes its standard input, which ends it
            if process.returncode:
                raise RuntimeError(f"the server ended with exit status {process.returncode}")
        finally:
            client.close()


@contextmanager
def _process(code: str) -> Iterator[subprocess.Popen[str]]:
    """Python with this code; killed at the end, where it has not ended."""
    process = subprocess.Popen([sys.executable, "-P", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
