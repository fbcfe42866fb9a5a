"""The venue's side of a drop copy: its process, started again where it dies."""

import os
from pathlib import Path

from pricetime.journal.companion import Companion


class DropCopyProcess(Companion):
    """A drop copy of a venue's directory on these endpoints."""

    def __init__(self, directory: str | os.PathLike[str], endpoints: list[str], events: int, connections: int,
                 replays: int) -> None:
        arguments = [str(Path(directory).absolute()), "--events", str(events), "--connections", str(connections),
                     "--replays", str(replays)]
        for endpoint in endpoints:
            arguments += ["--endpoint", endpoint]
        super().__init__("drop copy", "pricetime.gateway.drop_copy", arguments,
                         without="no drop copy is served")
