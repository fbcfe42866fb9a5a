"""Every wrong use of the command line is one line on standard error and exit status 2, never a traceback."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pricetime.gateway.demo.stage import start_deaf
from tests.system.venues import write_config


def run(*arguments: object, cwd: Path, stdout: object = subprocess.PIPE) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-P", "-m", "pricetime", *map(str, arguments)],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("match", "--nope"), "unrecognized arguments: --nope"),
        (("verify",), "required: DIR"),
        (("replay", "DIR", "--until", "x"), "invalid int value"),
        (("match", "/proc/self/mem"), "Input/output error"),
        (("demo", "--flow", "empty"), "no command of a client in it"),
        (("demo", "--dir", "/proc/x"), "cannot be made"),
        (("convert", "sse", "empty"), "line 1: missing"),
        (("convert", "lobster", "binary_message.csv"), "binary_orderbook.csv, "),
        (("convert", "lobster", "--utc-offset", "99", "binary_message.csv"), "expected hours"),
        (("drop-copy", "X", "--session", "a", "--from", "1" * 5_000), "...: expected a command's sequence number"),
        (("drop-copy", "X", "--session", "a", "--from", "1.4294967296"), "--from 1.4294967296: expected a command"),
    ],
)
def test_wrong_use_is_one_line_and_status_2(tmp_path, arguments, what):
    (tmp_path / "empty").touch()
    for name in ("binary_message.csv", "binary_orderbook.csv"):
        (tmp_path / name).write_bytes(b"\xec\x00\xff")
    done = run(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert done.stderr.startswith(f"pricetime {arguments[0]}: ") and what in done.stderr


def test_a_full_disk_behind_standard_output_is_one_line(tmp_path):
    with open("/dev/full", "w") as full:
        done = run("--version", cwd=tmp_path, stdout=full)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr


@pytest.mark.parametrize("endpoint", ["tcp://127.0.0.1:99999", "tcp://127.0.0.1"])
def test_a_port_that_is_none_is_refused(tmp_path, endpoint):
    done = run("serve", write_config(tmp_path / "venue", endpoint), cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert f"found {endpoint!r}" in done.stderr


def test_closed_standard_streams_are_no_crash(tmp_path):
    command = f"exec {sys.executable} -P -m pricetime match <&- >&-"
    done = subprocess.run(
        ["sh", "-c", command], cwd=tmp_path, stderr=subprocess.PIPE, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr.count("\n")) == (0, 1), done.stderr


def heed_interrupts() -> None:
    """Tests that a shell runs in the background have SIGINT ignored, and whoever they start has too."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("seconds", [0.3, 1.0, 1.6])
def test_ctrl_c_in_the_demo_is_one_line_whoever_gets_it(tmp_path, seconds):
    """The terminal sends it to the client processes too."""
    demo = subprocess.Popen(
        [sys.executable, "-P", "-m", "pricetime", "demo", "--dir", "venue", "--orders", "3000000"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=heed_interrupts,
    )
    try:
        demo.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(demo.pid, signal.SIGINT)
    _, errors = demo.communicate(timeout=60)
    assert demo.returncode in (130, -signal.SIGINT) and errors == "pricetime demo: interrupted\n"


def test_ctrl_c_while_a_client_process_is_started_is_raised_when_it_runs():
    process = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(60,), daemon=True)

    class Interrupted:
        def start(self) -> None:
            signal.raise_signal(signal.SIGINT)
            process.start()

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            start_deaf(Interrupted())
        os.kill(process.pid, signal.SIGINT)  # the terminal's reaches it too: it is deaf
        process.join(0.3)
        assert process.is_alive()
    finally:
        signal.signal(signal.SIGINT, before)
        process.terminate()
        process.join()


FORGOTTEN = {
    "a client": "from pricetime import Client; it = Client('tcp://127.0.0.1:1', 'a', connect=False); it._open(); "
                "it._flush()",
    "a venue that never ran": "from pricetime.gateway.venue import Venue; it = Venue('.')",
}


@pytest.mark.parametrize("code", FORGOTTEN.values(), ids=FORGOTTEN)
def test_what_nobody_closed_does_not_keep_the_process(tmp_path, code):
    """In a cycle, so that Python lets go of all of it together, in whatever order."""
    write_config(tmp_path)
    program = f"import gc; {code}; it.itself = it; del it; gc.collect(); print('let go')"
    done = subprocess.run([sys.executable, "-P", "-c", program], cwd=tmp_path, capture_output=True, text=True,
                          timeout=30, check=False)
    assert (done.stdout, done.returncode) == ("let go\n", 0), done.stderr
