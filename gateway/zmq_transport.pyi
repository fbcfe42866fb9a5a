from typing import Any

import zmq

from pricetime.gateway.world import Transport

class ZmqTransport(Transport):
    def __init__(self, router: zmq.Socket[Any], user_prefix: bytes = b"") -> None: ...
    @property
    def router(self) -> zmq.Socket[Any]: ...
