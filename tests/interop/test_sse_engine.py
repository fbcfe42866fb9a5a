"""A day of the Shanghai Stock Exchange through the engine alone: the trades are the exchange's own, in its order."""

import pytest
from data import shared
from flow import converted
from shanghai import STOCKS, order_ids, published_trades, trades_of

from pricetime.gateway.cli.match import new_engine
from pricetime.gateway.codec import Codec


def played(stock, reference):
    commands = converted("sse", shared(f"sse/{stock}.input.csv.gz"))
    engine = new_engine(reference)
    events = engine.apply(Codec().encode_all(commands))
    return engine, trades_of(events, order_ids(stock))


@pytest.mark.parametrize(
    "stock, reference",
    [*((stock, False) for stock in STOCKS), ("601825.SH", True)],
    ids=[*(f"{stock}-fast" for stock in STOCKS), "601825.SH-reference"],
)
def test_every_trade_is_the_exchanges_in_its_order(stock, reference):
    engine, trades = played(stock, reference)
    assert trades == published_trades(stock)
    assert len(engine.orders(stock)) == 0
    engine.check()
