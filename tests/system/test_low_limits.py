"""Clients at a venue that bounds messages to a few in a second: what they ask of their own accord fits in."""

import asyncio
import subprocess
import sys
from time import monotonic

import pytest

from pricetime.gateway.async_client import AsyncClient
from pricetime.gateway.client import Client
from pricetime.gateway.config import convert
from pricetime.gateway.venue import Venue
from pricetime.matching.errors import UserError
from tests.system.venues import said, some


def limited(directory, instruments, messages_per_second):
    """A running venue with so many instruments."""
    return Venue(directory, convert({
        "venue": {"endpoints": ["tcp://127.0.0.1:0"]}, "log": {"segment_mib": 1},
        "limits": {"messages_per_second": messages_per_second},
        "session": [{"name": "operator", "rights": ["Operate"]}, {"name": "alice", "rights": ["Trade", "Operate"]}],
        "instrument": [{"symbol": f"A{number}", "tick_size": "0.01"} for number in range(instruments)],
    }))


def a1_opened(venue):
    with Client(venue.endpoints[0], "operator") as operator:
        operator.set_phase("A1", "Continuous")
        assert said(some(operator, 1))[0][1] == "NONE"


@pytest.mark.parametrize(("instruments", "limit"), [(600, 1), (600, 2), (2_000, 5)])
def test_a_client_logs_on_whatever_the_limit_and_its_first_order_is_taken(tmp_path, instruments, limit):
    with limited(tmp_path, instruments, limit) as venue:
        a1_opened(venue)
        # A part of the list has timeout_ms, not all of it.
        with Client(venue.endpoints[0], "alice", timeout_ms=2_000) as alice:
            assert len(alice.codec.directory.instruments.by_name) == instruments
            alice.buy("A1", 1, "90")
            assert said(some(alice, 1)) == [("NEW", "NONE")]
            alice._core.lost(monotonic(), UserError("cut"))     # and again
            alice._until(alice._ready, listing=True)
            alice.load_parties()
            alice.load_instruments()
            assert alice._line.opened == 2 and list(alice.reports(100)) == []


def test_an_async_client_does_too(tmp_path):
    async def trade(endpoint):
        async with AsyncClient(endpoint, "alice", timeout_ms=2_000) as alice:
            alice.buy("A1", 1, "90")
            assert said([report async for report in alice.reports(300)]) == [("NEW", "NONE")]

    with limited(tmp_path, 300, 1) as venue:
        a1_opened(venue)
        asyncio.run(trade(venue.endpoints[0]))


def test_pricetime_order_does_too(tmp_path):
    with limited(tmp_path, 300, 1) as venue:
        a1_opened(venue)
        done = subprocess.run(
            [sys.executable, "-P", "-m", "pricetime", "order", venue.endpoints[0], "buy", "A1", "1", "@", "90",
             "--session", "alice"], capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        assert done.stdout.startswith("New")
