"""`pricetime serve` as a process: what it prints, how it stops, and one line with exit status 2 for what a user can
mend."""

import contextlib
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from pricetime.gateway.client import Client
from pricetime.gateway.schedule import WEEKDAYS
from pricetime.gateway.venue import Venue
from pricetime.journal import Reader
from pricetime.journal.replay import replay
from pricetime.matching.engine import Engine
from pricetime.matching.errors import UserError
from pricetime.matching.records import EventType
from tests.system.venues import serve, some, write_config


def refused(directory: Path) -> str:
    """The one line that `serve` says when it will not start."""
    command = [sys.executable, "-P", "-m", "pricetime", "serve", str(directory)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly(tmp_path, number):
    write_config(tmp_path)
    process, endpoint = serve(tmp_path)
    with contextlib.closing(Client(endpoint, "alice")) as alice:
        alice.buy("ACME", 1, "10")
        some(alice, 1)
        process.send_signal(number)
        output, errors = process.communicate(timeout=10)
    assert (process.returncode, output.startswith("stopped after command")) == (0, True)
    assert "defined instrument 'ACME'" in errors
    engine = Engine()
    replay(Reader(tmp_path), engine)
    assert output.split("digest ")[1].strip() == engine.digest().hex()


@pytest.mark.parametrize("durability", ["process", "power"])
def test_after_sigkill_it_starts_again_with_all_that_was_acknowledged(tmp_path, durability):
    write_config(tmp_path, durability=durability)
    process, endpoint = serve(tmp_path)
    with contextlib.closing(Client(endpoint, "alice")) as client:
        for _ in range(50):
            client.buy("ACME", 1, "10")
        some(client, 50)
        process.kill()
        process.communicate()
    process, endpoint = serve(tmp_path)
    try:
        with Client(endpoint, "alice") as again:
            assert again.mark == 50
    finally:
        process.terminate()
        process.communicate(timeout=10)


def test_an_occupied_port_is_one_line_and_touches_no_log(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        write_config(tmp_path / "a", f"tcp://127.0.0.1:{port}")
        assert str(port) in refused(tmp_path / "a")
    assert not (tmp_path / "a" / "log").exists()


def test_a_second_writer_on_the_directory_is_one_line(tmp_path):
    write_config(tmp_path / "b")
    process, _ = serve(tmp_path / "b")
    try:
        assert str(tmp_path / "b") in refused(tmp_path / "b")
    finally:
        process.terminate()
        process.communicate(timeout=10)


def test_a_second_venue_on_directory_and_port_is_told_who_has_the_log(tmp_path):
    write_config(tmp_path / "b")
    process, endpoint = serve(tmp_path / "b")
    try:
        write_config(tmp_path / "b", endpoint)
        assert f"{tmp_path / 'b'}: process {process.pid} is writing this log" in refused(tmp_path / "b")
    finally:
        process.terminate()
        process.communicate(timeout=10)


def test_a_bad_key_no_configuration_and_no_place_for_a_log_are_one_line(tmp_path):
    write_config(tmp_path / "c", venue="digest_evry = 5")
    assert "'digest_every'" in refused(tmp_path / "c")
    assert "cannot be read" in refused(tmp_path / "absent")
    write_config(tmp_path / "a")
    (tmp_path / "a" / "log").write_text("not a folder")
    assert str(tmp_path / "a" / "log") in refused(tmp_path / "a")


REFUSED = {       # what is added to the configuration, and what is said of it
    'tick_size = "0"': "[[instrument]] 'ACME' tick_size: found 0, expected more than 0 (TICK_INVALID)",
    "tick_size = -1": "[[instrument]] 'ACME' tick_size: found -1, expected more than 0 (TICK_INVALID)",
    'tick_size = "1e-19"': "[[instrument]] 'ACME' tick_size: found 1E-19, expected at most 18 decimals",
    'tick_size = "NaN"': "[[instrument]] 'ACME' tick_size: found NaN, expected a finite Decimal",
    'tick_size = "0.01"\nlot_size = 0': "'ACME' lot_size: found 0, expected more than 0 (LOT_INVALID)",
    'tick_size = "0.01"\ncollar = -1': "'ACME' collar: found -1, expected 0 or more (LIMIT_INVALID)",
    'tick_size = "0.01"\ncollar = "0.001"': "'ACME' collar: found 0.001, expected at most 2 decimals",
    'tick_size = "0.01"\ndynamic_band = 1': "'ACME' dynamic_band: found 1, expected a call duration beside it (LIMIT_",
    'tick_size = "0.01"\nstatic_band = -1\ncall_duration_ms = 5': "static_band: found -1, expected 0 or more",
    'tick_size = "0.05"\nreference_price = "0.12"': "reference_price: found 0.12, expected a multiple of the tick size",
    'tick_size = "0.01"\nreference_price = 0': "reference_price: found 0, expected more than 0 (LIMIT_INVALID)",
    'tick_size = "0.01"\nmax_order_qty = 0': "max_order_qty: found 0, expected more than 0 (LIMIT_INVALID)",
    'tick_size = "0.01"\n[[instrument]]\nsymbol = "a\\u0007"': "[[instrument]] 'a\\x07' symbol: found 'a\\x07', e",
    'tick_size = "0.01"\n[[participant]]\nname = "a\\u0007"': "[[participant]] 'a\\x07' name: found 'a\\x07', e",
    'tick_size = "0.01"\n[[session]]\nname = "a\\u0007"': "[[session]] 'a\\x07' name: found 'a\\x07', expected 1 to 48",
    'tick_size = "0.01"\n[[risk]]\nparticipant = "firm"\nrate_tokens = 0\nrate_interval_ms = 1':
        "rate_tokens: found 0, expected 1 or more",
    'tick_size = "0.01"\n[[risk]]\nparticipant = "firm"\nrate_tokens = 9_000_000_000_000\nrate_interval_ms = 5':
        "[[risk]] of 'firm' rate_tokens: found 9000000000000, expected at most 1844674407370 in such an interval",
    'tick_size = "0.01"\n[[risk]]\nparticipant = "firm"\nsymbol = "ACME"\ncurrency = "EUR"\nmax_order_notional = 1':
        "[[risk]] of 'firm' in 'ACME' currency: found 'EUR', expected the instrument's, '', or none (LIMIT_INVALID)",
    'tick_size = "0.01"\n[[risk]]\nparticipant = "firm"\ncurrency = "EUR"\nmax_gross_notional = 1':
        "[[risk]] of 'firm' currency: found 'EUR', expected none, as no instrument has a currency; max_gross_notional",
    'tick_size = "0.01"\ncurrency = "EUR"\n[[risk]]\nparticipant = "firm"\nmax_order_notional = 1':
        "[[risk]] of 'firm' currency: missing, expected a currency that an instrument has: 'EUR'; max_order_notional",
}  # fmt: skip


def with_tick(file: Path, text: str) -> None:
    """ACME with another tick, and what follows."""
    symbol, rest = file.read_text().split('tick_size = "0.01"\nlot_size = 1')
    file.write_text(f"{symbol}{text if 'lot_size' in text else 'lot_size = 1' + chr(10) + text}\n{rest}")


@pytest.mark.parametrize("text", REFUSED)
def test_what_the_engine_refuses_is_said_with_its_place_and_nothing_is_written(tmp_path, text):
    file = write_config(tmp_path)
    with_tick(file, text)
    with pytest.raises(UserError) as error:
        Venue(tmp_path)
    said = str(error.value)
    assert said.startswith(f"{file}: [") and REFUSED[text] in said and said.isprintable()
    assert list(tmp_path.iterdir()) == [file]


def test_tables_that_were_not_converted_are_one_line(tmp_path):
    with pytest.raises(UserError, match=r"^config: found \{'venue': \{\}\}, expected what .*convert\(\) gives$"):
        Venue(tmp_path, {"venue": {}})


def test_a_refused_configuration_is_one_line_of_serve(tmp_path):
    with_tick(write_config(tmp_path), 'tick_size = "0"')
    line = f"{tmp_path}/venue.toml: [[instrument]] 'ACME' tick_size: found 0, expected more than 0 (TICK_INVALID)"
    assert refused(tmp_path) == f"pricetime serve: {line}\n"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('tick_size = "0.01"\nlot_size = 2', "[[instrument]] 'ACME' lot_size: found 2, but in the log it is 1"),
        ('tick_size = "0.01"\ncollar = -1', "[[instrument]] 'ACME' collar: found -1, expected 0 or more"),
        ('tick_size = "0.01"\nmax_order_qty = 0', "max_order_qty: found 0, expected more than 0 (LIMIT_INVALID)"),
        ('tick_size = "0.01"\n[[session]]\nname = "new"\n[[instrument]]\nsymbol = "X"\ntick_size = 0', "'X' tick_size"),
    ],
)
def test_a_log_is_as_it_was_after_a_start_that_is_refused(tmp_path, line, said):
    file = write_config(tmp_path)
    Venue(tmp_path).start().stop()
    good, before = file.read_text(), contents(tmp_path / "log")
    with_tick(file, line)
    for _ in range(2):
        with pytest.raises(UserError) as error:
            Venue(tmp_path)
        assert said in str(error.value)
        assert contents(tmp_path / "log") == before
    file.write_text(good)
    Venue(tmp_path).start().stop()


def test_another_capacity_is_refused_before_anything_is_written(tmp_path):
    write_config(tmp_path, venue="order_capacity = 1000")
    Venue(tmp_path).start().stop()
    before = contents(tmp_path / "log")
    write_config(tmp_path, venue="order_capacity = 2000")
    with pytest.raises(UserError, match=r"venue.toml: \[venue\] order_capacity: found 2000, but the log b"):
        Venue(tmp_path)
    assert contents(tmp_path / "log") == before


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_each_change_of_a_phase_is_told_with_instrument_and_time(tmp_path):
    file = write_config(tmp_path)
    with_tick(file, 'tick_size = "0.01"\nreference_price = 100\nstatic_band = 5\ncall_duration_ms = 1')
    process, endpoint = serve(tmp_path)
    try:
        with Client(endpoint, "operator") as operator, Client(endpoint, "alice") as alice:
            operator.set_phase("ACME", "Continuous")
            some(operator, 1)
            alice.sell("ACME", 1, "110")
            alice.buy("ACME", 1, "110")
            reports = some(alice, 4)
        assert [EventType(int(report["type"])).name for report in reports] == ["NEW", "NEW", "TRADE", "TRADE"]
    finally:
        process.terminate()
        _, errors = process.communicate(timeout=10)
    told = [line for line in errors.splitlines() if line.startswith("ACME: ")]
    stamp = r"since 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z"
    for line, said in zip(
        told,
        (f"Continuous {stamp}", rf"VolatilityCall {stamp} \(VOLATILITY_INTERRUPTION\)",
         rf"Continuous {stamp} \(CALL_ENDED\)"),
        strict=True,
    ):  # fmt: skip
        assert re.fullmatch(f"ACME: {said}", line), line


def test_routing_ids_begin_where_no_client_can_tell():
    """libzmq ends the process when it comes to an id that a client has given itself: none may foresee them."""
    program = (
        "import zmq\n"
        "from pricetime.gateway.sockets import bound_router\n"
        "context = zmq.Context()\n"
        "router, (endpoint,) = bound_router(context, ['tcp://127.0.0.1:0'])\n"
        "client = context.socket(zmq.DEALER)\n"
        "client.connect(endpoint)\n"
        "client.send(b'')\n"
        "print(router.recv_multipart()[0].hex())\n"
        "context.destroy(linger=0)\n"
    )
    first, second = (
        subprocess.run(
            [sys.executable, "-P", "-c", program], capture_output=True, text=True, timeout=30, check=True
        ).stdout
        for _ in range(2)
    )
    assert first != second


def test_an_ipc_endpoint_that_somebody_listens_at_is_not_taken_from_them(tmp_path):
    """Neither by a second start on the directory nor by a venue on another one."""
    endpoint = f"ipc://{tmp_path}/s"
    text = f'[venue]\nendpoints = ["{endpoint}"]\n[[session]]\nname = "alice"\n'
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "venue.toml").write_text(text)
    with Venue(tmp_path / "one"):
        with pytest.raises(UserError, match=r"process \d+ is writing this log"):
            Venue(tmp_path / "one")
        with pytest.raises(UserError, match="cannot bind ipc://.*: another program listens there"):
            Venue(tmp_path / "two")
        assert not (tmp_path / "two" / "log").exists()
        with Client(endpoint, "alice") as alice:
            assert alice.mark == 0
    with Venue(tmp_path / "two"):       # what a venue that is gone has left is no obstacle
        pass


def test_a_start_with_a_clock_too_far_ahead_of_the_log_wants_the_operators_word(tmp_path):
    write_config(tmp_path, venue="clock_ahead_seconds = 1")
    with Venue(tmp_path):
        pass
    time.sleep(1.2)
    before = sorted((path, path.stat().st_size) for path in tmp_path.rglob("*"))
    assert re.search(r"the machine's clock says 20.*the log ends at 20.*clock_ahead_seconds = 1 between them; set the "
                     r"clock, or, where it is right, begin once with --believe-clock", refused(tmp_path))
    assert sorted((path, path.stat().st_size) for path in tmp_path.rglob("*")) == before, "nothing is written"
    with Venue(tmp_path, believe_clock=True) as venue:
        assert venue.run == 2


def test_a_start_with_a_clock_behind_the_log_has_the_phases_of_the_logs_day(tmp_path, monkeypatch):
    """By a machine's clock of 1973 each day since then was worked off when the clock was set right."""
    days = "', '".join(WEEKDAYS)
    entries = "[{at = '00:00', phase = 'Continuous'}]"
    policy = f"[schedule]\nweekdays = ['{days}']\nentries = {entries}"
    write_config(tmp_path, policy=policy)
    with Venue(tmp_path) as venue:
        begun, before = venue.engine.time, venue.engine.sequence
    monkeypatch.setattr("pricetime.gateway.venue.time", SimpleNamespace(time_ns=lambda: 10**17))
    with Venue(tmp_path) as venue:
        assert venue._steward._charge.since >= begun
        assert venue.engine.sequence == before + 2, "a digest at the end, and the start"
