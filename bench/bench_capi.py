"""What gets through the C interface, one command a call, with every event handed to a second thread? `capi/<flow>` in
commands/s, beside `bare/<flow>`.

Subject: engine_apply a command, what the next ones need asked for ahead (engine_foresee, as the gateway does within a
message), its events written into a ring's slots and published after each command, to a second thread that reads every
word of them and then writes to their lines, so that they come back from one cache; it stays sixteen events behind, more
than its processor fetches ahead (256 where the two processors are far apart, which `capi/line` says and the threads
measure before each run), or reads what there is after a while. Yardstick: the bare ladder book with the same
ring, slots and reader; it fills 32 bytes of a slot's 128, one slot a trade (the engine fills them all,
numbered and digested, two a trade, one for each side). It looks at no command ahead: its commands are so short that the
processor has several under way, and asking made it slower.

The clock is the processor time of the busier of the two threads, without its waiting for the other: on a quiet
machine that is the wall's clock, from the first command to the last event read, and on a busy one it leaves out the
others' turns. Definitions and the fill go in before.

Why it may mislead: as in `book`, commands lie ready in memory in a row, so that there is something to look ahead
at; with a single command at a time `static` costs half as much again and more. Where the two threads have but one
processor, events never go from one cache to another, and the figure is too good.
"""

from collections.abc import Iterator

import numpy as np

from pricetime.bench import drive_book, drive_capi
from pricetime.bench.flows import Flow, generated_flow
from pricetime.bench.harness import Comparison, Limit, Measure, Options
from pricetime.matching.engine import Engine, touch
from pricetime.matching.errors import CheckFailed

FLOWS = ("static", "normal", "swing", "crash")
COMMANDS = 1_000_000
COMMANDS_QUICK = 100_000
LIMIT = Limit(at_least=0.5)
UNIT = "commands/s"
LINE = Comparison(Measure("capi/line", "ns", lambda: float(drive_capi.time_line())),
                  note="a cache line's way from one of the two processors to the other; from 100 on the reader stays "
                       "256 events behind, not 16")

Found = tuple[int, int, dict[int, int]]      # events, sum of their words, events by kind


def comparisons(options: Options) -> Iterator[Comparison]:
    """The four flows, behind what they depend on."""
    yield LINE
    for name in FLOWS:
        yield of_flow(generated_flow(name, COMMANDS_QUICK if options.quick else COMMANDS))


def of_flow(flow: Flow) -> Comparison:
    """The engine on one flow, beside the bare book. CheckFailed where they do not report the same."""
    engine_kinds, bare_kinds = run_engine(flow)[1][2], run_bare(flow)[1][2]
    if reported(engine_kinds) != bare_kinds:
        raise CheckFailed(f"flow {flow.name}: the bare book does not report what the engine does; no figure is given")
    count = len(flow.lines)
    return Comparison(Measure(f"capi/{flow.name}", UNIT, lambda: count / work(run_engine(flow)[0]) * 1e9, count),
                      Measure(f"bare/{flow.name}", UNIT, lambda: count / work(run_bare(flow)[0]) * 1e9, count),
                      LIMIT)


def work(clocks: tuple[int, int, int]) -> int:
    """Nanoseconds of processor time of the busier thread."""
    return max(clocks[1:])


def reported(kinds: dict[int, int]) -> dict[int, int]:
    """The engine's events by EventType as the bare book would report them, by its own kinds."""
    from pricetime.matching.records import EventType

    counts = (kinds.get(EventType.NEW, 0), kinds.get(EventType.TRADE, 0) // 2, kinds.get(EventType.CANCELED, 0),
              kinds.get(EventType.REPLACED, 0))
    return {kind: count for kind, count in enumerate(counts) if count}


def run_engine(flow: Flow) -> tuple[tuple[int, int, int], Found]:
    """Nanoseconds of one run in a new engine, and what the second thread found."""
    engine = Engine()
    touch(engine)           # as a venue does before it opens
    drive_book.time_engine(engine, np.concatenate([flow.definitions, flow.fill]))
    return drive_capi.time_engine(engine, flow.lines)


def run_bare(flow: Flow) -> tuple[tuple[int, int, int], Found]:
    """The same in a new bare book."""
    assert flow.bare_fill is not None and flow.bare is not None, "a generated flow of one instrument has both"
    return drive_capi.time_bare(flow.bare_fill, flow.bare, int(max(flow.bare_fill["id"].max(), flow.bare["id"].max())))
