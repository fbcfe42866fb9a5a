"""A market maker at a venue of its own: quotes both sides, leans against its position. `python examples/strategy.py`

Takers come at random (seeded, so every run is the same). The venue lives in a folder that is gone afterwards.
"""

from decimal import Decimal
from random import Random
from tempfile import TemporaryDirectory

from pricetime import Client, Venue
from pricetime.gateway.config import convert
from pricetime.matching.records import EventType, Reason

ROUNDS, SIZE, SPREAD, LEAN = 200, 10, Decimal("0.10"), Decimal("0.01")
CONFIG = convert({
    "venue": {"endpoints": ["tcp://127.0.0.1:0"]},  # port 0: any free one
    "log": {"segment_mib": 1},
    "session": [{"name": "maker"}, {"name": "taker"}, {"name": "operator", "rights": ["Operate"]}],
    "instrument": [{"symbol": "ACME", "tick_size": "0.01", "lot_size": 1, "reference_price": 100}],
})


def acknowledged(client, cl_ord_id):
    """Every report up to those of our command: what a venue answers to one command comes together."""
    while (block := client.receive()) is not None:
        yield from block
        if cl_ord_id in block["cl_ord_id"]:
            return
    raise SystemExit(f"the venue did not answer command {cl_ord_id}")


def main():
    random, position, cash, trades = Random(7), 0, 0, 0
    with TemporaryDirectory() as folder, Venue(folder, CONFIG) as venue:
        endpoint = venue.endpoints[0]
        with Client(endpoint, "operator") as operator:  # a new instrument is Closed
            list(acknowledged(operator, operator.set_phase("ACME", "Continuous")))
        with Client(endpoint, "maker") as maker, Client(endpoint, "taker") as taker:
            for _ in range(ROUNDS):
                middle = 100 - LEAN * (position // SIZE)  # the more we have, the cheaper we offer it
                bid = maker.buy("ACME", SIZE, middle - SPREAD / 2)
                offer = maker.sell("ACME", SIZE, middle + SPREAD / 2)
                list(acknowledged(maker, offer))
                list(acknowledged(taker, random.choice((taker.buy, taker.sell))("ACME", random.randint(1, SIZE))))
                maker.cancel("ACME", bid)
                last = maker.cancel("ACME", offer)  # filled meanwhile: UNKNOWN_ORDER, and that is all
                for report in acknowledged(maker, last):
                    if report["type"] == EventType.TRADE:
                        bought = int(report["last_qty"]) * (1 if report["cl_ord_id"] == bid else -1)
                        position, trades = position + bought, trades + 1
                        cash -= bought * int(report["last_px"])  # in ticks of 0.01
                    elif report["reason"] not in (Reason.NONE, Reason.UNKNOWN_ORDER):
                        raise SystemExit(f"refused: {Reason(report['reason']).name}")
    worth = Decimal(cash + position * 10_000) / 100
    print(f"{ROUNDS} rounds, {trades} trades, position {position}, worth {worth} at 100")


if __name__ == "__main__":
    main()
