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

END_TIMEOUT = 30            # seconds that a server may take to end


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


@contextmanager
def bare_server(copy: bool, *, connections: int = 1, curve: bool = False) -> Iterator[LoadClient]:
    """A client with so many connections to a new bare loop or, without `copy`, a bare echo."""
    with _server("from pricetime.bench.bare_gateway import run_bare_server; "
                 f"run_bare_server({copy}, {curve})", connections) as client:
        yield client


@contextmanager
def _server(code: str, connections: int) -> Iterator[LoadClient]:
    """Run `code`, which says its endpoint first, and its public key where it has one, and connect. A server that does
    not end by itself is killed."""
    process = subprocess.Popen([sys.executable, "-P", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               text=True)
    assert process.stdout is not None
    client = None
    try:
        endpoint, _, key = process.stdout.readline().strip().partition(" ")
        if not endpoint:
            raise RuntimeError(f"the server ended at once, exit status {process.wait()}")
        client = LoadClient(endpoint, connections, key.encode() or None)
        yield client
        process.communicate(timeout=END_TIMEOUT)        # closes its standard input, which ends it
        if process.returncode:
            raise RuntimeError(f"the server ended with exit status {process.returncode}")
    finally:
        if client is not None:
            client.close()
        process.kill()
        process.communicate()
