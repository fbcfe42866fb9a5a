"""The desk's process: python -m pricetime.gateway.desk DIR ENDPOINT --reports N --parent PID, with the secret of this
start of the venue on standard input, which stays open for as long as the venue lives."""

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

from pricetime.gateway.desk.desk import Desk
from pricetime.gateway.desk.process import REPORTS
from pricetime.gateway.desk.requests import LOG
from pricetime.gateway.internal import SECRET
from pricetime.journal import logs
from pricetime.journal.child import end_with_parent
from pricetime.matching.errors import UserError

NICE = 10


def main(arguments: list[str] | None = None) -> int:
    """Never comes back while the venue runs, but for a log that cannot be followed."""
    os.nice(NICE)
    signal.signal(signal.SIGINT, signal.SIG_IGN)    # an interrupt at the terminal is the venue's to answer
    parser = argparse.ArgumentParser(prog="pricetime.gateway.desk")
    parser.add_argument("directory", type=Path)
    parser.add_argument("endpoint")
    parser.add_argument("--reports", type=int, default=REPORTS)
    parser.add_argument("--parent", type=int, required=True)
    logs.add_argument(parser)
    given = parser.parse_args(arguments)
    logs.begin(given.log_format)
    secret = os.read(0, SECRET)     # a pipe hands over so little at once
    threading.Thread(target=end_with_parent, args=(given.parent, lambda: None), daemon=True).start()
    try:
        Desk(given.directory, given.endpoint, secret, given.reports).run()
    except (UserError, ValueError, OSError, MemoryError) as error:
        LOG.say("ended", str(error) or "no memory", level=logs.ERROR)
    return 1


if __name__ == "__main__":
    sys.exit(main())
