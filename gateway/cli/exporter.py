"""Export a venue's counters and latency histograms to Prometheus, over HTTP, until SIGTERM or Ctrl-C.

Reads DIR/stat at each scrape, from a process of its own: neither it nor who scrapes it can slow the venue down. The
venue may start, stop and be restarted meanwhile: pricetime_up says whether it runs. With [exporter] in venue.toml the
venue starts one beside itself.
"""

import argparse
import signal
from pathlib import Path
from types import FrameType

from pricetime.gateway.exporter import LISTEN, serve
from pricetime.matching.errors import UserError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", metavar="DIR", help="the venue's directory")
    parser.add_argument("--listen", metavar="ADDRESS:PORT", default=LISTEN,
                        help=f"where to answer ({LISTEN}); port 0: any")


def run(arguments: argparse.Namespace) -> int:
    """The URL on standard output, then answers until it is stopped. UserError where it cannot listen."""
    if not Path(arguments.directory).is_dir():
        raise UserError(f"{arguments.directory}: no such directory; expected a venue's")
    server, thread, url = serve(arguments.directory, arguments.listen)

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    print(f"{arguments.directory}: metrics on {url}", flush=True)
    try:
        while thread.is_alive():
            thread.join(1.0)
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)
        server.shutdown()
        server.server_close()
    return 0
