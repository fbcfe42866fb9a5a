"""The small market on which the rules are tried: who is in it, and the commands that set it up.

ALICE and ANN are two sessions of one participant, BOB is one of another, DORA loses her orders with her connection,
OPS may operate and trade. ACME has a tick of 5 and a lot of 10; POWER takes prices of zero and below, in ones.
"""

import commands as c

from pricetime.matching import records

ALICE, ANN, BOB, DORA, OPS = 1, 2, 3, 4, 5
FIRM_A, FIRM_B, FIRM_D, FIRM_O = 1, 2, 3, 4
ACME, POWER = 1, 2
UNKNOWN = 99        # an id that nothing has


def opening(reference_price: int | None = None) -> list[bytes]:
    """Everything defined, before the first VenueStart: all are logged on and both instruments are in Continuous."""
    limits = None if reference_price is None else c.limits_line(reference_price=reference_price)
    return [
        c.define_participant(FIRM_A, "Firm A"),
        c.define_participant(FIRM_B, "Firm B"),
        c.define_participant(FIRM_D, "Firm D"),
        c.define_participant(FIRM_O, "Operations"),
        c.define_session(ALICE, "alice", FIRM_A),
        c.define_session(ANN, "ann", FIRM_A),
        c.define_session(BOB, "bob", FIRM_B),
        c.define_session(DORA, "dora", FIRM_D, c.TRADER | records.CANCEL_ON_DISCONNECT),
        c.define_session(OPS, "ops", FIRM_O, c.TRADER | c.OPERATOR),
        c.define_instrument(ACME, "ACME", c.terms_line(tick=5, lot=10), limits),
        c.define_instrument(POWER, "POWER", c.terms_line(negative=True)),
    ]
