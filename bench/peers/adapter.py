"""What an adapter of a peer is, and which there are.

An adapter is a class in a module of its own with one book of the peer's inside. `prepare` turns steps into whatever the
peer's best interface takes, before any clock is started; `run` gives them to the peer, and is timed; `trades` or
`levels` say afterwards what came of it, in our terms, to be compared.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from pricetime.bench.peers.steps import Step, Trade

MAKERS = "trades: price, quantity and resting order of each"
PRICES = "trades: price and quantity of each order's, not with whom"
BOOK = "the book at the end: quantity at each price"

NO_IOC = "no limit IOC: an order, cancelled if a part rests"
NO_REPLACE = "no replace that keeps the place: cancel and a new order, in our engine, too"

Levels = dict[tuple[bool, int], int]        # (buy, price) -> open quantity


class Book(Protocol):
    """An adapter. `prepare` is called for the fill, then for the timed steps, each followed by its `run`."""

    tells: ClassVar[str]            # what can be compared: MAKERS, PRICES, BOOK
    in_place: ClassVar[bool]        # can lower an order's quantity so that it keeps its place
    matches: ClassVar[bool]         # False: keeps a book that others have matched
    mapping: ClassVar[tuple[str, ...]]      # what it cannot do, and what it is given instead

    def prepare(self, steps: list[Step]) -> Any: ...
    def run(self, prepared: Any) -> None: ...
    def trades(self) -> list[Trade]: ...
    def levels(self) -> Levels: ...


@dataclass(frozen=True)
class Peer:
    """One package. `commands`: how many commands of each flow it is given; a flow that is not named is too much."""

    package: str                    # its name among the distributions, which is also ours for it
    module: str                     # of the adapter, in this folder
    commands: dict[str, int]
    quick: int = 2_000              # at most so many with --quick

    def book(self) -> Callable[[], Book]:
        """The adapter, its package imported. Whatever that raises is the reason why it is not measured."""
        return importlib.import_module(f"pricetime.bench.peers.{self.module}").Adapter  # type: ignore[no-any-return]


LONG = {"move": 100_000, "itch": 100_000}       # compiled ones
SHORT = {"move": 20_000, "itch": 20_000}        # plain Python

PEERS = (
    Peer("nanobook", "nanobook", LONG, 20_000),
    Peer("obook", "obook", LONG, 20_000),
    Peer("orderly-chaos", "orderly_chaos", LONG, 20_000),
    Peer("limit-order-book", "limit_order_book", LONG, 20_000),
    Peer("liquibook", "liquibook", LONG, 20_000),
    Peer("litebook", "litebook", LONG, 20_000),
    Peer("cython-orderbook", "cython_orderbook", LONG, 20_000),
    Peer("lightmatchingengine", "lightmatchingengine", SHORT),
    Peer("pyorderbook", "pyorderbook", SHORT),
    Peer("fastlob", "fastlob", SHORT),
    Peer("manticore-orderbook", "manticore_orderbook", {"move": 2_000, "itch": 2_000}, 500),
    Peer("order-matching", "order_matching", {"move": 1_000}, 200),
    Peer("orderbook", "orderbook", SHORT),
    Peer("order-book", "order_book", LONG, 20_000),
    Peer("nautilus_trader", "nautilus_trader", LONG, 20_000),
)
BY_NAME = {peer.package: peer for peer in PEERS}


class Matching:
    """What most adapters share: a peer that matches, says its trades, and has its steps as they are."""

    tells: ClassVar[str] = MAKERS
    in_place: ClassVar[bool] = False
    matches: ClassVar[bool] = True

    def prepare(self, steps: list[Step]) -> Any:
        return steps

    def trades(self) -> list[Trade]:
        raise NotImplementedError

    def levels(self) -> Levels:
        raise NotImplementedError
