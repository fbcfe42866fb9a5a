"""The bare loop and the load client: every record that is sent is acknowledged once."""

import numpy as np
import pytest

from pricetime.bench.bare_gateway import start_bare_server
from pricetime.bench.flows import generated_flow
from pricetime.bench.load_client import LoadClient


@pytest.mark.parametrize("copy", [True, False])
def test_bare_server_answers_every_record_and_ends_when_told(copy: bool) -> None:
    lines = generated_flow("move", 2_000, 1).lines
    server, endpoint = start_bare_server(copy)
    client = LoadClient(endpoint)
    try:
        for per_message in (1, 7, 100):
            assert client.throughput(lines, per_message, 500) > 0
        trips = client.round_trips(lines[:100])
        client.stop_server()
        assert server.wait(timeout=10) == 0
    finally:
        client.close()
        server.kill()
        server.communicate()
    assert trips.shape == (100,)
    assert (trips > 0).all()


def test_nothing_to_send_is_refused() -> None:
    client = LoadClient("tcp://127.0.0.1:1")
    try:
        with pytest.raises(ValueError, match="nothing to send"):
            client.throughput(np.zeros(0, generated_flow("move", 1, 1).lines.dtype), 1, 1)
    finally:
        client.close()
