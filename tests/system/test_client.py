"""A client at a running venue, over tcp and ipc: orders, reports, what it is told when something is wrong, and
starting again."""

import contextlib
import resource
from decimal import Decimal

import numpy as np
import pytest

from pricetime.gateway import messages as m
from pricetime.gateway.client import Client, Logged, NoAnswer, Refused, ReportGap, SessionEnded
from pricetime.gateway.codec import Codec
from pricetime.gateway.order_options import NewOrderOptions, OrderOptions
from pricetime.gateway.venue import Venue
from pricetime.journal import Reader
from pricetime.journal.replay import replay
from pricetime.matching.engine import Engine
from pricetime.matching.errors import UserError
from pricetime.matching.records import EventType
from tests.system.venues import opened, said, some, write_config

WAIT = 250


@pytest.mark.parametrize("transport", ["tcp", "ipc"])
def test_two_clients_trade_with_each_other(tmp_path, transport):
    venue = opened(tmp_path / "v", endpoint="tcp://127.0.0.1:0" if transport == "tcp" else f"ipc://{tmp_path}/socket")
    try:
        with Client(venue.endpoints[0], "alice") as alice, Client(venue.endpoints[0], "bob", full_reports=True) as bob:
            buy = alice.buy("ACME", 10, "100.25")
            assert said(some(alice, 1)) == [("NEW", "NONE")]
            bob.sell("ACME", 4, 100)
            assert said(some(bob, 2)) == [("NEW", "NONE"), ("TRADE", "NONE")]
            (trade,) = some(alice, 1)
            assert (trade["cl_ord_id"], trade["last_px"], trade["last_qty"], trade["leaves_qty"]) == (buy, 10025, 4, 6)
    finally:
        venue.stop()


def test_replace_and_cancel_name_the_newest_clordid(alice):
    first = alice.buy("ACME", 10, "99.5")
    second = alice.replace("ACME", first, quantity=20, price="99.6")
    third = alice.cancel("ACME", second)
    assert [(int(event["type"]), int(event["cl_ord_id"])) for event in some(alice, 3)] == [
        (EventType.NEW, first),
        (EventType.REPLACED, second),
        (EventType.CANCELED, third),
    ]


def test_a_short_sale_is_a_sell_to_the_book_and_a_sell_short_in_its_reports_and_in_the_log(venue):
    with Client(venue.endpoints[0], "alice", full_reports=True) as alice, Client(venue.endpoints[0], "bob") as bob:
        reports = []

        def hear(count):
            while len(reports) < count:
                reports.extend(alice.codec.events(alice.receive()))

        first = alice.sell_short("ACME", 10, "100.25", time_in_force="GTC", display_qty=4, account="desk")
        second = alice.replace("ACME", first, quantity=8)
        hear(2)             # before bob's, who has a connection of his own
        bob.buy("ACME", 3, "100.25")
        hear(3)
        alice.sell_short("ACME", 1)
        alice.cancel("ACME", second)
        hear(6)
    assert [(report.exec_type, report.side, report.leaves_qty) for report in reports] == [
        ("New", "SellShort", 10), ("Replaced", "SellShort", 8), ("Trade", "SellShort", 5), ("New", "SellShort", 1),
        ("Canceled", "SellShort", 0), ("Canceled", "SellShort", 0)]     # the Market order's rest, the other
    venue.stop()
    orders = [c for block in Reader(venue.directory) for c in Codec().decode(block) if isinstance(c, m.NewOrderSingle)]
    assert [(order.side, order.ord_type) for order in orders] == [
        ("SellShort", "Limit"), ("Buy", "Limit"), ("SellShort", "Market")]


def test_short_sales_go_with_the_sells_in_a_mass_cancel_of_either(alice):
    for side in ("SellShort", "Sell"):
        alice.sell_short("ACME", 1, "101")
        alice.sell("ACME", 1, "102")
        alice.buy("ACME", 1, "99")
        some(alice, 3)
        alice.mass_cancel("ACME", side)
        assert said(some(alice, 3))[:2] == [("CANCELED", "MASS_CANCELED")] * 2
    assert len(alice.open_orders()) == 2


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (("ACME", 0, "1.00"), ("REJECTED", "QUANTITY_NOT_POSITIVE")),
        (("ACME", -5, "1.00"), ("REJECTED", "QUANTITY_NOT_POSITIVE")),
        (("ACME", 10, 0), ("REJECTED", "PRICE_NOT_POSITIVE")),
        (("ACME", 2**62, "1.00"), ("REJECTED", "QUANTITY_TOO_LARGE")),
    ],
)
def test_the_engines_rejects_have_their_own_reason(alice, arguments, answer):
    alice.buy(*arguments)
    assert said(some(alice, 1)) == [answer]


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("NOPE", 1, "1.00"), "Symbol"),
        (("ACME", 1, "1.001"), "Price"),
        (("ACME", 1, 1.5), "float"),
        (("ACME", "ten", "1"), "quantity"),
    ],
)
def test_what_no_record_can_say_is_an_error_at_the_client(alice, arguments, what):
    with pytest.raises(UserError, match=what):
        alice.buy(*arguments)
    assert list(alice.reports(50)) == []


def test_an_unknown_session_and_a_dead_endpoint_are_errors(venue, tmp_path):
    with pytest.raises(Refused, match="UNKNOWN_SESSION"):
        Client(venue.endpoints[0], "nobody")
    with pytest.raises(NoAnswer):
        Client(f"ipc://{tmp_path}/nothing", "alice", timeout_ms=100)


def test_a_lost_message_ends_the_session_and_the_client_goes_on_from_its_mark(strict):
    strict.buy("ACME", 1, "90")
    some(strict, 1)
    strict._core.connection.message_number += 1
    strict.buy("ACME", 1, "91")
    with pytest.raises(SessionEnded, match="MSG_SEQ_NUM_OUT_OF_TURN"):
        list(strict.reports(WAIT))
    assert strict.logon().mark == 1
    strict.buy("ACME", 1, "91")
    assert said(some(strict, 1)) == [("NEW", "NONE")]


def test_a_gap_in_the_reports_is_noticed(strict):
    strict.next_report_number += 1
    strict.buy("ACME", 1, "90")
    with pytest.raises(ReportGap):
        list(strict.reports(WAIT))


def test_a_second_logon_ends_the_first_client(venue, strict):
    with Client(venue.endpoints[0], "alice"):
        strict.buy("ACME", 1, "90")
        with pytest.raises(SessionEnded, match="NOT_LOGGED_ON"):
            list(strict.reports(WAIT))


def test_unreadable_bytes_are_an_error_that_names_the_byte(alice):
    alice._line.socket.send(b"\xff" * 64)
    with pytest.raises(Refused, match="UNKNOWN_MSG_TYPE|UNKNOWN_VERSION"):
        list(alice.reports(WAIT))


def test_a_message_beyond_all_bounds_costs_the_connection_only(venue, strict):
    strict._line.socket.send(bytes(1 << 20))
    with pytest.raises(SessionEnded, match="NOT_LOGGED_ON"):
        for _ in range(20):  # libzmq cuts the connection, connects again, and the venue does not know that one
            strict.heartbeat()
            assert list(strict.reports(100)) == []
    strict.logon()
    strict.buy("ACME", 1, "90")
    assert said(some(strict, 1)) == [("NEW", "NONE")]


def test_a_silent_client_is_disconnected_and_one_that_waits_is_not(tmp_path):
    venue = opened(tmp_path / "v", venue="heartbeat_timeout_ms = 300")
    try:
        endpoint = venue.endpoints[0]
        with (
            contextlib.closing(Client(endpoint, "alice", reconnect=False)) as silent,
            Client(endpoint, "bob", heartbeat_ms=80) as waiting,
        ):
            assert list(waiting.reports(700)) == []
            assert venue.loop.connections == 1
            silent.buy("ACME", 1, "90")
            with pytest.raises(SessionEnded, match="NOT_LOGGED_ON"):
                list(silent.reports(WAIT))
    finally:
        venue.stop()


def test_stopping_and_starting_keeps_orders_marks_and_report_numbers(tmp_path):
    directory = tmp_path / "v"
    venue = opened(directory)
    with contextlib.closing(Client(venue.endpoints[0], "alice")) as alice:
        for _ in range(5):
            alice.buy("ACME", 3, "88.00")
        some(alice, 5)
    with contextlib.closing(Client(venue.endpoints[0], "bob")) as bob:
        bob.sell("ACME", 3, "99.00")
        some(bob, 1)
    venue.stop()
    digest, sequence = venue.engine.digest(), venue.engine.sequence
    again = Engine()
    replay(Reader(directory), again)
    assert (again.digest(), again.sequence) == (digest, sequence)
    venue = Venue(directory).start()
    try:
        assert venue.run == 2
        with Client(venue.endpoints[0], "alice") as alice:
            assert (alice.mark, alice.next_report_number) == (5, 6)
            alice.cancel("ACME", 5)
            assert said(some(alice, 1)) == [("CANCELED", "NONE")]
    finally:
        venue.stop()
    assert len(venue.engine.orders("ACME")) == 4  # bob's order went at VenueStart: cancel on disconnect


def test_the_pool_of_orders_is_what_the_first_start_said(tmp_path):
    directory = tmp_path / "v"
    Venue(write_config(directory, venue="order_capacity = 3")).stop()
    venue = opened(directory, venue="order_capacity = 3")
    try:
        with Client(venue.endpoints[0], "alice") as alice:
            for _ in range(4):
                alice.buy("ACME", 1, "90")
            assert said(some(alice, 4)) == [("NEW", "NONE")] * 3 + [("REJECTED", "ORDER_POOL_FULL")]
    finally:
        venue.stop()
    with pytest.raises(UserError, match="order_capacity: found 4, but the log began with 3"):
        Venue(write_config(directory, venue="order_capacity = 4"))


def test_the_second_start_says_what_changed(tmp_path):
    directory = tmp_path / "v"
    opened(directory).stop()
    file = write_config(directory)
    file.write_text(file.read_text().replace('name = "bob"', 'name = "bobby"'))
    venue = Venue(directory)
    venue.stop()
    assert "defined session 'bobby'" in venue.notes
    assert any("session 'bob' is in the log but not in the configuration" in note for note in venue.notes)


def test_a_full_disk_is_answered_log_full_and_nothing_is_lost(tmp_path):
    venue = opened(tmp_path / "v")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    reports = []
    with contextlib.closing(Client(venue.endpoints[0], "alice")) as alice:
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
            while ("BUSINESS_MESSAGE_REJECT", "LOG_FULL") not in said(reports[-100:]):
                for _ in range(100):
                    alice.buy("ACME", 1, "50")
                reports += some(alice, 100)
                assert len(reports) < 200_000
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        accepted = sum(kind == "NEW" for kind, _ in said(reports))
        alice.heartbeat()
        assert list(alice.reports(50)) == []  # still there
    venue.stop()
    again = Engine()
    replay(Reader(tmp_path / "v"), again)
    assert again.digest() == venue.engine.digest()
    assert len(again.orders("ACME")) == accepted


def test_full_reports_have_both_lines_of_each_event(tmp_path):
    venue = opened(tmp_path / "v")
    try:
        with Client(venue.endpoints[0], "alice", full_reports=True) as alice:
            order = alice.buy("ACME", 10, "100.25")
            (report,) = some(alice, 1)
            assert (report["cl_ord_id"], report["price"], report["instrument"]) == (order, 10025, 1)
    finally:
        venue.stop()


def test_a_logon_says_how_many_reports_were_missed(tmp_path):
    venue = opened(tmp_path / "v")
    try:
        with Client(venue.endpoints[0], "alice", reconnect=False) as alice, Client(venue.endpoints[0], "bob") as bob:
            alice.buy("ACME", 10, "100.25")
            assert len(some(alice, 1)) == 1
            assert alice.logon().missed == 0
            alice.logout()
            bob.sell("ACME", 4, "100.25")
            assert len(some(bob, 2)) == 2
            assert alice.logon().missed == 1
    finally:
        venue.stop()


def test_a_venue_that_is_gone_is_no_quiet_market(tmp_path):
    venue = opened(tmp_path / "v")
    client = Client(venue.endpoints[0], "alice", heartbeat_ms=50, reconnect=False)
    try:
        assert list(client.reports(timeout_ms=300)) == []
        venue.stop()
        with pytest.raises(NoAnswer, match="has said nothing for"):
            list(client.reports(timeout_ms=5_000))
    finally:
        client.close()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"time_in_force": "ioc"}, "expected one of Day, GTC, IOC"),
        ({"tif": "IOC"}, "tif: no option of NewOrderSingle; the nearest"),
        ({"ord_type": "Stop"}, "ord_type: no option of NewOrderSingle"),
    ],
)
def test_a_callers_mistake_is_one_line(alice, options, words):
    with pytest.raises(UserError, match=words):
        alice.buy("ACME", 1, "100", **options)
    with pytest.raises(UserError, match="expected one of Closed, PreOpen"):
        alice.set_phase("ACME", "Open")


WRONG = [
    None, 5, -1, 2**64, 10**5000, "", "no", "x" * 100, "\ud800", b"ACME", 1.5, float("nan"), True, Decimal("NaN"),
    Decimal("1e99"), [], {}, object(), np.zeros(2),
]  # fmt: skip
CALLS = [
    *(("buy", {"symbol": "ACME", "quantity": 1, "price": "1"}, name) for name in
      ("symbol", "quantity", "price", *NewOrderOptions.__annotations__)),
    *(("replace", {"symbol": "ACME", "orig_cl_ord_id": 1, "quantity": 1}, name) for name in
      ("symbol", "orig_cl_ord_id", "order_id", "quantity", "price", *OrderOptions.__annotations__)),
    *(("cancel", {"symbol": "ACME", "orig_cl_ord_id": 1}, name) for name in ("symbol", "orig_cl_ord_id", "order_id")),
    *(("mass_cancel", {}, name) for name in ("symbol", "side", "session_id")),
    *(("kill_switch", {"participant_id": 9}, name) for name in ("participant_id", "on")),
    *(("set_phase", {"symbol": "ACME", "phase": "Halted"}, name) for name in ("symbol", "phase")),
    ("send", {}, "lines"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "arguments", "name"), CALLS, ids=[f"{method}-{name}" for method, _, name in CALLS])
def test_any_value_of_any_argument_is_sent_or_a_callers_mistake(alice, method, arguments, name):
    """Never another error; and nothing of a refused call was sent, so the session goes on."""
    for value in WRONG:
        if name == "cl_ord_id" and isinstance(value, int) and not isinstance(value, bool) and value > 0:
            continue    # that moves the mark
        try:
            getattr(alice, method)(**arguments | {name: value})
        except UserError as error:
            assert str(error).isprintable() and len(str(error)) < 1000
    number = alice.buy("ACME", 1, "1.00")
    while (report := some(alice, 1)[0])["cl_ord_id"] != number:
        pass    # of what was sent before
    assert said([report])[0][0] in ("NEW", "REJECTED")


def test_names_that_nobody_asked_for_are_not_known(alice):
    with pytest.raises(UserError, match="participant_id: found 'firm', expected a participant that is defined"):
        alice.kill_switch("firm")
    with pytest.raises(UserError, match="session_id: found 'bob', expected a SessionID of the log"):
        alice.mass_cancel(session_id="bob")


def test_a_running_venue_refuses_ids_that_nothing_has(venue):
    with Client(venue.endpoints[0], "operator") as operator:
        operator.kill_switch(99)
        assert said(some(operator, 1)) == [("BUSINESS_MESSAGE_REJECT", "UNKNOWN_PARTICIPANT")]
    with Client(venue.endpoints[0], "alice") as alice:
        alice.mass_cancel(session_id=99)
        assert said(some(alice, 1)) == [("ORDER_MASS_CANCEL_REPORT", "UNKNOWN_SESSION")]


def test_a_program_that_was_started_anew_says_which_report_it_expects(venue):
    with Client(venue.endpoints[0], "alice") as alice:
        assert alice.logged == Logged(0, 1)
        alice.buy("ACME", 10, "100.25")
        some(alice, 1)
        kept = alice.next_report_number
    with Client(venue.endpoints[0], "bob") as bob:
        bob.sell("ACME", 4, "100.25")
        some(bob, 2)
    for known, missed in ((0, 0), (kept, 1), (1, 2)):
        with Client(venue.endpoints[0], "alice", next_report_number=known, reconnect=False) as alice:
            assert alice.logged == Logged(1, 3, missed)
            assert alice.next_report_number == 3


def test_a_client_of_wrong_arguments_is_a_callers_mistake(venue):
    for arguments in ((5, "alice"), (venue.endpoints[0], 5), (venue.endpoints[0], []), ("nowhere", "alice")):
        with pytest.raises(UserError, match="expected"):
            Client(*arguments)
    with pytest.raises(UserError, match="next_report_number: found -1"):
        Client(venue.endpoints[0], "alice", next_report_number=-1)
