"""`pricetime pack` and `pricetime prune` as their users have them, and `log`, `replay` and `verify` behind them."""

import subprocess
import sys

import pytest

from pricetime.journal import Reader, Writer, snapshot, take_snapshot
from pricetime.journal.replay import replay
from pricetime.matching.engine import Engine
from tests.journal_logs import SEGMENT_BYTES, change, clocks, segment


@pytest.fixture
def log(tmp_path):
    """300 records in five segments."""
    with Writer(tmp_path, segment_bytes=SEGMENT_BYTES) as writer:
        writer.append(clocks(1, 300))
    return tmp_path


def pricetime(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-P", "-m", "pricetime", *map(str, arguments)],
        capture_output=True, text=True, timeout=60, check=False, **options,
    )


def said(command, log):
    """What a command that reads prints, without the times that it took."""
    done = pricetime(command, log)
    assert done.returncode == 0, done.stderr
    return [line for line in done.stdout.splitlines() if "commands/s" not in line]


def test_packed_logs_are_read_by_every_command(log):
    commands = ("replay", "verify", "log")
    before = [said(command, log) for command in commands]
    done = pricetime("pack", log, "--keep", 2)
    assert done.returncode == 0
    assert [line[-4:] for line in done.stdout.splitlines()] == [".zst"] * 3 + ["cked"]
    assert [said(command, log) for command in commands] == before
    assert pricetime("pack", log, "--keep", 2).stdout == "0 segments packed\n"


def test_pruning_wants_a_snapshot(log):
    refused = pricetime("prune", log, "--before", 130)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "no good snapshot of synced commands at 129 or later; make one first" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    assert next(iter(Reader(log)))["sequence"][0] == 1


def test_pruning_takes_a_good_snapshot_for_one_only(log):
    path = take_snapshot(log).snapshot.path
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    refused = pricetime("prune", log, "--before", 130)
    assert "no good snapshot of synced commands at 129 or later; make one first" in refused.stderr
    path.write_bytes(content)
    done = pricetime("prune", log, "--before", 130)
    assert done.returncode == 0 and done.stdout.endswith("the log begins with command 129\n")
    assert pricetime("replay", log, "--from-snapshot").returncode == 0


@pytest.mark.parametrize("harm", ["damaged", "header damaged", "missing"])
def test_a_log_goes_on_from_a_snapshot_without_what_is_damaged_before_it(log, harm):
    engine, reader = Engine(), Reader(log, until_sequence=192)
    replay(reader, engine)
    snapshot.write(log, engine, reader)
    before = said("replay", log)
    path = segment(log, 65)
    if harm == "missing":
        path.unlink()
    else:
        change(path, 4096 + 640 if harm == "damaged" else 40, b"!!!!!!!!")
    assert pricetime("verify", log).returncode == 1
    done = pricetime("prune", log, "--before", 193)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("the log begins with command 193\n")
    found = pricetime("verify", log)
    assert found.returncode == 0, found.stderr
    assert pricetime("replay", log, "--from-snapshot").stdout.splitlines() == before


@pytest.mark.parametrize(("arguments", "line"), [
    (("pack", "--keep", "0"), "keep 0: expected 1 or more"),
    (("prune", "--before", "1"), "--before 1: expected a sequence number, 2 or more"),
])
def test_wrong_use_is_one_line(log, arguments, line):
    done = pricetime(arguments[0], log, *arguments[1:])
    assert done.returncode == 2
    assert line in done.stderr and len(done.stderr.splitlines()) == 1


def test_pruning_does_not_count_on_what_a_loss_of_power_may_take(log):
    """A live writer at level `process`: its newest segment is not synced, nor are the commands of a snapshot."""
    with Writer(log, segment_bytes=1 << 16) as writer:
        writer.append(clocks(301, 50))
        assert take_snapshot(log).snapshot.sequence == 350
        assert list(snapshot.lasting(log)) == list(snapshot.vouched(log)) == []
        refused = pricetime("prune", log, "--before", 200)
        assert "no good snapshot of synced commands at 199 or later" in refused.stderr
    assert [found.sequence for found in snapshot.lasting(log)] == [350]
    assert [found.sequence for found in snapshot.vouched(log)] == [350]
    assert pricetime("prune", log, "--before", 200).returncode == 0


def test_pruning_does_not_count_on_another_logs_snapshot(log, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    with Writer(other, segment_bytes=SEGMENT_BYTES) as writer:
        writer.append(clocks(1, 300))
    path = take_snapshot(other).snapshot.path
    (log / "snapshots").mkdir()
    (log / "snapshots" / path.name).write_bytes(path.read_bytes())
    assert "no good snapshot of synced commands at 199 or later" in pricetime("prune", log, "--before", 200).stderr
    assert segment(log).exists()


def test_what_was_pruned_away_is_said_with_the_oldest_state_that_can_be_had(log):
    for until in (150, 250):
        engine, reader = Engine(), Reader(log, until_sequence=until)
        replay(reader, engine)
        snapshot.write(log, engine, reader)
    assert pricetime("prune", log, "--before", 140).returncode == 0
    for command in (("log", log, "--from", 140), ("replay", log, "--until", 140, "--from-snapshot")):
        refused = pricetime(*command)
        assert refused.returncode == 2
        said = "pruned, and the oldest state that can be had is that of the snapshot behind command 150"
        assert said in refused.stderr
    assert pricetime("log", log, "--from", 151).returncode == 0
