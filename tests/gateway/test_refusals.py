"""Why an engine refused: the field that is to blame, for every reason that gateway/refusals.py knows."""

from decimal import Decimal

import pytest

from pricetime.gateway import messages as m
from pricetime.gateway.codec import Codec
from pricetime.gateway.refusals import refusal
from pricetime.matching.engine import Engine
from pricetime.matching.records import Reason
from pricetime.matching.reference.engine import Engine as ReferenceEngine

DEFINED = [
    m.PartyDefinition(participant="firm"),
    m.PartyDefinition(participant="other"),
    m.SessionDefinition(session_name="alice", participant="firm"),
    m.SecurityDefinition(symbol="ACME", currency="EUR", price_scale=2, tick_size=Decimal("0.05"), lot_size=Decimal(2)),
    m.SecurityDefinition(symbol="FREE", tick_size=Decimal(1), lot_size=Decimal(1), call_duration=5),
    m.TradingSessionStatus(symbol="ACME", phase="PreOpen", trade_date=20230711),
]


def acme(**fields):
    return m.SecurityDefinition(symbol="ACME", **fields)


def new(**fields):
    return m.SecurityDefinition(symbol="NEW", **fields)


def firm(**fields):
    return m.RiskLimits(participant="firm", **fields)


def decimal(text):
    return Decimal(text)


EIGHT = [firm(currency=f"C{number}", max_order_notional=Decimal(1)) for number in range(8)]


@pytest.mark.parametrize("engine_type", [Engine, ReferenceEngine])
@pytest.mark.parametrize(
    ("before", "message", "said"),
    [
        ([], new(tick_size=decimal(0)), "TickSize: found 0, expected more than 0 (TICK_INVALID)"),
        ([], new(tick_size=decimal(1), lot_size=decimal(-2)), "LotSize: found -2, expected more than 0 (LOT_INVALID)"),
        ([], acme(currency="USD"), "Currency: found 'USD', expected 'EUR', which it has for ever (TERMS_CHANGED)"),
        ([], acme(price_scale=3, tick_size=decimal("0.05")), "PriceScale: found 3, expected 2, which it has for ever"),
        ([], acme(qty_scale=1, lot_size=decimal(2)), "QtyScale: found 1, expected 0, which it has for ever ("),
        ([], acme(tick_size=decimal("0.01")), "TickSize: found 0.01, expected 0.05, which it has for ever ("),
        ([], acme(lot_size=decimal(1)), "LotSize: found 1, expected 2, which it has for ever (TERMS_CHANGED)"),
        ([], acme(price_may_be_negative=True), "PriceMayBeNegative: found true, expected false, which it has for ever"),
        ([], acme(hidden_allowed=True), "HiddenAllowed: found true, expected false, which it has for ever"),
        ([], acme(iceberg_parts_max=7), "IcebergPartsMax: found 7, expected 100, which it has for ever"),
        ([], acme(collar=decimal(-1)), "Collar: found -1, expected 0 or more (LIMIT_INVALID)"),
        ([], acme(dynamic_band=decimal(-1), call_duration=1), "DynamicBand: found -1, expected 0 or more"),
        ([], acme(static_band=decimal(-1), call_duration=1), "StaticBand: found -1, expected 0 or more"),
        ([], acme(dynamic_band=decimal(1)), "DynamicBand: found 1, expected a call duration beside it"),
        ([], acme(static_band=decimal(1)), "StaticBand: found 1, expected a call duration beside it"),
        ([], acme(collar=decimal(1), static_band=decimal(1)), "StaticBand: found 1, expected a call duration beside"),
        ([], acme(call_duration=0), "CallDuration: found 0, expected 1 or more"),
        ([], acme(max_order_qty=decimal(0)), "MaxOrderQty: found 0, expected more than 0"),
        ([], acme(reference_price=decimal(0)), "ReferencePrice: found 0, expected more than 0"),
        ([], acme(reference_price=decimal("0.07")), "ReferencePrice: found 0.07, expected a multiple of the tick size"),
        (
            [], new(tick_size=decimal("0.5"), price_may_be_negative=True, reference_price=decimal("-0.3")),
            "ReferencePrice: found -0.3, expected a multiple of the tick size, 0.5",
        ),
        ([], m.SecurityDefinition(symbol="a\n"), "Symbol: found 'a\\n', expected 1 to 48 bytes of UTF-8 without contr"),
        ([], m.SecurityDefinition(symbol="X", security_id=9), "SecurityID: found 9, expected 1 to 3 (ID_OUT_OF_SEQUEN"),
        ([], m.SecurityDefinition(symbol="FREE", security_id=1), "Symbol: found 'FREE', expected a name that only id"),
        ([], m.SecurityDefinition(symbol="X", security_id=1), "Symbol: found 'X', expected the name that this id has"),
        ([], m.PartyDefinition(participant=""), "Participant: found '', expected 1 to 48 bytes of UTF-8"),
        ([], m.PartyDefinition(participant="x", party_id=7), "PartyID: found 7, expected 1 to 3 (ID_OUT_OF_SEQUENCE)"),
        ([], m.SessionDefinition(session_name="", participant="firm"), "SessionName: found '', expected 1 to 48 bytes"),
        (
            [], m.SessionDefinition(session_name="alice", participant="other"),
            "Participant: found 'other', expected 'firm', whose it is for ever (PARTICIPANT_CHANGED)",
        ),
        ([], firm(max_position=decimal(1)), "MaxPosition: found 1, expected none, or a symbol beside it (LIMIT_INVALI"),
        ([], firm(max_order_qty=decimal(1)), "MaxOrderQty: found 1, expected none, or a symbol beside it"),
        ([], firm(max_open_qty=decimal(1)), "MaxOpenQty: found 1, expected none, or a symbol beside it"),
        ([], firm(symbol="ACME", rate_tokens=1, rate_interval=1), "RateTokens: found 1, expected none: only a whole p"),
        (
            [], firm(symbol="ACME", currency="USD", max_order_notional=decimal(1)),
            "Currency: found 'USD', expected the instrument's, 'EUR', or none (LIMIT_INVALID)",
        ),
        ([], firm(rate_tokens=0, rate_interval=1), "RateTokens: found 0, expected 1 or more (LIMIT_INVALID)"),
        ([], firm(rate_tokens=1, rate_interval=0), "RateInterval: found 0, expected 1 or more"),
        ([], firm(rate_tokens=2**40, rate_interval=2**40), "RateTokens: found 1099511627776, expected at most 8388607"),
        (EIGHT, firm(currency="C8", max_order_notional=decimal(1)), "Currency: found 'C8', expected one of the 8 that"),
        (
            [], m.TradingSessionStatus(symbol="ACME", phase="Closed", trade_date=20231399),
            "TradeDate: found 20231399, expected a day like 20230711 (yyyymmdd), 20230711 or later (TRADE_DATE_INVALID",
        ),
        ([], m.TradingSessionStatus(symbol="FREE", phase="Closed", trade_date=-5), "TradeDate: found -5, expected a d"),
        ([], m.TradingSessionStatus(symbol="ACME", phase="PreOpen"), "PHASE_UNCHANGED"),
    ],
)
def test_a_refusal_names_field_found_and_expected(engine_type, before, message, said):
    codec, engine = Codec(), engine_type()
    for command in (*DEFINED, *before):
        assert not any(codec.events(engine.apply(codec.encode(command)))) or isinstance(command, m.TradingSessionStatus)
    [event] = engine.apply(codec.encode(message))
    assert refusal(message, Reason(int(event["reason"])), engine).startswith(said)
