"""The venue's side of the desk: a companion, there from when somebody first waits for it. The other side: desk.py."""

import os
from collections.abc import Callable
from pathlib import Path

from pricetime.journal.companion import Companion

REPORTS = 262_144           # events that are kept in memory, and lines of commands
MODULE = "pricetime.gateway.desk"
AGAIN_SECONDS = 0.1         # clients wait for it


class DeskProcess(Companion):
    """The desk of one venue. endpoint: where the venue's socket takes it; secret: of this start of the venue; reports:
    how many events it keeps in memory; wanted: whether somebody waits for it, None: there is to be one in any case."""

    def __init__(self, directory: str | os.PathLike[str], endpoint: str, secret: bytes, reports: int,
                 wanted: Callable[[], bool] | None) -> None:
        arguments = [str(Path(directory).absolute()), endpoint, "--reports", str(reports)]
        super().__init__("desk", MODULE, arguments, without="what it is asked waits", first=secret, again=AGAIN_SECONDS,
                         wanted=wanted)
