"""What the fast engine counts of risk as orders come and go, to the ends of 64 and 128 bits; worked out by hand."""

import commands as c
import pytest
from commands import BUY, SELL, apply, refused

from pricetime.matching import records
from pricetime.matching.engine import Engine

INT64_MAX = (1 << 63) - 1
NOTIONAL_MAX = (1 << 127) - 1
ALL_ONES = (1 << 128) - 1
FIRM, OTHER = 1, 2
ONES, CENTS, FINE = 1, 2, 3     # instruments: scales 0 and 0, 2 and 1, 18 and 18; the last two in EUR


def market(order_capacity: int) -> Engine:
    engine = Engine(order_capacity)
    assert apply(
        engine,
        c.define_participant(FIRM, "firm"), c.define_participant(OTHER, "other"),
        c.define_session(1, "a", FIRM), c.define_session(2, "b", OTHER),
        c.define_instrument(ONES, "ONES", c.terms_line(negative=True)),
        c.define_instrument(CENTS, "CENTS", c.terms_line(price_scale=2, qty_scale=1), currency=b"EUR"),
        c.define_instrument(FINE, "FINE", c.terms_line(price_scale=18, qty_scale=18, negative=True), currency=b"EUR"),
    ) == []
    return engine


@pytest.fixture
def engine() -> Engine:
    """Room for two orders, so that each may be nearly as large as 2^62."""
    return market(2)


def buy(cl_ord_id: int, quantity: int, price: int, instrument: int = ONES, session: int = 1, **fields) -> bytes:
    return c.new(session, cl_ord_id, instrument, BUY, quantity, price, **fields)


def accepted(engine: Engine, command: bytes) -> None:
    assert [c.brief(event)[0] for event in apply(engine, command)] == ["NEW"]
    engine.check()


def gross(amount: int, scale: int = 0, currency: bytes = b"") -> bytes:
    return c.open_limits_line(gross=amount, scale=scale, currency=currency)


# ---------------------------------------------------------------------------------------------- 64 bits


def test_positions_to_the_ends_of_63_bits(engine):
    apply(engine, c.position_adjust(FIRM, ONES, INT64_MAX - 5))
    assert refused(engine, buy(1, 6, 100)) == "OVERFLOW"
    accepted(engine, buy(2, 5, 100))
    assert refused(engine, c.replace(1, 3, ONES, 2, 6, 100)) == "OVERFLOW"
    assert c.told(engine, c.replace(1, 4, ONES, 2, 4, 101)) == [("REPLACED", 4, 4)]
    assert refused(engine, c.position_adjust(FIRM, ONES, INT64_MAX - 3)) == "OVERFLOW"
    assert apply(engine, c.new(2, 1, ONES, SELL, 4, 101, tif=c.IOC))[-1].leaves_qty == 0
    assert engine.accounts["position"].tolist() == [INT64_MAX - 1, -4]
    assert int(engine.instruments["position_adjusted"][0]) == INT64_MAX - 5
    engine.check()


def test_positions_that_wrap_add_up_modulo_64_bits(engine):
    assert apply(engine, *(c.position_adjust(firm, ONES, INT64_MAX) for firm in (FIRM, OTHER))) == []
    assert int(engine.instruments["position_adjusted"][0]) == (1 << 64) - 2
    engine.check()
    assert Engine.load(engine.dump()).dump() == engine.dump()
    assert refused(engine, c.position_adjust(FIRM, ONES, -INT64_MAX - 1)) == "OVERFLOW"


def test_a_position_limit_of_all_63_bits_is_one(engine):
    apply(engine, c.position_adjust(FIRM, ONES, -INT64_MAX),
          c.risk_limits(FIRM, ONES, c.open_limits_line(position=INT64_MAX)))
    assert refused(engine, c.new(1, 1, ONES, SELL, 1, 100)) == "POSITION_LIMIT"
    accepted(engine, buy(2, 1, 100))
    assert int(engine.accounts["position_limit"][0]) == INT64_MAX
    apply(engine, c.risk_limits(FIRM, ONES, c.open_limits_line(position=-1)))
    assert int(engine.accounts["position_limit"][0]) == records.NO_LIMIT
    assert refused(engine, c.new(1, 3, ONES, SELL, 1, 100)) == "OVERFLOW"


def test_two_orders_of_half_of_all_there_is(engine):
    half = INT64_MAX // 2
    accepted(engine, buy(1, half, 100))
    accepted(engine, buy(2, half, 101))
    assert c.told(engine, c.replace(1, 3, ONES, 1, half, 99)) == [("REPLACED", 3, half)]
    assert refused(engine, buy(4, 1, 100)) == "ORDER_POOL_FULL"
    assert refused(engine, buy(5, half, 100)) == "OVERFLOW"     # comes before the pool
    apply(engine, c.risk_limits(FIRM, ONES, c.open_limits_line(quantity=INT64_MAX)))
    assert refused(engine, c.new(1, 6, ONES, SELL, half, 200)) == "OPEN_QUANTITY_LIMIT"


def test_an_open_orders_limit_beyond_32_bits_is_kept_as_it_is(engine):
    for limit in (1 << 32, INT64_MAX, (1 << 32) - 1):
        apply(engine, c.risk_limits(FIRM, ONES, c.open_limits_line(orders=limit)),
              c.risk_limits(FIRM, 0, c.open_limits_line(orders=limit)))
        assert int(engine.accounts["open_orders_limit"][0]) == int(engine.participants["open_orders_limit"][0]) == limit
    accepted(engine, buy(1, 1, 100))


# --------------------------------------------------------------------------------------------- 128 bits


def test_the_greatest_notional(engine):
    """2^63 x (2^62 - 1) = 2^125 - 2^63, at the lowest price that there is."""
    half, lowest = INT64_MAX // 2, -INT64_MAX - 1
    value = (1 << 63) * half
    for limit, reason in ((value - 1, "ORDER_NOTIONAL_LIMIT"), (value, "")):
        apply(engine, c.risk_limits(FIRM, ONES, c.order_limits_line(notional=limit)))
        if reason:
            assert refused(engine, buy(1, half, lowest)) == reason
        else:
            accepted(engine, buy(2, half, lowest))
    assert apply(engine, c.risk_limits(FIRM, ONES, gross(value))) == []
    assert refused(engine, buy(3, 1, -1)) == "GROSS_NOTIONAL_LIMIT"
    accepted(engine, buy(4, 1, 0))


def test_a_scale_that_carries_a_value_beyond_127_bits(engine):
    """10^k x value: 10^18 x 10^18 has 120 bits, with 36 digits more it does not fit, and is above every limit."""
    apply(engine, c.risk_limits(FIRM, ONES, c.order_limits_line(notional=NOTIONAL_MAX, scale=36)))
    assert refused(engine, buy(1, 1000, 1)) == "ORDER_NOTIONAL_LIMIT"      # 10^39 > 2^127
    assert NOTIONAL_MAX // 10**36 == 170
    assert refused(engine, buy(2, 171, 1)) == "ORDER_NOTIONAL_LIMIT"
    accepted(engine, buy(3, 170, 1))
    assert refused(engine, c.risk_limits(FIRM, ONES, gross(1, 37))) == "LIMIT_INVALID"
    assert apply(engine, c.risk_limits(FIRM, ONES, gross(NOTIONAL_MAX, 36))) == []
    assert refused(engine, buy(4, 1, 1)) == "GROSS_NOTIONAL_LIMIT"
    engine.check()


def test_gross_that_does_not_fit_at_the_new_scale_is_refused_and_changes_nothing(engine):
    accepted(engine, buy(1, 170, 1))
    accepted(engine, buy(2, 1, 1))
    before = engine.dump()[128:]
    assert refused(engine, c.risk_limits(FIRM, ONES, c.order_limits_line(quantity=5), gross(5, 36))) == "OVERFLOW"
    assert refused(engine, c.risk_limits(FIRM, 0, gross(5, 36))) == "OVERFLOW"
    assert engine.dump()[128:] == before
    assert apply(engine, c.risk_limits(FIRM, 0, gross(5, 35))) == []
    engine.check()


def test_values_are_rounded_up_each_order_by_itself_and_followed_to_nothing():
    """CENTS: scales of 2 and 1 make thousandths. In whole units each of these orders is 1."""
    engine = market(3)
    apply(engine, c.risk_limits(FIRM, 0, gross(2, 0, b"EUR")))
    accepted(engine, buy(1, 3, 7, CENTS))                   # 0.021 -> 1
    accepted(engine, buy(2, 1, 1, FINE))                    # 10^-36 -> 1
    assert refused(engine, c.replace(1, 3, CENTS, 1, 1001, 1)) == "GROSS_NOTIONAL_LIMIT"    # 1.001 -> 2
    assert c.told(engine, c.replace(1, 4, CENTS, 1, 1000, 1)) == [("REPLACED", 4, 1000)]    # 1.000 -> 1
    engine.check()
    assert apply(engine, c.new(2, 1, CENTS, SELL, 999, 1, tif=c.IOC))[1].leaves_qty == 1    # 0.001 -> 1
    engine.check()
    assert apply(engine, c.new(2, 2, CENTS, SELL, 1, 1, tif=c.IOC))[1].leaves_qty == 0
    engine.check()
    assert refused(engine, buy(5, 1001, 1, CENTS)) == "GROSS_NOTIONAL_LIMIT"
    accepted(engine, buy(6, 1000, 1, CENTS))


def test_an_account_opened_after_its_participants_limit_counts_towards_it(engine):
    apply(engine, c.risk_limits(FIRM, 0, c.order_limits_line(notional=10, currency=b"EUR")))
    assert refused(engine, buy(1, 10001, 1, CENTS)) == "ORDER_NOTIONAL_LIMIT"
    accepted(engine, buy(2, 10000, 1, CENTS))
    assert refused(engine, buy(3, 10001, 1, CENTS)) == "ORDER_NOTIONAL_LIMIT"
    accepted(engine, buy(4, 11, 1, ONES))                   # no currency: another limit's


# -------------------------------------------------------------------------------------------- currencies


def test_a_ninth_currency_has_no_place(engine):
    for letter in b"ABCDEFG":
        assert apply(engine, c.risk_limits(FIRM, 0, gross(9, 1, bytes([letter])))) == []
    two = (c.order_limits_line(notional=1, currency=b"H"), gross(1, 0, b"I"))
    assert refused(engine, c.risk_limits(FIRM, 0, *two)) == "TABLE_FULL"
    assert len(engine.notional_limits) == 7
    one = (c.order_limits_line(notional=1, currency=b"H"), gross(1, 0, b"H"))
    assert apply(engine, c.risk_limits(FIRM, 0, *one)) == []
    assert refused(engine, c.risk_limits(FIRM, 0, gross(ALL_ONES, 0, b"I"))) == "TABLE_FULL"
    assert apply(engine, c.risk_limits(FIRM, 0, gross(ALL_ONES, 0, b"A")),
                 c.risk_limits(OTHER, 0, gross(1, 0, b"I"))) == []
    rows = engine.notional_limits
    assert rows["currency"].tolist() == [b"A", b"B", b"C", b"D", b"E", b"F", b"G", b"H", b"I"]
    assert rows["participant"].tolist() == [FIRM] * 8 + [OTHER]
    assert (rows["gross_low"].tolist()[:2], rows["presence"].tolist()[:2], rows["gross_scale"].tolist()[:2]) == (
        [0, 9], [0, records.HAS_GROSS_NOTIONAL_LIMIT], [0, 1])
    assert Engine.load(engine.dump()).dump() == engine.dump()


# ---------------------------------------------------------------------------------------------- accounts


def test_accounts_of_many_participants_in_many_instruments_are_kept_apart():
    engine, firms, instruments = Engine(), 40, 100
    assert apply(
        engine,
        *(c.define_participant(id, f"p{id}") for id in range(1, firms + 1)),
        *(c.define_instrument(id, f"i{id}") for id in range(1, instruments + 1)),
        *(c.position_adjust(firm, id, firm * 1000 + id)
          for id in range(instruments, 0, -1) for firm in range(1, firms + 1)),
    ) == []
    engine.check()
    expected = [firm * 1000 + id for firm in range(1, firms + 1) for id in range(1, instruments + 1)]
    assert engine.accounts["position"].tolist() == expected
    loaded = Engine.load(engine.dump())
    loaded.check()
    assert loaded.dump() == engine.dump()


def test_a_session_that_goes_from_instrument_to_instrument(engine):
    """The account that a session used last is remembered: never the wrong one, and none before it is open."""
    limits = c.risk_limits(FIRM, CENTS, c.order_limits_line(quantity=1))
    apply(engine, c.position_adjust(FIRM, ONES, 0), limits)
    for cl_ord_id, instrument, reason in ((1, ONES, ""), (2, CENTS, "ORDER_QUANTITY_LIMIT"), (3, ONES, ""),
                                          (4, CENTS, "ORDER_QUANTITY_LIMIT")):
        if reason:
            assert refused(engine, buy(cl_ord_id, 2, 100, instrument)) == reason
        else:
            accepted(engine, buy(cl_ord_id, 2, 100, instrument))
    apply(engine, c.mass_cancel(1, 5))
    accepted(engine, buy(6, 2, 100, FINE))
    assert engine.accounts["instrument"].tolist() == [ONES, CENTS, FINE]
