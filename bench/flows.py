"""The flows that the suite measures: what each is made of, its seed, and the flow of a JSON Lines file.

A Flow is definitions, then a fill that is not timed, then the timed commands, as the engine reads them, and, where
a bare book can follow, the same as the bare book's commands. Everything is made before any clock is started. A flow
never depends on the machine or on the hour: the same name is the same bytes everywhere.
"""

from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from pricetime.bench import bare_book
from pricetime.bench.generate import MID_LEVEL, generate
from pricetime.matching import records
from pricetime.matching.errors import UserError
from pricetime.matching.records import (
    COMMAND,
    EVENT,
    INSTRUMENT_TERMS,
    NAME,
    RISK_OPEN_LIMITS,
    RISK_ORDER_LIMITS,
    CommandType,
    EventType,
    LineType,
    Side,
    TimeInForce,
)

GENEROUS = 1_000_000_000        # a risk limit that no flow comes near


@dataclass(frozen=True)
class Mix:
    """How a flow is made. Shares are ten thousandths of the commands; the rest is replaces. Prices are in ticks."""

    description: str
    seed: int
    new: int
    ioc: int
    cancel: int
    live: int               # resting orders: filled in before, held around that
    width: int              # ticks from the mid within which prices lie
    mid_every: int = 200    # commands between two steps of the mid; 0: it stands still
    mid_step: int = 2       # largest step, in ticks
    mid_range: int = 65_536     # the steps keep the mid within so many ticks of where it began
    swing: int = 0          # ticks that the mid goes up and down; 0: it makes steps
    swing_period: int = 0   # commands for once up, down and back
    makes_way: bool = False     # the orders that the mid has passed are cancelled or moved first
    mid: int = 1_131_072    # price of the mid at the beginning
    instruments: int = 1
    sessions: int = 8       # each its own participant


# Of the resting orders that enter 95% end by a cancel, 20% of the commands are replaces, 15% of new orders IOC:
# with N new, I IOC and C cancels a command that is C = 0.95 N, I = 0.15 (N + I), N + I + C = 0.8.
CANCELS_95_TEXT = "of the resting orders that enter 95% end by a cancel, 20% of the commands are replaces, 15% of " \
                  "new orders are IOC"

MIXES = {
    "move": Mix("9% new, 3% IOC, 6% cancel, 82% replace; about 1,000 live orders within 100 ticks of a slowly moving "
                "mid; of the replaces six in eight change the price, one lowers and one raises the quantity",
                seed=20_240_601, new=900, ioc=300, cancel=600, live=1_000, width=100),
    "itch": Mix("47% new, 10% IOC, 43% cancel; about 50,000 live orders within 1,000 ticks of a slowly moving mid",
                seed=20_240_602, new=4_700, ioc=1_000, cancel=4_300, live=50_000, width=1_000),
    "static": Mix(f"{CANCELS_95_TEXT}; the mid stands still, about 30,000 live orders on some 80 levels",
                  seed=20_240_603, new=3_762, ioc=664, cancel=3_574, live=30_000, width=40, mid_every=0),
    "normal": Mix(f"{CANCELS_95_TEXT}; about 10,000 live orders within 500 ticks of a slowly moving mid",
                  seed=20_240_604, new=3_762, ioc=664, cancel=3_574, live=10_000, width=500),
    "swing": Mix(f"{CANCELS_95_TEXT}; the mid goes from 100,000 ticks 25% up, 25% down and back in 200,000 commands; "
                 "about 1,000 live orders, put within 1,000 ticks of it",
                 seed=20_240_605, new=3_762, ioc=664, cancel=3_574, live=1_000, width=1_000, swing=25_000,
                 swing_period=200_000, makes_way=True, mid=100_000),
    "crash": Mix(f"{CANCELS_95_TEXT}; the mid wanders over 50,000 ticks, a step of at most 500 in 20 commands; about "
                 "100 live orders, put within 5,000 ticks of it",
                 seed=20_240_606, new=3_762, ioc=664, cancel=3_574, live=100, width=5_000, mid_every=20,
                 mid_step=500, mid_range=25_000, makes_way=True, mid=100_000),
}

# exchange-core's latency test in its own words: 9% GTC, 3% IOC, 6% cancel, 82% move, 1,000 accounts, some 1,000
# live orders in some 750 price slots.
CORE = replace(MIXES["move"], sessions=1_000, width=1_100,
               description="`move` with 1,000 accounts and prices within 1,100 ticks, as exchange-core describes its "
                           "latency test: about 1,000 live orders in about 750 price slots")

# What the figures of scale compare; `deep` and `wide` want an engine with room for their orders.
SCALES = {
    "core": CORE,
    "shallow": Mix(f"{CANCELS_95_TEXT}; about 1,000 live orders on 100 levels",
                   seed=20_240_607, new=3_762, ioc=664, cancel=3_574, live=1_000, width=52),
    "deep": Mix(f"{CANCELS_95_TEXT}; about 1,000,000 live orders on 100,000 levels",
                seed=20_240_607, new=3_762, ioc=664, cancel=3_574, live=1_000_000, width=52_500),
    "narrow": Mix(f"{CANCELS_95_TEXT}; one instrument, one participant, about 100,000 live orders on as many levels as "
                  "`wide` has in all of its instruments",
                  seed=20_240_608, new=3_762, ioc=664, cancel=3_574, live=100_000, width=50_000, sessions=1),
    "dense": Mix(f"{CANCELS_95_TEXT}; one instrument, one participant, about 100,000 live orders on 1,000 levels",
                 seed=20_240_608, new=3_762, ioc=664, cancel=3_574, live=100_000, width=500, sessions=1),
    "wide": Mix(f"{CANCELS_95_TEXT}; 100 instruments, 1,000 participants, about 1,000 live orders an instrument",
                seed=20_240_608, new=3_762, ioc=664, cancel=3_574, live=100_000, width=500, instruments=100,
                sessions=1_000),
}


@dataclass(frozen=True)
class Flow:
    """Commands by the hand, and what to call the figures of it.

    definitions (with limits), fill, lines: COMMAND arrays, sequence 0 (the engine numbers them). bare_fill, bare: the
    bare book's commands, None where it cannot follow, and then `bare_why` says why not. price_offset: price of the bare
    book's level 0; tick: price between two levels.
    """

    name: str
    description: str
    definitions: np.ndarray
    fill: np.ndarray
    lines: np.ndarray
    bare_fill: np.ndarray | None
    bare: np.ndarray | None
    bare_why: str = ""
    price_offset: int = 0
    tick: int = 1


def record(kind: int, further: tuple[np.ndarray, ...] = (), **fields: int) -> np.ndarray:
    """One administrative record of the venue itself (session 0) as an array of lines."""
    lines = np.zeros(1 + len(further), COMMAND)
    lines[0]["type"] = kind
    lines[0]["shape"] = records.RECORD_VERSION << 4 | len(lines)
    for name, value in fields.items():
        lines[0][name] = value
    for index, line in enumerate(further, 1):
        lines[index:index + 1] = line.view(COMMAND)
    return lines


def _name(text: str) -> np.ndarray:
    line = np.zeros(1, NAME)
    line["type"] = LineType.NAME_LINE
    line["name"] = text.encode()
    return line


def definitions(sessions: int, instruments: int = 1) -> np.ndarray:
    """Participants and sessions 1 to `sessions`, one each, and instruments with a tick and a lot of 1."""
    terms = np.zeros(1, INSTRUMENT_TERMS)
    terms["type"] = LineType.INSTRUMENT_TERMS_LINE
    terms["tick_size"] = terms["lot_size"] = 1
    parts = []
    for number in range(1, sessions + 1):
        parts.append(record(CommandType.PARTY_DEFINITION, (_name(f"FIRM{number}"),), target=number))
        parts.append(record(CommandType.SESSION_DEFINITION, (_name(f"SESSION{number}"),), target=number,
                            quantity=number, attributes=records.RIGHT_TRADE))
    for number in range(1, instruments + 1):
        symbol = "BENCH" if number == 1 else f"BENCH{number}"
        parts.append(record(CommandType.SECURITY_DEFINITION, (_name(symbol), terms), instrument=number))
    return np.concatenate(parts)


def risk_limits(participants: int, instruments: int = 1) -> np.ndarray:
    """Every account's order quantity, open orders, open quantity and position limited, so that each order is compared
    with all four; so high that none is refused."""
    order = np.zeros(1, RISK_ORDER_LIMITS)
    order["type"] = LineType.RISK_ORDER_LIMITS_LINE
    order["presence"] = records.HAS_ORDER_QUANTITY_LIMIT
    order["order_quantity"] = GENEROUS
    opened = np.zeros(1, RISK_OPEN_LIMITS)
    opened["type"] = LineType.RISK_OPEN_LIMITS_LINE
    opened["presence"] = records.HAS_OPEN_ORDERS_LIMIT | records.HAS_OPEN_QUANTITY_LIMIT | records.HAS_POSITION_LIMIT
    opened["open_orders"] = opened["open_quantity"] = opened["position"] = GENEROUS
    one = record(CommandType.RISK_LIMITS, (order, opened))
    lines = np.tile(one, participants * instruments)
    lines["target"][::len(one)] = np.repeat(np.arange(1, participants + 1), instruments)
    lines["instrument"][::len(one)] = np.tile(np.arange(1, instruments + 1), participants)
    return lines


@lru_cache(maxsize=4)
def generated_flow(name: str, count: int, sessions: int | None = None) -> Flow:
    """The named flow, `count` commands of it after the fill; every account has limits. The arrays are shared between
    callers: read only."""
    mix = (MIXES | SCALES)[name]
    return made_flow(name, mix if sessions is None else replace(mix, sessions=sessions), count)


def made_flow(name: str, mix: Mix, count: int) -> Flow:
    """A flow of this mix, `count` commands of it after the fill; every account has limits."""
    offset = mix.mid - MID_LEVEL
    fields = {key: value for key, value in asdict(mix).items() if key not in ("description", "mid")}
    fill, lines, bare_fill, bare = generate(**fields, price_offset=offset, count=count)
    defined = np.concatenate([definitions(mix.sessions, mix.instruments), risk_limits(mix.sessions, mix.instruments)])
    description = f"{mix.description}; seed {mix.seed}"
    if mix.instruments > 1:
        return Flow(name, description, defined, fill, lines, None, None, "several instruments")
    return Flow(name, description, defined, fill, lines, bare_fill, bare, price_offset=offset)


# ------------------------------------------------------------------------------------- flows that others made

ORDER_COMMANDS = (
    CommandType.NEW_ORDER_SINGLE, CommandType.ORDER_CANCEL_REQUEST, CommandType.ORDER_CANCEL_REPLACE_REQUEST)


def bare_commands(lines: np.ndarray, events: np.ndarray) -> tuple[np.ndarray, int, int]:
    """The bare book's commands for `lines`, by what the engine answered; also the offset and the tick of its levels.

    `lines` are whole records from command 1 of a new engine on, `events` all that it said. An order's number
    is its OrderID; what the engine refused is left out. ValueError says what a bare book cannot follow.
    """
    orders = np.isin(lines["type"], ORDER_COMMANDS)
    if len(np.unique(lines["instrument"][orders])) > 1:
        raise ValueError("several instruments")
    if (lines["type"] == CommandType.TRADING_SESSION_STATUS).any():
        raise ValueError("phases other than Continuous")
    if not events["sequence"].all():
        raise ValueError("commands that are refused at the door")
    answers = np.zeros(len(lines), EVENT)
    first = events[events["place"] == 0]
    answers[first_lines(lines)[first["sequence"].astype(np.int64) - 1]] = first
    taken = orders & np.isin(answers["type"], (EventType.NEW, EventType.REPLACED, EventType.CANCELED))
    lines, answers = lines[taken], answers[taken]
    return _bare_array(lines, answers)


def first_lines(lines: np.ndarray) -> np.ndarray:
    """Index of the first line of each record among `lines`."""
    starts, index = [], 0
    while index < len(lines):
        starts.append(index)
        index += int(lines["shape"][index]) & 0xF
    return np.array(starts, np.int64)


def _bare_array(lines: np.ndarray, answers: np.ndarray) -> tuple[np.ndarray, int, int]:
    """bare_commands for what the engine took. A FOK or post-only order that it took does what a plain one does."""
    force = lines["attributes"] >> records.TIME_IN_FORCE_SHIFT & records.TIME_IN_FORCE_MASK
    market = (lines["type"] == CommandType.NEW_ORDER_SINGLE) & (lines["attributes"] & records.HAS_PRICE == 0)
    side = np.where(answers["attributes"] & records.SIDE_MASK == Side.BUY, bare_book.SIDE_BUY, bare_book.SIDE_SELL)
    cancel = (lines["type"] == CommandType.ORDER_CANCEL_REQUEST) | (answers["type"] == EventType.CANCELED)
    price = np.where(lines["attributes"] & records.HAS_PRICE, lines["price"], answers["price"])
    priced = price[~market & ~cancel]
    low, high = (int(priced.min()), int(priced.max())) if len(priced) else (0, 0)
    tick = int(np.gcd.reduce(priced - low)) or 1
    if (high - low) // tick > bare_book.LEVEL_MAX - bare_book.LEVEL_MIN - 2:
        raise ValueError("prices too far apart for its levels")
    offset = low - 2 * tick
    bare = np.zeros(len(lines), bare_book.BARE_COMMAND)
    bare["id"] = answers["order_id"]
    bare["side"] = side
    bare["level"] = np.where(cancel, 0, (price - offset) // tick)
    bare["level"][market] = np.where(side[market] == bare_book.SIDE_BUY, bare_book.LEVEL_MAX, bare_book.LEVEL_MIN)
    accepted_total = answers["leaves_qty"] + answers["cum_qty"]
    total = np.where(lines["attributes"] & records.HAS_QUANTITY, lines["quantity"], accepted_total)
    bare["quantity"] = np.where(cancel, 0, total)
    bare["kind"] = np.select(
        [cancel, lines["type"] == CommandType.ORDER_CANCEL_REPLACE_REQUEST, market | (force == TimeInForce.IOC)],
        [bare_book.KIND_CANCEL, bare_book.KIND_REPLACE, bare_book.KIND_IOC], bare_book.KIND_NEW)
    return bare, offset, tick


def file_flow(path: Path) -> Flow:
    """The flow of a JSON Lines file, named by its stem: everything in it is timed but the reading. UserError names
    a bad line."""
    from pricetime.matching.engine import Engine

    lines = read_flow(path)
    empty = lines[:0]
    try:
        bare, offset, tick = bare_commands(lines, Engine().apply(lines))
    except ValueError as error:
        return Flow(path.stem, f"from {path}", empty, empty, lines, None, None, str(error))
    return Flow(path.stem, f"from {path}", empty, empty, lines, bare[:0], bare, "", offset, tick)


def read_flow(path: Path) -> np.ndarray:
    """The records of a JSON Lines file, names defined on first use."""
    from pricetime.gateway.codec import read_lines

    try:
        with path.open("rb") as file:
            lines = read_lines(file, str(path))
    except OSError as error:
        raise UserError(f"--flow {path}: {error.strerror}; pricetime convert makes such a file") from None
    if not len(lines):
        raise UserError(f"--flow {path}: holds no command; pricetime convert makes such a file")
    return lines


def trades_of(flow: Flow) -> tuple[int, int]:
    """(number, checksum) of the trades that the engine makes of a flow: what bare_trades gives for the bare book."""
    from pricetime.matching.engine import Engine

    events = Engine().apply(np.concatenate([flow.definitions, flow.fill, flow.lines]))
    makers = events[(events["type"] == EventType.TRADE) & (events["status_flags"] >> 4 & records.AGGRESSOR == 0)]
    levels = (makers["last_px"] - flow.price_offset) // flow.tick
    return len(makers), bare_book.trades_checksum(makers["order_id"].astype(np.uint32), levels.astype(np.int32),
                                                  np.ascontiguousarray(makers["last_qty"]))
