"""`pricetime pack` and `pricetime prune` as their users have them, and `log`, `replay` and `verify` behind them."""

import argparse
import subprocess
import sys

import pytest

from pricetime.gateway.cli import prune
from pricetime.journal import Reader, Writer
from pricetime.matching.errors import UserError
from tests.journal_logs import SEGMENT_BYTES, clocks


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
    assert "no good snapshot at command 129 or later; make one first" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    assert next(iter(Reader(log)))["sequence"][0] == 1


def test_pruning_up_to_a_snapshot(log, monkeypatch, capsys):
    """--before names the oldest command that must stay; the snapshot before it may be a later one."""
    monkeypatch.setattr(prune, "newest_snapshot", lambda directory: 200)
    parser = argparse.ArgumentParser()
    prune.add_arguments(parser)
    with pytest.raises(UserError, match="no good snapshot at command 201 or later, the newest is at 200"):
        prune.run(parser.parse_args([str(log), "--before", "202"]))
    assert prune.run(parser.parse_args([str(log), "--before", "129"])) == 0
    assert capsys.readouterr().out.splitlines()[2:] == ["the log begins with command 129"]
    refused = pricetime("verify", log)
    assert (refused.returncode, len(refused.stderr.splitlines())) == (2, 1)
    assert "was pruned: the oldest command that is kept is 129" in refused.stderr


@pytest.mark.parametrize(("arguments", "line"), [
    (("pack", "--keep", "0"), "keep 0: expected 1 or more"),
    (("prune", "--before", "1"), "--before 1: expected a sequence number, 2 or more"),
])
def test_wrong_use_is_one_line(log, arguments, line):
    done = pricetime(arguments[0], log, *arguments[1:])
    assert done.returncode == 2
    assert line in done.stderr and len(done.stderr.splitlines()) == 1
