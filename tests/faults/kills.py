"""SIGKILL at random instants of a venue under load with a real client: while it starts, recovers, takes orders, idles.
Every acknowledged command is in the log exactly once, every report is one that the log gives, and the venue starts
again each time, on the same log."""

import contextlib
import random
import signal
import threading
from pathlib import Path

from faults.levels import level
from faults.trader import MESSAGE_ORDERS, SESSION, Trader
from faults.venues import Venues

from pricetime.gateway.client import Client, NoAnswer
from pricetime.journal import Reader
from pricetime.matching.errors import UserError

TOML = f"""
[venue]
endpoints = ["tcp://127.0.0.1:0"]
order_capacity = 65536
digest_every = 100
[log]
segment_mib = 1
{{durability}}
[[session]]
name = "{SESSION}"
rights = ["Trade", "Operate"]
[[instrument]]
symbol = "ACME"
tick_size = "0.01"
lot_size = 1
"""
KILL_MS_MAX = 40
CHECK_EVERY = 25        # kills between two looks at the whole log


def write_toml(directory: Path, durability: str) -> None:
    """A venue.toml at a level of durability."""
    directory.mkdir()
    words = "\n".join(f'{key} = "{value}"' for key, value in level(durability).items())
    (directory / "venue.toml").write_text(TOML.format(durability=words))


def load(trader: Trader, client: Client, dead: threading.Event) -> None:
    """Orders until the venue is dead, then what it still had sent."""
    while not dead.is_set():
        if trader.dice.random() < 0.2:
            trader.flood(client, MESSAGE_ORDERS)
        trader.send(client, trader.dice.choice([1, 1, 5, 50]))
        trader.take(client, trader.dice.choice([0, 0, 1, 3]))
    trader.take(client, 20)


def kill_once(venues: Venues, trader: Trader) -> None:
    """One start that ends by SIGKILL."""
    dead = threading.Event()

    def kill() -> None:
        venues.signal(signal.SIGKILL)
        dead.set()

    timer = threading.Timer(trader.dice.random() * KILL_MS_MAX / 1000, kill)
    when = trader.dice.choice(("start", "logon", "load", "load", "load"))
    venues.start()
    if when == "start":
        timer.start()
    else:
        endpoint = venues.endpoint()
        if when == "logon":
            timer.start()
        with contextlib.suppress(NoAnswer), contextlib.closing(trader.connect(endpoint, timeout_ms=500)) as client:
            if when == "load":
                timer.start()
            load(trader, client, dead)
        if timer.ident is None:
            kill()          # it was too slow to answer a Logon in time
    if timer.ident is not None:
        timer.join()
    status = venues.wait()
    assert status == -signal.SIGKILL, f"ended by itself with {status}: {venues.errors.read_text()}"


def kills(seed: int, count: int, directory: Path, durability: str) -> str:
    """So many kills of one venue, then a clean stop; what happened, in a line. AssertionError says what does not
    hold."""
    trader = Trader(random.Random(seed))
    write_toml(directory, durability)
    with Venues(directory) as venues:
        for number in range(1, count + 1):
            try:
                kill_once(venues, trader)
                if number % CHECK_EVERY == 0 and any(directory.glob("log/*")):
                    trader.hold_against(directory)
            except (AssertionError, UserError) as error:
                raise AssertionError(f"kill {number} of seed {seed}, {durability}: {error}") from error
        venues.start()
        with contextlib.closing(trader.connect(venues.endpoint())) as client:
            trader.send(client, 100)
            trader.take(client, 200)
            last = client.mark
        venues.signal(signal.SIGTERM)
        assert venues.wait() == 0, venues.errors.read_text()
        stopped = venues.out.read_text()
    engine, journaled = trader.hold_against(directory)
    assert journaled == last == max(trader.acknowledged)
    assert stopped.split("digest ")[1].strip() == engine.digest().hex()
    assert Reader(directory).committed <= engine.sequence
    return (f"{count} kills at level {durability}, seed {seed}: {engine.sequence} commands, {len(trader.acknowledged)} "
            f"acknowledged, {len(trader.reports)} reports, {engine.run} runs")
