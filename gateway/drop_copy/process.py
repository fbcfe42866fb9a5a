"""The venue's side of a drop copy: its process, started again where it dies."""

import os
from pathlib import Path

from pricetime.gateway.drop_copy.bounds import Bounds
from pricetime.journal.companion import Companion


class DropCopyProcess(Companion):
    """A drop copy of a venue's directory on these endpoints, and on those with CURVE."""

    def __init__(self, directory: str | os.PathLike[str], endpoints: list[str], curve: list[str],
                 bounds: Bounds) -> None:
        arguments = [str(Path(directory).absolute()), "--events", str(bounds.events),
                     "--connections", str(bounds.connections), "--replays", str(bounds.replays)]
        for endpoint in endpoints:
            arguments += ["--endpoint", endpoint]
        for endpoint in curve:
            arguments += ["--curve-endpoint", endpoint]
        super().__init__("drop copy", "pricetime.gateway.drop_copy", arguments,
                         without="no drop copy is served")
