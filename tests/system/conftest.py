"""A venue that runs, and a client of it."""

import contextlib

import pytest

from pricetime.gateway.client import Client
from tests.system.venues import opened


@pytest.fixture
def venue(tmp_path):
    venue = opened(tmp_path / "venue")
    try:
        yield venue
    finally:
        venue.stop()


@pytest.fixture
def alice(venue):
    with contextlib.closing(Client(venue.endpoints[0], "alice")) as client:
        yield client


@pytest.fixture
def strict(venue):
    """Alice, who is told what went wrong and does not reconnect."""
    with contextlib.closing(Client(venue.endpoints[0], "alice", reconnect=False)) as client:
        yield client
