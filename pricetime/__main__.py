"""The command line: `pricetime NAME …` and `python -m pricetime NAME …` are the same program.

Each command is a module of `pricetime.gateway.cli` (or stands in ELSEWHERE) with add_arguments(parser) and run(arguments) -> exit status.
Only the one that was asked for is imported.
"""

import argparse
import importlib
import os
import sys

from pricetime.matching.errors import UserError

COMMANDS = {
    "demo": "run a whole venue for a day on loopback, then replay its log and compare",
    "serve": "run a venue",
    "match": "match JSON Lines commands offline",
    "replay": "rebuild the state, or all events, from a venue's log",
    "verify": "check every checksum, event and digest of a venue's log",
    "log": "print the journaled commands as JSON Lines",
    "convert": "turn published order flow into JSON Lines commands",
    "bench": "measure, each figure beside its yardstick",
}

# Commands of a folder above gateway/, which gateway/ may not import.
ELSEWHERE = {"bench": "pricetime.bench.cli"}


def parser_of(name: str) -> tuple[argparse.ArgumentParser, object]:
    """The argument parser of one command and the module that runs it."""
    module = importlib.import_module(ELSEWHERE.get(name, f"pricetime.gateway.cli.{name}"))
    parser = argparse.ArgumentParser(prog=f"pricetime {name}", description=module.__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    module.add_arguments(parser)
    return parser, module


def usage() -> str:
    lines = ["usage: pricetime COMMAND [ARGUMENT …]   (pricetime COMMAND --help says more)", ""]
    return "\n".join(lines + [f"  {name:8} {summary}" for name, summary in COMMANDS.items()])


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Exit status: 0 done, 1 what was checked does not hold, 2 wrong use (one line on standard error)."""
    arguments = sys.argv[1:] if arguments is None else arguments
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
    try:
        parser, module = parser_of(arguments[0])
        return module.run(parser.parse_args(arguments[1:]))
    except UserError as error:
        print(f"pricetime {arguments[0]}: {error}", file=sys.stderr)
        return error.exit_status
    except BrokenPipeError:
        # The reader of our output went away (a pager, head): not an error of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print(f"pricetime {arguments[0]}: interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
