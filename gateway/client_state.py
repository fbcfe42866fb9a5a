"""Where a client's session is, how it is to behave, and what a venue said when it logged on."""

from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """Where a session is."""

    AWAY = "away"
    LOGGING_ON = "logging on"
    UP = "up"
    ENDED = "ended"


@dataclass(frozen=True)
class Logged:
    """The answer to a Logon: the highest ClOrdID that is journaled, the number of the next report, and how many reports
    were given since the number that this client knew as its next one. Where it knew none (a new Client without
    `next_report_number`) all that the session ever had count as known: 0."""

    mark: int
    next_report_number: int
    missed: int = 0


@dataclass(frozen=True)
class Policy:
    """How a session behaves; times in seconds. patience: how long a venue that does not answer is tried again."""

    full_reports: bool = False
    timeout: float = 5.0
    heartbeat: float = 10.0
    reconnect: bool = True
    patience: float = 60.0
    outstanding_max: int = 65_536
