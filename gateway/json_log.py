"""What a process says to its operator: one JSON object a line, on standard error."""

import sys
import time
from contextlib import suppress
from typing import Any

import msgspec


def say(source: str, what: str, **details: Any) -> None:
    """One line: when, which process, what happened, and its details by name."""
    line = msgspec.json.encode({"time": time.time_ns(), "source": source, "what": what, **details})
    with suppress(OSError):
        print(line.decode(), file=sys.stderr, flush=True)
