"""The machine's clock goes backwards or leaps: time in the log never goes back, every order is answered once, and the
log, on a real disk, replays to the same state. Also over a start."""

import numpy as np
import pytest
from journal_logs import is_first_line

from pricetime.gateway.log_storage import LogStorage
from pricetime.gateway.loop import Loop
from pricetime.gateway.simulated import SimulatedStorage, SimulatedTransport
from pricetime.journal import Reader, Writer
from pricetime.journal.replay import replay
from pricetime.journal.verify import verify
from pricetime.matching.engine import Engine
from pricetime.matching.records import CommandType
from pricetime.matching.reference.engine import Engine as ReferenceEngine
from tests.gateway.simulation import SECOND, Peer, Simulation, m, said

YEAR = 365 * 24 * 3600
LEAPS = (-1e-9, -3600, 10 * YEAR, -10 * YEAR, 1, -0.5, 100 * YEAR, -200 * YEAR, 0)


def gtd(peer, seconds):
    """An order that expires so long after what the log's time is."""
    time = peer.simulation.engine.time + int(seconds * SECOND)
    return peer.order(time_in_force="GTD", expire_time=time)


def journal(simulation, directory):
    with Writer(directory, segment_bytes=8192) as writer:
        writer.append(simulation.storage.records())


def first_lines(lines):
    return lines[is_first_line(lines)]


@pytest.mark.parametrize("leap", LEAPS)
def test_time_in_the_log_never_goes_back_and_every_order_is_answered(tmp_path, leap):
    venue = Simulation(heartbeat_timeout_ms=0)
    alice = Peer(venue, 1)
    alice.logon()
    for _ in range(3):
        assert said(alice.send(alice.order())) == [("NEW", "NONE")]
        venue.advance(0.25)
    before = venue.engine.time
    venue.advance(leap)
    for _ in range(3):
        assert said(alice.send(alice.order())) == [("NEW", "NONE")]
        assert venue.engine.time == max(before, venue.utc)
        venue.advance(0.25)
    journal(venue, tmp_path)
    lines = first_lines(np.concatenate([np.array(block) for block in Reader(tmp_path)]))
    assert np.all(np.diff(lines["time"]) >= 0)
    orders = lines[lines["type"] == CommandType.NEW_ORDER_SINGLE]
    assert orders["cl_ord_id"].tolist() == [1, 2, 3, 4, 5, 6]
    for engine in (Engine(), ReferenceEngine()):
        assert verify(tmp_path, engine).digest == venue.engine.digest()


def test_a_leap_ahead_expires_what_is_due_and_the_way_back_brings_nothing_to_life(tmp_path):
    venue = Simulation(heartbeat_timeout_ms=0)
    alice = Peer(venue, 1)
    alice.logon()
    assert said(alice.send(gtd(alice, 60))) == [("NEW", "NONE")]
    venue.advance(YEAR)
    assert said(alice.answers()) == [("EXPIRED", "EXPIRE_TIME_REACHED")]
    ahead = venue.engine.time
    venue.advance(-YEAR)
    assert alice.answers() == []
    assert said(alice.send(gtd(alice, 60))) == [("NEW", "NONE")]
    assert venue.engine.time == ahead           # it stands until the clock has caught up
    venue.advance(YEAR + 59)
    assert alice.answers() == []
    venue.advance(1)
    assert said(alice.answers()) == [("EXPIRED", "EXPIRE_TIME_REACHED")]
    journal(venue, tmp_path)
    assert verify(tmp_path, ReferenceEngine()).digest == venue.engine.digest()


def test_silence_is_measured_by_a_clock_that_does_not_leap():
    """A session does not end because someone has set the machine's date."""
    venue = Simulation(heartbeat_timeout_ms=1000)
    alice = Peer(venue, 1)
    alice.logon()
    for leap in LEAPS:
        venue.loop.set_time(venue.utc + int(leap * SECOND), venue.monotonic + SECOND // 2)
        venue.monotonic += SECOND // 2
        heard = said(alice.send(alice.order()))     # and, half the bound being over, the venue's own heartbeat
        assert [one for one in heard if one != ("HEARTBEAT_ANSWER", "NONE")] == [("NEW", "NONE")]
        assert venue.loop.connections == 1


def test_a_start_with_a_clock_before_the_logs_end_goes_on_with_the_logs_time(tmp_path):
    venue = Simulation()
    journal(venue, tmp_path)
    last = venue.engine.time
    engine = Engine()
    replay(Reader(tmp_path), engine)
    with Writer(tmp_path, segment_bytes=8192) as writer:
        assert writer.time == last
        transport = SimulatedTransport(SimulatedStorage())
        loop = Loop(engine, transport, LogStorage(writer), clock="set")
        loop.set_time(last - 50 * YEAR * SECOND, 1)
        loop.journal(venue.codec.encode(m.VenueStart(run=2)))
        loop.journal_digest()
        assert (writer.time, engine.time) == (last, last)
        loop.set_time(last + SECOND, 2)
        loop.journal_digest()
        assert writer.time == last + SECOND
    assert verify(tmp_path, ReferenceEngine()).digest == engine.digest()
