"""A port of this machine that nobody listens at, for what must know its number before it is bound."""

import socket


def free_port() -> int:
    """Free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
