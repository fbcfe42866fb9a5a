"""How much a drop copy takes on: for its server, and for what venue.toml says of it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Bounds:
    """events: kept in memory for all. connections: at one time, and of one session. logons: a second, of one connection
    and of one session; as many as a session's connections, which may all come back at once.
    replays: of old points, at one time, one a session; each needs an engine; others wait their turn.
    slow_seconds: who takes nothing for so long has no stream any more.
    frames: that wait for one connection within libzmq.
    unread: frames about streams that ended, and refusals, that it has not read: with more of them it is forgotten."""

    events: int = 262_144
    connections: int = 256
    connections_a_session: int = 8
    logons: int = 8
    replays: int = 4
    slow_seconds: float = 10.0
    frames: int = 16
    unread: int = 64
