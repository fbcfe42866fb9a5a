"""Measure, each figure beside its yardstick in the same run; the ratio decides.

Suites: book (the engine beside a bare ladder book in C), capi (both with their events handed to a second thread),
scale (many orders, instruments, far prices, memory), pipeline (each layer's cost; log and engine at given rates,
beside exchange-core's published figures), journal (append beside memcpy plus CRC32C), start (from a snapshot,
recovery), codec (messages in Python beside struct), gateway (throughput, round trip and latency by rate over ZeroMQ
beside a bare loop and a bare echo), power (the same with the log on the disk before an answer leaves), growth (how
cost grows). All of them where none is named. Only by name: instructions (counted by valgrind), peers (other order
books for Python; pip install 'pricetime[peers]').
"""

import argparse
import importlib
import json
import sys
import time
from pathlib import Path
from types import ModuleType

from pricetime.bench import curves, flow_statistics, harness, machine, page, rulers, table
from pricetime.matching.errors import UserError

SUITES = ("book", "capi", "scale", "pipeline", "journal", "start", "codec", "gateway", "power", "growth")
BY_NAME_ONLY = ("instructions", "peers")     # want what is not installed with the package


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `pricetime bench` takes."""
    parser.add_argument(
        "names", nargs="*", metavar="NAME",
        help=f"suites: {', '.join(SUITES)}; all of these without one; by name only: {', '.join(BY_NAME_ONLY)}",
    )
    parser.add_argument("--flow", type=Path, metavar="FILE", help="time the book on the commands of a JSON Lines file")
    parser.add_argument(
        "--flows",
        action="store_true",
        help="describe the flows: seed, what they are made of, statistics; nothing is timed but their making",
    )
    parser.add_argument("--quick", action="store_true", help="fewer commands and repeats: under a minute")
    parser.add_argument(
        "--json", metavar="FILE", help="write the results as JSON; - is standard output, in place of the table"
    )
    parser.add_argument(
        "--html", type=Path, metavar="FILE", help="write a page with every figure and curve, in one file"
    )
    parser.add_argument(
        "--hdr", type=Path, metavar="DIR", help="write each latency curve as .hgrm and .hlog, for HdrHistogram's tools"
    )
    parser.add_argument("--strict", action="store_true", help="exit with 1 where a limit is missed")


def run(arguments: argparse.Namespace) -> int:
    """Measure and show. Exit status 0; 1 where a yardstick is too slow, and with --strict where a limit is missed (the
    last lines say so without it)."""
    if arguments.flows:
        print(flow_statistics.described(arguments.flow, quick=arguments.quick))
        return 0
    names = arguments.names or (["book"] if arguments.flow else list(SUITES))
    unknown = [name for name in names if name not in SUITES + BY_NAME_ONLY]
    if unknown:
        raise UserError(f"no suite {unknown[0]!r}; there are {', '.join(SUITES + BY_NAME_ONLY)}")
    if arguments.flow and "book" not in names:
        raise UserError("--flow is for the book; name it too, or no suite at all")
    if arguments.hdr:
        curves.check_hdr()
    for option, path in (("--html", arguments.html), ("--json", arguments.json and Path(arguments.json))):
        if path and path != Path("-") and not path.parent.is_dir():
            raise UserError(f"{option} {path}: no directory {path.parent}; name a file that can be written")
    options = harness.Options(quick=arguments.quick, flow=arguments.flow)
    for line in machine.warning(machine.machine()):
        harness.say_to_standard_error(line)
    began = time.time()
    report = measured(names, options)
    ended = time.time()
    _show(report, arguments.json)
    if "peers" in names and arguments.json != "-":
        print(_suite("peers").shown(report))
    if arguments.html:
        _write(arguments.html, page.page(report, began, ended, suites(names)), "--html")
    if arguments.hdr:
        curves.write_hdr(arguments.hdr, report.curves, int(began * 1000), int(ended * 1000))
    slow = any(reading.slow for reading in report.rulers)
    return 1 if slow or (arguments.strict and report.missed) else 0


def measured(names: list[str], options: harness.Options) -> harness.Report:
    """All suites, one after the other, then how the yardsticks did."""
    report = harness.Report(machine.machine())
    for name in names:
        suite = _suite(name)
        harness.run(suite.comparisons(options), options.repeats, harness.say_to_standard_error, report, name)
        if hasattr(suite, "tables"):
            report.tables += suite.tables(report)
    known = [result for result in report.results if result.name in rulers.FIGURES]
    if known:
        base = rulers.base()
        busy, line = bool(machine.warning(report.machine)), farthest(report)
        readings = (rulers.read(result.name, result.unit, result.values, base, result.count, busy=busy, line=line)
                    for result in known)
        report.rulers += [reading for reading in readings if reading is not None]
    return report


def farthest(report: harness.Report) -> float:
    """What `capi/line` was at most before the flows of `capi`, and is behind them; 0 where they were not measured."""
    from pricetime.bench.bench_capi import LINE

    lines = [value for result in report.results if result.name == LINE.subject.name for value in result.values]
    return max(*lines, LINE.subject.run()) if lines else 0.0


def suites(names: list[str]) -> dict[str, str]:
    """What each says of itself."""
    return {name: _suite(name).__doc__ or "" for name in names}


def _suite(name: str) -> ModuleType:
    """Imported only when asked for: the book needs no sockets."""
    return importlib.import_module(f"pricetime.bench.bench_{name}")


def _show(report: harness.Report, destination: str | None) -> None:
    text = json.dumps(report.as_json(), indent=2) + "\n"
    if destination == "-":
        sys.stdout.write(text)
        return
    described = report.machine
    print(
        f"{described['processor']}, {described['cores']} cores, {described['kernel']}, {described['python']}, "
        f"load {described['load'][0]}"
    )
    print(table.table(report))
    if destination:
        _write(Path(destination), text, "--json")


def _write(path: Path, text: str, option: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"{option} {path}: {error.strerror}; name a file that can be written") from error
