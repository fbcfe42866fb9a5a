"""Calls that fail under a venue: room that runs out and comes back, syncs and names that fail, signals that
interrupt."""

import pytest
from faults import failing_disk
from faults.failing_disk import AT_THE_START, BREAKS, FILLS_UP, PASSES, Failing
from faults.levels import DURABILITIES


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
