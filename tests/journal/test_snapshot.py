"""Snapshots: canonical, whole or not there, passed over with a line where they are not good; what is made of them is
what the log gives."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from decimal import Decimal

import numpy as np
import pytest
from journal_logs import SEGMENT_BYTES, change, change_header, is_first_line, journal, segment

from pricetime.gateway import messages as m
from pricetime.gateway.cli.match import new_engine
from pricetime.gateway.codec import Codec
from pricetime.journal import Reader, Writer, restore, snapshot, take_snapshot
from pricetime.journal.directory import list_segments
from pricetime.journal.replay import replay
from pricetime.journal.verify import verify
from pricetime.matching.checksum import crc32c
from pricetime.matching.engine import Engine, scatter_ids
from pricetime.matching.errors import CheckFailed, UserError

ORDERS = 120
both_engines = pytest.mark.parametrize("reference", [False, True], ids=["fast", "reference"])


def commands(orders: int = ORDERS):
    """Definitions, orders that rest and trade, cancels, a phase."""
    yield m.PartyDefinition(participant="firm", transact_time=1000)
    yield m.SessionDefinition(session_name="alice", participant="firm")
    yield m.SecurityDefinition(symbol="ACME", price_scale=2, tick_size=Decimal("0.05"), lot_size=Decimal(1))
    for number in range(1, orders + 1):
        yield m.NewOrderSingle(session="alice", cl_ord_id=2 * number, symbol="ACME",
                               side="Buy" if number % 2 else "Sell", ord_type="Limit",
                               price=Decimal(number % 7) + Decimal("10.05"), order_qty=Decimal(1 + number % 5),
                               transact_time=1000 * number)
        if number % 3 == 0:
            yield m.OrderCancelRequest(session="alice", cl_ord_id=2 * number + 1, orig_cl_ord_id=2 * number,
                                       symbol="ACME")
    yield m.TradingSessionStatus(symbol="ACME", phase="Halted")


LINES = Codec().encode_all(commands())
IS_FIRST = is_first_line(LINES)
END = int(np.count_nonzero(IS_FIRST))       # the last command's number


@pytest.fixture
def log(tmp_path):
    """A log of several small segments, in a venue's directory."""
    journal(tmp_path / "venue", LINES, segment_bytes=SEGMENT_BYTES)
    return tmp_path / "venue"


def at(directory, sequence, engine=None):
    """An engine that has gone from the log's beginning up to a command, and the reader."""
    engine, reader = engine or Engine(), Reader(directory, until_sequence=sequence)
    replay(reader, engine)
    assert engine.sequence == sequence
    return engine, reader


def put(directory, *sequences):
    """Snapshots behind these commands."""
    return [snapshot.write(directory, *at(directory, sequence)) for sequence in sequences]


def names(directory):
    return sorted(os.listdir(directory / "snapshots"))


def set_header(path, **fields):
    """Change fields of a snapshot's header and give it the checksum that goes with them."""
    header = np.frombuffer(path.read_bytes()[:snapshot.HEADER.itemsize], snapshot.HEADER).copy()
    for name, value in fields.items():
        header[name] = value
    header["header_checksum"] = crc32c(header.tobytes()[:124])
    change(path, 0, header.tobytes())


# ------------------------------------------------------------------------------------------------ the file


@both_engines
def test_equal_states_are_equal_bytes_whoever_makes_them(log, tmp_path, reference):
    fast = snapshot.write(log, *at(log, 70))
    content = fast.path.read_bytes()
    fast.path.unlink()
    restored = restore(log, lambda: new_engine(reference), until_sequence=70)
    replay(restored.reader, restored.engine)
    assert snapshot.write(log, restored.engine, restored.reader).path.read_bytes() == content


def test_every_byte_of_the_header_is_as_the_page_says(log):
    engine, reader = at(log, 50)
    raw = snapshot.write(log, engine, reader).path.read_bytes()

    def number(offset, size):
        return int.from_bytes(raw[offset:offset + size], "little")

    state = engine.dump()
    assert raw[:8] == b"PTIMESNP" and raw[128:] == state and raw[80:112] == engine.digest()
    assert [number(8, 4), number(12, 2)] == [0x01020304, 1]
    assert number(14, 2) == int(list_segments(log / "log")[0].header["rules_version"])
    assert raw[16:32] == reader.log_id
    assert [number(offset, 8) for offset in (32, 40, 48, 64, 72)] == [50, engine.time, len(state), engine.run, 0]
    assert [number(56, 4), number(124, 4)] == [crc32c(state), crc32c(raw[:124])]
    assert number(60, 4) == int(Reader(log, from_sequence=50, until_sequence=50).next_block()[0]["checksum"])
    assert raw[112:124] == bytes(12)


def test_it_is_named_by_its_command_and_nothing_else_is_left(log):
    made = put(log, 40)[0]
    assert names(log) == [f"{40:020d}.snapshot"] and made.size == made.path.stat().st_size
    before = made.path.stat()
    assert put(log, 40)[0].digest == made.digest
    assert made.path.stat().st_mtime_ns == before.st_mtime_ns and made.path.stat().st_ino == before.st_ino, "stays"


def test_a_bad_one_of_the_same_command_is_written_again(log):
    made = put(log, 40)[0]
    good = made.path.read_bytes()
    change(made.path, 500, b"!")
    put(log, 40)
    assert made.path.read_bytes() == good


def test_an_engine_that_is_not_where_the_reader_is_makes_none(log):
    engine, _ = at(log, 40)
    with pytest.raises(ValueError, match="stands at command 40, the reader at 41"):
        snapshot.write(log, engine, at(log, 41)[1])


# ------------------------------------------------------------------------------------------- from a snapshot


@both_engines
def test_the_state_is_that_of_a_full_replay_at_each_command(log, reference):
    put(log, 20, 60, 61)
    whole, reader = new_engine(reference), Reader(log)
    for sequence in range(1, END + 1, 5 if reference else 1):
        reader.until_sequence = sequence
        replay(reader, whole)
        restored = restore(log, lambda: new_engine(reference), until_sequence=sequence)
        assert restored.notes == []
        nearest = max((s for s in (20, 60, 61) if s <= sequence), default=None)
        assert (restored.snapshot.sequence if restored.snapshot else None) == nearest
        done = replay(restored.reader, restored.engine)
        assert done.commands == sequence - (nearest or 0)
        restored.engine.check()
        assert (restored.engine.sequence, restored.engine.digest()) == (sequence, whole.digest())


def test_the_nearest_before_a_time_is_taken(log):
    put(log, 20, 60)
    moment = at(log, 60)[0].time
    for until, expected in ((moment, 60), (moment - 1, 20), (at(log, 20)[0].time - 1, None)):
        restored = restore(log, Engine, until_time=until)
        assert (restored.snapshot.sequence if restored.snapshot else None) == expected
        replay(restored.reader, restored.engine)
        whole = Engine()
        replay(Reader(log, until_time=until), whole)
        assert restored.engine.digest() == whole.digest()


def test_ids_are_scattered_in_what_is_made_of_a_snapshot(log):
    put(log, 60)

    def scattered():
        engine = Engine()
        scatter_ids(engine, 0x123456789ABCDEF1)
        return engine

    engine = restore(log, scattered).engine
    engine.check()
    assert engine.digest() == at(log, 60)[0].digest()


# ------------------------------------------------------------------------------------------------ bad ones


def cut_to(path, size):
    os.truncate(path, size)


def make_directory(path):
    path.unlink()
    path.mkdir()


BAD = {
    "empty": (lambda path: cut_to(path, 0), "0 bytes, its header alone has 128"),
    "half a header": (lambda path: cut_to(path, 100), "100 bytes, its header alone has 128"),
    "half-written": (lambda path: cut_to(path, 1000), "1000 bytes, its header says"),
    "too long": (lambda path: cut_to(path, path.stat().st_size + 1), "bytes, its header says"),
    "state flipped": (lambda path: change(path, 1000, b"!"), "the state's checksum is 0x"),
    "header flipped": (lambda path: change(path, 40, b"\xff"), "the header's checksum is 0x"),
    "no magic": (lambda path: change(path, 0, b"PTIMELOG"), "not a snapshot: begins with b'PTIMELOG'"),
    "other byte order": (lambda path: change(path, 8, b"\1\2\3\4"), "byte order mark 0x04030201, expected 0x01020304"),
    "format": (lambda path: set_header(path, format_version=9), "snapshot format 9, this pricetime reads 1"),
    "rules": (lambda path: set_header(path, rules_version=99), "under rules version 99, this pricetime has"),
    "renamed": (lambda path: set_header(path, sequence=59), "holds the state behind command 59: renamed"),
    "another log": (lambda path: set_header(path, log_id=np.void(b"x" * 16)), f"of another log: log id {'78' * 16}"),
    "other commands": (lambda path: set_header(path, log_checksum=7), "made of other commands: the log's checksum of"),
    "other time": (lambda path: set_header(path, time=7), "made of other commands"),
    "directory": (make_directory, "expected a snapshot, found a directory"),
    "not readable": (lambda path: (path.unlink(), path.symlink_to("/nowhere")), "cannot be read: no such file"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_one_is_passed_over_and_said(log, kind):
    older, newer = put(log, 20, 60)
    BAD[kind][0](newer.path)
    restored = restore(log, Engine)
    assert restored.snapshot.sequence == 20
    assert len(restored.notes) == 1 and restored.notes[0].startswith(f"{newer.path}: ")
    assert BAD[kind][1] in restored.notes[0] and restored.notes[0].endswith("; passed over")
    replay(restored.reader, restored.engine)
    assert restored.engine.digest() == at(log, END)[0].digest()
    assert [found.sequence for found in snapshot.good(log)] == [20]


def test_with_bad_ones_only_the_log_s_beginning_is_it(log):
    for made in put(log, 20, 60):
        cut_to(made.path, 7)
    restored = restore(log, Engine)
    assert restored.snapshot is None and len(restored.notes) == 2 and restored.engine.sequence == 0
    replay(restored.reader, restored.engine)
    assert restored.engine.digest() == at(log, END)[0].digest()


def test_a_state_that_is_none_is_passed_over_though_its_checksums_are_right(log):
    older, newer = put(log, 20, 60)
    state = bytearray(newer.path.read_bytes()[128:])
    state[0] ^= 1
    change(newer.path, 128, state)
    set_header(newer.path, state_checksum=crc32c(bytes(state)))
    restored = restore(log, Engine)
    assert restored.snapshot.sequence == 20 and "does not begin with PTSTATE2" in restored.notes[0]


def test_one_from_the_future_is_passed_over(log, tmp_path):
    put(log, 20, END)
    journal(tmp_path / "short", LINES[:30], segment_bytes=SEGMENT_BYTES)
    shutil.copytree(log / "snapshots", tmp_path / "short" / "snapshots")
    for path in snapshot.paths(tmp_path / "short"):
        set_header(path, log_id=np.void(Reader(tmp_path / "short").log_id))
    notes = restore(tmp_path / "short", Engine).notes
    assert "from the future: behind command" in notes[0] and "the log ends with" in notes[0]
    assert "made of other commands" in notes[1], "the same number, another log's checksum"


def test_every_flipped_bit_of_a_small_one_is_found(tmp_path):
    journal(tmp_path, Codec().encode_all(list(commands(1))[:2]), segment_bytes=SEGMENT_BYTES)
    path = put(tmp_path, 2)[0].path
    content = path.read_bytes()
    for bit in range(8 * len(content)):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        assert snapshot.intact(path) is None, bit
    path.write_bytes(content)
    assert snapshot.intact(path) is not None


# ------------------------------------------------------------------------------------------ crashes, full disks


SNAPSHOTTER = """
import sys
from pricetime.journal import Reader, snapshot
from pricetime.journal.replay import replay
from pricetime.matching.engine import Engine
directory, engine = sys.argv[1], Engine()
reader = Reader(directory)
print("begun", flush=True)
for sequence in range(1, 10**9):
    reader.until_sequence = 1 + sequence % 140
    if reader.until_sequence == 1:
        reader, engine = Reader(directory, until_sequence=1), Engine()
    replay(reader, engine)
    snapshot.write(directory, engine, reader)
    snapshot.prune(directory, 2)
"""


def test_killed_at_random_instants_it_leaves_only_good_ones(log, tmp_path):
    chance = np.random.default_rng(7)
    for _ in range(6):
        process = subprocess.Popen([sys.executable, "-P", "-c", SNAPSHOTTER, log], stdout=subprocess.PIPE)
        process.stdout.readline()
        time.sleep(0.02 + 0.15 * chance.random())
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        process.stdout.close()
        found = snapshot.paths(log)
        assert found, "it was killed before its first"
        for path in found:
            made = snapshot.read(path)
            assert at(log, made.sequence)[0].dump() == made.state().tobytes()
        assert restore(log, Engine).notes == []


def test_what_a_crash_left_is_no_snapshot_and_is_removed_by_the_next(log):
    put(log, 20)
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left = log / "snapshots" / f"{60:020d}.snapshot.{dead.pid}.temporary"
    alive = log / "snapshots" / f"{60:020d}.snapshot.{os.getppid()}.temporary"
    for path in (left, alive):
        path.write_bytes(b"half")
    assert restore(log, Engine).notes == []
    put(log, 30)
    assert not left.exists() and alive.exists(), "another process may be at work"


def test_a_disk_that_is_full_is_one_line_and_leaves_nothing(log):
    put(log, 20)
    code = f"""
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
from pricetime.__main__ import main
raise SystemExit(main(["snapshot", {str(log)!r}]))
"""
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False)
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
    assert (done.returncode, done.stderr.count("\n"), done.stdout) == (2, 1, "")
    assert "no snapshot was made: file too large" in done.stderr
    assert names(log) == [f"{20:020d}.snapshot"]
    assert take_snapshot(log).is_new, "with room again it goes on"


@pytest.mark.parametrize("step", ["open", "write", "fsync", "rename"])
def test_a_failed_call_is_one_line_and_leaves_nothing(log, monkeypatch, step):
    put(log, 20)

    def fail(*_):
        raise OSError(28, "No space left on device")

    engine, reader = at(log, 30)
    monkeypatch.setattr(os, step, fail)
    with pytest.raises(UserError, match="no snapshot was made: no space left on device"):
        snapshot.write(log, engine, reader)
    monkeypatch.undo()
    assert names(log) == [f"{20:020d}.snapshot"]


def test_a_file_in_the_folder_s_place_is_one_line(log):
    (log / "snapshots").write_text("")
    with pytest.raises(UserError, match="expected a directory with snapshots, found a file"):
        restore(log, Engine)
    with pytest.raises(UserError, match="no snapshot was made"):
        put(log, 20)


def test_a_directory_in_its_own_place_is_one_line(log):
    (log / "snapshots" / snapshot.snapshot_name(20)).mkdir(parents=True)
    with pytest.raises(UserError, match="no snapshot was made: is a directory"):
        put(log, 20)
    assert names(log) == [snapshot.snapshot_name(20)]


# ---------------------------------------------------------------------------------------- keeping, verifying


def test_old_ones_go_when_enough_newer_good_ones_are_there(log):
    made = put(log, 20, 40, 60, 80)
    change(made[3].path, 500, b"!")
    assert snapshot.prune(log, 2) == [made[0].path], "the bad one does not count"
    assert snapshot.prune(log, 2) == [] and snapshot.prune(log, 3) == []
    assert len(names(log)) == 3
    with pytest.raises(UserError, match="expected 1 or more"):
        snapshot.prune(log, 0)


def test_one_of_another_log_counts_for_nothing_when_old_ones_go(log, tmp_path):
    put(log, 20, 60)
    journal(tmp_path / "other", LINES, segment_bytes=SEGMENT_BYTES)
    stranger = put(tmp_path / "other", 80)[0]
    shutil.copy(stranger.path, log / "snapshots")
    assert [path.name for path in snapshot.prune(log, 1)] == [snapshot.snapshot_name(20)]
    assert restore(log, Engine).snapshot.sequence == 60


@both_engines
def test_verify_holds_each_snapshot_against_the_log(log, reference):
    made = put(log, 20, 60, 80)
    set_header(made[1].path, digest=np.void(bytes(32)))
    found = verify(log, new_engine(reference))
    assert [entry.path for entry in found.snapshots] == [one.path for one in made]
    assert [entry.fault is None for entry in found.snapshots] == [True, False, True]
    assert all(entry.compared for entry in found.snapshots)
    assert "its state is not the one that the log gives: digest 0000" in found.snapshots[1].fault
    assert (found.first, found.begun_with) == (1, None)
    assert found.digest == at(log, found.sequence)[0].digest() and found.replayed.commands == found.sequence


def test_verify_finds_a_state_with_right_checksums_that_the_log_does_not_give(log):
    made = put(log, 60)[0]
    other = at(log, 61)[0]
    state = bytearray(made.state().tobytes())
    changed = next(i for i in range(len(state)) if state[i] != other.dump()[i] and i > 200)
    state[changed] ^= 1
    change(made.path, 128, state)
    set_header(made.path, state_checksum=crc32c(bytes(state)))
    fault = verify(log, Engine()).snapshots[0].fault
    assert fault.startswith(f"{made.path}: its state is not the one that the log gives")


def test_verify_says_what_is_from_the_future(log):
    made = put(log, 60)[0]
    future = made.path.with_name(snapshot.snapshot_name(10**6))
    made.path.rename(future)
    set_header(future, sequence=10**6)
    assert "from the future: behind command 1000000" in verify(log, Engine()).snapshots[0].fault


# ------------------------------------------------------------------------------------------- beside a writer


def test_beside_a_writer_it_is_what_the_stopped_log_gives(tmp_path):
    directory = tmp_path / "venue"
    with Writer(directory, segment_bytes=SEGMENT_BYTES) as writer:
        stamped = LINES.copy()
        stamped["sequence"][IS_FIRST] = np.arange(1, 1 + END)
        stamped["time"][IS_FIRST] = np.maximum.accumulate(stamped["time"][IS_FIRST])
        cut = np.flatnonzero(IS_FIRST)[75]
        writer.append(stamped[:cut])
        live = take_snapshot(directory)
        assert live.is_new and live.snapshot.sequence == 75
        assert not take_snapshot(directory).is_new
        content = live.snapshot.path.read_bytes()
        writer.append(stamped[cut:])
    live.snapshot.path.unlink()
    assert put(directory, 75)[0].path.read_bytes() == content


def test_a_log_without_commands_has_no_snapshot(tmp_path):
    Writer(tmp_path).close()
    with pytest.raises(UserError, match="no command in it yet"):
        take_snapshot(tmp_path)


def test_a_damaged_log_behind_it_is_no_fault_of_the_snapshot(log):
    put(log, 20)
    change(segment(log, list_segments(log / "log")[-2].first_sequence), 4096 + 100, b"!!!!")
    restored = restore(log, Engine)
    assert restored.snapshot.sequence == 20 and restored.notes == []
    with pytest.raises(CheckFailed, match="damaged at offset"):
        replay(restored.reader, restored.engine)


def test_a_log_under_other_rules_is_refused_with_what_to_install(log):
    put(log, 20)
    change_header(segment(log), rules_version=99)
    with pytest.raises(UserError, match="install a pricetime with rules version 99"):
        restore(log, Engine)
