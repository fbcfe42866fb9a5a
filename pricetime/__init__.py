"""pricetime: a matching venue in a box. One log, one deterministic engine, programmed in Python."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("pricetime")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0+source"
