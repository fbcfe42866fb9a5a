"""`pricetime order`: one order by hand."""

import json
import re
import subprocess
import sys

import pytest

from pricetime.gateway.client import Client
from tests.system.venues import some


def order(venue, *words):
    """The command, as somebody types it."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "pricetime", "order", *(venue.endpoints[:1] if venue else []), *words],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_an_order_by_hand_is_printed_for_people(venue):
    with Client(venue.endpoints[0], "bob") as bob:
        bob.sell("ACME", 4, "100.20")
        some(bob, 1)
        done = order(venue, "buy", "ACME", "10", "@", "100.25", "--session", "alice")
    assert (done.returncode, done.stderr) == (0, "")
    new, trade = done.stdout.splitlines()
    assert re.fullmatch(r"New +ClOrdID 1  OrderID 2  buy ACME  @ 100\.25  open 10, filled 0", new), new
    assert re.fullmatch(r"Trade +ClOrdID 1  OrderID 2  buy ACME  4 at 100\.2  open 6, filled 4", trade), trade


def test_as_json_lines_for_programs(venue):
    done = order(venue, "sell", "ACME", "3", "@100.25", "--session", "alice", "--tif", "GTC", "--json")
    assert done.returncode == 0, done.stderr
    (report,) = map(json.loads, done.stdout.splitlines())
    assert (report["ExecType"], report["Side"], report["TimeInForce"], report["LeavesQty"]) == (
        "New", "Sell", "GTC", 3)


def test_a_short_sale_by_hand(venue):
    done = order(venue, "sell-short", "ACME", "3", "@100.25", "--session", "alice")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"New +ClOrdID 1  OrderID 1  sell-short ACME  @ 100\.25  open 3, filled 0\n", done.stdout)
    done = order(venue, "sell-short", "ACME", "3", "@100.25", "--session", "alice", "--json")
    assert json.loads(done.stdout)["Side"] == "SellShort"


def test_with_a_time_to_expire_it_is_gtd(venue):
    done = order(venue, "buy", "ACME", "3", "@1", "--session", "alice", "--expire", "2261-12-01T16:00:00", "--json")
    assert done.returncode == 0, done.stderr
    (report,) = map(json.loads, done.stdout.splitlines())
    assert (report["ExecType"], report["TimeInForce"]) == ("New", "GTD")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("buy", "ACME", "0", "@", "1", "--session", "alice"), "Rejected .*QUANTITY_NOT_POSITIVE"),
        (("buy", "ACME", "5", "@", "1", "--session", "alice", "--tif", "GTD"), "Rejected .*EXPIRE"),
        (("buy", "ACME", "5", "@", "1", "--session", "alice", "--expire", "2025-01-01"), "Rejected .*EXPIRE"),
        (("buy", "ACME", "5", "@", "1", "--session", "alice", "--tif", "IOC", "--expire", "9"), "Rejected .*EXPIRE"),
        (("buy", "ACME", "5", "@", "1", "--session", "operator"), "BusinessMessageReject .*NOT_AUTHORIZED"),
    ],
)
def test_a_rejected_order_is_exit_status_1_with_its_reason(venue, words, said):
    done = order(venue, *words)
    assert done.returncode == 1, done.stderr
    assert re.match(said, done.stdout), done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("buy", "NOPE", "1", "--session", "alice"), "Symbol: found 'NOPE'"),
        (("buy", "ACME", "1", "@", "--session", "alice"), "expected @ PRICE"),
        (("buy", "ACME", "1", "--session", "nobody"), "session 'nobody' cannot log on: UNKNOWN_SESSION"),
        (("buy", "ACME", "1"), "--session"),
        (("buy", "ACME", "1", "--session", "alice", "--expire", "tomorrow"), "--expire tomorrow: expected nanoseconds"),
        (("buy", "ACME", "1", "--session", "alice", "--expire", "1796140800"),
         "--expire 1796140800: found seconds, as it seems, expected nanoseconds since 1970: --expire "
         "1796140800000000000"),
        (("buy", "ACME", "1", "--session", "alice", "--expire", "2026-12-01T16:00:00.123456789+0100"), "a time like"),
        (("hold", "ACME", "1", "--session", "alice"), "invalid choice: 'hold'"),
        (("buy", "ACME", "1", "--session", "alice", "--key", "x"), "expected both"),
    ],
)
def test_a_mistake_is_one_line_and_exit_status_2(venue, words, said):
    done = order(venue, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr and done.stderr.count("\n") == 1
