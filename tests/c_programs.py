"""Building and running C programs that drive the engine, and why that cannot be done here, if so."""

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from pricetime.gateway.cli import cflags
from pricetime.matching.errors import UserError

ROOT = Path(__file__).resolve().parents[1]
LINKS = ROOT / "build" / "cython"       # a source tree's packages; an installed one needs no such path
STRICT = ["-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
C11 = [*STRICT, "-std=c11"]
CPP17 = [*STRICT, "-x", "c++", "-std=c++17"]


def missing() -> str:
    """What this machine has not that a C program with Python in it needs; "": nothing."""
    if shutil.which("cc") is None:
        return "no C compiler (cc)"
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        return "no headers of this Python"
    try:
        cflags.link_flags()
    except UserError as error:
        return str(error)
    return ""


def compiler(flags: list[str]) -> str:
    return "c++" if "c++" in flags else "cc"


def build(source: Path, program: Path, flags: list[str], further: list[str] | None = None) -> Path:
    """Compile one file; any warning is an error. `further` stands behind it: cflags unless it is given."""
    further = [*cflags.compile_flags(), *cflags.link_flags()] if further is None else further
    command = [compiler(flags), *flags, str(source), "-o", str(program), *further]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{source}\n{done.stderr}"
    assert done.stderr == ""
    return program


def environment(**changes: str) -> dict[str, str]:
    """That of a program which imports this tree's pricetime."""
    return os.environ | ({"PYTHONPATH": str(LINKS)} if LINKS.is_dir() else {}) | changes


def run(program: Path, *arguments: str, given: bytes = b"", **changes: str) -> subprocess.CompletedProcess[bytes]:
    """Run a program with this Python as its first argument, unless others are given."""
    return subprocess.run(
        [str(program), *(arguments or (sys.executable,))], input=given, env=environment(**changes), capture_output=True,
        timeout=60, check=False)


def make(target: str, folder: Path) -> Path:
    """What examples/c/Makefile builds, in a folder of its own."""
    for file in (ROOT / "examples" / "c").iterdir():
        if file.suffix == ".c" or file.name == "Makefile":
            shutil.copy(file, folder)
    program = shlex.join([sys.executable, "-P", "-m", "pricetime"])
    done = subprocess.run(["make", target, f"PRICETIME={program}"], cwd=folder, env=environment(), capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / target
