"""Clients at an endpoint with CURVE: with their key, with a wrong one, with one file of two."""

import asyncio
import subprocess
import sys

import pytest

from pricetime import AsyncClient, Client, Venue
from pricetime.gateway.client import NoAnswer, Refused
from pricetime.gateway.config import convert
from pricetime.gateway.security import new_pair, write_pair
from pricetime.matching.errors import UserError
from tests.system.venues import said, some


@pytest.fixture
def keyed(tmp_path):
    """(venue, key files of alice, of a stranger, of the venue)."""
    files = {}
    for name in ("alice", "stranger"):
        pair = new_pair()
        files[name] = write_pair(tmp_path, name, *pair), pair[0]
    directory = tmp_path / "venue"
    directory.mkdir()
    config = convert({
        "venue": {"endpoints": [{"address": "tcp://127.0.0.1:0", "curve": True}]}, "log": {"segment_mib": 1},
        "session": [{"name": "alice", "rights": ["Trade", "Operate"]}, {"name": "bob"}],
        "instrument": [{"symbol": "ACME", "tick_size": "0.01", "lot_size": 1}],
        "key": [{"name": "alice-key", "public": files["alice"][1].decode(), "sessions": ["alice"],
                 "rights": ["Trade", "Operate"]}],
    })  # fmt: skip
    secrets = {name: next(file for file in written if file.suffix == ".secret")
               for name, (written, _) in files.items()}
    with Venue(directory, config) as venue:
        yield venue, secrets["alice"], secrets["stranger"], directory / "keys" / "venue.public"


def test_who_has_the_key_trades_and_comes_back(keyed):
    venue, key, _, venue_key = keyed
    with Client(venue.endpoints[0], "alice", key=key, venue_key=venue_key) as alice:
        alice.set_phase("ACME", "Continuous")
        alice.buy("ACME", 1, "90")
        assert said(some(alice, 2)) == [("SESSION_STATUS", "NONE"), ("NEW", "NONE")]
        alice._core.connection.message_number += 1
        alice.buy("ACME", 1, "91")
        assert said(some(alice, 1)) == [("NEW", "NONE")]
        assert alice._line.opened == 2

    async def trade():
        async with AsyncClient(venue.endpoints[0], "alice", key=key, venue_key=venue_key) as alice:
            alice.buy("ACME", 1, "92")
            assert said([report async for report in alice.reports(300)]) == [("NEW", "NONE")]

    asyncio.run(trade())


def test_pricetime_order_with_a_key(keyed):
    venue, key, _, venue_key = keyed
    done = subprocess.run(
        [sys.executable, "-P", "-m", "pricetime", "order", venue.endpoints[0], "buy", "ACME", "1", "@", "90",
         "--session", "alice", "--key", str(key), "--venue-key", str(venue_key)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "PHASE_CLOSED" in done.stdout


def test_without_the_right_key_nobody_gets_in(keyed):
    venue, key, stranger, venue_key = keyed
    endpoint = venue.endpoints[0]
    with pytest.raises(Refused, match="refused the key"):
        Client(endpoint, "alice", key=stranger, venue_key=venue_key)
    with pytest.raises(Refused, match="session 'bob' cannot log on: NOT_AUTHORIZED"):
        Client(endpoint, "bob", key=key, venue_key=venue_key)
    # libzmq tells of the refusal, or only that the connection was cut, time after time.
    said = "takes clients with a CURVE key only|is a venue running there. One with CURVE answers"
    with pytest.raises((NoAnswer, Refused), match=said):
        Client(endpoint, "alice", timeout_ms=500)
    with pytest.raises(NoAnswer, match="only to a key that it knows, and to its own public key"):
        Client(endpoint, "alice", key=key, venue_key=key.with_suffix(".public"), timeout_ms=500)
    with pytest.raises(UserError, match="found one of them, expected both"):
        Client(endpoint, "alice", key=key)
    with pytest.raises(UserError, match="cannot be read"):
        Client(endpoint, "alice", key=key.with_name("nothing"), venue_key=venue_key)
