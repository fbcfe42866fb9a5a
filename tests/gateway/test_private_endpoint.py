"""The endpoint of a venue's own helpers."""

import stat
from pathlib import Path

from pricetime.gateway.sockets import PrivateEndpoint


def test_the_endpoint_of_helpers_is_in_a_folder_that_only_the_user_may_look_into():
    endpoint = PrivateEndpoint()
    folder = Path(endpoint.address.removeprefix("ipc://")).parent
    try:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    finally:
        endpoint.remove()
    assert not folder.exists()
    endpoint.remove()       # twice is nothing
