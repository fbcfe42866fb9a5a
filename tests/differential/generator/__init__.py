"""Seeded random command streams: valid and invalid, of every type, for holding one engine against the other.

A stream is a function of its seed and of the events that are shown to it: they tell which orders live, who is logged on
and which phase an instrument is in, so that most commands get somewhere and the rest fail for every reason there is.
Each seed has a profile (profiles.py), so that deep states are reached: cascades, interruptions, full limits.
"""

from collections.abc import Callable, Iterator

from differential.generator import definitions, orders, risk, venue
from differential.generator.profiles import PROFILES, Profile
from differential.generator.world import World

COMMANDS: dict[str, Callable[[World], bytes]] = {
    "new": orders.new,
    "cancel": orders.cancel,
    "replace": orders.replace,
    "mass_cancel": orders.mass_cancel,
    "status": venue.status,
    "clock": venue.clock,
    "connection": venue.connection,
    "venue_start": venue.venue_start,
    "capacity_invalid": venue.capacity_invalid,
    "wire_only": venue.wire_only,
    "define_participant": definitions.define_participant,
    "define_session": definitions.define_session,
    "define_instrument": definitions.define_instrument,
    "define_key": definitions.define_key,
    "enable_again": definitions.enable_again,
    "risk_limits": risk.risk_limits,
    "position_adjust": risk.position_adjust,
    "kill_switch": risk.kill_switch,
}


class Generator(World):
    """`stream(count)` yields that many commands; `observe` wants the events of each, in time or a little late."""

    def __init__(self, seed: int, profile: Profile | None = None) -> None:
        super().__init__(seed, profile or PROFILES[seed % len(PROFILES)])
        names, weights = zip(*self.profile.weights.items(), strict=True)
        self.commands = self.weighted([COMMANDS[name] for name in names], weights)

    def opening(self) -> list[bytes]:
        """Participants, sessions, instruments and limits, before the first VenueStart."""
        return [*definitions.opening(self), *risk.opening(self)]

    def stream(self, count: int) -> Iterator[bytes]:
        """The opening, then random commands, `count` in all."""
        opening = self.opening()
        yield from opening
        for _ in range(count - len(opening)):
            lifted = self.blocked and self.chance(0.1)
            yield risk.lift(self) if lifted else self.pick(self.commands)(self)
