"""Price levels far from each other: the ladder's window moves, runs out of blocks, empties, and nobody sees it.

The plain engine, which has no ladder, says and remembers the same.
"""

import random

import commands as c
import pytest
from commands import BUY, SELL
from differential.pair import Pair

WIDE = 1                        # the instrument
WINDOW = 2048 * 64              # ticks that a ladder's array covers
BLOCK = 64                      # ticks of one of its blocks
MISSES = 64                     # far levels, with the best outside, before the window moves


def pair(capacity: int) -> Pair:
    both = Pair(capacity, origin=f"capacity {capacity}")
    for command in (c.define_participant(1, "p"), c.define_session(1, "s", 1), c.define_session(2, "t", 1),
                    c.define_instrument(WIDE, "WIDE", c.terms_line(negative=True))):
        assert both.apply(command) == []
    return both


def rest(both: Pair, side: int, prices: list[int], first_id: int) -> None:
    for place, price in enumerate(prices):
        both.apply(c.new(1, first_id + place, WIDE, side, 1, price))
    both.compare()
    both.compare_views(1)


def sweep(both: Pair, side: int, count: int) -> list[int]:
    """Trade with the `count` best orders of a side, one each; their prices."""
    prices = []
    for _ in range(count):
        mark = int(both.fast.sessions["mark"][1])
        events = both.apply(c.new(2, mark + 1, WIDE, SELL if side == BUY else BUY, 1, tif=c.IOC))
        prices.append(next(event.last_px for event in events if c.brief(event)[0] == "TRADE"))
    both.compare()
    return prices


@pytest.mark.parametrize("side", [BUY, SELL], ids=["buys", "sells"])
def test_the_window_follows_the_touch(side):
    """Levels near the old touch, some at the new one that stay near, some that become far."""
    both, better = pair(1024), 1 if side == BUY else -1
    old = [better * 3 * place for place in range(40)]
    new = [better * (10 * WINDOW + 5 * place) for place in range(MISSES + 20)]
    rest(both, side, old, 1)
    rest(both, side, new, 1000)
    between = [better * (9 * WINDOW + WINDOW * place // 3 + 1) for place in range(5)]
    rest(both, side, between, 2000)
    every = sorted({*old, *new, *between}, reverse=side == BUY)
    for levels in (5, 60, 200):
        for engine in (both.fast, both.reference):
            rows = engine.depth(WIDE, levels)[0 if side == BUY else 1]
            assert rows["price"].tolist() == every[:levels]
    assert sweep(both, side, len(every)) == every


@pytest.mark.parametrize("side", [BUY, SELL], ids=["buys", "sells"])
def test_more_blocks_than_there_are(side):
    """A level in each block, of which an engine has one for every 32 orders and 64 more: what is left over is far, and
    when the touch is, the window stays where it is."""
    capacity, better = 512, 1 if side == BUY else -1
    both = pair(capacity)
    prices = [better * BLOCK * place for place in range(300)]
    rest(both, side, prices, 1)
    assert sweep(both, side, 250) == prices[:49:-1]
    rest(both, side, [price + better for price in prices], 1000)
    assert len(both.fast.orders(WIDE)) == 350


def test_a_window_that_moves_and_finds_too_few_blocks():
    """The other side holds the blocks: of the levels that come into the window some find none."""
    both = pair(512)
    rest(both, SELL, [20 * WINDOW + BLOCK * place for place in range(90)], 1)
    rest(both, BUY, [place for place in range(3)], 1000)
    far = [5 * WINDOW + BLOCK * place for place in range(MISSES + 10)]
    rest(both, BUY, far, 2000)
    assert sweep(both, BUY, len(far) + 3) == [*reversed(far), 2, 1, 0]
    assert sweep(both, SELL, 90) == [20 * WINDOW + BLOCK * place for place in range(90)]


def test_empty_blocks_are_taken_from_where_they_stand():
    """One side has used every block and left; the other takes them, and the first comes back without."""
    both = pair(512)
    above, below = ([BLOCK * (start + place) for place in range(100)] for start in (1000, 0))
    rest(both, SELL, above, 1)
    for id in range(1, 101):
        both.apply(c.cancel(1, 1000 + id, WIDE, id))
    rest(both, BUY, below, 2000)
    rest(both, SELL, above, 3000)
    assert sweep(both, BUY, 100) == below[::-1]
    assert sweep(both, SELL, 100) == above


@pytest.mark.parametrize("seed", range(3))
def test_prices_all_over_the_place(seed):
    dice, both = random.Random(seed), pair(256)
    alive: list[int] = []
    for step in range(1500):
        id = step + 1
        if len(alive) > 200 or alive and dice.random() < 0.35:
            both.apply(c.cancel(1, id, WIDE, alive.pop(dice.randrange(len(alive)))))
        else:
            centre = dice.choice([0, WINDOW // 2, 4 * WINDOW, 1 << 40, -(1 << 61)]) + step // 300 * WINDOW
            both.apply(c.new(1, id, WIDE, BUY, 1, centre + dice.randrange(-WINDOW, WINDOW)))
            alive.append(id)
        if step % 100 == 0:
            both.compare()
    both.compare()
