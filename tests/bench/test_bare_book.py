"""The yardstick of the engine is a real book: it makes the engine's trades, price-time priority and all."""

import numpy as np
import pytest

from pricetime.bench import bare_book
from pricetime.bench.bare_book import BARE_COMMAND, bare_trades, time_bare_book, trades_checksum
from pricetime.bench.flows import MIXES, generated_flow, trades_of

BUY, SELL = bare_book.SIDE_BUY, bare_book.SIDE_SELL
NEW, IOC, CANCEL, REPLACE = bare_book.KIND_NEW, bare_book.KIND_IOC, bare_book.KIND_CANCEL, bare_book.KIND_REPLACE


def commands(*rows: tuple[int, int, int, int, int]) -> np.ndarray:
    """Rows of (id, level, quantity, kind, side)."""
    return np.array(list(rows), BARE_COMMAND)


def expect_trades(rows: np.ndarray, *trades: tuple[int, int, int]) -> None:
    """The trades that must come out, as (maker, level, quantity)."""
    makers, levels, quantities = zip(*trades, strict=True) if trades else ((), (), ())
    checksum = trades_checksum(np.array(makers, np.uint32), np.array(levels, np.int32), np.array(quantities, np.int64))
    assert bare_trades(rows[:0], rows) == (len(trades), checksum)


def test_best_price_first_then_oldest() -> None:
    expect_trades(
        commands((1, 102, 5, NEW, SELL), (2, 101, 5, NEW, SELL), (3, 101, 5, NEW, SELL), (4, 102, 12, NEW, BUY)),
        (2, 101, 5), (3, 101, 5), (1, 102, 2))


def test_rest_of_ioc_does_not_rest() -> None:
    expect_trades(commands((1, 100, 5, NEW, BUY), (2, 100, 9, IOC, SELL), (3, 100, 4, NEW, BUY)), (1, 100, 5))


def test_cancelled_order_does_not_trade_and_cancelling_it_again_does_nothing() -> None:
    expect_trades(
        commands((1, 100, 5, NEW, BUY), (2, 100, 5, NEW, BUY), (1, 0, 0, CANCEL, BUY), (1, 0, 0, CANCEL, BUY),
                 (3, 100, 5, IOC, SELL)),
        (2, 100, 5))


def test_replace_keeps_its_place_only_where_the_open_quantity_does_not_rise() -> None:
    two = ((1, 100, 5, NEW, BUY), (2, 100, 5, NEW, BUY))
    expect_trades(commands(*two, (1, 100, 4, REPLACE, BUY), (3, 100, 4, IOC, SELL)), (1, 100, 4))
    expect_trades(commands(*two, (1, 100, 6, REPLACE, BUY), (3, 100, 4, IOC, SELL)), (2, 100, 4))
    expect_trades(commands(*two, (1, 101, 5, REPLACE, BUY), (3, 100, 6, IOC, SELL)), (1, 101, 5), (2, 100, 1))


def test_quantity_of_a_replace_is_the_total_and_one_already_filled_ends_the_order() -> None:
    filled_3 = ((1, 100, 5, NEW, BUY), (2, 100, 3, IOC, SELL))
    expect_trades(commands(*filled_3, (1, 100, 4, REPLACE, BUY), (3, 100, 9, IOC, SELL)), (1, 100, 3), (1, 100, 1))
    expect_trades(commands(*filled_3, (1, 100, 3, REPLACE, BUY), (3, 100, 9, IOC, SELL)), (1, 100, 3))


def test_best_price_is_found_across_wide_gaps() -> None:
    low, high = bare_book.LEVEL_MIN, bare_book.LEVEL_MAX
    expect_trades(
        commands((1, low, 1, NEW, BUY), (2, low + 5000, 1, NEW, BUY), (3, low + 200_000, 1, NEW, BUY),
                 (4, low, 3, IOC, SELL)),
        (3, low + 200_000, 1), (2, low + 5000, 1), (1, low, 1))
    expect_trades(
        commands((1, high, 1, NEW, SELL), (2, high - 70, 1, NEW, SELL), (3, high - 200_000, 1, NEW, SELL),
                 (4, high, 3, IOC, BUY)),
        (3, high - 200_000, 1), (2, high - 70, 1), (1, high, 1))


@pytest.mark.parametrize("name", MIXES)
def test_bare_book_makes_the_engines_trades(name: str) -> None:
    flow = generated_flow(name, 30_000)
    trades = bare_trades(flow.bare_fill, flow.bare)
    assert trades[0] > 500
    assert trades == trades_of(flow)


def test_timed_run_takes_no_commands_at_all() -> None:
    assert time_bare_book(commands(), commands()) >= 0
