"""A wheel built from the sdist, installed into a clean environment outside the repository, runs the demo, can be
cimported, and can be driven from C."""

import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import c_programs
import pytest

ROOT = Path(__file__).resolve().parents[2]
USER = """
# cython: language_level=3
from pricetime.matching.depth cimport BestPrices, DepthLevel, best_prices, depth
from pricetime.matching.engine cimport (
    EngineState, LinesApplied, engine_apply, engine_apply_lines, engine_create, engine_create_sized, engine_destroy)
from pricetime.matching.events cimport EventSink
from pricetime.matching.records cimport BUY, CLOCK, RECORD_VERSION, SELL, CommandLine, EventRecord
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

def books_after(const unsigned char[::1] lines):
    # (best bid, best ask) and three levels of either side of instrument 1, after a block of command lines
    cdef EventRecord room[4]
    cdef EventSink sink
    cdef BestPrices best
    cdef DepthLevel rows[2][3]
    cdef size_t bids, asks
    cdef LinesApplied done
    cdef EngineState* engine = engine_create_sized(0, 1000)
    sink.events, sink.capacity, sink.count, sink.drain = room, 4, 0, nothing
    with nogil:
        done = engine_apply_lines(engine, <const CommandLine*> &lines[0], lines.shape[0] // 64, &sink)
        best_prices(engine, 1, &best)
        bids = depth(engine, 1, BUY, 3, rows[0])
        asks = depth(engine, 1, SELL, 3, rows[1])
    unknown = depth(engine, 2, BUY, 3, rows[0] + 3), depth(engine, 1, 0, 3, rows[0] + 3)
    engine_destroy(engine)
    return {
        "done": (done.records, done.lines, done.status), "unknown": unknown,
        "best": [(row.price, row.quantity, row.orders) if there else None
                 for row, there in ((best.bid, best.has_bid), (best.ask, best.has_ask))],
        "bids": [(row.price, row.quantity, row.orders) for row in rows[0][:bids]],
        "asks": [(row.price, row.quantity, row.orders) for row in rows[1][:asks]],
    }
"""
BOOKS = r"""
from io import BytesIO
from pricetime import Engine
from pricetime.gateway.codec import read_lines
from user import books_after
DEFINITION = b'{"MsgType":"SecurityDefinition","Symbol":"ACME","PriceScale":0,"TickSize":1,"LotSize":1}\n'
ORDER = ('{"MsgType":"NewOrderSingle","Session":"alice","ClOrdID":%d,"Symbol":"ACME","Side":"%s",'
         '"OrdType":"Limit","Price":%d,"OrderQty":%d}\n')
ORDERS = [("Buy", 90, 4), ("Buy", 91, 5), ("Buy", 91, 2), ("Sell", 95, 9), ("Buy", 80, 1), ("Buy", 79, 1),
          ("Buy", 95, 3)]
for count in range(len(ORDERS) + 1):
    text = DEFINITION + "".join(ORDER % (n, *order) for n, order in enumerate(ORDERS[:count], 1)).encode()
    commands, engine = read_lines(BytesIO(text)), Engine()
    engine.apply(commands)
    seen = books_after(commands.view("u1").reshape(-1))
    bids, asks = ([tuple(row) for row in side.tolist()] for side in engine.depth("ACME", 3))
    assert (seen["bids"], seen["asks"]) == (bids, asks), (count, seen, bids, asks)
    assert seen["best"] == [side[0] if side else None for side in (bids, asks)], (count, seen)
    assert seen["done"] == (engine.sequence, len(commands), 0) and seen["unknown"] == (0, 0), seen
print(seen["best"], seen["bids"])
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
    printed = run(installed, "-c", BOOKS, cwd=tmp_path).strip()
    assert printed == "[(91, 7, 2), (95, 6, 1)] [(91, 7, 2), (90, 4, 1), (80, 1, 1)]"


@pytest.mark.skipif(bool(c_programs.missing()), reason=c_programs.missing())
def test_a_c_program_is_built_and_run_with_a_wheel(installed, tmp_path):
    """As docs/c.md says: the environment's own headers and flags, nothing of the tree; Python found over the PATH."""
    tools = f"{installed.parent}:{os.environ['PATH']}"
    for file in ("market.c", "Makefile"):
        shutil.copy(ROOT / "examples" / "c" / file, tmp_path)
    run("make", "market", cwd=tmp_path, PATH=tools)
    assert str(ROOT) not in run("pricetime", "cflags", cwd=tmp_path, PATH=tools)
    for arguments, path in (((), tools), ((installed,), os.environ["PATH"])):
        printed = run("./market", *arguments, cwd=tmp_path, PATH=path)
        assert "trade 1: session 2 buys 4 at 10025\n" in printed
        assert re.search(r"^1000000 orders, \d+ trades, \d+\.\d ns an order$", printed, re.MULTILINE)
