"""`pricetime serve` as a process: what it prints, how it stops, and one line with exit status 2 for what a user can
mend."""

import contextlib
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from pricetime.gateway.client import Client
from pricetime.journal import Reader
from pricetime.journal.replay import replay
from pricetime.matching.engine import Engine
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


def test_after_sigkill_it_starts_again_with_all_that_was_acknowledged(tmp_path):
    write_config(tmp_path)
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


def test_a_bad_key_no_configuration_and_no_place_for_a_log_are_one_line(tmp_path):
    write_config(tmp_path / "c", venue="digest_evry = 5")
    assert "'digest_every'" in refused(tmp_path / "c")
    assert "cannot be read" in refused(tmp_path / "absent")
    write_config(tmp_path / "a")
    (tmp_path / "a" / "log").write_text("not a folder")
    assert str(tmp_path / "a" / "log") in refused(tmp_path / "a")


def test_an_instrument_that_the_engine_refuses_names_the_definition(tmp_path):
    file = write_config(tmp_path)
    file.write_text(file.read_text().replace('tick_size = "0.01"', 'tick_size = "0"\nprice_scale = 2'))
    assert "instrument 'ACME': refused: TICK_INVALID" in refused(tmp_path)


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
