"""Published vectors through `pricetime match`, in both engines: exact, the order of lines included."""

import csv
import json
from decimal import Decimal

import pytest
from data import SHARED, shared
from flow import both_engines, match
from vectors import Book, Flow, tag_answers, tag_flow, user_answers, user_flow

KRAKEN = "vectors/kraken_challenge"
# Two more scenarios in 2022's answers have 2021's input: these.
TRADING_2022 = {13: "limit_above_best_ask", 14: "shallow_ask"}


def scenarios_2021():
    file = SHARED / KRAKEN / "v2021_all_scenarios_expected.json"
    return {scenario["name"]: scenario for scenario in json.loads(file.read_text())} if file.exists() else {}


def commands_of(lines):
    """Input lines but comments and the flush that ends a scenario."""
    return [line for line in map(str.strip, lines) if line and line[0] in "NC"]


@both_engines
@pytest.mark.parametrize("case", ["testcase00", "testcase01", "testcase02"])
def test_functional_csv(case, reference, tmp_path):
    flow = Flow()
    for row in csv.DictReader(shared(f"vectors/functional_csv/{case}.orders.csv").read_text().splitlines()):
        if row["action"] == "cancel":
            flow.cancel(row["order_id"])
        else:
            flow.order(row["order_id"], "TEST", row["order_side"], row["order_quantity"], row["order_price"])
    book, found = Book(flow), []
    for event in match(flow.commands, tmp_path / "in.jsonl", reference):
        if (trade := book.follow(event)) is not None:
            taker, maker, price, quantity, side = trade
            found.append((*((taker, maker) if side == "Buy" else (maker, taker)), price, quantity))
    expected = shared(f"vectors/functional_csv/{case}.matches.csv").read_text().splitlines()[1:]
    rows = [[field.strip() for field in line.split(",")] for line in expected]
    assert found == [(buy, sell, Decimal(price), Decimal(quantity)) for buy, sell, price, quantity in rows]


@both_engines
def test_kraken_2021(reference, tmp_path):
    shared(KRAKEN)
    scenarios = scenarios_2021()
    assert len(scenarios) == 16
    for name, scenario in scenarios.items():
        flow = user_flow(commands_of(scenario["input"]))
        events = match(flow.commands, tmp_path / "in.jsonl", reference)
        assert user_answers(flow, events) == scenario["expected"], name


@both_engines
def test_kraken_2022_refuses_what_would_cross(reference, tmp_path):
    """Its book rejects crossing orders: post-only, in our words; its two trading scenarios are plain ones."""
    inputs = shared(f"{KRAKEN}/v2022_input_file.csv").read_text()
    answers = shared(f"{KRAKEN}/v2022_output_file.csv").read_text().split("#name: scenario")[1:]
    expected = [
        [line.strip() for line in answer.splitlines() if line[:1] in "ARTB" and line[1:2] == ","] for answer in answers
    ]
    flows = [
        user_flow(commands_of(text.splitlines()), exec_inst="PostOnly") for text in inputs.split("#name: scenario")[1:]
    ]
    assert len(flows) == 12
    flows += [user_flow(commands_of(scenarios_2021()[name]["input"])) for name in TRADING_2022.values()]
    for number, (flow, lines) in enumerate(zip(flows, expected, strict=True), 1):
        events = match(flow.commands, tmp_path / "in.jsonl", reference)
        assert user_answers(flow, events) == lines, f"scenario {number}"


@both_engines
@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_kraken_2026(number, reference, tmp_path):
    flow, queries = tag_flow(shared(f"{KRAKEN}/v2026_{number}.in.csv").read_text().splitlines())
    events = match(flow.commands, tmp_path / "in.jsonl", reference)
    expected = shared(f"{KRAKEN}/v2026_{number}.out.csv").read_text().split()
    assert tag_answers(flow, queries, events) == expected
