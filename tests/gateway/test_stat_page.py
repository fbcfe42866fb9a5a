"""The stat page: its layout is what is drawn, its buckets are as narrow as promised, the loop counts on it what it
does, and a reader of any kind of page says what it found."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pricetime.gateway.authenticator import Refusals
from pricetime.gateway.stat_page import (
    BOUNDS,
    COUNTERS,
    HANDSHAKES,
    HISTOGRAM,
    PAGE_BYTES,
    STAT,
    STAT_NAME,
    StatPage,
    bucket_of,
)
from pricetime.gateway.stats import COUNTER_HELP, DURATION_HELP, VERSION, Durations, NoStat, StatReader, reading_of
from pricetime.matching.errors import UserError
from tests.gateway.simulation import Peer, Simulation, m

LAYOUT = (Path(__file__).resolve().parents[2] / "gateway" / "stat_layout.pxd").read_text()
PERCENTS = (1, 50, 90, 99, 99.9, 100)


def page_with(**fields) -> bytes:
    """A page that has begun, with other fields."""
    page = StatPage()
    page.begin(7)
    row = np.frombuffer(page.read(), STAT).copy()
    for name, value in fields.items():
        row[0][name] = value
    return row.tobytes()


def durations_of(values) -> Durations:
    counts = np.zeros(len(BOUNDS) - 1, np.uint64)
    for value in values:
        counts[bucket_of(int(value))] += 1
    return Durations(counts, int(sum(values)), int(max(values)))


# --------------------------------------------------------------------------------------------------- layout


def test_the_layout_is_what_is_drawn():
    drawn = [int(offset) for offset in re.findall(r"^ +(\d+) [┌├└│]", LAYOUT, re.MULTILINE)]
    starts = ["magic", "tick_scale", "looked", "counters", "refused", "reply", "append", "match", "sync",
              "handshakes"]
    assert drawn == [*(STAT.fields[name][1] for name in starts), PAGE_BYTES]


def test_every_word_is_aligned_and_nothing_lies_between():
    end = 0
    for name in STAT.names:
        dtype, offset = STAT.fields[name][:2]
        assert offset == end and offset % min(8, dtype.base.itemsize if dtype.names is None else 8) == 0, name
        end += dtype.itemsize
    assert end == STAT.itemsize == PAGE_BYTES


def test_every_counter_and_duration_says_what_it_is():
    assert set(COUNTER_HELP) == set(COUNTERS)
    assert [name for name in STAT.names if STAT.fields[name][0] == HISTOGRAM] == list(DURATION_HELP)


def test_every_reason_of_a_handshake_has_its_own_word():
    page = StatPage()
    page.begin(1)
    for count, reason in enumerate(HANDSHAKES, 1):
        page.show_handshakes(reason, count)
    assert reading_of(page.read()).handshakes == {reason: count for count, reason in enumerate(HANDSHAKES, 1)}
    assert reading_of(page.read()).refused == {} and not any(reading_of(page.read()).counters.values())
    with pytest.raises(ValueError):
        page.show_handshakes("no reason", 1)


def test_refused_handshakes_are_on_the_page_those_before_it_too():
    page, lines = StatPage(), []
    page.begin(1)
    refusals = Refusals(lambda line, *_, **__: lines.append(line))
    refusals.add("no CURVE", count=2)
    refusals.show_on(page)
    for _ in range(3):
        refusals.add("unknown key", "192.0.2.7")
    refusals.tell(finally_=True)
    refusals.add("not ZeroMQ")
    before = reading_of(page.read())
    assert {reason: count for reason, count in before.handshakes.items() if count} == refusals.totals()
    assert refusals.totals() == {"no CURVE": 2, "unknown key": 3, "not ZeroMQ": 1}, "a window's end takes nothing away"
    refusals.add("not ZeroMQ")
    passed = reading_of(page.read()).since(before)
    assert {reason: count for reason, count in passed.handshakes.items() if count} == {"not ZeroMQ": 1}


# -------------------------------------------------------------------------------------------------- buckets


def test_a_duration_counts_in_the_bucket_that_has_it():
    values = [*range(300), *(int(bound) + step for bound in BOUNDS[64:-1] for step in (-1, 0, 1)), 2**34 - 1]
    for value in values:
        bucket = bucket_of(value)
        assert BOUNDS[bucket] <= value < BOUNDS[bucket + 1]


def test_what_is_too_long_counts_in_the_last_one():
    assert bucket_of(2**34) == bucket_of(2**64 - 1) == len(BOUNDS) - 2


def test_no_bucket_is_wider_than_a_thirty_second_of_where_it_begins():
    lowest, width = BOUNDS[:-1].astype(np.int64), np.diff(BOUNDS.astype(np.int64))
    assert (width[:64] == 1).all() and (width[64:] * 32 <= lowest[64:]).all() and (width > 0).all()


@pytest.mark.parametrize("center", [30, 800, 45_000, 20_000_000])
def test_a_percentile_is_right_to_within_1_6_percent(center):
    values = np.random.default_rng(center).lognormal(np.log(center), 0.7, 5_000).astype(np.int64) + 1
    found = durations_of(values)
    for percent in PERCENTS:
        exact = int(np.sort(values)[max(1, -(-len(values) * int(percent * 10) // 1000)) - 1])
        assert found.percentile(percent) == pytest.approx(exact, rel=0.016, abs=0.5), percent
    assert found.count == len(values) and found.mean == pytest.approx(values.mean())


def test_no_percentile_of_nothing():
    none = Durations(np.zeros(len(BOUNDS) - 1, np.uint64), 0, 0)
    assert none.percentile(99) == none.mean == none.count == 0


def test_what_came_between_two_readings_is_their_difference():
    before, later = durations_of([10, 5_000_000]), durations_of([10, 5_000_000, 700, 705])
    passed = later.since(before)
    assert passed.count == 2 and passed.mean == pytest.approx(702.5)
    assert 705 <= passed.longest < 730, "the longest of all was before"


# ------------------------------------------------------------------------------------------------- the loop


def test_the_loop_counts_on_its_page_what_it_counts():
    simulation = Simulation()
    simulation.loop.stat.begin(1)
    alice, bob = Peer(simulation, 1), Peer(simulation, 2, "bob")
    alice.logon()
    bob.logon()
    for number in range(100):
        alice.send(alice.order(price=f"{90 + number % 5}.00"), alice.order("Sell", price="110.00"))
        bob.send(bob.order("Sell", price="120.00"), m.Heartbeat(session="bob"))
    alice.send(alice.order(cl_ord_id=1), alice.order(cl_ord_id=2))
    bob.post(b"no record")
    bob.answers()
    reading = reading_of(simulation.loop.stat.read())
    assert reading.counters == simulation.loop.counters and reading.counters["commands"] > 300
    assert reading.refused == {"DUPLICATE_CL_ORD_ID": 2, "BAD_LENGTH": 1}
    assert sum(reading.refused.values()) == reading.counters["refused"]
    assert reading.connections == 2 and reading.appended == reading.committed == simulation.engine.sequence


def test_each_command_that_came_in_a_batch_has_its_duration_and_one_in_64_is_timed():
    simulation = Simulation()
    defined = simulation.engine.sequence
    alice = Peer(simulation, 1)
    alice.logon()
    for _ in range(40):
        alice.send(*(alice.order(price="100.00") for _ in range(50)))
    simulation.loop.stat.begin(1)
    reading = reading_of(simulation.loop.stat.read())
    last = simulation.engine.sequence
    assert reading.reply.count == last - defined
    sampled = sum(sequence * 0x9E3779B97F4A7C15 % 2**64 >> 58 == 0 for sequence in range(1, last + 1))
    assert reading.durations["append"].count == reading.durations["match"].count == sampled
    assert 20 < sampled < 50
    assert 0 < reading.durations["match"].percentile(50) < 1e9
    assert reading.durations["sync"].count == 0, "a simulated log has no syncer"


def test_samples_stand_at_no_regular_distance():
    sampled = [n for n in range(1, 100_000) if n * 0x9E3779B97F4A7C15 % 2**64 >> 58 == 0]
    assert len(sampled) == pytest.approx(100_000 / 64, rel=0.02)
    assert len({n % 64 for n in sampled}) == 64, "every place of a message of 64 is looked at"


# ------------------------------------------------------------------------------------------------- the file


def test_a_file_is_read_as_it_is_written_and_a_restart_shows(tmp_path):
    page = StatPage(tmp_path)
    page.begin(4)
    reader = StatReader(tmp_path)
    before = reader.read()
    assert (before.run, before.process, before.ended) == (4, os.getpid(), 0)
    page.end()
    assert reader.read().state == "stopped"
    again = StatPage(tmp_path)
    with pytest.raises(NoStat, match="a venue is starting"):
        reader.read()
    again.begin(5)
    now = reader.read()
    assert (now.run, now.ended) == (5, 0)
    assert now.since(before).counters == now.counters, "another start's counts are not subtracted"


def test_a_new_start_finds_nothing_of_the_old_one(tmp_path):
    (tmp_path / STAT_NAME).write_bytes(b"\xff" * PAGE_BYTES)
    StatPage(tmp_path).begin(1)
    reading = StatReader(tmp_path).read()
    assert not any(reading.counters.values()) and not reading.refused and reading.reply.count == 0


def test_a_venue_that_was_killed_is_gone_and_one_that_hangs_is_stuck():
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert reading_of(page_with(process=gone.pid)).state == "gone"
    assert reading_of(page_with(process=os.getpid())).state == "stuck"


def test_a_page_of_another_version_is_not_read(tmp_path):
    for field, value in (("version", VERSION + 1), ("version", VERSION - 1),
                         ("names", 1), ("bytes", 5), ("byte_order", 0x04030201), ("magic", 3)):
        with pytest.raises(UserError, match="not the page of this version"):
            reading_of(page_with(**{field: value}))
    (tmp_path / STAT_NAME).write_bytes(bytes(100))
    with pytest.raises(UserError, match=f"100 bytes, expected {PAGE_BYTES}"):
        StatReader(tmp_path).read()


def test_where_there_is_no_page_that_is_said(tmp_path):
    with pytest.raises(NoStat, match="no venue has run there yet"):
        StatReader(tmp_path).read()
    with pytest.raises(NoStat, match="no such directory"):
        StatReader(tmp_path / "no").read()


def test_no_link_is_followed_and_no_folder_taken(tmp_path):
    (tmp_path / "elsewhere").write_bytes(b"precious")
    (tmp_path / STAT_NAME).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError):
        StatPage(tmp_path)
    assert (tmp_path / "elsewhere").read_bytes() == b"precious"
    (tmp_path / STAT_NAME).unlink()
    (tmp_path / STAT_NAME).mkdir()
    with pytest.raises(OSError):
        StatPage(tmp_path)


def test_what_a_longer_file_holds_behind_the_page_stays(tmp_path):
    (tmp_path / STAT_NAME).write_bytes(b"x" * (PAGE_BYTES + 8))
    StatPage(tmp_path).begin(3)
    content = (tmp_path / STAT_NAME).read_bytes()
    assert reading_of(content[:PAGE_BYTES]).run == 3 and content[PAGE_BYTES:] == b"x" * 8
