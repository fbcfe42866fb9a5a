"""pricetime: a matching venue in a box. One log, one deterministic engine, programmed in Python.

    from pricetime import Engine, Client, Reader
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pricetime.gateway import AsyncClient, Client, DropCopy, Venue
    from pricetime.journal import Reader, Writer
    from pricetime.matching import Engine

__all__ = ["AsyncClient", "Client", "DropCopy", "Engine", "Reader", "Venue", "Writer", "__version__"]

HOMES = {
    "AsyncClient": "gateway", "Client": "gateway", "DropCopy": "gateway", "Venue": "gateway", "Reader": "journal",
    "Writer": "journal",
    "Engine": "matching",
}  # fmt: skip

try:
    __version__ = version("pricetime")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0+source"


def __getattr__(name: str) -> Any:
    """The front door's names, imported when they are asked for: an engine in a notebook needs no sockets."""
    if name in HOMES:
        return getattr(import_module(f"pricetime.{HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
