"""Every invariant of the fast engine's memory can fail: one thing is broken in a live engine, and check() names it.

A row is a statement in Cython and what check() must say. All of them are compiled into one module, against the .pxd
files that a user has. o, x, l, b, i: orders, their extras, levels, blocks, instruments; an order is named as in
tests/standing_market.py, in lower case.
"""

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import c_programs
import commands as c
import pytest
import standing_market
from standing_market import Slot, standing

import pricetime.matching
from pricetime.matching.engine import Engine

PACKAGE = Path(pricetime.matching.__file__).parent
HEAD = """
# cython: language_level=3, cdivision=True
from libc.stdint cimport *
from pricetime.matching.accounts cimport (
    ACCOUNT_SEATS, GROSS_TRACKED, NOTIONAL_LIMITED, POSITION_LIMITED, Account, AccountTerms, account_find)
from pricetime.matching.engine cimport Engine
from pricetime.matching.level_tree cimport Block, Level
from pricetime.matching.book cimport enter_id, forget_id
from pricetime.matching.id_index cimport id_index_place
from pricetime.matching.order_pool cimport *
from pricetime.matching.price_ladder cimport PriceLadder, tick_in_block
from pricetime.matching.records cimport *
from pricetime.matching.state cimport (
    WATCH_BANDS, WATCH_COLLAR, WATCH_STOPS, WATCH_TRADED, EngineState, Instrument, Participant, Session, set_watch)

cdef enum:
    KIND = ORD_TYPE_MASK << ORD_TYPE_SHIFT
    TIME = TIME_IN_FORCE_MASK << TIME_IN_FORCE_SHIFT
"""
FUNCTION = """
def fault_{number}(Engine engine):
    cdef EngineState* s = engine.state
    cdef Order* o = s.pool.orders
    cdef Extra* x = s.pool.extras
    cdef Level* l = s.level_pool.levels
    cdef Block* b = s.level_pool.blocks
    cdef uint64_t* bitmaps = s.level_pool.bitmaps
    cdef Instrument* i = s.instruments
    cdef Session* sessions = s.sessions
    cdef Participant* p = s.participants
    cdef Account* accounts = s.accounts.accounts
    cdef AccountTerms* terms = s.accounts.terms
    cdef PriceLadder* buys = &i[X].ladders[0]
    cdef PriceLadder* sells = &i[X].ladders[1]
    cdef uint32_t bid_level = o[bid].level, low_level = o[low].level, stop_level = o[stop].level
    cdef uint32_t account = account_find(&s.accounts, FIRM, X), empty = account_find(&s.accounts, OTHER, EMPTY)
    {statement}
"""
BUILD = """
from setuptools import Extension, setup
from Cython.Build import cythonize
breaker = Extension("breaker", ["breaker.pyx"], include_dirs=[{headers!r}], extra_compile_args=["-O0", "-w"])
setup(name="breaker", ext_modules=cythonize([breaker], include_path=[{packages!r}]))
"""

QUEUES = [
    ("o[hidden_2].next = hidden", r"slot 4\): stands in two queues, or a queue is a ring"),
    ("o[low].next = bid", r"slot 1\): does not belong|slot 1\): stands in two queues"),
    ("o[bid_2].prev = 0", r"slot 2\): does not belong where it stands"),
    ("o[bid].instrument = CALL", r"slot 1\): does not belong where it stands"),
    ("o[bid].leaves = 0", r"slot 1\): open 0, filled 0"),
    ("o[bid].leaves = -1", r"slot 1\): open -1, filled 0"),
    ("o[filled].filled = -1", r"slot 19\): open 6, filled -1"),
    ("o[bid].level = low_level", r"slot 1\): in level \d+, says \d+"),
    ("o[market].level = bid_level", r"slot 21\): in level 0, says \d+"),
    ("x[iceberg_2].age = x[iceberg].age", r"slot 7\): age 3 behind 3"),
    ("x[hidden].age, x[hidden_2].age = x[hidden_2].age, x[hidden].age", r"slot 5\): age 1 behind 2"),
    ("s.last_age = x[iceberg].age", r"slot 7\): age 4 behind 3, the counter is at 3"),
    ("l[bid_level].tail = bid", "side 0 level 200: 4 and 2 hidden orders of 50 and 65, counted 4 and 2 of 50 and 65"),
    ("l[bid_level].hidden_tail = hidden", "side 0 level 200: 4 and 2 hidden orders"),
    ("l[bid_level].count += 1", "4 and 2 hidden orders of 50 and 65, counted 5 and 2"),
    ("l[bid_level].hidden_count -= 1", "4 and 2 hidden orders of 50 and 65, counted 4 and 1"),
    ("l[bid_level].quantity += 1", "counted 4 and 2 of 51 and 65"),
    ("l[bid_level].reserve -= 1", "counted 4 and 2 of 50 and 64"),
    ("o[bid].leaves += 1", "4 and 2 hidden orders of 51 and 65, counted 4 and 2 of 50 and 65"),
    ("x[iceberg].shown -= 1", "4 and 2 hidden orders of 49 and 66"),
    ("i[MARKETS].market[0].quantity += 1",
     "instrument 3 side 0 level 0: 2 and 0 hidden orders of 11 and 0, counted 2 and 0 of 12"),
    ("i[MARKETS].market[1].tail = 0", "instrument 3 side 1 level 0: 1 and 0"),
    ("i[X].aside.count += 1", "instrument 1 side 0 level 0: 2 and 0 hidden orders of 10 and 0, counted 3"),
    ("l[stop_level].quantity += 1",
     "instrument 1 side 0 level -221: 2 and 0 hidden orders of 11 and 0, counted 2 and 0 of 12"),
]
STANDING = [
    ("o[bid].attributes = o[ask].attributes", r"slot 1\): in the wrong queue"),
    ("o[bid].flags |= HIDDEN", r"slot 1\): in the wrong queue"),
    ("o[hidden].flags &= ~HIDDEN", r"slot 4\): in the wrong queue"),
    ("o[market].attributes = o[market_sell].attributes", r"slot 21\): in the wrong queue"),
    ("o[bid].attributes &= ~HAS_PRICE", r"slot 1\): of type 2 in the book"),
    ("o[market].attributes |= HAS_PRICE", r"slot 21\): of type 1 in the book"),
    ("o[bid].attributes = o[bid].attributes & ~KIND | STOP_LIMIT << ORD_TYPE_SHIFT",
     r"slot 1\): of type 4 in the book"),
    ("o[market].attributes = o[market].attributes & ~KIND | STOP << ORD_TYPE_SHIFT",
     r"slot 21\): of type 3 in the book"),
    ("o[bid].flags |= STOP_WAITING", r"slot 1\): in the book, and says that it is not"),
    ("o[bid].flags |= ASIDE", r"slot 1\): in the book, and says that it is not"),
    ("x[iceberg].display_quantity = 5", r"slot 6\): shows 10 of 30"),
    ("x[iceberg].shown = 0; l[bid_level].quantity -= 10; l[bid_level].reserve += 10", r"slot 6\): shows 0 of 30"),
    ("x[hidden].age = 0", r"slot 4\): has no age"),
    ("x[iceberg].age = 0", r"slot 6\): has no age"),
    ("o[bid].attributes |= AT_THE_CLOSE << TIME_IN_FORCE_SHIFT", r"slot 1\): AtTheOpening or AtTheClose in phase 4"),
    ("i[CALL].phase = CONTINUOUS", r"slot 20\): AtTheOpening or AtTheClose in phase 4"),
    ("o[bid].price += 1", r"slot 1\): price 1001 at level 200"),
    ("o[bid].price += 5", r"slot 1\): price 1005 at level 200"),
    ("o[ask].price -= 5", r"slot 8\): price 1005 at level -203"),
]
STOPS = [
    ("o[stop].attributes = o[bid].attributes", r"slot 10\): of type 2, waits as a stop"),
    ("o[stop].flags &= ~STOP_WAITING", r"slot 10\): does not know that it waits"),
    ("o[stop].attributes = o[stop].attributes & ~SIDE_MASK | SELL", r"slot 10\): does not know that it waits"),
    ("x[stop].age = 0", r"slot 10\): does not know that it waits"),
    ("i[X].stops[0], i[X].stops[1] = i[X].stops[1], i[X].stops[0]", r"slot 12\): does not know that it waits"),
    ("x[stop].stop_price += 1", r"slot 10\): StopPx 1101 at -221"),
    ("x[stop].stop_price += 5", r"slot 10\): StopPx 1105 at -221"),
    ("l[stop_level].key += 1", r"slot 10\): StopPx 1100 at -220"),
    ("l[stop_level].block = 1", "instrument 1 side 0: stops at -221 are lost"),
    ("l[stop_level].count = 0", "instrument 1 side 0: stops at -221 are lost"),
    ("i[X].stops[0].count += 1", "side 0: stops at 1 prices, 0 elected, counted 2 and 0"),
    ("i[X].elected[0] = 1", "side 0: stops at 1 prices, 0 elected, counted 1 and 1"),
    ("o[stop].flags |= STOP_ELECTED", "side 0: stops at 1 prices, 1 elected, counted 1 and 0"),
    ("o[stop].flags |= STOP_ELECTED; i[X].elected[0] = 1", "instrument 1: elected stops wait in Continuous"),
    ("o[close].flags &= ~ASIDE", r"slot 13\): set aside, and does not know it"),
    ("x[close].age = 0", r"slot 13\): set aside, and does not know it"),
    ("o[close].attributes &= ~TIME", r"slot 13\): set aside, and does not know it"),
    ("i[X].phase = CLOSING_CALL", "instrument 1: orders are set aside in phase 5"),
    ("i[X].phase = CLOSED", "instrument 1: orders are set aside in phase 1"),
]
INSTRUMENTS = [
    ("s.participant_names[FIRM].text[0] = 120", "participants: 1 is not found by its name"),
    ("s.session_names[2].text[0] = 120", "sessions: 2 is not found by its name"),
    ("s.instrument_names[X].text[47] = 120", "instruments: 1 is not found by its name"),
    ("s.participants_count -= 1", "3 names for 2 participants"),
    ("i[X].watch |= WATCH_TRADED", "instrument 1: watch is 13, should be 13 without 8"),
    ("i[X].watch = 0", "instrument 1: watch is 0, should be 5"),
    ("i[CALL].watch = WATCH_BANDS", "instrument 2: watch is 2, should be 16"),
    ("i[MARKETS].watch = 0", "instrument 3: watch is 0, should be 16"),
    ("i[CALL].call_end = 5", "instrument 2: a call ends at 5, and there is none"),
    ("i[MARKETS].phase = CONTINUOUS; set_watch(&i[MARKETS])", "instrument 3: market orders rest in Continuous"),
    ("i[CROSSED].phase = CONTINUOUS; set_watch(&i[CROSSED])", "instrument 4: crossed in Continuous"),
    ("i[CROSSED].phase = 0", "instrument 4: phase 0"),
    ("i[CROSSED].phase = 8", "instrument 4: phase 8"),
    ("i[CROSSED].indicative_known = s.indicatives_known = 1",
     "instrument 4: an uncross gives 5 at 1010, known as 0 at 0"),
    ("i[EMPTY].indicative_known = s.indicatives_known = 1",
     "instrument 5: an indicative price is known, and there is no call"),
    ("i[CALL].indicative_known = 1", "1 indicative prices are known, counted 0"),
    ("s.indicatives_known = 1", "0 indicative prices are known, counted 1"),
]
LADDERS = [
    ("l[low_level].key += 200", "level 399 stands behind 200"),
    ("l[bid_level].key -= 64", "instrument 1 side 0: level 136 is not found by its key"),
    ("b[l[low_level].block].levels[tick_in_block(l[low_level].key)] = bid_level", "level 200 stands behind 200"),
    ("buys.best = low_level", "instrument 1 side 0: the walks to and fro differ at level 199"),
    ("l[low_level].count = 0", "instrument 1 side 0: level 199 is empty"),
    ("bitmaps[l[low_level].block] |= <uint64_t> 1 << 63", "instrument 1 side 0: the worst level is not the last"),
    ("bitmaps[l[low_level].block] &= ~(<uint64_t> 1 << tick_in_block(l[low_level].key))",
     r"slot \d+: in a queue False, owner 1"),
    ("buys.directory[2047] = l[low_level].block; buys.summary[31] |= <uint64_t> 1 << 63",
     "the worst level is not the last|marked"),
    ("sells.far.count += 1", "instrument 1 side 1: 2 near and 1 far levels, marked 2 and counted 2"),
    ("sells.far.root = 0", "instrument 1 side 1: 2 near and 0 far levels, marked 2 and counted 1"),
    ("buys.summary[31] |= <uint64_t> 1 << 63", "window position 2047 and its bit differ"),
    ("buys.directory[2047] = s.level_pool.blocks_touched + 1", "the block at window position 2047 is not its own"),
    ("s.level_pool.places[l[low_level].block] += 1", r"the block at window position \d+ is not its own"),
    ("l[0].key = 0", "level 0: key 0, not the lowest"),
    ("s.level_pool.levels_free = 0", r"\d+ levels in use or free of \d+ ever taken"),
    ("s.level_pool.levels_touched += 1", r"\d+ levels in use or free of \d+ ever taken"),
    ("l[s.level_pool.levels_free].left = s.level_pool.levels_free", r"\d+ levels in use or free of \d+ ever taken"),
    ("l[s.level_pool.levels_free].quantity = 1", r"free level \d+: not empty"),
    ("l[s.level_pool.levels_free].hidden_tail = 1", r"free level \d+: not empty"),
    ("s.level_pool.blocks_touched += 1", r"\d+ blocks in windows of \d+ ever taken"),
]
ORDERS = [
    ("o[bid].session = 0", "slot 1: in a queue True, owner 0"),
    ("o[gone].session = A", "slot 27: in a queue False, owner 1"),
    ("o[bid].flags = SELF_MATCH_ID", r"slot 1\): flags 64 without an Extra"),
    ("o[bid].attributes = o[timed].attributes", r"slot 1\): flags 0 without an Extra"),
    ("x[stop].risk_price = o[stop].price; o[stop].flags |= RISK_PRICED", r"slot 10\): its risk price is its price"),
    ("o[timed].flags &= ~TIMED", r"slot 15\): flags 1, its attributes say 129"),
    ("x[guarded].presence = 0", r"slot 18\): flags 65, its attributes say 1"),
    ("x[timed].presence &= ~HAS_EXPIRE_TIME", r"slot 15\): presence 0 on attributes"),
    ("x[stop].presence &= ~HAS_STOP_PRICE", r"slot 10\): presence 0 on attributes"),
    ("x[guarded].self_match_id = 0", r"slot 18\): flags 65 on attributes"),
    ("o[bid].order_id = 9", "order 9: not found by its OrderID"),
    ("o[bid].cl_ord_id = 9", "order 1: not found by its ClOrdID"),
    ("o[bid].session = B", "order 1: not found by its ClOrdID"),
    ("forget_id(&s.by_order_id, 0, o[bid].order_id, bid)", "order 1: not found by its OrderID"),
    ("forget_id(&s.by_cl_ord_id, A, bid, bid)", "order 1: not found by its ClOrdID"),
    ("enter_id(&s.by_order_id, id_index_place(&s.by_order_id, 0, 77), 0, 77, bid)",
     "55 names for 27 live orders, expected two each"),
    ("s.last_order_id = resting - 1", "order 26: an id above its counter"),
    ("sessions[A].mark = crossing_ask - 1", "order 25: an id above its counter"),
    ("s.pool.live += 1", "27 live orders, counted 28"),
    ("s.pool.free_head = bid", "slot 1: said to be free"),
    ("s.pool.free_head = s.pool.touched + 1", r"slot \d+: said to be free"),
    ("s.pool.free_head = 0", "27 slots in use and 0 free of 29 ever taken"),
    ("o[gone].next = gone", r"27 slots in use and \d+ free of 29 ever taken"),
    ("sessions[A].senders = 0", r"session 1: senders are \(0, \d+\), not what"),
    ("sessions[A].may_send = 0", r"session 1: senders are \(\d+, 0\), not what"),
    ("sessions[A].open_orders += 1", r"session 1: \d+ live orders, counted \d+"),
]
DEADLINES = [
    ("s.deadlines[1], s.deadlines[2] = s.deadlines[2], s.deadlines[1]", r"slot 16\): place 1 among the deadlines"),
    ("s.deadlines[1] = bid", r"slot 1\): place 1 among the deadlines"),
    ("s.time = 2_000_000", r"slot 15\): place 1 among the deadlines, time 2000000"),
    ("x[timed_2].expire_time = x[timed].expire_time - 1", r"slot 16\): due before the one above it"),
    ("s.deadlines_count -= 1", "3 orders have an ExpireTime, 2 are among the deadlines"),
    ("s.next_deadline -= 1", "the next deadline is 1000010, a call ends at 1000010; kept 1000009 and 1000010"),
    ("s.next_call_end = INT64_MAX", "a call ends at 1000010; kept 1000010 and 9223372036854775807"),
    ("i[LATE].call_end += 1", "the next deadline is 1000011, a call ends at 1000011; kept 1000010"),
]
RISK = [
    ("o[bid].account = 0", r"order 1: account 0 of \d+"),
    ("o[bid].account = s.accounts.count + 1", r"order 1: account \d+ of \d+"),
    ("o[bid].account = empty", "order 1: in the account of participant 2 in 5"),
    ("accounts[empty].participant = 4", "account of participant 4 in 5: no such participant or instrument"),
    ("accounts[empty].instrument = 0", "account of participant 2 in 0: no such participant or instrument"),
    ("accounts[empty].instrument = X", "account of participant 2 in 1: is not found, or is there twice"),
    ("accounts[account].open_orders += 1", r"account of participant 1 in 1: \d+ live orders, counted \d+"),
    ("accounts[account].open_quantity[0] += 1",
     r"account of participant 1 in 1: open (\d+) and \d+, counted (?!\1)\d+"),
    ("accounts[account].open_quantity[1] += 1",
     r"account of participant 1 in 1: open \d+ and (\d+), counted \d+ and (?!\1)"),
    ("accounts[account].room = INT64_MAX", r"account of participant 1 in 1: room for \d+ more, but there is -?\d+"),
    ("accounts[account].position = INT64_MAX",
     "account of participant 1 in 1: position 9223372036854775807 and what is open"),
    ("terms[account].notional.currency_place = 0", "account of participant 1 in 1: its currency stands at 1, kept 0"),
    ("accounts[account].flags &= ~NOTIONAL_LIMITED", "account of participant 1 in 1: flags"),
    ("accounts[empty].flags |= GROSS_TRACKED", "account of participant 2 in 5: flags"),
    ("terms[account].notional.gross += 1",
     "participant 1 instrument 1: the gross notional of its orders is not the one kept"),
    ("p[FIRM].currencies[0].gross -= 1",
     "participant 1 instrument 0: the gross notional of its orders is not the one kept"),
    ("terms[empty].notional.gross = 1",
     "participant 2 instrument 5: the gross notional of its orders is not the one kept"),
    ("p[FIRM].open_orders += 1", r"participant 1: \d+ live orders, counted \d+"),
    ("p[FIRM].rate_level = 1_000_001", "participant 1: 1000001 in its bucket"),
    ("p[FIRM].rate_time = s.time + 1", "participant 1: its bucket was filled in the future"),
    ("p[IDLE].currencies_count = 9", "participant 3: limits in 9 currencies"),
    ("p[FIRM].currencies[1].currency = p[FIRM].currencies[0].currency", "participant 1: limits in one currency twice"),
    ("accounts[account].position += 1", "instrument 1: positions add up to 4, adjusted 3"),
    ("i[X].position_adjusted -= 1", "instrument 1: positions add up to 3, adjusted 2"),
    ("s.accounts.seats[ACCOUNT_SEATS - 1] = empty", r"(\d+) accounts in the map, counted (?!\1)\d+"),
]
FAULTS = QUEUES + STANDING + STOPS + INSTRUMENTS + LADDERS + ORDERS + DEADLINES + RISK


def source() -> str:
    """The module: a function for each row."""
    named = {name: value for name, value in vars(standing_market).items() if type(value) is int and name not in vars(c)}
    named |= {slot.name.lower(): slot.value for slot in Slot}
    constants = "".join(f"    {name} = {value}\n" for name, value in named.items())
    functions = (FUNCTION.format(number=number, statement=statement) for number, (statement, _) in enumerate(FAULTS))
    return HEAD + constants + "".join(functions)


@pytest.fixture(scope="module")
def faults(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Callable[[Engine], None]]:
    """What breaks an engine, by its statement."""
    folder = tmp_path_factory.mktemp("breaker")
    (folder / "breaker.pyx").write_text(source())
    (folder / "setup.py").write_text(BUILD.format(headers=str(PACKAGE), packages=str(PACKAGE.parents[1])))
    quiet = {key: value for key, value in c_programs.environment().items() if key != "LD_PRELOAD"}
    done = subprocess.run([sys.executable, "-P", "setup.py", "-q", "build_ext", "--inplace"], cwd=folder, env=quiet,
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout[-3000:]
    spec = importlib.util.spec_from_file_location("breaker", next(folder.glob("breaker*.so")))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {statement: getattr(module, f"fault_{number}") for number, (statement, _) in enumerate(FAULTS)}


@pytest.mark.parametrize(("statement", "message"), FAULTS, ids=[statement for statement, _ in FAULTS])
def test_what_is_broken_is_named(faults, statement, message):
    engine = standing(Engine)
    faults[statement](engine)
    with pytest.raises(AssertionError, match=message):
        engine.check()


def test_no_fault_stands_there_twice():
    assert len({statement for statement, _ in FAULTS}) == len(FAULTS)
