"""Measure, each figure beside its yardstick in the same run; the ratio decides.

Suites: book (the engine beside a bare ladder book in C), capi (both with their events handed to a second thread), scale
(many orders, instruments, far prices, memory), journal (append beside memcpy plus CRC32C), start (from a snapshot),
codec (messages in Python beside struct), gateway (acknowledged orders and round trip over ZeroMQ beside a bare loop and
a bare echo), power (the same with the log on the disk before an answer leaves). All of them where none is named. Only
by name: instructions (counted by valgrind), peers (other order books for Python; pip install 'pricetime[peers]').
"""

import argparse
import importlib
import json
import sys
from pathlib import Path
from types import ModuleType

from pricetime.bench import harness
from pricetime.matching.errors import UserError

SUITES = ("book", "capi", "scale", "journal", "start", "codec", "gateway", "power")
BY_NAME_ONLY = ("instructions", "peers")     # want what is not installed with the package


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME",
                        help=f"suites: {', '.join(SUITES)}; all of these without one; by name only: "
                             f"{', '.join(BY_NAME_ONLY)}")
    parser.add_argument("--flow", type=Path, metavar="FILE", help="time the book on the commands of a JSON Lines file")
    parser.add_argument("--quick", action="store_true", help="fewer commands and repeats: under a minute")
    parser.add_argument("--json", metavar="FILE",
                        help="write the results as JSON; - is standard output, in place of the table")
    parser.add_argument("--strict", action="store_true", help="exit with 1 where a limit is missed")


def run(arguments: argparse.Namespace) -> int:
    """Measure and show. Exit status 0; 1 with --strict where a limit is missed (the last line says so without it)."""
    names = arguments.names or (["book"] if arguments.flow else list(SUITES))
    unknown = [name for name in names if name not in SUITES + BY_NAME_ONLY]
    if unknown:
        raise UserError(f"no suite {unknown[0]!r}; there are {', '.join(SUITES + BY_NAME_ONLY)}")
    if arguments.flow and "book" not in names:
        raise UserError("--flow is for the book; name it too, or no suite at all")
    options = harness.Options(quick=arguments.quick, flow=arguments.flow)
    comparisons = (comparison for name in names for comparison in _suite(name).comparisons(options))
    for line in harness.warning(harness.machine()):
        harness.say_to_standard_error(line)
    report = harness.run(comparisons, options.repeats, harness.say_to_standard_error)
    _show(report, arguments.json)
    if "peers" in names and arguments.json != "-":
        print(_suite("peers").shown(report))
    return 1 if arguments.strict and report.missed else 0


def _suite(name: str) -> ModuleType:
    """Imported only when asked for: the book needs no sockets."""
    return importlib.import_module(f"pricetime.bench.bench_{name}")


def _show(report: harness.Report, destination: str | None) -> None:
    text = json.dumps(report.as_json(), indent=2) + "\n"
    if destination == "-":
        sys.stdout.write(text)
        return
    described = report.machine
    print(f"{described['processor']}, {described['cores']} cores, {described['kernel']}, {described['python']}, "
          f"load {described['load'][0]}")
    print(harness.table(report))
    if destination:
        try:
            Path(destination).write_text(text, encoding="utf-8")
        except OSError as error:
            raise UserError(f"--json {destination}: {error.strerror}; name a file that can be written") from error
