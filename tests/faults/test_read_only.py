"""A directory that may be read and not written: writers say so in one line and change nothing, readers read. Root may
write everywhere: a child process gives its rights away first."""

import os
import subprocess
import sys

import pytest
from faults import disk
from journal_logs import SEGMENT_BYTES, clocks, segment

from pricetime.journal import Writer

NOBODY = 65534
PROGRAM = """
import os, sys
import pricetime.gateway.cli.serve
from pricetime.__main__ import main
from pricetime.journal import Reader, Writer, recover
from pricetime.matching.errors import UserError
os.chdir(sys.argv[1])
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid({nobody})
    os.setuid({nobody})
print(sum(len(block) for block in Reader("venue")))
for use in (Writer, recover):
    try:
        use("venue")
        print("not refused")
    except UserError as error:
        print(error)
print(main(["serve", "venue"]))
"""


@pytest.fixture
def venue(tmp_path):
    """A log that a process left behind: there is something to mend."""
    directory = tmp_path / "venue"
    (tmp_path / "live").mkdir()
    writer = Writer(tmp_path / "live", segment_bytes=SEGMENT_BYTES)
    writer.append(clocks(1, 10))
    writer.abandon()
    (tmp_path / "live").rename(directory)
    # The log is of 1970: any clock is believed.
    (directory / "venue.toml").write_text('[venue]\nendpoints = ["tcp://127.0.0.1:0"]\nclock_ahead_seconds = 0\n')
    yield directory
    for place in (directory, directory / "log"):
        os.chmod(place, 0o700)


def outcome(venue):
    """What the program prints, without rights of its own."""
    parent = venue.parent
    os.chmod(parent, 0o755)
    done = subprocess.run([sys.executable, "-P", "-c", PROGRAM.format(nobody=NOBODY), str(parent)], text=True,
                          env=disk.environment(), capture_output=True, timeout=60, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines(), done.stderr


@pytest.mark.parametrize("file_mode", [0o444, 0o666])
def test_a_log_that_may_only_be_read(venue, file_mode):
    for path in (venue / "log").iterdir():
        os.chmod(path, file_mode)
    before = {path.name: path.read_bytes() for path in (venue / "log").iterdir()}
    os.chmod(venue / "log", 0o555)
    os.chmod(venue, 0o555)
    (commands, writer, recovery, status), errors = outcome(venue)
    assert (commands, status) == ("10", "2")
    # Where the files may be written, recovery has its way with them if there is no name to be changed.
    for said in (writer, errors, *([recovery] if file_mode == 0o444 or recovery != "not refused" else [])):
        assert "permission denied" in said, said
        assert said.strip().isprintable(), said
    after = {path.name: path.read_bytes() for path in (venue / "log").iterdir()}
    if file_mode == 0o444:
        assert after == before
    else:       # recovery may mark what it finds, and no more
        assert {name: data[4096:] for name, data in after.items()} == {
            name: data[4096:] for name, data in before.items()}
    assert segment(venue).exists()
