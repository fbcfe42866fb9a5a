"""Logs that the tests of packing and of pruning begin with."""

import pytest
from journal_logs import SEGMENT_BYTES, clocks, left_behind

from pricetime.journal import Writer


def write(directory):
    """300 records in five segments."""
    writer = Writer(directory, segment_bytes=SEGMENT_BYTES)
    writer.append(clocks(1, 300))
    return writer


@pytest.fixture
def log(tmp_path):
    """Closed."""
    write(tmp_path).close()
    return tmp_path


@pytest.fixture
def crashed(tmp_path):
    """What a process left behind that died."""
    with write(tmp_path / "live"):
        return left_behind(tmp_path / "live", tmp_path / "crashed")
