"""The venue's side of the desk: started when it is wanted, again when it died, a little later each time."""

import os
import stat
import sys
import textwrap
import time
from pathlib import Path

import pytest

from pricetime.gateway.desk import process
from pricetime.gateway.desk.process import DeskKeeper, DeskProcess
from pricetime.gateway.sockets import PrivateEndpoint
from pricetime.journal.child import Child

PATIENCE = 20.0
MODULE = "module_of_a_test"


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module of a test's own, to be run as a child: write(text)."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return lambda text: (tmp_path / f"{MODULE}.py").write_text(textwrap.dedent(text))


def wait_for(what):
    patience = time.monotonic() + PATIENCE
    while not (found := what()):
        assert time.monotonic() < patience
        time.sleep(0.01)
    return found


def test_a_child_finds_its_first_bytes_and_its_parent_and_ends_with_the_pipe(module, tmp_path):
    module(f"""
        import os, sys
        from pricetime.journal.child import end_with_parent
        first = os.read(0, 64)
        open({str(tmp_path / "new")!r}, "w").write(repr((sys.argv[1:], first)))
        os.rename({str(tmp_path / "new")!r}, {str(tmp_path / "told")!r})
        end_with_parent(int(sys.argv[-1]), lambda: open({str(tmp_path / "tidied")!r}, "w").close())
    """)
    child = Child(MODULE, ["a", "b"], b"secret")
    wait_for((tmp_path / "told").exists)
    assert (tmp_path / "told").read_text() == repr((["a", "b", "--parent", str(os.getpid())], b"secret"))
    assert child.status() is None
    child.end()
    assert child.status() == 0 and (tmp_path / "tidied").exists()


def test_a_child_that_does_not_end_by_itself_is_killed(module):
    module("import time; time.sleep(60)")
    child = Child(MODULE, [])
    child.end()
    assert child.status() == -9


def test_a_desk_that_dies_is_started_again_a_little_later_each_time(module, tmp_path, monkeypatch):
    monkeypatch.setattr(process, "MODULE", MODULE)
    monkeypatch.setattr(process, "FIRST_PAUSE", 0.02)
    module("import sys; sys.exit(3)")
    desk = DeskProcess(tmp_path, "ipc://nowhere", bytes(32), 16)
    assert desk.tend() is None and desk.pid == 0        # nobody wants it
    desk.start()
    said = []
    while len(said) < 4:
        said += [wait_for(desk.tend)]
    assert said == [f"the desk has ended (status 3); it is started again in {pause} s" for pause in (0.02, 0.04, 0.08,
                                                                                                     0.16)]
    desk.end()
    assert desk.tend() is None and desk.pid == 0


def test_the_pause_has_a_bound_and_begins_anew_after_a_long_run(tmp_path, monkeypatch):
    desk = DeskProcess(tmp_path, "ipc://nowhere", bytes(32), 16)
    pauses = [desk._failed("x", 1.0) for _ in range(12)]
    assert pauses[-1] == f"x; it is started again in {process.LONGEST_PAUSE:g} s"
    assert desk._failed("x", 2.0 + process.STEADY_SECONDS) == f"x; it is started again in {process.FIRST_PAUSE:g} s"


def test_one_that_does_not_start_is_said_and_tried_again(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    desk = DeskProcess(tmp_path, "ipc://nowhere", bytes(32), 16)
    desk._wanted = True
    assert desk.tend() == "the desk does not start: no such file or directory; it is started again in 0.1 s"


def test_a_keeper_starts_a_desk_when_somebody_waits_for_one(module, tmp_path, monkeypatch):
    monkeypatch.setattr(process, "MODULE", MODULE)
    module("import os; os.read(0, 32); os.read(0, 1)")
    wanted = []
    keeper = DeskKeeper(DeskProcess(tmp_path, "ipc://nowhere", bytes(32), 16), lambda: bool(wanted), always=False)
    keeper.start()
    time.sleep(3 * process.LOOK_SECONDS)
    assert keeper.pid == 0
    wanted.append(True)
    first = wait_for(lambda: keeper.pid)
    os.kill(first, 9)
    assert wait_for(keeper.failure) == "the desk has ended (status -9); it is started again in 0.1 s"
    assert wait_for(lambda: keeper.pid) != first
    keeper.end()
    assert keeper.pid == 0 and keeper.failure() is None


def test_the_endpoint_of_helpers_is_in_a_folder_that_only_the_user_may_look_into():
    endpoint = PrivateEndpoint()
    folder = Path(endpoint.address.removeprefix("ipc://")).parent
    try:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    finally:
        endpoint.remove()
    assert not folder.exists()
    endpoint.remove()       # twice is nothing
