"""The market of tests/market.py in each of the two engines."""

import commands as c
import market as small_market
import pytest


@pytest.fixture
def market(engine: object) -> object:
    """The market before the first VenueStart: everybody logged on, both instruments in Continuous, nothing traded."""
    assert c.apply(engine, *small_market.opening()) == []
    return engine
