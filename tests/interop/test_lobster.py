"""LOBSTER's published MSFT sample: top ten levels after each message and the maker of each execution are its own."""

from data import shared
from flow import both_engines, converted, play

from pricetime.gateway import messages as m
from pricetime.gateway.cli.match import new_engine
from pricetime.gateway.codec import Codec
from pricetime.gateway.convert_lobster import NO_LEVEL

MESSAGES = "lobster/MSFT_L50_head.message.csv"
BOOKS = "lobster/MSFT_L50_head.orderbook.csv"
LEVELS = 10
NEW, EXECUTION = 1, 4


def message_rows():
    return [[int(value) for value in line.split(",")[1:]] for line in shared(MESSAGES).read_text().splitlines()]


def published_levels(line):
    """(bids, asks): price and size, best first, empty levels left out."""
    values = [int(value) for value in line.split(",")]
    levels = list(zip(values[0::2], values[1::2], strict=True))
    asks, bids = levels[: 2 * LEVELS : 2], levels[1 : 2 * LEVELS : 2]
    return [[level for level in side if abs(level[0]) != NO_LEVEL] for side in (bids, asks)]


def levels_of(engine):
    return [[(int(row["price"]), int(row["quantity"])) for row in side] for side in engine.depth("MSFT", LEVELS)]


def test_the_seed_is_row_0_and_ids_are_rows():
    commands = converted("lobster", shared(MESSAGES))
    seeds = [c for c in commands if isinstance(c, m.NewOrderSingle)][:100]
    assert [seed.cl_ord_id for seed in seeds] == list(range(1, 101))
    assert commands[-1].cl_ord_id <= 100 + len(message_rows()) - 1


@both_engines
def test_the_top_ten_levels_are_the_published_ones_after_each_message(reference):
    commands, books = converted("lobster", shared(MESSAGES)), shared(BOOKS).read_text().splitlines()
    engine, codec = new_engine(reference), Codec()
    of_row = {}
    for command in commands:
        row = command.cl_ord_id - 100
        of_row.setdefault(max(row, 0), []).append(command)
    for row, book in enumerate(books):
        if row in of_row:
            engine.apply(codec.encode_all(of_row[row]))
        assert levels_of(engine) == published_levels(book), f"after message {row}"
    engine.check()


@both_engines
def test_the_maker_of_each_execution_is_the_published_one(reference):
    rows = message_rows()
    row_of_order = {order_id: row for row, (type, order_id, *_) in enumerate(rows) if type == NEW and row > 0}
    events, player = play(converted("lobster", shared(MESSAGES)), reference)
    # An order's first ClOrdID names it here, whatever replaces it later.
    first_name, makers = {}, {}
    for event in events:
        if isinstance(event, m.ExecutionReport):
            first_name.setdefault(event.order_id, event.cl_ord_id)
            if event.exec_type == "Trade" and not event.aggressor_indicator:
                makers.setdefault(event.sequence, []).append((event.order_id, event.last_px, event.last_qty))
    executions = [(row, fields) for row, fields in enumerate(rows) if fields[0] == EXECUTION and row > 0]
    assert len(executions) == len(makers) == 110
    orders = [c for c in converted("lobster", shared(MESSAGES)) if isinstance(c, m.NewOrderSingle)]
    seeds = {(order.side, order.price): order.cl_ord_id for order in orders[:100]}
    for (row, (_, order_id, size, price, direction)), trades in zip(executions, makers.values(), strict=True):
        [(maker, last_px, last_qty)] = trades
        if order_id in row_of_order:
            expected = 100 + row_of_order[order_id]
        else:
            expected = seeds["Buy" if direction > 0 else "Sell", last_px]
        assert (first_name[maker], int(last_px * 10_000), last_qty) == (expected, price, size), f"message {row}"
