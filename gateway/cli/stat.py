"""Print what a venue counts of itself, and how long its work takes: read from its directory, while it runs or after.

The percentiles are since the venue's start; with --watch those of the time since the last look. It disturbs nothing:
the venue writes a page of memory (DIR/stat) anyway.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import suppress

import msgspec

from pricetime.gateway.stats import COUNTER_HELP, Durations, NoStat, Reading, StatReader
from pricetime.gateway.times import spoken, utc
from pricetime.matching.errors import UserError

CLEAR = "\x1b[H\x1b[J"
SECONDS_MIN, SECONDS_MAX = 0.05, 86_400.0
PERCENTILES = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p99.9": 99.9}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", metavar="DIR", help="the venue's directory")
    parser.add_argument("--json", action="store_true", help="one JSON object a look; durations in nanoseconds")
    parser.add_argument("--watch", metavar="SECONDS", type=float, help="look again and again, until Ctrl-C")


def run(arguments: argparse.Namespace) -> int:
    """The page on standard output. UserError where there is none."""
    if arguments.watch is not None and not SECONDS_MIN <= arguments.watch <= SECONDS_MAX:
        raise UserError(f"--watch {arguments.watch:g}: expected {SECONDS_MIN:g} to {SECONDS_MAX:g} seconds")
    reader = StatReader(arguments.directory)
    if arguments.watch is None:
        print(as_json(reader.read()) if arguments.json else text(reader.read(), None))
        return 0
    with suppress(KeyboardInterrupt):
        for now, passed in looks(reader, arguments.watch):
            if arguments.json:
                print(as_json(now, passed), flush=True)
            else:
                print((CLEAR if sys.stdout.isatty() else "") + text(now, passed), flush=True)
    return 0


def looks(reader: StatReader, seconds: float) -> Iterator[tuple[Reading, Reading | None]]:
    """A reading each so many seconds, and what happened since the last one."""
    before: Reading | None = None
    while True:
        try:
            now = reader.read()
            yield now, now.since(before) if before is not None else None
            before = now
        except NoStat:
            if before is None:
                raise
        time.sleep(seconds)


# ------------------------------------------------------------------------------------------------------ text


def text(now: Reading, passed: Reading | None) -> str:
    """The page for people: totals, and with `passed` what came since the last look."""
    lines = [heading(now), ""]
    rate = f"  a second, last {spoken(passed.seconds)}" if passed is not None else ""
    lines.append(f"{'':13}{'since start':>17}{rate}")
    lines.append(f"{'connections':13}{now.connections:17,}")
    for name, value in now.counters.items():
        each = f"{per_second(passed, passed.counters[name]):>{len(rate)}}" if passed is not None else ""
        lines.append(f"{name:13}{value:17,}{each}   {COUNTER_HELP.get(name, '')}")
    lines += by_reason("refused, by reason", now.refused, passed, passed.refused if passed is not None else {})
    lines += by_reason("handshakes refused, by reason", now.handshakes, passed,
                       passed.handshakes if passed is not None else {})
    when = f"last {spoken(passed.seconds)}" if passed is not None else "since start"
    lines += ["", *table((passed or now).durations, when)]
    return "\n".join(lines) + ("\n" if passed is not None else "")


def by_reason(title: str, now: dict[str, int], passed: Reading | None, since: dict[str, int]) -> list[str]:
    """A line for each reason that there was, the most frequent first."""
    found = sorted(((name, value) for name, value in now.items() if value), key=lambda entry: -entry[1])
    if not found:
        return []
    width = max(len(name) for name, _ in found)
    lines = ["", title]
    for name, value in found:
        each = f"  {per_second(passed, since.get(name, 0))}" if passed is not None else ""
        lines.append(f"  {name:{width}}  {value:15,}{each}")
    return lines


def heading(now: Reading) -> str:
    """Which run, and how it is."""
    state = {
        "runs": f"runs for {spoken(time.time() - now.started / 1e9)}",
        "stopped": f"stopped {utc(now.ended)[:19]}Z, after {spoken((now.ended - now.started) / 1e9)}",
        "gone": "its process is gone: killed, or the machine went down",
        "stuck": f"its thread has not moved for {spoken(now.looked_ago)}",
    }[now.state]
    behind = now.appended - now.committed
    committed = f"{behind:,} of them not committed yet" if behind > 0 else "all committed"
    return (f"run {now.run}, process {now.process}, since {utc(now.started)[:19]}Z: {state}\n"
            f"command {now.appended:,}, {committed}")


def per_second(passed: Reading, count: int) -> str:
    """A rate, for people."""
    rate = count / passed.seconds if passed.seconds > 0 else 0.0
    return f"{rate:,.0f}" if rate >= 100 or rate == 0 else f"{rate:,.1f}"


def table(durations: dict[str, Durations], when: str) -> list[str]:
    """A line for each kind of work that was done."""
    head = f"{when:17}{'count':>13}" + "".join(f"{name:>11}" for name in ("mean", *PERCENTILES, "longest"))
    lines = []
    for name, found in durations.items():
        if found.count:
            figures = [found.mean, *(found.percentile(percent) for percent in PERCENTILES.values()), found.longest]
            lines.append(f"{name:17}{found.count:13,}" + "".join(f"{duration(figure):>11}" for figure in figures))
    return [head, *lines] if lines else [f"{when}: nothing was timed"]


def duration(nanoseconds: float) -> str:
    """Three digits and a unit."""
    for unit, size in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if nanoseconds >= size:
            value = nanoseconds / size
            return f"{value:.{2 if value < 10 else 1 if value < 100 else 0}f} {unit}"
    return f"{nanoseconds:.0f} ns"


# ------------------------------------------------------------------------------------------------------ JSON


def as_json(now: Reading, passed: Reading | None = None) -> str:
    """One object; `last` is what came since the look before."""
    found = {
        "run": now.run, "state": now.state, "process": now.process, "started": utc(now.started),
        "ended": utc(now.ended) if now.ended else None, "appended": now.appended, "committed": now.committed,
        "connections": now.connections, **counted(now),
    }  # fmt: skip
    if passed is not None:
        found["last"] = {"seconds": round(passed.seconds, 6), **counted(passed)}
    return msgspec.json.encode(found).decode()


def counted(reading: Reading) -> dict[str, object]:
    """Counters, refusals and durations."""
    return {
        "counters": reading.counters,
        "refused": reading.refused,
        "handshakes_refused": {reason: count for reason, count in reading.handshakes.items() if count},
        "durations_ns": {
            name: {"count": found.count, "mean": round(found.mean, 1), "longest": found.longest,
                   **{key: found.percentile(percent) for key, percent in PERCENTILES.items()}}
            for name, found in reading.durations.items()
        },
    }  # fmt: skip
