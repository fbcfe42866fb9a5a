"""A wheel built from the sdist, installed into a clean environment outside the repository, runs the demo and can be
cimported."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
USER = """
# cython: language_level=3
from pricetime.matching.engine cimport EngineState, engine_apply, engine_create, engine_destroy
from pricetime.matching.events cimport EventSink
from pricetime.matching.records cimport CLOCK, RECORD_VERSION, CommandLine, EventRecord
from libc.string cimport memset

cdef int nothing(EventSink* sink) noexcept nogil:
    sink.count = 0
    return 0

def sequence_after_a_clock():
    cdef EventRecord room[4]
    cdef EventSink sink
    cdef CommandLine line
    cdef EngineState* engine = engine_create(0)
    memset(&line, 0, sizeof(line))
    line.type, line.shape, line.time = CLOCK, (RECORD_VERSION << 4) | 1, 7
    sink.events, sink.capacity, sink.count, sink.drain = room, 4, 0, nothing
    with nogil:
        engine_apply(engine, &line, &sink)
    result = engine.sequence, engine.time
    engine_destroy(engine)
    return result
"""
BUILD = """
from setuptools import Extension, setup
from Cython.Build import cythonize
setup(name="user", ext_modules=cythonize([Extension("user", ["user.pyx"], include_dirs=[INCLUDE])]))
"""


def run(*command, cwd, **environment):
    clean = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV", "PRICETIME"))
    }
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=clean | environment, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The Python of a clean environment that has the wheel."""
    base = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--no-isolation", "--sdist", "--outdir", base / "sdist", ROOT, cwd=base)
    sdist = next((base / "sdist").glob("*.tar.gz"))
    run(
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-build-isolation",
        "--no-deps",
        "-w",
        base / "wheel",
        sdist,
        cwd=base,
    )
    venv.create(base / "clean", with_pip=True)
    python = base / "clean" / "bin" / "python"
    run(python, "-m", "pip", "install", "-q", next((base / "wheel").glob("*.whl")), cwd=base)
    return python


def test_the_installed_package_is_the_wheels(installed, tmp_path):
    where = run(installed, "-c", "import pricetime.matching.engine as e; print(e.__file__)", cwd=tmp_path)
    assert "site-packages" in where and str(ROOT) not in where


def test_the_wheel_holds_no_folder_of_ours_but_pricetime(installed, tmp_path):
    packages = run(
        installed, "-c", "import sysconfig, os; print(os.listdir(sysconfig.get_path('platlib')))", cwd=tmp_path
    )
    for folder in ("'matching'", "'journal'", "'gateway'", "'bench'", "'tests'"):
        assert folder not in packages


def test_the_demo_runs_from_a_wheel(installed, tmp_path):
    printed = run(installed.parent / "pricetime", "demo", "--orders", "2000", "--dir", tmp_path / "venue", cwd=tmp_path)
    assert "equal" in printed


def test_matching_can_be_cimported_from_a_wheel(installed, tmp_path):
    run(installed, "-m", "pip", "install", "-q", "Cython>=3.1,<4", "setuptools>=77", cwd=tmp_path)
    include = run(
        installed,
        "-c",
        "import pricetime.matching, os; print(os.path.dirname(pricetime.matching.__file__))",
        cwd=tmp_path,
    )
    (tmp_path / "user.pyx").write_text(USER)
    (tmp_path / "setup.py").write_text(BUILD.replace("INCLUDE", repr(include.strip())))
    run(installed, "setup.py", "-q", "build_ext", "--inplace", cwd=tmp_path)
    assert run(installed, "-c", "import user; print(user.sequence_after_a_clock())", cwd=tmp_path).strip() == "(1, 7)"
