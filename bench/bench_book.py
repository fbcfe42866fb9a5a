"""What does one command cost in the engine? `book/<flow>` in ns/command, beside `bare/<flow>`.

Subject: engine_apply, command by command from C, what the next ones need asked for ahead (engine_foresee, as replay
and the gateway do), with sessions, ids, risk checks, two-line events written and digested; the events are dropped.
Yardstick: a bare ladder book in C that matches the same orders and counts trades (bare_book.h). The definitions and the
fill up to the live orders go in before the clock is started, into a new engine and book for each repeat.

The clock is the thread's processor time: on a quiet machine the same as the wall's, on a busy one without the
others' turns.

Why it may mislead: nothing else runs on the core, so caches and branch predictors are the flow's own; commands lie
ready in memory in a row, so that the engine can look ahead (the gateway only within a message); one instrument. The
same holds for the yardstick.
"""

from collections.abc import Iterator

import numpy as np

from pricetime.bench.bare_book import bare_trades, time_bare_book
from pricetime.bench.drive_book import time_engine
from pricetime.bench.flows import Flow, file_flow, generated_flow, trades_of
from pricetime.bench.harness import Comparison, Limit, Measure, Options
from pricetime.matching.engine import Engine, touch
from pricetime.matching.errors import CheckFailed

COMMANDS = 1_000_000
COMMANDS_QUICK = 200_000
WARM_COMMANDS = 100_000         # below this a flow is too short for a figure of its own
LIMITS = {"move": Limit(at_most=3), "itch": Limit(at_most=4)}
UNIT = "ns/command"


def comparisons(options: Options) -> Iterator[Comparison]:
    """The generated flows, or the one of the file that the user named."""
    if options.flow is not None:
        yield of_flow(file_flow(options.flow))
        return
    count = COMMANDS_QUICK if options.quick else COMMANDS
    for name in ("move", "itch"):
        yield of_flow(generated_flow(name, count))


def of_flow(flow: Flow) -> Comparison:
    """The engine on one flow, beside the bare book where that can follow (then their trades are compared first)."""
    note = "" if len(flow.lines) >= WARM_COMMANDS else (
        f"{len(flow.lines)} lines on a new engine: caches and branch predictors learn while the clock runs")
    subject = Measure(f"book/{flow.name}", UNIT, lambda: time_flow(flow), len(flow.lines))
    if flow.bare is None or flow.bare_fill is None:
        alone = f"no yardstick: a bare book cannot follow {flow.bare_why}"
        return Comparison(subject, note=f"{alone}; {note}" if note else alone)
    if bare_trades(flow.bare_fill, flow.bare) != trades_of(flow):
        raise CheckFailed(f"flow {flow.name}: the bare book does not make the engine's trades; no figure is given")
    fill, bare = flow.bare_fill, flow.bare
    # Per command of the flow: those that the bare book was spared (definitions, refused ones) are few.
    yardstick = Measure(f"bare/{flow.name}", UNIT, lambda: time_bare_book(fill, bare) / max(len(bare), 1),
                        len(bare))
    return Comparison(subject, yardstick, LIMITS.get(flow.name), note)


def time_flow(flow: Flow) -> float:
    """Nanoseconds a command of one run in a new engine."""
    engine = Engine()
    touch(engine)           # as a venue does before it opens
    if len(flow.definitions):
        engine.apply(np.concatenate([flow.definitions, flow.fill]))
    elapsed, commands, _ = time_engine(engine, flow.lines)
    return elapsed / max(commands, 1)
