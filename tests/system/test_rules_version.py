"""A log under rules version 1: every command that reads a log refuses it with one line that says which rules it has
and what to install, and changes nothing."""

import json
import subprocess
import sys

import pytest

from pricetime.journal.directory import list_segments
from tests.journal_logs import change_header
from tests.system.venues import opened

OTHER = 1


@pytest.fixture
def old_log(tmp_path):
    """A venue's directory whose log another release wrote."""
    opened(tmp_path).stop()
    for found in list_segments(tmp_path / "log"):
        change_header(found.path, rules_version=OTHER)
    return tmp_path


def pricetime(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-P", "-m", "pricetime", *map(str, arguments)],
        capture_output=True, text=True, timeout=60, check=False, **options,
    )


@pytest.mark.parametrize("command", ["replay", "verify", "log", "serve"])
def test_a_log_under_other_rules_is_refused_with_what_to_install(old_log, command):
    before = {path: path.read_bytes() for path in (old_log / "log").iterdir()}
    done = pricetime(command, old_log)
    assert (done.returncode, done.stdout) == (2, "")
    [line] = done.stderr.splitlines()
    assert line.startswith(f"pricetime {command}: ")
    assert "matched under rules version 1, this pricetime has 2; install a pricetime with rules version 1" in line
    assert {path: path.read_bytes() for path in (old_log / "log").iterdir()} == before


@pytest.mark.parametrize("option", [[], ["--reference"]])
def test_a_printed_log_under_other_rules_is_refused_by_its_start(option):
    """Text has no header: there the VenueStart says the version, and the engine refuses it."""
    done = pricetime("match", *option, input=json.dumps({"MsgType": "VenueStart", "Run": 1, "RulesVersion": OTHER}))
    assert json.loads(done.stdout)["Reason"] == "RULES_VERSION_UNKNOWN"
