"""The command line: `pricetime NAME …` and `python -m pricetime NAME …` are the same program.

Each command is a module of `pricetime.gateway.cli` (or stands in ELSEWHERE) with add_arguments(parser) and
run(arguments) -> exit status. Only the one that was asked for is imported.
"""

import argparse
import importlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, ModuleType
from typing import NoReturn, TextIO

try:
    from pricetime.matching.errors import UserError
except ModuleNotFoundError:
    print(
        "pricetime: this Python has no compiled pricetime: run `make build`, then use .venv/bin/pricetime",
        file=sys.stderr,
    )
    sys.exit(2)

COMMANDS = {
    "demo": "run a whole venue for a day on loopback, then replay its log and compare",
    "serve": "run a venue",
    "admin": "operate a running venue: phases, halts, limits, instruments, sessions, keys",
    "keygen": "make a key for a client of a venue with CURVE",
    "order": "send one order to a running venue",
    "stat": "print what a venue counts of itself, and how long its work takes",
    "exporter": "export that to Prometheus",
    "drop-copy": "print the reports of a participant, or of a whole venue, as they come",
    "match": "match JSON Lines commands offline",
    "replay": "rebuild the state, or all events, from a venue's log",
    "verify": "check every checksum, event and digest of a venue's log, and its snapshots",
    "snapshot": "make a snapshot of a venue's state",
    "log": "print the journaled commands as JSON Lines",
    "pack": "pack old segments of a venue's log",
    "prune": "remove segments of a venue's log that a snapshot makes needless",
    "convert": "turn published order flow into JSON Lines commands",
    "cflags": "print how a C program that drives the engine is compiled and linked",
    "doctor": "say what of this machine will hurt, and how to mend it",
    "bench": "measure, each figure beside its yardstick",
}

# Commands of a folder above gateway/, which gateway/ may not import, and names that no module can have.
ELSEWHERE = {"bench": "pricetime.bench.cli", "drop-copy": "pricetime.gateway.cli.drop_copy"}


class Parser(argparse.ArgumentParser):
    """argparse, but wrong arguments are one line as every other mistake is."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message}; {self.prog} --help says more")


@contextmanager
def interrupted_at_once(program: str) -> Iterator[None]:
    """While modules are imported an interrupt ends the program at once: some of them swallow exceptions."""

    def leave(number: int, frame: FrameType | None) -> None:
        os.write(2, f"{program}: interrupted\n".encode())
        os._exit(130)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def parser_of(name: str) -> tuple[argparse.ArgumentParser, ModuleType]:
    """The argument parser of one command and the module that runs it."""
    with interrupted_at_once(f"pricetime {name}"):
        module = importlib.import_module(ELSEWHERE.get(name, f"pricetime.gateway.cli.{name}"))
    parser = Parser(
        prog=f"pricetime {name}", description=module.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    module.add_arguments(parser)
    return parser, module


def usage() -> str:
    lines = ["usage: pricetime COMMAND [ARGUMENT …]   (pricetime COMMAND --help says more)", ""]
    return "\n".join(lines + [f"  {name:9} {summary}" for name, summary in COMMANDS.items()])


def silence(stream: TextIO) -> None:
    """What is still buffered for a stream that cannot be written goes nowhere: no second error at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def run(arguments: list[str]) -> int:
    """Run one command; what it returns, or what its arguments come to."""
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(usage())
        return 0 if arguments else 2
    if arguments[0] == "--version":
        from pricetime import __version__

        print(f"pricetime {__version__}")
        return 0
    if arguments[0] not in COMMANDS:
        print(f"pricetime: no command {arguments[0]!r}; there are {', '.join(COMMANDS)}", file=sys.stderr)
        return 2
    parser, module = parser_of(arguments[0])
    try:
        parsed = parser.parse_args(arguments[1:])
    except SystemExit:
        return 0  # --help was printed: a mistake is a UserError
    status: int = module.run(parsed)
    return status


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Exit status: 0 done, 1 what was checked does not hold, 2 wrong use (one line on standard
    error)."""
    arguments = sys.argv[1:] if arguments is None else arguments
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # closed by whoever started us: nothing is to be read there, or said
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115  for as long as the process
    program = " ".join(["pricetime", *arguments[:1]])
    try:
        status = run(arguments)
        sys.stdout.flush()
        return status
    except UserError as error:
        print(f"{program}: {error}", file=sys.stderr)
        return error.exit_status
    except BrokenPipeError:
        # The reader of our output went away (a pager, head): not an error of ours.
        silence(sys.stdout)
        return 0
    except OSError as error:
        # A disk that is full, a file that cannot be read: what is foreseen has a UserError that says more.
        print(f"{program}: {error.filename or 'input or output'}: {error.strerror or error}", file=sys.stderr)
        silence(sys.stdout)
        return 2
    except KeyboardInterrupt:
        print(f"{program}: interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
