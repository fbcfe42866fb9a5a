"""What a machine lacks to build pricetime is said in one line, with what to install."""

import subprocess
import sys
from pathlib import Path

import pytest

CHECK = Path(__file__).resolve().parents[2] / ".ci" / "check-machine"


def check(python, **environment):
    return subprocess.run(
        ["/bin/sh", CHECK, str(python)], env={"PATH": "/usr/bin:/bin"} | environment, capture_output=True, text=True
    )


def fake_python(tmp_path, *answers):
    """A python that runs its nth -c with the nth exit status."""
    file = tmp_path / "python"
    count = tmp_path / "count"
    count.write_text("")
    cases = "\n".join(f"{number}) exit {status};;" for number, status in enumerate(answers, 1))
    file.write_text(
        f'#!/bin/sh\necho >> {count}\ncase $(wc -l < {count}) in\n{cases}\n*) echo "CPython 3.9.1";;\nesac\n'
    )
    file.chmod(0o755)
    return file


def one_line(done, *words):
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    for word in words:
        assert word in done.stderr


def test_a_machine_that_has_everything_passes():
    done = check(sys.executable, PATH="/usr/local/bin:/usr/bin:/bin")
    assert (done.returncode, done.stderr) == (0, "")


def test_no_python():
    one_line(check("/nowhere/python3"), "no /nowhere/python3", "CPython 3.11", "install")


def test_a_python_that_is_too_old(tmp_path):
    one_line(check(fake_python(tmp_path, 1)), "CPython 3.9.1", "3.11 or newer", "PYTHON=")


def test_no_venv_module(tmp_path):
    one_line(check(fake_python(tmp_path, 0, 1)), "venv", "python3-venv")


def test_no_headers(tmp_path):
    one_line(check(fake_python(tmp_path, 0, 0, 1)), "Python.h", "python3-dev")


@pytest.mark.parametrize("compiler", ["/nowhere/cc", "no-such-cc -O2"])
def test_no_compiler(compiler):
    one_line(check(sys.executable, CC=compiler), compiler, "gcc")
