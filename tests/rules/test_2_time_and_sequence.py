"""Rule 2: sequence numbers and time."""

import commands as c
import numpy as np
import pytest
from commands import BUY, apply
from market import ACME, ALICE

from pricetime.matching.records import COMMAND


def test_a_commands_number_is_the_last_one_plus_1(market):
    before = market.sequence
    events = apply(
        market, c.new(ALICE, 1, ACME, BUY, 10, 100), c.clock(), c.new(ALICE, 2, ACME, BUY, 10, 100, sequence=before + 3)
    )
    assert [event.sequence for event in events] == [before + 1, before + 3]
    assert market.sequence == before + 3


@pytest.mark.parametrize("ahead", [0, 2, -1])
def test_a_record_out_of_sequence_is_refused_and_nothing_from_there_on_is_applied(market, ahead):
    before = market.sequence
    records = c.clock(7) + c.record(36, sequence=before + 1 + ahead, time=9) + c.clock(8)
    with pytest.raises(ValueError):
        market.apply(np.frombuffer(records, dtype=COMMAND))
    assert (market.sequence, market.time) == (before + 1, 7)


def test_time_is_the_later_of_the_commands_and_the_last_ones(market):
    events = apply(
        market, *(c.new(ALICE, n, ACME, BUY, 10, 100, time=time) for n, time in enumerate((50, 20, -3, 60), 1))
    )
    assert [event.time for event in events] == [50, 50, 50, 60]
    assert market.time == 60


def test_places_count_from_0_within_a_command(market):
    apply(market, c.new(ALICE, 1, ACME, BUY, 10, 100))
    events = apply(market, c.new(ALICE, 2, ACME, c.SELL, 10, 100), c.new(ALICE, 3, ACME, BUY, 10, 100))
    assert [event.place for event in events] == [0, 1, 2, 0]
