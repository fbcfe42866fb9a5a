"""Orders are found by OrderID, also where an old order holds the place of a new one in the array."""

import commands as c

from pricetime.matching.engine import Engine

CAPACITY = 8
PLACES = 16             # of the array: at least twice the orders, and a cache line


def test_orders_whose_place_is_taken_are_found() -> None:
    engine = Engine(CAPACITY)
    c.apply(engine, c.define_participant(1, "p"), c.define_session(1, "s", 1), c.define_instrument(1, "I"))
    old = range(1, 5)           # these stay: OrderIDs 1 to 4
    c.apply(engine, *(c.new(1, id, 1, c.BUY, 1, 10) for id in old))
    mark, order_id = 4, 4
    for turn in range(3 * PLACES):      # each new OrderID of 1 to 4 modulo 16 finds its place taken
        order_id += 1
        c.apply(engine, c.new(1, mark + 1, 1, c.BUY, 1, 10))
        engine.check()
        assert c.told(engine, c.cancel(1, mark + 2, 1, order_id=order_id)) == [("CANCELED", mark + 2)]
        engine.check()
        gone = c.cancel(1, mark + 3, 1, order_id=order_id)
        assert c.told(engine, gone) == [("ORDER_CANCEL_REJECT", mark + 3, "UNKNOWN_ORDER")], turn
        mark += 3
    for id in old:
        mark += 1
        assert c.told(engine, c.cancel(1, mark, 1, order_id=id)) == [("CANCELED", mark)]
    engine.check()
