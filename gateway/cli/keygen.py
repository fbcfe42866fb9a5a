"""Make a key for a client of a venue with CURVE endpoints: NAME.secret for the client, NAME.public for the operator.

The secret file is for its owner alone (mode 0600) and never leaves the client's machine. What is printed goes into the
venue's venue.toml; a key that is there already is never overwritten.
"""

import argparse
import json
from pathlib import Path

from pricetime.gateway.security import new_pair, write_pair
from pricetime.matching.errors import UserError
from pricetime.matching.records import NAME_BYTES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="what the key is called in the venue's log; a path puts its files "
                                                     "elsewhere than here")


def run(arguments: argparse.Namespace) -> int:
    """Lines for venue.toml on standard output."""
    path = Path(arguments.name)
    if not path.name.isprintable() or not 1 <= len(path.name.encode()) <= NAME_BYTES:
        raise UserError(f"NAME: found {path.name!r}, expected 1 to {NAME_BYTES} bytes that can be printed")
    if not path.parent.is_dir():
        raise UserError(f"{path.parent}: no such directory")
    public, secret = new_pair()
    secret_file, public_file = write_pair(path.parent, path.name, public, secret)
    name = json.dumps(path.name, ensure_ascii=False)
    print(f"# {secret_file}: the secret, for the client; {public_file}: for the operator.\n"
          "# For venue.toml; sessions: for which of them it may speak.\n"
          f'[[key]]\nname = {name}\npublic = "{public.decode()}"\nsessions = []\nrights = ["Trade"]')
    return 0
