"""The drop copy's process: `python -m pricetime.gateway.drop_copy DIR --endpoint …`, started by a venue."""

import argparse
import sys
from pathlib import Path

from pricetime.gateway.drop_copy.bounds import Bounds
from pricetime.gateway.drop_copy.server import LOG, Server
from pricetime.journal import companion, logs
from pricetime.matching.errors import UserError


def main(arguments: list[str] | None = None) -> int:
    """The process. Never comes back while the venue runs, but where it cannot serve."""
    parser = argparse.ArgumentParser(prog="pricetime.gateway.drop_copy")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--endpoint", action="append", default=[])
    parser.add_argument("--curve-endpoint", action="append", default=[])
    parser.add_argument("--events", type=int, default=Bounds.events)
    parser.add_argument("--connections", type=int, default=Bounds.connections)
    parser.add_argument("--replays", type=int, default=Bounds.replays)
    given = companion.begin(parser, arguments)
    bounds = Bounds(events=given.events, connections=given.connections, replays=given.replays)
    try:
        endpoints = given.endpoint + given.curve_endpoint
        server = Server(given.directory, endpoints, bounds, range(len(given.endpoint), len(endpoints)))
        LOG.say("listening", f"on {' '.join(server.endpoints)}", endpoints=server.endpoints)
        server.run()
    except (UserError, ValueError, OSError, MemoryError) as error:
        LOG.say("failed", str(error) or "no memory", level=logs.ERROR)
    return 1


if __name__ == "__main__":
    sys.exit(main())
