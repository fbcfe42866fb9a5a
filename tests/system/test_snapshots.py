"""Snapshots as a user meets them: made beside a running venue, by hand and by policy; a start from them; the commands
that take them."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pricetime.gateway import messages as m
from pricetime.gateway.client import Client
from pricetime.gateway.venue import Venue
from pricetime.journal import Reader, logs, restore, snapshot, take_snapshot
from pricetime.journal.replay import replay
from pricetime.matching.engine import Engine
from pricetime.matching.errors import UserError
from tests.system.venues import opened, serve, some, write_config

POLICY = "[snapshot]\nevery_commands = 20\nkeep = 2"
PATIENCE = 20.0


def shell(*arguments: object, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-P", "-m", "pricetime", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment,
    )


def trade(endpoint: str, first: int, count: int) -> None:
    """Orders of alice, one message each; whether they rest is nothing to us."""
    with contextlib.closing(Client(endpoint, "alice")) as client:
        for number in range(first, first + count):
            client.buy("ACME", 1, f"{10 + number % 5}.00", cl_ord_id=number)
        some(client, count)


def wait_until(condition, what: str) -> None:
    patience = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < patience, what
        time.sleep(0.01)


def gone(process: int) -> bool:
    """Whether a process is no more, or only its parent has not asked for it yet."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def children(process: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == process:
                found.append(int(stat.parent.name))
    return found


def replayed(directory: Path) -> Engine:
    engine = Engine()
    replay(Reader(directory), engine)
    return engine


def test_beside_a_running_venue_and_the_next_start_takes_it(tmp_path):
    venue = opened(tmp_path / "venue")
    directory = venue.directory
    trade(venue.endpoints[0], 1, 30)
    done = shell("snapshot", directory)
    made = snapshot.paths(directory)[0]
    assert done.returncode == 0 and done.stdout.startswith(f"{made}\nsequence      {int(made.name[:20])}\n")
    trade(venue.endpoints[0], 31, 10)
    venue.stop()
    state = venue.engine.digest()
    assert replayed(directory).digest() == state

    venue = Venue(directory)
    try:
        sequence = int(made.name[:20])
        assert f"loaded {made}, behind command {sequence}" in venue.notes
        assert any(note.startswith("replayed ") for note in venue.notes)
        assert not any(note.endswith("passed over") for note in venue.notes)
        venue.start()
        trade(venue.endpoints[0], 41, 5)
    finally:
        venue.stop()
    assert replayed(directory).digest() == venue.engine.digest()


def test_a_start_passes_bad_ones_over_and_says_so(tmp_path):
    venue = opened(tmp_path / "venue")
    trade(venue.endpoints[0], 1, 10)
    good = take_snapshot(venue.directory).snapshot
    trade(venue.endpoints[0], 11, 10)
    bad = take_snapshot(venue.directory).snapshot
    venue.stop()
    os.truncate(bad.path, 300)
    venue = Venue(venue.directory)
    try:
        assert venue.notes[0].startswith(f"{bad.path}: 300 bytes, its header says")
        assert venue.notes[0].endswith("passed over")
        assert venue.notes[1] == f"loaded {good.path}, behind command {good.sequence}"
    finally:
        venue.stop()
    assert replayed(venue.directory).digest() == venue.engine.digest()


def test_a_log_that_is_gone_is_not_begun_anew_beside_its_snapshots(tmp_path):
    venue = opened(tmp_path / "venue")
    made = take_snapshot(venue.directory).snapshot
    venue.stop()
    shutil.rmtree(venue.directory / "log")
    with pytest.raises(UserError, match=r"a snapshot, but .*log has no segment; restore the log"):
        Venue(venue.directory)
    assert not (venue.directory / "log").exists() and made.path.exists()


@pytest.mark.parametrize("durability", ["process", "power"])
def test_by_policy_while_the_venue_runs_and_no_longer(tmp_path, durability):
    write_config(tmp_path / "venue", durability=durability, policy=POLICY)
    venue = Venue(tmp_path / "venue")
    venue.loop.journal(venue.codec.encode(m.TradingSessionStatus(symbol="ACME", phase="Continuous")))
    venue.start()
    process = venue.snapshot_process
    seen = set()
    try:
        for first in (1, 31, 61, 91):
            before = snapshot.paths(venue.directory)[:1]
            trade(venue.endpoints[0], first, 30)
            wait_until(lambda before=before: snapshot.paths(venue.directory)[:1] > before, "no snapshot was made")
            seen.update(snapshot.paths(venue.directory))
        if durability == "power":
            wait_until(lambda: len(snapshot.paths(venue.directory)) == 2, "old ones stay")
        else:       # a loss of power may take all that they are made of
            assert len(seen) >= 4 and seen <= set(snapshot.paths(venue.directory))
        number = process.pid
        assert os.getpriority(os.PRIO_PROCESS, number) >= min(19, os.getpriority(os.PRIO_PROCESS, 0) + 10)
        assert process.starts == 1
    finally:
        venue.stop()
    assert gone(number), "it outlives the venue"
    assert not [name for name in os.listdir(venue.directory / "snapshots") if not name.endswith(".snapshot")]
    restored = restore(venue.directory, Engine)
    assert restored.notes == [] and restored.snapshot is not None
    replay(restored.reader, restored.engine)
    assert restored.engine.digest() == venue.engine.digest()


def test_by_time_only_where_something_has_come(tmp_path):
    write_config(tmp_path / "venue", policy="[snapshot]\nevery_seconds = 1")
    with Venue(tmp_path / "venue") as venue:
        wait_until(lambda: snapshot.paths(venue.directory), "no snapshot was made")
        time.sleep(1.5)     # the next one is due, and nothing has come
        assert len(snapshot.paths(venue.directory)) == 1


def test_it_dies_with_a_venue_that_is_killed(tmp_path):
    directory = tmp_path / "venue"
    write_config(directory, policy=POLICY)
    process, _ = serve(directory)
    wait_until(lambda: children(process.pid), "no process beside the venue")
    beside = children(process.pid)
    process.kill()
    process.wait()
    wait_until(lambda: all(map(gone, beside)), "it outlives the venue")
    process.stdout.close()
    process.stderr.close()


def test_its_end_and_its_failures_are_lines_and_no_stop(tmp_path):
    directory = tmp_path / "venue"
    write_config(directory, policy="[snapshot]\nevery_commands = 20")
    process, endpoint = serve(directory)
    wait_until(lambda: children(process.pid), "no process beside the venue")
    for number in range(1, 100):
        (directory / "snapshots" / snapshot.snapshot_name(number)).mkdir(parents=True)
    trade(endpoint, 1, 40)
    first = process.stderr.readline()
    while not first.startswith("snapshots: "):
        first = process.stderr.readline()
    assert "no snapshot was made: is a directory" in first
    os.kill(children(process.pid)[0], signal.SIGKILL)
    line = process.stderr.readline()
    while not line.startswith("snapshots: the process"):
        line = process.stderr.readline()
    assert line == (
        "snapshots: the process beside the venue has ended (status -9); it is started again in 0.5 s, and until then "
        "no snapshot is made\n"
    )
    wait_until(lambda: children(process.pid), "it is not started again")
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0 and "stopped after command" in output


def test_a_process_that_does_not_start_is_a_line_and_no_stop(tmp_path, monkeypatch):
    write_config(tmp_path / "venue", policy=POLICY)
    venue = Venue(tmp_path / "venue")
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    try:
        said = []
        monkeypatch.setattr(
            logs.Log, "say", lambda self, event, line, **fields: said.append(f"{self.component}: {line}"))
        venue.start()
        assert venue.snapshot_process.pid == 0 and venue.running
        wait_until(lambda: said, "nothing is said")
        assert said[0] == (
            "snapshots: the process beside the venue does not start: no such file or directory; it is started again in "
            "0.5 s, and until then no snapshot is made"
        )
        monkeypatch.undo()
        wait_until(lambda: venue.snapshot_process.pid, "it is not tried again")
    finally:
        venue.stop()


# ------------------------------------------------------------------------------------------ at the shell


@pytest.fixture
def stopped(tmp_path):
    """The directory of a stopped venue, with snapshots behind two commands."""
    venue = opened(tmp_path / "venue")
    for first in (1, 11):
        trade(venue.endpoints[0], first, 10)
        take_snapshot(venue.directory)
    trade(venue.endpoints[0], 21, 10)
    venue.stop()
    return venue.directory


def test_snapshot_says_what_it_made_and_keeps(stopped):
    older = snapshot.paths(stopped)[1]
    done = json.loads(shell("snapshot", stopped, "--json").stdout)
    engine = replayed(stopped)
    assert (done["new"], done["sequence"], done["digest"]) == (True, engine.sequence, engine.digest().hex())
    assert done["bytes"] == Path(done["file"]).stat().st_size
    again = shell("snapshot", stopped, "--keep", 2)
    assert f"{done['file']}: is there already, and good: not written again" in again.stdout
    assert again.stdout.endswith(f"removed {older}\n") and not older.exists()
    refused = shell("snapshot", stopped, "--keep", 0)
    assert (refused.returncode, refused.stderr) == (2, "pricetime snapshot: --keep 0: expected 1 or more\n")


def test_replay_from_a_snapshot_says_the_same(stopped):
    newest, oldest = snapshot.paths(stopped)
    sequence = int(newest.name[:20])
    for place in (["--until", sequence + 3], ["--until", sequence], ["--until", sequence - 1], []):
        whole = shell("replay", stopped, *place)
        some_of_it = shell("replay", stopped, *place, "--from-snapshot")
        assert (some_of_it.returncode, some_of_it.stdout) == (0, whole.stdout)
        expected = oldest if place == ["--until", sequence - 1] else newest
        assert f"from {expected}\n" in some_of_it.stderr
    early = shell("replay", stopped, "--until", 3, "--from-snapshot")
    assert "no good snapshot before it: from the beginning" in early.stderr
    moment = replayed(stopped).time
    assert shell("replay", stopped, "--at", moment, "--from-snapshot").stdout == shell("replay", stopped).stdout


def test_a_time_in_another_unit_is_refused_with_the_one_that_is_meant(stopped):
    time = replayed(stopped).time
    for factor, unit in ((10**9, "seconds"), (10**6, "milliseconds"), (10**3, "microseconds")):
        refused = shell("replay", stopped, "--at", time // factor)
        assert refused.returncode == 2 and refused.stdout == ""
        assert f"--at {time // factor}: found {unit}, as it seems, expected nanoseconds since 1970" in refused.stderr
        assert refused.stderr.count("\n") == 1
    assert shell("replay", stopped, "--at", "1971-01-01T00:00:00").stdout.startswith("sequence      0\n")


def test_events_from_a_snapshot_are_those_behind_it(stopped):
    whole = shell("replay", stopped, "--events").stdout.splitlines()
    behind = shell("replay", stopped, "--events", "--from-snapshot").stdout.splitlines()
    assert 0 < len(behind) < len(whole) and whole[-len(behind):] == behind
    assert any('"ACME"' in line for line in behind)


def test_log_from_a_command_needs_no_beginning_of_the_log_for_its_names(stopped):
    newest = int(snapshot.paths(stopped)[0].name[:20])
    with_snapshots = shell("log", stopped, "--from", newest + 2)
    os.truncate(snapshot.paths(stopped)[0], 5)
    other = shell("log", stopped, "--from", newest + 2)
    assert other.stdout == with_snapshots.stdout != "" and '"ACME"' in other.stdout
    assert with_snapshots.stderr == "" and "5 bytes, its header alone has 128; passed over" in other.stderr


def test_verify_names_the_snapshots_that_hold(stopped):
    newest, oldest = snapshot.paths(stopped)
    done = shell("verify", stopped)
    assert done.returncode == 0
    assert done.stdout.splitlines()[-2:] == [f"good snapshot: {oldest}", f"good snapshot: {newest}"]
    os.truncate(newest, 300)
    done = shell("verify", stopped)
    assert done.returncode == 1 and done.stdout.startswith("good: ")
    assert done.stdout.splitlines()[-1].startswith(f"bad snapshot: {newest}: 300 bytes")
    found = json.loads(shell("verify", stopped, "--json").stdout)
    assert [entry["fault"] is None for entry in found["snapshots"]] == [True, False]


def test_by_policy_old_segments_are_packed_and_those_that_no_snapshot_needs_removed(tmp_path):
    """Each start begins a segment: after six of them only what the two snapshots need is left, all but one packed."""
    directory = tmp_path / "venue"
    text = write_config(directory, policy=POLICY).read_text()
    log = "segment_mib = 1\npack_after = 1\nprune = true"
    (directory / "venue.toml").write_text(text.replace("segment_mib = 1", log))
    for run in range(6):
        with Venue(directory) as venue:
            trade(venue.endpoints[0], 30 * run + 1, 30)
            wanted = venue.engine.sequence
            deadline = time.monotonic() + PATIENCE
            while time.monotonic() < deadline:
                made = snapshot.paths(directory)
                if made and int(made[0].name[:20]) > wanted - 30:
                    break
                time.sleep(0.01)
        digest = venue.engine.digest()

    def is_tidy() -> bool:
        """The log begins with the segment that the older of two snapshots needs, and that is packed."""
        names = sorted(path.name for path in (directory / "log").glob("0*.segment*"))
        oldest = min(int(path.name[:20]) for path in snapshot.paths(directory)[:2])
        return names[0].endswith(".zst") and int(names[0][:20]) <= oldest + 1 < int(names[1][:20])

    with Venue(directory) as venue:
        wait_until(is_tidy, "what no snapshot needs stays, or what is needed is not packed")
    assert (directory / "log" / "pruned").exists()
    with pytest.raises(UserError, match="pruned: the oldest command that is kept is"):
        Reader(directory, from_sequence=1)
    assert shell("verify", directory).returncode == 0
    assert digest != venue.engine.digest() and venue.engine.run == 7


def test_a_start_that_finds_no_state_writes_nothing(tmp_path):
    """Pruned, and its snapshots are gone."""
    directory = tmp_path / "venue"
    write_config(directory)
    for run in range(3):
        with Venue(directory) as venue:
            trade(venue.endpoints[0], 20 * run + 1, 20)
        made = take_snapshot(directory).snapshot
    assert shell("prune", directory, "--before", made.sequence).returncode == 0
    shutil.rmtree(directory / "snapshots")
    before = sorted((path.name, path.read_bytes()) for path in (directory / "log").iterdir())
    with pytest.raises(UserError, match="no good snapshot of command .* is there"):
        Venue(directory)
    assert sorted((path.name, path.read_bytes()) for path in (directory / "log").iterdir()) == before
