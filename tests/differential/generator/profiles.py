"""What kinds of days there are: the weights and chances of a stream. A seed has PROFILES[seed % len(PROFILES)].

Distances are in ticks, quantities in lots, times in nanoseconds.
"""

from dataclasses import dataclass, field, replace

import commands as c

ALL_DAY = {c.CONTINUOUS: 40, c.CLOSED: 4, c.HALTED: 4, c.PRE_OPEN: 12, c.OPENING_CALL: 12, c.CLOSING_CALL: 12,
           c.VOLATILITY_CALL: 6}


@dataclass(frozen=True)
class Profile:
    """Weights are against each other, chances of one."""

    name: str
    weights: dict[str, int]                             # of the commands
    wrong: float = 0.04                                 # chance that a command gets a mistake
    extreme: float = 0.004                              # chance of a number at the ends of 64 bits
    capacities: tuple[int, ...] = (131072, 131072, 1000)
    spreads: tuple[int, ...] = (3, 6, 6, 40)            # how far from the middle prices are
    largest: int = 12                                   # quantity
    ord_types: tuple[float, ...] = (12, 80, 3, 3, 3)    # Market, Limit, Stop, StopLimit, MarketWithLeftOverAsLimit
    times_in_force: tuple[float, ...] = (30, 12, 22, 10, 6, 5, 2, 2)    # absent, Day, GTC, IOC, FOK, GTD, At...
    post_only: float = 0.06
    iceberg: float = 0.08
    hidden: float = 0.05
    minimum: float = 0.2                                # of IOC
    self_match: float = 0.05
    complete: float = 0.25                              # of replaces: they say all that the order is, as FIX has it
    reference: float = 0.5
    collars: tuple[int | None, ...] = (None,)
    bands: tuple[int | None, ...] = (None,)             # dynamic and static
    durations: tuple[int, ...] = (1, 50, 2000, 10**9)   # of a VolatilityCall
    steps: tuple[int, ...] = (0, 0, 0, 1, 1, 1000)      # of time
    expiries: tuple[int, ...] = (1, 3, 50, 5000, 10**9)
    phases: dict[int, int] = field(default_factory=lambda: ALL_DAY)
    limited: float = 0.0                                # chance of limits at the opening, of each account
    tight: bool = False                                 # limits that are soon reached


EVERYTHING = {
    "new": 520, "cancel": 110, "replace": 200, "mass_cancel": 6, "status": 25, "clock": 15, "connection": 20,
    "venue_start": 1, "capacity_invalid": 1, "wire_only": 1, "define_participant": 4, "define_session": 4,
    "define_instrument": 12, "enable_again": 14, "risk_limits": 5, "position_adjust": 2, "kill_switch": 2,
    "define_key": 2,
}
TRADING = {
    "new": 600, "cancel": 120, "replace": 180, "mass_cancel": 2, "status": 6, "clock": 8, "connection": 4,
    "define_instrument": 1, "enable_again": 2,
}

CALM = Profile("calm", TRADING, wrong=0.02, spreads=(3, 6, 12, 40, 5000))
AUCTIONS = Profile(
    "auctions", {**TRADING, "status": 45, "clock": 25}, wrong=0.02, ord_types=(18, 60, 6, 4, 12),
    times_in_force=(25, 10, 20, 4, 3, 8, 16, 18), iceberg=0.25, hidden=0.2, steps=(0, 1, 1, 20),
    phases={c.CONTINUOUS: 25, c.CLOSED: 8, c.HALTED: 3, c.PRE_OPEN: 16, c.OPENING_CALL: 20, c.CLOSING_CALL: 22,
            c.VOLATILITY_CALL: 8},
)
STOPS = Profile(
    "stops", {**TRADING, "status": 9}, wrong=0.02, ord_types=(10, 45, 28, 24, 4), spreads=(4, 8, 20),
    times_in_force=(35, 15, 25, 4, 2, 12, 1, 1), largest=6, reference=0.7, iceberg=0.15,
)
VOLATILE = Profile(
    "volatile", {**TRADING, "status": 14, "clock": 30, "define_instrument": 6}, wrong=0.02,
    ord_types=(16, 52, 14, 12, 8), spreads=(8, 14, 30), reference=0.8,
    collars=(None, 4, 10, 25), bands=(None, 1, 3, 6, 12), durations=(1, 5, 60, 400),
    steps=(0, 0, 1, 1, 7, 60), iceberg=0.12, hidden=0.1,
)
LIMITED = Profile(
    "limited", {**TRADING, "risk_limits": 40, "position_adjust": 12, "kill_switch": 5, "status": 10}, wrong=0.02,
    ord_types=(14, 66, 7, 7, 6), collars=(None, None, 5, 20), limited=0.5, tight=True, reference=0.6,
    spreads=(3, 6, 20), steps=(0, 0, 1, 1, 3, 40),
)
SELF_MATCHES = Profile(
    "self_matches", TRADING, wrong=0.02, self_match=0.75, iceberg=0.25, hidden=0.25, minimum=0.5, spreads=(2, 3, 6),
    times_in_force=(30, 10, 15, 18, 14, 4, 1, 1), ord_types=(14, 68, 6, 6, 6),
)
HOSTILE = Profile(
    "hostile", EVERYTHING, wrong=0.3, extreme=0.05, capacities=(131072, 1000, 60, 7), spreads=(3, 6, 1 << 21, 1 << 45),
    collars=(None, 3, 1 << 61), bands=(None, 2, (1 << 63) - 1), limited=0.2, tight=True, self_match=0.2,
    ord_types=(14, 56, 10, 10, 10), times_in_force=(25, 10, 18, 10, 10, 10, 8, 8), durations=(1, 50, (1 << 63) - 1),
    expiries=(0, 1, 50, 10**9, 1 << 62), steps=(0, 0, 1, 1000),
)
MIXED = replace(
    HOSTILE, name="mixed", wrong=0.06, extreme=0.002, capacities=(131072, 1000, 40), spreads=(3, 6, 15, 40),
    collars=(None, None, 5, 20), bands=(None, 2, 8, 40), durations=(1, 50, 2000), expiries=(1, 20, 400, 10**9),
    steps=(0, 0, 0, 1, 1, 100), iceberg=0.15, hidden=0.1, limited=0.15, tight=False,
)
# Nothing that makes an instrument be looked at closer: most plain orders go the straight way (matching/straight.pxd),
# and meet what is not plain.
STRAIGHT = Profile(
    "straight", {**TRADING, "new": 420, "replace": 360, "status": 3, "risk_limits": 6, "kill_switch": 1}, wrong=0.08,
    ord_types=(3, 94, 0, 0, 3), times_in_force=(40, 15, 20, 14, 4, 4, 1, 2), post_only=0.15, iceberg=0.06, hidden=0.04,
    self_match=0.04, complete=0.85, capacities=(131072, 1000, 30), spreads=(2, 4, 12, 400), limited=0.4,
    phases={**ALL_DAY, c.CONTINUOUS: 400},
)
PROFILES = (CALM, AUCTIONS, STOPS, VOLATILE, LIMITED, SELF_MATCHES, HOSTILE, MIXED, STRAIGHT)
