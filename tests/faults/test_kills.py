"""SIGKILL at 25 random instants of a venue under load. `make soak SOAK="faults ..."` goes on."""

import random

import numpy as np
import pytest
from faults.kills import kills
from faults.levels import DURABILITIES
from faults.trader import Trader
from faults.venues import Venues

KILLS = 25


@pytest.mark.parametrize("durability", DURABILITIES)
def test_every_acknowledged_command_is_there_exactly_once(tmp_path, durability):
    said = kills(1, KILLS, tmp_path / "venue", durability)
    assert said.startswith(f"{KILLS} kills at level {durability}")


def test_the_trader_would_notice(tmp_path):
    """What the test above holds a venue to, each of it broken once."""
    kills(2, 1, tmp_path / "venue", "process")
    trader = Trader(random.Random(1))
    engine, last = trader.hold_against(tmp_path / "venue")
    for broken, said in ((Trader(random.Random(1), acknowledged={last + 1}), "acknowledged, not in the log"),
                         (Trader(random.Random(1), refused={last}), "refused, but in the log"),
                         (Trader(random.Random(1), reports={10**6: np.void(b"")}), "is not among those of the log")):
        with pytest.raises(AssertionError, match=said):
            broken.hold_against(tmp_path / "venue")


def test_a_venue_that_does_not_start_says_why(tmp_path):
    (tmp_path / "venue").mkdir()
    with Venues(tmp_path / "venue") as venues:
        venues.start()
        with pytest.raises(AssertionError, match="ended with 2: pricetime serve: .*venue.toml"):
            venues.endpoint()
