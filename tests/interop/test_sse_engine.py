"""A day of the Shanghai Stock Exchange through the engine alone: the trades are the exchange's own, in its order."""

import csv
import gzip
from itertools import islice

import pytest
from data import shared
from flow import converted
from pricetime.gateway.cli.match import new_engine
from pricetime.gateway.codec import Codec
from pricetime.matching.records import SIDE_MASK, EventType, Side

STOCKS = {"600536.SH": (136, 33_105, 312), "600761.SH": (43, 24_668, 49), "601825.SH": (10, 5_340, 20)}


def rows(path):
    with gzip.open(path, "rt") as file:
        return list(islice(csv.reader(file), 1, None))


def trades_of(events, order_ids):
    """(price, quantity, buy order, sell order, aggressor) of each trade; the resting side's event comes first."""
    trades = events[events["type"] == EventType.TRADE]
    resting, incoming = trades[0::2].tolist(), trades[1::2].tolist()
    names = trades.dtype.names
    cl_ord_id, side = names.index("cl_ord_id"), names.index("attributes")
    price, quantity, match = names.index("last_px"), names.index("last_qty"), names.index("trd_match_id")
    aggressor = names.index("status_flags")
    found = []
    for first, second in zip(resting, incoming, strict=True):
        assert first[match] == second[match]
        buy, sell = (first, second) if first[side] & SIDE_MASK == Side.BUY else (second, first)
        flag = 0 if not second[aggressor] >> 4 else (1 if second is buy else 2)
        found.append((first[price], first[quantity], order_ids[buy[cl_ord_id]], order_ids[sell[cl_ord_id]], flag))
    return found


def played(stock, reference):
    commands = converted("sse", shared(f"sse/{stock}.input.csv.gz"))
    order_ids = {int(row[0]): int(row[4]) for row in rows(shared(f"sse/{stock}.input.csv.gz")) if row[3] == "N"}
    engine = new_engine(reference)
    events = engine.apply(Codec().encode_all(commands))
    return engine, trades_of(events, order_ids)


@pytest.mark.parametrize(
    "stock, reference",
    [*((stock, False) for stock in STOCKS), ("601825.SH", True)],
    ids=[*(f"{stock}-fast" for stock in STOCKS), "601825.SH-reference"],
)
def test_every_trade_is_the_exchanges_in_its_order(stock, reference):
    opening, continuous, closing = STOCKS[stock]
    published = [tuple(map(int, row[3:])) for row in rows(shared(f"sse/{stock}.trades.csv.gz"))]
    assert len(published) == opening + continuous + closing
    engine, trades = played(stock, reference)
    assert trades == published
    assert len(engine.orders(stock)) == 0
    engine.check()
