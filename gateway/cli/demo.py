"""Start a venue on loopback, play a trading day through ZeroMQ, replay the log, and see that both states are equal.

Without --flow the day is made up (seeded: an opening call, clustered arrivals, cancels and replaces near the touch, a
closing call) and played by several client processes. With it, a recorded flow (JSON Lines, as `pricetime convert` makes
them) is played in order, from one client, on the flow's own time. Where standard output is a terminal the book is drawn
meanwhile.
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np

from pricetime.gateway.demo.flow import read_flow
from pricetime.gateway.demo.stage import Figures, play_day, play_flow
from pricetime.matching.errors import UserError

PERCENTILES = (50, 90, 99, 99.9)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument(
        "--flow", metavar="FILE", type=Path, help="play this flow (JSON Lines) instead of a generated day"
    )
    parser.add_argument(
        "--dir", metavar="DIR", type=Path, help="the venue's directory, new or empty (default: a new temporary one)"
    )
    parser.add_argument(
        "--orders", type=int, default=600_000, help="new orders of the generated day (default: %(default)s)"
    )
    parser.add_argument(
        "--clients", type=int, default=4, help="client processes of the generated day (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the generated day (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Figures on standard output. Exit status 1 where live and replayed state differ."""
    for name, least, most in (("orders", 1, 50_000_000), ("clients", 1, 64), ("seed", 0, 2**32)):
        if not least <= getattr(arguments, name) <= most:
            raise UserError(f"--{name} is {getattr(arguments, name)}, expected {least} to {most}")
    flow = read_flow(arguments.flow) if arguments.flow else None
    directory = arguments.dir or Path(tempfile.mkdtemp(prefix="pricetime-demo-"))
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise UserError(f"--dir {directory}: is not an empty directory; the demo wants one of its own")
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"--dir {directory}: cannot be made: {error.strerror}") from None
    if flow is not None:
        figures = play_flow(directory, flow)
    else:
        figures = play_day(directory, arguments.orders, arguments.clients, arguments.seed)
    print(as_json(figures, directory) if arguments.json else as_text(figures, directory, arguments.flow))
    return 0 if figures.equal else 1


def as_text(figures: Figures, directory: Path, flow: Path | None) -> str:
    """What a person reads."""
    played = f"the flow {flow.name}, one client" if flow else f"a generated day, {figures.clients} client processes"
    rows = [
        ("commands journaled", f"{figures.commands:,}"),
        ("trades", f"{figures.trades:,}"),
        (
            "acknowledged",
            f"{figures.acknowledged:,} in {figures.seconds:.2f} s: {figures.rate:,.0f} orders a second",
        ),
    ]
    if len(figures.lone_round_trips):
        rows.append(("round trip, one order at a time", spread(figures.lone_round_trips)))
    rows += [
        ("round trip, under this load", spread(figures.loaded_round_trips)),
        ("live digest", figures.live_digest.hex()),
        ("replayed digest", figures.replayed_digest.hex()),
    ]
    verdict = (
        "equal: the log gives the venue's state again, " if figures.equal else "NOT EQUAL: "
    ) + f"replayed at {figures.replay_rate:,.0f} commands a second"
    return "\n".join(
        [
            f"pricetime demo: {played}, tcp loopback; log in {directory}",
            "",
            *(f"{name:33}{value}" for name, value in rows),
            verdict,
        ]
    )


def spread(round_trips: np.ndarray) -> str:
    """Percentiles in microseconds, and of how many."""
    if not len(round_trips):
        return "none"
    values = np.percentile(round_trips, PERCENTILES) / 1000
    return (
        "  ".join(f"p{p:g} {value:,.0f} us" for p, value in zip(PERCENTILES, values, strict=True))
        + f"  ({len(round_trips):,} messages)"
    )


def as_json(figures: Figures, directory: Path) -> str:
    """The same for programs."""

    def microseconds(round_trips: np.ndarray) -> dict[str, float]:
        return (
            {f"p{p:g}": round(float(np.percentile(round_trips, p)) / 1000, 3) for p in PERCENTILES}
            if len(round_trips)
            else {}
        )

    return json.dumps({
        "directory": str(directory),
        "commands": figures.commands,
        "trades": figures.trades,
        "acknowledged": figures.acknowledged,
        "seconds": round(figures.seconds, 6),
        "orders_per_second": round(figures.rate),
        "round_trip_alone_us": microseconds(figures.lone_round_trips),
        "round_trip_loaded_us": microseconds(figures.loaded_round_trips),
        "live_digest": figures.live_digest.hex(),
        "replayed_digest": figures.replayed_digest.hex(),
        "equal": figures.equal,
        "replay_commands_per_second": round(figures.replay_rate),
    })  # fmt: skip
