"""Small venues for tests: a directory with a venue.toml on a free port, in this process or in one of its own."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from pricetime.gateway import messages as m
from pricetime.gateway.client import Client
from pricetime.gateway.venue import Venue
from pricetime.matching.records import EventType, Reason

TOML = """
[venue]
endpoints = ["{endpoint}"]
{venue}
[log]
segment_mib = 1
durability = "{durability}"
[[participant]]
name = "firm"
[[session]]
name = "alice"
participant = "firm"
[[session]]
name = "bob"
cancel_on_disconnect = true
[[session]]
name = "operator"
rights = ["Operate"]
[[instrument]]
symbol = "ACME"
tick_size = "0.01"
lot_size = 1
{policy}
"""


def write_config(
    directory: Path,
    endpoint: str = "tcp://127.0.0.1:0",
    venue: str = "",
    durability: str = "process",
    policy: str = "",
) -> Path:
    """A venue.toml in a directory, which is made where it is missing. venue: more of [venue]; policy: a [snapshot]."""
    directory.mkdir(exist_ok=True)
    file = directory / "venue.toml"
    file.write_text(TOML.format(endpoint=endpoint, venue=venue, durability=durability, policy=policy))
    return file


def opened(directory: Path, **options: str) -> Venue:
    """A running venue whose ACME is in Continuous."""
    venue = Venue(write_config(directory, **options))
    codec = venue.codec
    venue.loop.journal(codec.encode(m.TradingSessionStatus(symbol="ACME", phase="Continuous")))
    return venue.start()


def some(client: Client, count: int) -> list[np.void]:
    """The next `count` reports."""
    reports = client.reports()
    return [next(reports) for _ in range(count)]


def said(events: Iterable[np.void]) -> list[tuple[str, str]]:
    """Type and reason of events, by name."""
    return [(EventType(int(event["type"])).name, Reason(int(event["reason"])).name) for event in events]


def serve(directory: Path) -> tuple[subprocess.Popen, str]:
    """`pricetime serve` in a process of its own, and its endpoint."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "pricetime", "serve", str(directory)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"exit status {process.wait()}: {process.stderr.read()}")
    return process, line.split(" on ")[1].split(",")[0]
