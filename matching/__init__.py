"""The rules of trading, and nothing else: no sockets, no files, no clock, no randomness, no threads."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pricetime.matching.engine import Engine

__all__ = ["Engine"]


def __getattr__(name: str) -> Any:
    """Engine, the fast one, imported when it is asked for."""
    if name == "Engine":
        from pricetime.matching.engine import Engine

        return Engine
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
