"""Print what a C compiler has to be told to build a program that drives the engine: cc market.c $(pricetime cflags)

The headers of this package and of this Python, and the library by which a C program has a Python in it: libpython, the
shared one where there is one. docs/c.md has the whole way.
"""

import argparse
import sys
import sysconfig
from pathlib import Path

from pricetime import matching
from pricetime.matching.errors import UserError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--compile", action="store_true", help="the headers alone: for a library that a Python loads")


def words(*names: str) -> list[str]:
    """What Python was configured with."""
    return [word for name in names for word in str(sysconfig.get_config_var(name) or "").split()]


def compile_flags() -> list[str]:
    """Where the headers are."""
    return [f"-I{Path(matching.__path__[0]).absolute()}", f"-I{sysconfig.get_path('include')}"]


def link_flags() -> list[str]:
    """libpython, and how the program finds it when it runs. UserError where this Python has none."""
    library = f"python{sysconfig.get_config_var('LDVERSION')}"
    folders = [Path(folder) for folder in (*words("LIBDIR"), f"{sys.base_prefix}/lib", *words("LIBPL"))]
    for folder in folders:
        if any((folder / f"lib{library}.{ending}").exists() for ending in ("so", "dylib")):
            return [f"-L{folder}", f"-Wl,-rpath,{folder}", f"-l{library}"]
    for folder in folders:
        if (folder / f"lib{library}.a").exists():       # modules that are loaded later look for Python in the program
            return [f"-L{folder}", f"-l{library}", *words("LIBS", "SYSLIBS", "LINKFORSHARED")]
    raise UserError(
        f"this Python has no lib{library}, neither shared nor static, for a program to embed it: install it (Debian:"
        " libpython3-dev), or build a library that Python loads, with --compile (docs/c.md)"
    )


def run(arguments: argparse.Namespace) -> int:
    """One line of flags, the libraries last."""
    print(*compile_flags(), *([] if arguments.compile else link_flags()))
    return 0
