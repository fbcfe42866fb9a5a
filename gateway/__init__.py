"""Everything that speaks to the outside: sockets, sessions, messages, clients, the command line."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pricetime.gateway.async_client import AsyncClient
    from pricetime.gateway.client import Client
    from pricetime.gateway.drop_copy.client import DropCopy
    from pricetime.gateway.venue import Venue

__all__ = ["AsyncClient", "Client", "DropCopy", "Venue"]


def __getattr__(name: str) -> Any:
    """Clients and Venue, imported when they are asked for: `pricetime match` needs no sockets."""
    if name == "Client":
        from pricetime.gateway.client import Client

        return Client
    if name == "AsyncClient":
        from pricetime.gateway.async_client import AsyncClient

        return AsyncClient
    if name == "DropCopy":
        from pricetime.gateway.drop_copy.client import DropCopy

        return DropCopy
    if name == "Venue":
        from pricetime.gateway.venue import Venue

        return Venue
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
