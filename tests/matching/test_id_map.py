"""ClOrdIDs that find their place in the array taken, and were chosen to hurt the map that keeps them."""

import threading

import commands as c
import pytest

from pricetime.matching.engine import Engine

CAPACITY = 64
PLACES = 2 * CAPACITY           # of the array, and of the map
STRIDE = PLACES * 618034 // 1000000 | 1     # what lies between the ids of two sessions in it
GOLDEN = 0x9E3779B97F4A7C15


def folded(number: int) -> int:
    product = number % 2**64 * 0xD6E8FEB86659FD93
    return (product ^ product >> 64) % 2**64


def bucket_of(session: int, cl_ord_id: int) -> int:
    """The bucket in which the map of an engine of CAPACITY orders keeps an id, for who knows its secret."""
    return (folded((cl_ord_id >> 3) + folded(session * GOLDEN)) >> 32 & PLACES - 1) // 8


def first_place(session: int) -> int:
    """Where in the array of an engine of CAPACITY orders a session's ids begin."""
    return session * STRIDE % PLACES


def engine_with_a_market() -> Engine:
    engine = Engine(CAPACITY)
    c.apply(engine, c.define_participant(1, "p"), c.define_session(1, "s", 1), c.define_instrument(1, "I"))
    return engine


def ids_of_bucket(bucket: int, above: int, count: int) -> list[int]:
    """All with one place in the array: each but the first goes to the map."""
    found: list[int] = []
    above += -above % PLACES
    while len(found) < count:
        above += PLACES
        if bucket_of(1, above) == bucket:
            found.append(above)
    return found


def test_a_search_for_an_unknown_id_ends_whatever_the_ids_were():
    """A few orders that were put far from their place make every bucket on the way look as if a search had to go on."""
    engine = engine_with_a_market()
    mark = 0
    for kept, bucket in enumerate((0, 6, 12)):
        ids = ids_of_bucket(bucket, mark, CAPACITY - kept)
        c.apply(engine, *(c.new(1, id, 1, c.BUY, 1, 10) for id in ids))
        mark = ids[-1] + len(ids)
        c.apply(engine, *(c.cancel(1, ids[-1] + 1 + at, 1, id) for at, id in enumerate(ids[:-1])))
        engine.check()
    told: list[tuple] = []
    cancel = c.cancel(1, mark + 1, 1, mark + 1000)
    searching = threading.Thread(target=lambda: told.extend(c.told(engine, cancel)), daemon=True)
    searching.start()
    searching.join(10)
    assert told == [("ORDER_CANCEL_REJECT", mark + 1, "UNKNOWN_ORDER")]


@pytest.mark.parametrize("stride", [1, 8, 64, 1 << 20, 1 << 40, 1 << 55])
def test_orders_are_found_by_ids_of_any_stride(stride):
    engine = engine_with_a_market()
    ids = [stride * (1 + at) for at in range(CAPACITY)]
    c.apply(engine, *(c.new(1, id, 1, c.BUY, 1, 10) for id in ids))
    engine.check()
    for at, id in enumerate(reversed(ids)):
        assert c.told(engine, c.cancel(1, ids[-1] + 1 + at, 1, id)) == [("CANCELED", ids[-1] + 1 + at)]
    engine.check()


def test_sessions_whose_ids_meet_in_one_place_find_their_own() -> None:
    """Sessions whose multiples of the stride fall into one place of the array have all places in common."""
    engine = Engine(CAPACITY)
    far = next(session for session in range(2, 65_536) if first_place(session) == first_place(1))
    c.apply(engine, c.define_participant(1, "p"), c.define_instrument(1, "I"),
            *(c.define_session(number, f"s{number}", 1) for number in range(1, far + 1)))
    c.apply(engine, c.new(1, 5, 1, c.BUY, 1, 10))
    assert c.told(engine, c.cancel(far, 5, 1, 5)) == [("ORDER_CANCEL_REJECT", 5, "UNKNOWN_ORDER")]
    assert c.told(engine, c.replace(far, 6, 1, 5, 2, 10, side=c.BUY, ord_type=c.LIMIT)) == [
        ("ORDER_CANCEL_REJECT", 6, "UNKNOWN_ORDER")]
    c.apply(engine, c.new(far, 7, 1, c.BUY, 1, 11), c.new(1, 7, 1, c.BUY, 1, 12))      # and that one is displaced
    engine.check()
    assert c.told(engine, c.replace(1, 8, 1, 7, 2, 9, side=c.BUY, ord_type=c.LIMIT)) == [("REPLACED", 8, 2)]
    assert c.told(engine, c.cancel(far, 8, 1, 7)) == [("CANCELED", 8)]
    assert c.told(engine, c.cancel(1, 9, 1, 8), c.cancel(1, 10, 1, 5)) == [("CANCELED", 9), ("CANCELED", 10)]
    engine.check()
