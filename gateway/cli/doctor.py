"""Look at this machine as a venue would use it: what will hurt, what that costs, how to mend it.

`ok`, `note` (costs something at times, or cannot be told from here) or `hurts`. Nothing is changed; a file in the
venue's directory is synced some times and removed. The exit status is 0 whatever is found. docs/latency.md says what
each was worth when it was tried.
"""

import argparse
import sys
from pathlib import Path

from pricetime.gateway.doctor import disk, limits, memory, packages, processors
from pricetime.gateway.doctor.findings import Check, Finding, Place, as_json, as_text, summary
from pricetime.gateway.loop import MAX_CONNECTIONS

CHECKS: tuple[Check, ...] = (
    *processors.CHECKS, *memory.CHECKS, *disk.CHECKS, *limits.CHECKS, *packages.CHECKS)
COLOURS = {"ok": "green", "note": "yellow", "hurts": "bold red"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", nargs="?", default=Path("."), type=Path, metavar="DIR",
                        help="the venue's directory, or where it will be; here without one")
    parser.add_argument("--json", action="store_true", help="the findings as JSON")


def examine(place: Place) -> list[Finding]:
    """Every check, in order."""
    return [check(place) for check in CHECKS]


def run(arguments: argparse.Namespace) -> int:
    """Show the findings."""
    findings = examine(Place(arguments.directory, MAX_CONNECTIONS))
    if arguments.json:
        print(as_json(findings))
    elif not (sys.stdout.isatty() and _in_colour(findings)):
        print(as_text(findings))
    return 0


def _in_colour(findings: list[Finding]) -> bool:
    """A table by rich, where that is installed; else False, and nothing is printed."""
    try:
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text
    except ImportError:
        return False
    table = Table("", "check", "found", "costs", "mend")
    for finding in findings:
        table.add_row(Text(finding.verdict, COLOURS[finding.verdict]),
                      *(Text(text) for text in (finding.check, finding.found, finding.costs, finding.mend)))
    console = Console()
    console.print(table)
    console.print(Text(summary(findings)))
    return True
