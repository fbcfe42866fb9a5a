"""Calls that fail under a venue: room that runs out and comes back, syncs and names that fail, signals that
interrupt."""

import errno
import os
import subprocess
import sys

import pytest
from faults import failing_disk
from faults.disk import Faults
from faults.failing_disk import AT_THE_START, BREAKS, FILLS_UP, PASSES, Failing
from faults.levels import DURABILITIES

OPENS = """
import os, sys
from pricetime.gateway.stat_page import StatPage
from pricetime.journal.wake import Doze
try:
    StatPage(sys.argv[1])
except OSError as error:
    print(error.errno, Doze(sys.argv[1]).can_be_woken)
"""


@pytest.fixture(params=DURABILITIES)
def failing(library, tmp_path, request):
    failing = Failing(library, tmp_path, request.param)
    with failing.venues:
        yield failing


@pytest.mark.parametrize("case", FILLS_UP, ids=str)
def test_a_full_disk_refuses_orders_and_takes_them_again(failing, case):
    failing_disk.fills_up(failing, case)


@pytest.mark.parametrize("case", BREAKS, ids=str)
def test_a_broken_disk_ends_the_venue_before_anything_false_is_acknowledged(failing, case):
    failing_disk.breaks(failing, case)


def test_a_sync_that_finds_no_room_ends_the_venue(failing):
    failing_disk.has_no_room_for_a_sync(failing)


@pytest.mark.parametrize("case", PASSES, ids=str)
def test_an_interrupted_call_is_made_again(failing, case):
    failing_disk.passes(failing, case)


@pytest.mark.parametrize("case", AT_THE_START, ids=str)
def test_no_first_segment_is_one_line(failing, case):
    failing_disk.refuses_to_start(failing, case)


def test_a_mapped_file_with_holes_that_get_no_room_is_not_used(library, tmp_path):
    """The first store to such a hole would end the process: a start, or whoever tails."""
    for name in ("stat", "tail"):
        (tmp_path / name).write_bytes(b"")
        os.truncate(tmp_path / name, 1 << 20)
    faults = Faults(tmp_path / "faults")
    faults.fail("fallocate", errno.ENOSPC)
    done = subprocess.run([sys.executable, "-P", "-c", OPENS, str(tmp_path)], capture_output=True, text=True,
                          timeout=60, check=False, env=faults.environment(library, tmp_path))
    assert (done.returncode, done.stdout) == (0, f"{errno.ENOSPC} False\n"), done.stderr
