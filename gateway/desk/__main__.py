"""The desk's process: python -m pricetime.gateway.desk DIR ENDPOINT --reports N --parent PID, with the secret of this
start of the venue on standard input, which stays open for as long as the venue lives."""

import argparse
import sys
from pathlib import Path

from pricetime.gateway.desk.desk import Desk
from pricetime.gateway.desk.line import Line
from pricetime.gateway.desk.process import REPORTS
from pricetime.gateway.desk.requests import LOG
from pricetime.gateway.internal import SECRET
from pricetime.journal import companion, logs
from pricetime.matching.errors import UserError


def main(arguments: list[str] | None = None) -> int:
    """Never comes back while the venue runs, but for a log that cannot be followed."""
    parser = argparse.ArgumentParser(prog="pricetime.gateway.desk")
    parser.add_argument("directory", type=Path)
    parser.add_argument("endpoint")
    parser.add_argument("--reports", type=int, default=REPORTS)
    given = companion.begin(parser, arguments, first=SECRET)
    try:
        Desk(given.directory, Line(given.endpoint, given.first), given.reports).run()
    except (UserError, ValueError, OSError, MemoryError) as error:
        LOG.say("ended", str(error) or "no memory", level=logs.ERROR)
    return 1


if __name__ == "__main__":
    sys.exit(main())
