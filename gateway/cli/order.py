"""Send one order to a running venue and print what becomes of it.

    pricetime order tcp://127.0.0.1:7001 buy ACME 10 @ 100.25 --session alice

Without @ PRICE it is a market order. Exit status 1 where the venue rejects it. The order stays there when this program
has ended, unless it is IOC, FOK or Market, or its session is one that loses its orders with its connection.

A session is one program's: this takes it from one that is logged on by it. Use a session of its own.
"""

import argparse
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import get_args

from pricetime.gateway import json_lines
from pricetime.gateway import messages as m
from pricetime.gateway.client import Client, NoAnswer
from pricetime.gateway.order_options import NewOrderOptions
from pricetime.gateway.times import nanoseconds_of, other_unit
from pricetime.matching.errors import UserError

AFTERWARDS_MS = 50      # what comes behind the answer is waited for so long
TIMEOUT_MS = 5_000
SIDES: dict[m.Side, str] = {"Buy": "buy", "Sell": "sell", "SellShort": "sell-short"}    # as they are typed and told
CENTURY = 100 * 365 * 86_400 * 10**9   # nanoseconds


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `pricetime order` takes."""
    parser.add_argument("endpoint", metavar="ENDPOINT", help="of the venue: tcp://HOST:PORT or ipc://PATH")
    parser.add_argument("side", choices=tuple(SIDES.values()))
    parser.add_argument("symbol", metavar="SYMBOL")
    parser.add_argument("quantity", metavar="QTY")
    parser.add_argument("price", metavar="@ PRICE", nargs="*", help="limit, the @ may be left out; none: Market")
    parser.add_argument("--session", metavar="NAME", required=True, help="whose order it is")
    parser.add_argument("--tif", choices=get_args(m.TimeInForce), help="TimeInForce (default: Day; with --expire GTD)")
    parser.add_argument("--expire", metavar="TIME", help="ExpireTime of GTD: like 2026-12-01T16:00:00 (UTC), or "
                                                         "nanoseconds since 1970")
    parser.add_argument("--stop", metavar="PRICE", help="StopPx: a stop order, with @ PRICE a stop limit order")
    parser.add_argument("--post-only", action="store_true", help="rather rejected than traded at once")
    parser.add_argument("--key", metavar="FILE", type=Path, help="the client's secret key, for CURVE")
    parser.add_argument("--venue-key", metavar="FILE", type=Path, help="the venue's public key")
    parser.add_argument("--json", action="store_true", help="print the reports as JSON Lines")


def run(arguments: argparse.Namespace) -> int:
    """The reports on standard output. 0, or 1 where it was rejected."""
    price = limit(arguments.price)
    options: NewOrderOptions = {}
    if arguments.tif is not None:
        options["time_in_force"] = arguments.tif
    if arguments.expire is not None:
        options["time_in_force"] = arguments.tif or "GTD"
        options["expire_time"] = expire_time(arguments.expire)
    if arguments.stop is not None:
        options["stop_price"] = arguments.stop
    if arguments.post_only:
        options["exec_inst"] = "PostOnly"
    with Client(
        arguments.endpoint, arguments.session, full_reports=True, timeout_ms=TIMEOUT_MS, key=arguments.key,
        venue_key=arguments.venue_key,
    ) as client:  # fmt: skip
        send = {"buy": client.buy, "sell": client.sell, "sell-short": client.sell_short}[arguments.side]
        number = send(arguments.symbol, arguments.quantity, price, **options)
        return follow(client, number, arguments.json)


def limit(words: list[str]) -> str | None:
    """The price behind the quantity: `@ 100.25`, `@100.25` or `100.25`."""
    text = "".join(words)
    price = text.removeprefix("@")
    if len(words) > 2 or (text and not price):
        raise UserError(f"price: found {' '.join(words)!r}, expected @ PRICE, as in @ 100.25")
    return price or None


def expire_time(text: str) -> int:
    """--expire in nanoseconds. UserError where a number is a time of our days in another unit, as it seems: in
    nanoseconds it would be a moment in 1970."""
    value, now = nanoseconds_of(text, "--expire"), time.time_ns()
    if text.isdigit() and (found := other_unit(value, now // 2, now + CENTURY)):
        raise UserError(f"--expire {text}: found {found[0]}, as it seems, expected nanoseconds since 1970: --expire "
                        f"{found[1]}")
    return value


def follow(client: Client, number: int, as_json: bool) -> int:
    """Print what comes, until the order has its answer and what came with it. 0, or 1 where it is a rejection."""
    rejected: bool | None = None
    while (block := client.receive(TIMEOUT_MS if rejected is None else AFTERWARDS_MS)) is not None:
        for message in client.codec.events(block):
            print(json_lines.dumps([message]).decode().strip() if as_json else told(message))
            if getattr(message, "cl_ord_id", 0) == number and rejected is None:
                rejected = isinstance(message, m.BusinessMessageReject) or (
                    isinstance(message, m.ExecutionReport) and message.exec_type == "Rejected")
        sys.stdout.flush()
    if rejected is None:
        raise NoAnswer(f"{client.endpoint} did not answer order {number} within {TIMEOUT_MS} ms: it may be journaled")
    return int(rejected)


def told(message: m.Event) -> str:
    """A report for people."""
    if isinstance(message, m.ExecutionReport):
        words = [f"{message.exec_type:9}", f"ClOrdID {message.cl_ord_id}"]
        if message.order_id:
            words.append(f"OrderID {message.order_id}")
        words.append(f"{SIDES[message.side] if message.side else ''} {message.symbol or '?'}")
        if message.last_qty is not None:
            words.append(f"{plain(message.last_qty)} at {plain(message.last_px)}")
        elif message.price is not None:
            words.append(f"@ {plain(message.price)}")
        if message.exec_type != "Rejected":
            words.append(f"open {plain(message.leaves_qty)}, filled {plain(message.cum_qty)}")
    else:
        words = [f"{type(message).__name__:9}", f"ClOrdID {getattr(message, 'cl_ord_id', 0)}"]
    reason = getattr(message, "reason", None)
    return "  ".join([*words, *([reason] if reason else [])])


def plain(number: Decimal | None) -> str:
    """A number as one writes it."""
    return "-" if number is None else f"{number:f}"
