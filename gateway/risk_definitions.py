"""What [[risk]] of a venue.toml says and the state does not, as RiskLimits for the venue to journal at its start.

Owns the comparison of limits. A limit that the file does not name stays as it is: risk managers set them too.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from pricetime.gateway import messages as m
from pricetime.gateway.config import NO_LIMIT_KEY, RISK_OF_ACCOUNT, RISK_OF_PARTICIPANT, Config, RiskSection
from pricetime.gateway.decimals import decimal_of
from pricetime.gateway.layout import by_name, text_of
from pricetime.matching import records
from pricetime.matching.interface import EitherEngine

Limits = dict[str, Decimal | int | None]    # by key of the file; None: no limit
NS_PER_MS = 1_000_000


def risk_differences(config: Config, engine: EitherEngine) -> Iterator[m.RiskLimits]:
    """One RiskLimits for each [[risk]] of which any limit differs, with those that differ."""
    in_force = LimitsInForce(engine)     # no two sections are about one limit (config.py)
    for section in config.risk:
        present = in_force.of(section)
        wanted = _wanted(section)
        changed = {key: value for key, value in wanted.items() if key not in present or present[key] != value}
        if "rate_tokens" in changed or "rate_interval" in changed:
            changed |= {key: wanted[key] for key in ("rate_tokens", "rate_interval") if key in wanted}
        if changed:
            fields: dict[str, Any] = changed
            yield m.RiskLimits(
                participant=section.participant, symbol=section.symbol, currency=section.currency, **fields
            )


def unnamed_limits(config: Config, engine: EitherEngine) -> Iterator[str]:
    """A line for each participant, currency and instrument with limits in the state that the file does not name."""
    named = {
        (section.participant, section.symbol, currency, key)
        for section in config.risk for currency in (None, section.currency or "")
        for key in (*RISK_OF_PARTICIPANT, *RISK_OF_ACCOUNT) if getattr(section, key) is not None
    }
    for participant, symbol, currency, limits in _in_force(engine):
        left = [
            key for key, value in limits.items()
            if value is not None and (participant, symbol, currency, key) not in named
        ]
        if left:
            of = f"{participant!r}" + (f" in {symbol!r}" if symbol else f" in {plain(currency)}" if currency else "")
            yield (
                f"limits of {of} ({', '.join(left)}) are in the log but not in the configuration: they stay as they are"
            )


def _in_force(engine: EitherEngine) -> Iterator[tuple[str, str | None, str | None, Limits]]:
    """Participant, symbol, currency (None: whatever the section says) and limits, by key of the file."""
    names = [row["name"].decode() for row in engine.participants]
    instruments = engine.instruments    # each look is a dump of the state
    for row in engine.participants:
        rate = int(row["rate_tokens"]) if row["presence"] & records.HAS_MESSAGE_RATE else None
        limits = {"rate_tokens": rate, "max_open_orders": _units(row["open_orders_limit"])}
        yield row["name"].decode(), None, None, limits
    for row in engine.notional_limits:
        yield names[int(row["participant"]) - 1], None, text_of(row["currency"]), _notionals(row)
    for row in engine.accounts:
        instrument = instruments[int(row["instrument"]) - 1]
        limits = _of_account(row, int(instrument["qty_scale"]))
        yield names[int(row["participant"]) - 1], instrument["name"].decode(), None, limits


def plain(currency: str) -> str:
    """A currency as it is; a client's control characters are not for the operator's terminal."""
    return currency if currency.isprintable() else repr(currency)


def _wanted(section: RiskSection) -> Limits:
    """The limits that the file names, as RiskLimits has them."""
    keys = RISK_OF_PARTICIPANT if section.symbol is None else RISK_OF_ACCOUNT
    values = {key: getattr(section, key) for key in keys}
    limits: Limits = {
        key: None if value == NO_LIMIT_KEY else value for key, value in values.items() if value is not None
    }
    interval = limits.pop("rate_interval_ms", None)
    if interval is not None:
        limits["rate_interval"] = interval * NS_PER_MS
    return limits


class LimitsInForce:
    """The limits that an engine has, looked up by name. Each look at the state is a dump of it, and a file may name
    thousands: so it is looked at once, and not changed meanwhile."""

    def __init__(self, engine: EitherEngine) -> None:
        self._participants, self._instruments = by_name(engine.participants), by_name(engine.instruments)
        self._notionals = {(int(row["participant"]), text_of(row["currency"])): row for row in engine.notional_limits}
        self._accounts = {(int(row["participant"]), int(row["instrument"])): row for row in engine.accounts}

    def of(self, section: RiskSection | m.RiskLimits) -> Limits:
        """By key; a participant or an account that is not there yet has none."""
        participant = self._participants.get(section.participant)
        if section.symbol is None:
            return self._of_participant(participant, section.currency or "")
        limits: Limits = dict.fromkeys(RISK_OF_ACCOUNT)
        instrument = self._instruments.get(section.symbol)
        if participant is not None and instrument is not None:
            row = self._accounts.get((int(participant["id"]), int(instrument["id"])))
            if row is not None:
                limits |= _of_account(row, int(instrument["qty_scale"]))
        return limits

    def _of_participant(self, row: Any, currency: str) -> Limits:
        limits: Limits = dict.fromkeys(key.removesuffix("_ms") for key in RISK_OF_PARTICIPANT)
        if row is None:
            return limits
        limits["max_open_orders"] = _units(row["open_orders_limit"])
        if row["presence"] & records.HAS_MESSAGE_RATE:
            limits |= {"rate_tokens": int(row["rate_tokens"]), "rate_interval": int(row["rate_interval"])}
        notionals = self._notionals.get((int(row["id"]), currency))
        return limits if notionals is None else limits | _notionals(notionals)


def _of_account(row: Any, qty_scale: int) -> Limits:
    return {
        "max_order_qty": _units(row["order_quantity_limit"], qty_scale),
        "max_open_orders": _units(row["open_orders_limit"]),
        "max_open_qty": _units(row["open_quantity_limit"], qty_scale),
        "max_position": _units(row["position_limit"], qty_scale),
    } | _notionals(row)


def _units(value: Any, scale: int = 0) -> Decimal | None:
    return None if int(value) == records.NO_LIMIT else decimal_of(int(value), scale)


def _notionals(row: Any) -> Limits:
    """Both notional limits of a participant in a currency, or of an account."""
    limits: Limits = {}
    for key, field, bit in (
        ("max_order_notional", "order", records.HAS_ORDER_NOTIONAL_LIMIT),
        ("max_gross_notional", "gross", records.HAS_GROSS_NOTIONAL_LIMIT),
    ):
        units = int(row[f"{field}_high"]) << 64 | int(row[f"{field}_low"])
        limits[key] = decimal_of(units, int(row[f"{field}_scale"])) if row["presence"] & bit else None
    return limits
