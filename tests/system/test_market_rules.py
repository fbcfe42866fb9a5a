"""The rules of the market through a running venue: time that only the venue's clock brings, mass cancel, kill switch,
limits of the configuration; and what its log prints, taken again by both engines."""

import re
import time
from decimal import Decimal

import pytest
from flow import play

from pricetime.gateway import json_lines
from pricetime.gateway.cli import log
from pricetime.gateway.client import Client
from pricetime.gateway.venue import Venue
from pricetime.journal import Reader
from pricetime.journal.verify import verify
from pricetime.matching.engine import Engine
from pricetime.matching.errors import UserError
from pricetime.matching.records import CommandType
from tests.system.venues import said, some, write_config

RISK_MANAGER = """
hidden_allowed = true
[[session]]
name = "risky"
participant = "firm"
rights = ["Risk"]
"""
LIMITS = """
collar = "50"
[[risk]]
participant = "firm"
symbol = "ACME"
max_order_qty = 100
"""


def write_limits(directory, text=LIMITS):
    file = write_config(directory)
    file.write_text(file.read_text() + text)
    return file


def clocks(directory):
    return sum(int((lines["type"] == CommandType.CLOCK).sum()) for lines in Reader(directory))


def test_an_order_expires_though_nobody_sends_anything(venue, alice):
    before = clocks(venue.directory)
    expiry = time.time_ns() + 150_000_000
    alice.buy("ACME", 10, "90", time_in_force="GTD", expire_time=expiry)
    assert said(some(alice, 2)) == [("NEW", "NONE"), ("EXPIRED", "EXPIRE_TIME_REACHED")]
    assert time.time_ns() >= expiry
    assert clocks(venue.directory) == before + 1


def test_a_mass_cancel_takes_the_orders_of_a_side_and_counts_them(alice):
    for price in ("90", "91", "92"):
        alice.buy("ACME", 1, price)
    alice.sell("ACME", 1, "99")
    some(alice, 4)
    number = alice.mass_cancel("ACME", "Buy")
    *cancels, report = some(alice, 4)
    assert said(cancels) == [("CANCELED", "MASS_CANCELED")] * 3
    assert said([report]) == [("ORDER_MASS_CANCEL_REPORT", "NONE")]
    assert (report["cl_ord_id"], report["last_qty"]) == (number, 3)
    alice.mass_cancel(session_id=2)                     # bob's: another participant's
    assert said(some(alice, 1)) == [("ORDER_MASS_CANCEL_REPORT", "UNKNOWN_SESSION")]
    alice.mass_cancel()
    assert said(some(alice, 2)) == [("CANCELED", "MASS_CANCELED"), ("ORDER_MASS_CANCEL_REPORT", "NONE")]


def test_a_kill_switch_cancels_and_blocks_until_it_is_lifted(tmp_path):
    write_limits(tmp_path, RISK_MANAGER)
    with Venue(tmp_path) as venue, Client(venue.endpoints[0], "operator") as operator:
        operator.set_phase("ACME", "Continuous")
        some(operator, 1)
        with Client(venue.endpoints[0], "alice") as alice, Client(venue.endpoints[0], "risky") as risky:
            alice.buy("ACME", 1, "90")
            some(alice, 1)
            alice.kill_switch(1)
            assert said(some(alice, 1)) == [("BUSINESS_MESSAGE_REJECT", "NOT_AUTHORIZED")]
            risky.kill_switch(1)
            assert said(some(risky, 1)) == [("COMMAND_ACK", "NONE")]
            alice.buy("ACME", 1, "91")
            assert said(some(alice, 2)) == [("CANCELED", "KILLED"), ("REJECTED", "KILL_SWITCH_ON")]
            risky.load_parties()
            risky.kill_switch("firm", on=False)         # by name, once they are known
            some(risky, 1)
            alice.buy("ACME", 1, "91")
            assert said(some(alice, 1)) == [("NEW", "NONE")]


def test_limits_of_the_file_hold_and_changed_ones_hold_from_the_next_start(tmp_path):
    file = write_limits(tmp_path)
    Venue(tmp_path).stop()
    file.write_text(file.read_text().replace("max_order_qty = 100", "max_order_qty = 10"))
    venue = Venue(tmp_path)
    assert [note for note in venue.notes if note.startswith("changed")] == [
        "changed limits of 'firm' in 'ACME': max_order_qty from 100 to 10"]
    with venue, Client(venue.endpoints[0], "operator") as operator, Client(venue.endpoints[0], "alice") as alice:
        operator.set_phase("ACME", "Continuous")
        some(operator, 1)
        alice.buy("ACME", 11, "90")
        alice.buy("ACME", 10, "90")
        assert said(some(alice, 2)) == [("REJECTED", "ORDER_QUANTITY_LIMIT"), ("NEW", "NONE")]
    again = Engine()
    verify(tmp_path, again)
    assert (again.digest(), again.sequence) == (venue.engine.digest(), venue.engine.sequence)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("max_order_qty = 100", 'max_order_qty = "0.5"', "[[risk]] of 'firm' in 'ACME' max_order_qty: found 0.5"),
        ('collar = "50"', 'dynamic_band = "1"', "'ACME' dynamic_band: found 1, expected a call duration"),
        ('collar = "50"', 'collar = "0.001"', "[[instrument]] 'ACME' collar: found 0.001, expected at"),
    ],
)
def test_a_limit_that_cannot_be_names_its_definition(tmp_path, old, new, words):
    write_limits(tmp_path, LIMITS.replace(old, new))
    with pytest.raises(UserError, match=rf"venue\.toml: .*{re.escape(words)}"):
        Venue(tmp_path)


def test_an_order_with_every_attribute_is_in_the_log_as_it_was_sent(tmp_path, capfdbinary):
    write_limits(tmp_path, RISK_MANAGER)
    with Venue(tmp_path) as venue, Client(venue.endpoints[0], "operator") as operator:
        operator.set_phase("ACME", "Continuous")
        some(operator, 1)
        with Client(venue.endpoints[0], "alice") as alice:
            expiry = time.time_ns() + 10**15
            first = alice.buy("ACME", 50, "100.25", stop_price="99.5", display_qty=5, time_in_force="GTD",
                              expire_time=expiry, self_match_id=7, self_match_instruction="DecrementBoth",
                              account="A-1", text="by hand")
            alice.replace("ACME", first, display_qty=0, stop_price="99.75", self_match_id=0,
                          self_match_instruction="CancelBoth")
            alice.sell("ACME", 3, min_qty=2, time_in_force="IOC", left_over_as_limit=True)
            alice.sell("ACME", 3, "100", min_qty=2, time_in_force="IOC")
            answers = said(some(alice, 4))
    assert answers == [("NEW", "NONE"), ("REPLACED", "NONE"), ("REJECTED", "LEFT_OVER_TIME_IN_FORCE"),
                       ("REJECTED", "MIN_QUANTITY_UNFILLABLE")]
    parser = log.argparse.ArgumentParser()
    log.add_arguments(parser)
    assert log.run(parser.parse_args([str(tmp_path)])) == 0
    printed = capfdbinary.readouterr().out
    assert b'"MsgType":"Record"' not in printed
    commands = [json_lines.command(line) for line in printed.splitlines()]
    [sent] = [command for command in commands if getattr(command, "text", None) == "by hand"]
    assert (sent.ord_type, sent.stop_px, sent.display_qty, sent.expire_time) == (
        "StopLimit", Decimal("99.5"), Decimal(5), expiry)
    assert (sent.self_match_prevention_id, sent.self_match_prevention_instruction) == (7, "DecrementBoth")
    for reference in (False, True):
        _, player = play(printed, reference)
        assert player.engine.event_digest == venue.engine.event_digest
        assert player.engine.sequence == venue.engine.sequence
