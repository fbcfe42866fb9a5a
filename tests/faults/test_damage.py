"""Every changed bit and every cut of a small log is refused, or means nothing, or is cut and said: never anything
else. `make soak SOAK="faults ..."` flips all bits of all three kinds of logs."""

from itertools import islice

import pytest
from faults.damage import FEWER, KINDS, REFUSED, WHOLE, WHOLE_AND_SAID, cut_off, flip_bits, make, telling_bits
from journal_logs import SEGMENT_BYTES


@pytest.mark.parametrize("kind", KINDS)
def test_every_flipped_bit_is_refused_or_means_nothing_or_is_cut_and_said(tmp_path, kind):
    log = make(kind, tmp_path)
    counts = flip_bits(log, islice(telling_bits(log), 0, None, 1 if kind == "closed" else 3))
    recoveries = {recovery for recovery, _ in counts}
    assert recoveries == {
        "closed": {REFUSED},        # not a byte of it that recovery does not hold for something
        "process died": {REFUSED, WHOLE, WHOLE_AND_SAID},
        "machine went down": {REFUSED, WHOLE, WHOLE_AND_SAID, FEWER},
    }[kind]


@pytest.mark.parametrize(("kind", "step"), [("closed", 1), ("process died", 64), ("machine went down", 64)])
def test_a_segment_cut_off_at_any_byte_is_refused(tmp_path, kind, step):
    assert cut_off(make(kind, tmp_path), range(SEGMENT_BYTES - 1, -1, -step)) == 2 * SEGMENT_BYTES // step
