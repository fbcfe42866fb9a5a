"""Each flow is what its description says, valid to the last command, and the same every time."""

import numpy as np
import pytest

from pricetime.bench import bare_book
from pricetime.bench.flows import GENEROUS, MIXES, bare_commands, generated_flow
from pricetime.matching import records
from pricetime.matching.engine import Engine
from pricetime.matching.records import COMMAND, CommandType, EventType, TimeInForce

COUNT = 30_000
REFUSALS = (EventType.REJECTED, EventType.ORDER_CANCEL_REJECT, EventType.BUSINESS_MESSAGE_REJECT)


def whole(flow) -> np.ndarray:
    return np.concatenate([flow.definitions, flow.fill, flow.lines])


@pytest.mark.parametrize("name", MIXES)
def test_engine_refuses_nothing(name: str) -> None:
    events = Engine().apply(whole(generated_flow(name, COUNT)))
    assert not np.isin(events["type"], REFUSALS).any()


def test_every_account_is_limited() -> None:
    flow, engine = generated_flow("move", COUNT), Engine()
    engine.apply(flow.definitions)
    accounts = engine.accounts
    assert len(accounts) == MIXES["move"].sessions
    for limit in ("order_quantity_limit", "open_orders_limit", "open_quantity_limit", "position_limit"):
        assert (accounts[limit] == GENEROUS).all()


@pytest.mark.parametrize("name", MIXES)
def test_flow_has_the_stated_mix(name: str) -> None:
    mix, lines = MIXES[name], generated_flow(name, COUNT).lines
    force = lines["attributes"] >> records.TIME_IN_FORCE_SHIFT & records.TIME_IN_FORCE_MASK
    new = lines["type"] == CommandType.NEW_ORDER_SINGLE
    shares = {
        "new": new & (force == TimeInForce.GTC),
        "ioc": new & (force == TimeInForce.IOC),
        "cancel": lines["type"] == CommandType.ORDER_CANCEL_REQUEST,
        "replace": lines["type"] == CommandType.ORDER_CANCEL_REPLACE_REQUEST,
    }
    wanted = {"new": mix.new, "ioc": mix.ioc, "cancel": mix.cancel, "replace": 10_000 - mix.new - mix.ioc - mix.cancel}
    for kind, found in shares.items():
        assert found.mean() * 10_000 == pytest.approx(wanted[kind], abs=100), kind


@pytest.mark.parametrize("name", MIXES)
def test_live_orders_stay_near_their_number(name: str) -> None:
    flow, engine = generated_flow(name, COUNT), Engine()
    engine.apply(np.concatenate([flow.definitions, flow.fill]))
    live = MIXES[name].live
    assert len(engine.orders("BENCH")) == live
    for part in np.array_split(flow.lines, 5):
        engine.apply(np.ascontiguousarray(part))
        assert (0.4 if name == "crash" else 0.8) * live <= len(engine.orders("BENCH")) <= 1.2 * live


CANCELS_95 = ("static", "normal", "swing", "crash")


@pytest.mark.parametrize("name", CANCELS_95)
def test_95_of_100_resting_orders_end_by_a_cancel(name: str) -> None:
    flow = generated_flow(name, 4 * COUNT)
    events = Engine().apply(whole(flow))
    rests = events["attributes"] >> records.TIME_IN_FORCE_SHIFT & records.TIME_IN_FORCE_MASK == TimeInForce.GTC
    canceled = (rests & (events["type"] == EventType.CANCELED)).sum()
    filled = (rests & (events["type"] == EventType.TRADE) & (events["leaves_qty"] == 0)).sum()
    assert canceled / (canceled + filled) == pytest.approx(0.95, abs=0.025)


@pytest.mark.parametrize("name", CANCELS_95)
def test_15_of_100_new_orders_are_ioc(name: str) -> None:
    kinds = generated_flow(name, COUNT).bare["kind"]
    ioc, new = (kinds == bare_book.KIND_IOC).sum(), (kinds == bare_book.KIND_NEW).sum()
    assert ioc / (ioc + new) == pytest.approx(0.15, abs=0.01)


def walk(name: str) -> tuple[np.ndarray, list[int]]:
    """The best bid and the number of levels, looked at 40 times."""
    flow, engine = generated_flow(name, 200_000), Engine()
    engine.apply(np.concatenate([flow.definitions, flow.fill]))
    best, levels = [], []
    for part in np.array_split(flow.lines, 40):
        engine.apply(np.ascontiguousarray(part))
        bids, asks = engine.depth("BENCH", 100_000)
        best.append(int(bids["price"][0]))
        levels.append(len(bids) + len(asks))
    return np.array(best), levels


def test_static_stands_still_on_80_levels() -> None:
    best, levels = walk("static")
    assert np.ptp(best) <= 1
    assert all(78 <= count <= 82 for count in levels)


def test_normal_moves_a_little() -> None:
    best, _ = walk("normal")
    assert 2 < np.ptp(best) < 500


def test_swing_goes_25_percent_up_and_down() -> None:
    best, _ = walk("swing")
    assert best.max() == pytest.approx(125_000, abs=1_500)
    assert best.min() == pytest.approx(75_000, abs=1_500)


def test_crash_wanders_far_over_few_levels_with_wide_gaps() -> None:
    best, levels = walk("crash")
    assert 20_000 < np.ptp(best) < 60_000
    assert max(levels) <= 120


def test_prices_stay_close_to_the_mid() -> None:
    flow = generated_flow("move", COUNT)
    prices = flow.lines["price"][flow.lines["price"] != 0]
    assert prices.max() - prices.min() < 2 * MIXES["move"].width + 200


def test_move_has_both_kinds_of_replace() -> None:
    flow = generated_flow("move", COUNT)
    events = Engine().apply(whole(flow))
    replaced = events[events["type"] == EventType.REPLACED]
    assert len(np.unique(replaced["price"])) > 50
    assert len(np.unique(replaced["leaves_qty"])) > 50


def test_same_name_is_the_same_bytes() -> None:
    first = generated_flow("move", 5000).lines.tobytes()
    generated_flow.cache_clear()
    assert generated_flow("move", 5000).lines.tobytes() == first


def test_lines_are_single_unnumbered_commands() -> None:
    lines = generated_flow("itch", COUNT).lines
    assert lines.dtype == COMMAND
    assert not lines["sequence"].any()
    assert (lines["shape"] & 0xF == 1).all()
    assert (np.diff(lines["time"]) > 0).all()


def test_bare_commands_by_the_engines_answers_are_the_generators_own() -> None:
    flow = generated_flow("move", COUNT)
    lines = whole(flow)
    bare, offset, tick = bare_commands(lines, Engine().apply(lines))
    made = np.concatenate([flow.bare_fill, flow.bare])
    assert tick == 1
    assert (bare["id"] == made["id"]).all()
    assert (bare["kind"] == made["kind"]).all()
    assert (bare["side"] == made["side"]).all()
    assert (bare["quantity"] == made["quantity"]).all()
    priced = made["kind"] != bare_book.KIND_CANCEL
    assert (bare["level"][priced] + offset == made["level"][priced] + flow.price_offset).all()


def test_bare_book_says_what_it_cannot_follow() -> None:
    flow = generated_flow("move", 100)
    lines = whole(flow)
    events = Engine().apply(lines)
    lines["instrument"][-1] = 2
    with pytest.raises(ValueError, match="several instruments"):
        bare_commands(lines, events)
