"""The Shanghai days: what the exchange published of three stocks, and trades in our events brought into the same
form."""

import csv
import gzip
from itertools import islice

from data import shared

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


def published_trades(stock):
    """(price, quantity, buy order, sell order, aggressor: 0 in an auction) of each of the exchange's own trades, in
    order."""
    published = [tuple(map(int, row[3:])) for row in rows(shared(f"sse/{stock}.trades.csv.gz"))]
    assert len(published) == sum(STOCKS[stock])
    return published


def order_ids(stock):
    """The exchange's order id of each new order, by the seq of its line: our ClOrdID."""
    return {int(row[0]): int(row[4]) for row in rows(shared(f"sse/{stock}.input.csv.gz")) if row[3] == "N"}
