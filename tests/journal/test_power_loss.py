"""The machine goes down: every page not synced is old, new or torn at 512 bytes, at random. What was synced is
there, the rest ends at the first hole, and what is written afterwards is read back with nothing of before in it."""

import random

import numpy as np
import pytest
from journal_logs import change_header, clocks, definition, is_first_line, left_behind, machine_went_down, read, segment

from pricetime.journal import Writer, layout, recover
from pricetime.journal.directory import list_segments
from pricetime.journal.scan import Scan

SEGMENT_BYTES = 1 << 15
PAGE, SECTOR = 4096, 512


def records(first, count, dice):
    """Some of one line, some of two."""
    numbers = range(first, first + count)
    return np.concatenate([
        definition(n, n, b"x" * dice.randrange(1, 40)) if dice.random() < 0.3 else clocks(n, 1) for n in numbers
    ])  # fmt: skip


def lose_power(directory, synced, dice):
    """Zero what was not written back, as the dice fall."""
    for found in list_segments(directory / "log"):
        header = found.header
        before = found.first_sequence - 1, int(header["previous_time"]), int(header["checksum_seed"])
        place = Scan(layout.HEADER_SIZE, *before)
        data = bytearray(found.path.read_bytes())
        place.go(np.frombuffer(bytes(data), "u1"), synced)
        for page in range(PAGE, len(data), PAGE):
            fate = dice.choice(["old", "new", "new", "torn"])
            for sector in range(page, page + PAGE, SECTOR):
                if sector + SECTOR > place.offset and (fate == "old" or (fate == "torn" and dice.random() < 0.5)):
                    begin = max(sector, place.offset)
                    data[begin:sector + SECTOR] = bytes(sector + SECTOR - begin)
        found.path.write_bytes(data)
        if dice.random() < 0.5:     # the page with the positions, too, may be an old one
            change_header(found.path, appended=min(synced, int(header["appended"])), committed=0)


@pytest.mark.parametrize("seed", range(40))
def test_what_was_synced_survives_and_nothing_is_invented(tmp_path, seed):
    dice = random.Random(seed)
    lines = records(1, 1200, dice)
    with Writer(tmp_path / "live", segment_bytes=SEGMENT_BYTES) as writer:
        writer.append(lines)
        log = left_behind(tmp_path / "live", tmp_path / "down")
    synced = dice.randrange(0, 1201)
    machine_went_down(log, synced)
    lose_power(log, synced, dice)
    with Writer(log, segment_bytes=SEGMENT_BYTES) as writer:
        last = writer.sequence
        assert synced <= last <= 1200
        more = records(last + 1, 50, random.Random(seed + 1000))
        writer.append(more)
    starts = np.append(np.flatnonzero(is_first_line(lines)), len(lines))
    assert read(log).tobytes() == lines[:starts[last]].tobytes() + more.tobytes()
    assert recover(log).notes == []
    assert segment(log).exists()
