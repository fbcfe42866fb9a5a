"""A process of ours beside a venue: it goes with the venue, and is started again when it died, ever later."""

import logging
import os
import signal
import sys
import textwrap
import time

import pytest

from pricetime.journal import companion
from pricetime.journal.child import Child
from pricetime.journal.companion import Companion

PATIENCE = 20.0
MODULE = "module_of_a_test"


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module of a test's own, to be run as a child: write(text)."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return lambda text: (tmp_path / f"{MODULE}.py").write_text(textwrap.dedent(text))


@pytest.fixture
def said(caplog, monkeypatch):
    """The lines of a companion so far: said()."""
    monkeypatch.setattr(logging.getLogger("pricetime"), "propagate", True)
    caplog.set_level(logging.WARNING, "pricetime")
    return lambda: [record.getMessage() for record in caplog.records]


def wait_for(what):
    patience = time.monotonic() + PATIENCE
    while not (found := what()):
        assert time.monotonic() < patience
        time.sleep(0.01)
    return found


def made(**options):
    return Companion("friend", MODULE, [], without="nobody helps", **options)


def line(what, seconds):
    return f"the process beside the venue {what}; it is started again in {seconds} s, and until then nobody helps"


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


def test_a_ctrl_c_while_a_child_begins_does_not_end_it(module, tmp_path):
    """It came to all processes of a terminal, and one that was still importing ended with a traceback there."""
    module(f"""
        import time
        time.sleep(0.2)
        open({str(tmp_path / "told")!r}, "w").close()
        time.sleep(60)
    """)
    child = Child(MODULE, [])
    while not (tmp_path / "told").exists():
        assert child.status() is None
        os.kill(child.pid, signal.SIGINT)
        time.sleep(0.005)
    assert child.status() is None
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])        # the venue hears it
    child.end()


def test_a_child_that_does_not_end_by_itself_is_killed(module):
    module("import time; time.sleep(60)")
    child = Child(MODULE, [])
    child.end()
    assert child.status() == -9


def test_one_that_dies_is_started_again_later_each_time_up_to_a_bound(module, monkeypatch, said):
    monkeypatch.setattr(companion, "AGAIN_SECONDS_MAX", 0.08)
    module("import sys; sys.exit(3)")
    friend = made(again=0.02)
    wait_for(lambda: len(said()) >= 5)
    friend.end()
    assert said()[:5] == [line("has ended (status 3)", seconds) for seconds in (0.02, 0.04, 0.08, 0.08, 0.08)]
    assert friend.pid == 0 and friend.starts >= 5


def test_after_a_long_run_it_is_started_again_soon(module, monkeypatch, said):
    monkeypatch.setattr(companion, "LONG_SECONDS", 0.0)         # however short it was
    module("import sys; sys.exit(3)")
    friend = made(again=0.02)
    wait_for(lambda: len(said()) >= 3)
    friend.end()
    assert said()[:3] == [line("has ended (status 3)", 0.02)] * 3


def test_one_that_does_not_start_is_said_and_tried_again(tmp_path, monkeypatch, said):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    friend = made(again=0.02)
    wait_for(lambda: len(said()) >= 2)
    friend.end()
    assert said()[:2] == [line("does not start: no such file or directory", seconds) for seconds in (0.02, 0.04)]


def test_one_that_is_wanted_later_starts_then_and_ends_with_its_owner(module, said):
    module("import os; os.read(0, 32); os.read(0, 1)")
    wanted = []
    friend = made(first=bytes(32), again=0.02, wanted=lambda: bool(wanted))
    time.sleep(3 * companion.LOOK_SECONDS)
    assert friend.pid == 0 and friend.starts == 0
    wanted.append(True)
    first = wait_for(lambda: friend.pid)
    os.kill(first, 9)
    wait_for(lambda: friend.starts == 2)
    assert said() == [line("has ended (status -9)", 0.02)]
    friend.end()
    assert friend.pid == 0


def test_one_that_nobody_ever_wants_is_never_there(module):
    module("")
    friend = made(wanted=lambda: False)
    friend.end()
    time.sleep(2 * companion.LOOK_SECONDS)
    assert friend.starts == 0
