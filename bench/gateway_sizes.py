"""How much the gateway's suite sends, and the limits that its figures have. Without CURVE and with it."""

from pricetime.bench.harness import Limit, Options

# Orders a message -> orders in flight, orders a repeat, limit.
SIZES = {
    1: (4_000, 300_000, Limit(at_least=0.85)),
    10: (4_000, 300_000, Limit(at_least=0.75)),
    100: (40_000, 600_000, Limit(at_least=0.75)),
}
QUICK_DIVISOR = 5
CURVE_DIVISOR = 4                   # orders of a repeat with CURVE: fewer
ROUND_TRIPS = 250                   # of a short repeat
ROUND_TRIPS_CURVE = 1_000
GAP_NS = 500_000                    # of silence before each
ROUND_TRIP_LIMIT = Limit(at_most=1.15)
RATES = (10_000, 25_000, 50_000, 100_000, 200_000, 400_000, 800_000)
RATES_QUICK = (10_000, 50_000)
OPEN_SECONDS = 0.5                  # of a repeat
OPEN_SECONDS_SHORT = 0.25           # of a short one: what has limits
OPEN_MOST = 100_000                 # orders of a repeat
OPEN_LIMIT = Limit(at_most=1.25)
LIMITED_RATES = (10_000, 50_000)
OPEN_BOUNDS = {10_000: {99.0: Limit(at_most=100)}}         # us
OTHERS = 10                         # whose round trips are taken beside one more
BESIDE_TRIPS, BESIDE_GAP_NS = 4_000, 200_000     # a second, and silence before each
INSIDE_RATES = (100_000, 1_000_000, 2_000_000)
INSIDE_SECONDS, INSIDE_MOST = 0.5, 500_000      # of a repeat; orders
INSIDE_BOUNDS = {1_000_000: {50.0: Limit(at_most=1), 99.0: Limit(at_most=5)}}      # us
SESSIONS_LIMIT = Limit(at_most=1.3)
SESSIONS_WINDOW = 4_000             # orders in flight, of all sessions together
SESSION_ORDERS = 100_000            # a repeat
SESSION_ORDERS_QUICK = 10_000
SESSIONS_RATE = 10_000              # orders a second of all sessions together: a rate that any number of them can take
FILL_PER_MESSAGE = 100
STAT_BATCHES = {256: Limit(at_most=10), 1: None}       # commands of a batch: all that a round takes; alone. ns
STAT_COMMANDS = 1 << 20             # a repeat


def open_orders(rate: int, options: Options, seconds: float = OPEN_SECONDS) -> int:
    """Orders of a repeat."""
    return min(int(rate * seconds), OPEN_MOST) // options.of(1, QUICK_DIVISOR)
