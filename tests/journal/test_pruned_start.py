"""A log whose beginning was pruned: a start, a look back, verification, from the snapshots that it goes on from."""

import os

import pytest
from journal_logs import SEGMENT_BYTES, clocks

from pricetime.__main__ import main
from pricetime.gateway.cli.match import new_engine
from pricetime.journal import Reader, Writer, restore, snapshot, take_snapshot
from pricetime.journal.packing import pack, prune
from pricetime.journal.replay import replay
from pricetime.journal.verify import verify
from pricetime.matching.engine import Engine
from pricetime.matching.errors import CheckFailed, UserError

both_engines = pytest.mark.parametrize("reference", [False, True], ids=["fast", "reference"])
PLACES = (50, 128, 200, 300)


@pytest.fixture
def log(tmp_path):
    """300 commands in five segments, from 1, 65, 129, 193, 257 on; snapshots at PLACES; pruned up to 128."""
    with Writer(tmp_path, segment_bytes=SEGMENT_BYTES) as writer:
        writer.append(clocks(1, 300))
    engine, reader = Engine(), Reader(tmp_path)
    for place in PLACES:
        reader.until_sequence = place
        replay(reader, engine)
        snapshot.write(tmp_path, engine, reader)
    prune(tmp_path, 128)
    return tmp_path


def state(log, until):
    restored = restore(log, Engine, until_sequence=until)
    replay(restored.reader, restored.engine)
    assert restored.engine.sequence == until
    return restored


@pytest.mark.parametrize(("until", "begun"), [(128, 128), (129, 128), (199, 128), (200, 200), (299, 200), (300, 300)])
def test_every_state_that_can_be_had_is(log, until, begun):
    restored = state(log, until)
    assert restored.snapshot.sequence == begun and restored.notes == []
    restored.engine.check()


def test_packed_segments_do_as_well(log):
    before = [state(log, until).engine.digest() for until in (150, 260)]
    assert pack(log)
    assert [state(log, until).engine.digest() for until in (150, 260)] == before
    assert not take_snapshot(log).is_new


def test_a_snapshot_before_the_log_s_beginning_is_no_beginning(log):
    for place in (128, 200, 300):
        os.truncate(log / "snapshots" / snapshot.snapshot_name(place), 9)
    with pytest.raises(CheckFailed) as raised:
        restore(log, Engine)
    line = str(raised.value)
    assert "the log begins with command 129, and no good snapshot of command 128 or a later one is there" in line
    assert line.count("9 bytes, its header alone has 128; passed over") == 3
    assert f"{snapshot.snapshot_name(50)}: the log begins with command 129, further on; passed over" in line


def test_what_was_pruned_cannot_be_had(log):
    with pytest.raises(UserError, match="was pruned, and the oldest state that can be had is .* behind command 128"):
        restore(log, Engine, until_sequence=100)


@both_engines
def test_verify_begins_with_the_oldest_that_allows_it_and_says_so(log, reference):
    found = verify(log, new_engine(reference))
    assert (found.first, found.sequence, found.replayed.commands) == (129, 300, 172)
    assert found.begun_with.name == snapshot.snapshot_name(128)
    said = [(int(entry.path.name[:20]), entry.fault, entry.compared) for entry in found.snapshots]
    assert said == [(50, None, False), (200, None, True), (300, None, True)]
    os.truncate(found.begun_with, 9)
    found = verify(log, new_engine(reference))
    assert (found.first, found.begun_with.name) == (201, snapshot.snapshot_name(200))
    assert found.oldest == Reader(log, from_sequence=201).first_sequence == 129
    assert "9 bytes, its header alone has 128" in found.snapshots[1].fault


def test_at_the_shell(log, capsys):
    assert main(["verify", str(log)]) == 0
    output = capsys.readouterr().out
    assert "from command 129: what is before it was pruned, and " in output
    assert f"not compared: {log / 'snapshots' / snapshot.snapshot_name(50)}: the log begins after it\n" in output
    assert main(["log", str(log), "--from", "131", "--to", "132"]) == 0
    assert capsys.readouterr().out.count("\n") == 2
    assert main(["replay", str(log)]) == 2
    assert "the log was pruned: the oldest command that is kept is 129" in capsys.readouterr().err
    assert main(["replay", str(log), "--from-snapshot"]) == 0
    assert main(["replay", str(log), "--until", "100", "--from-snapshot"]) == 2
    os.truncate(log / "snapshots" / snapshot.snapshot_name(128), 9)
    assert main(["verify", str(log)]) == 1
    output = capsys.readouterr().out
    assert f"from command 201: {log / 'snapshots' / snapshot.snapshot_name(200)} was believed for what is " in output
    assert "commands 129 to 200 were read, not matched, and those before 129 were pruned\n" in output


def test_old_snapshots_count_only_where_the_log_goes_on_from_them(log):
    assert [found.sequence for found in snapshot.good(log)] == [300, 200, 128]
    assert [path.name for path in snapshot.prune(log, 3)] == [snapshot.snapshot_name(50)]
