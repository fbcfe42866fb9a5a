"""`pricetime bench book --flow FILE`: any JSON Lines flow is timed, beside a bare book where one can follow."""

import json
from pathlib import Path

import pytest

from pricetime.bench import bench_book
from pricetime.bench.bare_book import bare_trades
from pricetime.bench.flows import file_flow, trades_of
from pricetime.matching.errors import UserError


def order(number: int, side: str, price: float, quantity: int, **fields: object) -> dict[str, object]:
    return {"MsgType": "NewOrderSingle", "Session": "alice", "ClOrdID": number, "Symbol": "ACME", "Side": side,
            "OrdType": "Limit", "Price": price, "OrderQty": quantity, "TimeInForce": "GTC"} | fields


ORDERS = [
    order(1, "Sell", 100.50, 10),
    order(2, "Sell", 100.25, 5),
    order(3, "Buy", 100.25, 0),                                                 # refused: no quantity
    order(4, "Buy", 100.50, 7),
    {"MsgType": "OrderCancelReplaceRequest", "Session": "alice", "ClOrdID": 5, "OrigClOrdID": 1, "Symbol": "ACME",
     "Side": "Sell", "OrdType": "Limit", "Price": 100.75, "OrderQty": 12},
    order(6, "Buy", 100.75, 3, TimeInForce="IOC"),
    {"MsgType": "OrderCancelRequest", "Session": "alice", "ClOrdID": 7, "OrigClOrdID": 5, "Symbol": "ACME",
     "Side": "Sell"},
    order(8, "Buy", 101, 3),
    order(9, "Sell", 100, 9, TimeInForce="FOK"),                                # refused: not to be filled
    order(10, "Sell", 100, 2, TimeInForce="FOK"),
]


def write(path: Path, messages: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(message) + "\n" for message in messages))
    return path


def test_bare_book_makes_the_same_trades_of_a_file(tmp_path: Path) -> None:
    flow = file_flow(write(tmp_path / "morning.jsonl", ORDERS))
    assert flow.bare is not None
    assert trades_of(flow)[0] == 4
    assert bare_trades(flow.bare_fill, flow.bare) == trades_of(flow)


def test_flow_is_named_by_the_files_stem(tmp_path: Path) -> None:
    comparison = bench_book.of_flow(file_flow(write(tmp_path / "morning.jsonl", ORDERS)))
    assert comparison.subject.name == "book/morning"
    assert comparison.yardstick is not None
    assert comparison.yardstick.name == "bare/morning"
    assert comparison.subject.run() > 0


@pytest.mark.parametrize(("message", "why"), [
    (order(9, "Buy", 1, 1, Symbol="OTHER"), "several instruments"),
    ({"MsgType": "TradingSessionStatus", "Symbol": "ACME", "Phase": "Halted"}, "phases other than Continuous"),
])
def test_flow_that_no_bare_book_can_follow_is_timed_alone_and_says_why(tmp_path: Path, message, why: str) -> None:
    comparison = bench_book.of_flow(file_flow(write(tmp_path / "day.jsonl", [*ORDERS[:3], message])))
    assert comparison.yardstick is None
    assert why in comparison.note
    assert comparison.subject.run() > 0


def test_bad_line_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "bad.jsonl", ORDERS[:2])
    path.write_text(path.read_text() + '{"MsgType": "NewOrderSingel"}\n')
    with pytest.raises(UserError, match="bad.jsonl, line 3"):
        file_flow(path)


def test_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no command"):
        file_flow(write(tmp_path / "empty.jsonl", []))
