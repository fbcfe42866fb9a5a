"""A recovery that is broken off anywhere is done again, to the same end; and what was behind a cut never comes back."""

import numpy as np
import pytest
from faults.recovery_crashes import LOGS, broken_off, every_crash
from journal_logs import SEGMENT_BYTES, clocks, read

from pricetime.journal import Writer, recover


@pytest.mark.parametrize("kind", LOGS)
def test_a_recovery_broken_off_at_any_call_is_done_again_to_the_same_end(tmp_path, kind):
    make, last = LOGS[kind]
    moments = every_crash(make(tmp_path), last, tmp_path)
    assert moments > 20


@pytest.mark.parametrize("count", [1, 14, 15, 16, 78, 79, 80, 300])
def test_leftovers_of_a_longer_run_behind_the_cut_never_come_back(tmp_path, count):
    """Up to where the lost commands were and beyond: of a new run, killed again and again, of one command each."""
    log = LOGS["cut"][0](tmp_path)
    new = clocks(50, count)
    new["price"] = 7
    for number in range(3):
        writer = Writer(log, segment_bytes=SEGMENT_BYTES)
        assert writer.sequence == 49 + (number > 0) * count
        assert writer.recovered.notes == [] or number == 0
        if number == 0:
            writer.append(new)
        writer.abandon()
    assert recover(log).last_sequence == 49 + count
    assert read(log).tobytes() == np.concatenate([clocks(1, 49), new]).tobytes()


def test_the_breaker_breaks(tmp_path):
    """The test above could not fail if recovery went around it."""
    log = LOGS["half written"][0](tmp_path)
    with broken_off(10**6) as breaker:
        recover(log)
    assert breaker.moments > 20
