"""How many instructions does one command cost in the engine? `instructions/<flow>`, beside the bare book's.

Valgrind's callgrind counts the instructions of a Python that gives the engine (as `book` does) half of the flow's
commands, and of one that gives it all of them: what differs is the commands'. No clock is read, so nothing else on the
machine matters: two runs differ by some instructions in a million. Counted once; the repeats that the table shows are
that count.

Why it may mislead: instructions are not time. A cache miss costs hundreds of them, a wrong guess of a branch some
fifty; callgrind's processor has no AVX-512 and the same compiler's code. It says what a change of code did, `book` what
that is worth.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from pricetime.bench.harness import Comparison, Measure, Options
from pricetime.matching.errors import UserError

FLOWS = ("move", "itch")
COMMANDS = 40_000
COMMANDS_QUICK = 10_000
UNIT = "instructions/command"
TIMEOUT = 600               # seconds that callgrind may take for one run; it is some fifty times slower

# Runs in any revision's tree that has these names. argv: engine or bare, flow, commands that are made, commands given.
PROGRAM = """
import sys
import numpy as np
from pricetime.bench.flows import generated_flow
what, name, made, given = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
flow = generated_flow(name, made)
if what == "bare":
    from pricetime.bench.bare_book import time_bare_book
    time_bare_book(flow.bare_fill, flow.bare[:given])
else:
    from pricetime.bench.drive_book import time_engine
    from pricetime.matching.engine import Engine
    engine = Engine()
    engine.apply(np.concatenate([flow.definitions, flow.fill]))
    time_engine(engine, flow.lines[:given])
"""


def comparisons(options: Options) -> Iterator[Comparison]:
    """The engine beside the bare book."""
    check_valgrind()
    count = COMMANDS_QUICK if options.quick else COMMANDS
    for flow in FLOWS:
        yield Comparison(_measure(f"instructions/{flow}", "engine", flow, count),
                         _measure(f"bare-instructions/{flow}", "bare", flow, count),
                         note="" if flow != FLOWS[0] else "counted once: what is repeated is the count")


def check_valgrind() -> None:
    """UserError where it is not there."""
    if shutil.which("valgrind") is None:
        raise UserError("instructions are counted by valgrind, which is not installed (Debian: apt install valgrind)")


def _measure(name: str, what: str, flow: str, count: int) -> Measure:
    return Measure(name, UNIT, lambda: instructions(what, flow, count))


@lru_cache(maxsize=16)
def instructions(what: str, flow: str, count: int, tree: Path | None = None) -> float:
    """Instructions a command, of the second half of `count` commands. tree: another build's tree of links."""
    half = count // 2
    return (_counted(what, flow, count, count, tree) - _counted(what, flow, count, half, tree)) / (count - half)


def _counted(what: str, flow: str, made: int, given: int, tree: Path | None) -> int:
    """Instructions of one whole run."""
    environment = {**os.environ, "PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1"}
    if tree is not None:
        environment["PYTHONPATH"] = str(tree)
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", sys.executable, "-P", "-c", PROGRAM,
               what, flow, str(made), str(given)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=TIMEOUT)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or found is None:
        raise UserError(f"valgrind could not count: {(done.stderr.strip() or 'no reason').splitlines()[-1]}")
    return int(found[1])
