"""Bad lines between clients and a venue that comes and goes: one of TCP, which cuts, delays and swallows, and one of
whole messages, which drops, doubles and reorders them, too. Each has a thread, an endpoint that stays, and a target
that may change."""

import asyncio
import contextlib
import random
import threading
import time
from typing import Self

import zmq

DELAY_S = 0.02
HOLE_S = 0.2


class TcpProxy:
    """Forwards bytes. faults: how likely each chunk is delayed, or its connection cut or swallowed."""

    def __init__(self, dice: random.Random, faults: float) -> None:
        self.dice, self.faults = dice, faults
        self.target = ""
        self.done = 0           # faults so far
        self._ready = threading.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        self._ready.wait()

    async def _serve(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.endpoint = f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        await self._end.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        host, port = self.target.removeprefix("tcp://").split(":")
        with contextlib.suppress(OSError, asyncio.CancelledError):
            there, back = await asyncio.open_connection(host, int(port))
            with contextlib.closing(back):
                ways = [asyncio.ensure_future(way) for way in (self._pump(reader, back), self._pump(there, writer))]
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        writer.close()
        self._tasks.discard(task)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One way, until it ends or is cut."""
        while chunk := await reader.read(65_536):
            if self.dice.random() < self.faults:
                self.done += 1
                how = self.dice.random()
                if how < 0.3:
                    return
                if how < 0.4:
                    await asyncio.sleep(HOLE_S)     # what comes meanwhile is swallowed with it
                    return
                await asyncio.sleep(self.dice.random() * DELAY_S)
            writer.write(chunk)
            await writer.drain()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class MessageProxy:
    """Forwards ZeroMQ messages. faults: how likely each one is dropped, doubled or held back behind others."""

    def __init__(self, dice: random.Random, faults: float) -> None:
        self.dice, self.faults = dice, faults
        self.target = ""
        self.done = 0
        self._end = False
        self._context = zmq.Context()
        self._front = self._context.socket(zmq.ROUTER)
        self._front.setsockopt(zmq.LINGER, 0)
        self._front.bind("tcp://127.0.0.1:0")
        self.endpoint = self._front.getsockopt_string(zmq.LAST_ENDPOINT)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        """backs: a DEALER for each client's socket, to the target of its time; held: messages that wait."""
        poller, target = zmq.Poller(), ""
        poller.register(self._front, zmq.POLLIN)
        backs: dict[bytes, zmq.Socket[bytes]] = {}
        held: list[tuple[float, bytes, bytes, bool]] = []
        while not self._end:
            ready = dict(poller.poll(5))
            if target != self.target:       # the venue was started again: nobody is connected
                target = self.target
                while backs:
                    self._hang_up(poller, backs, next(iter(backs)))
                ready = {socket: event for socket, event in ready.items() if socket is self._front}
            arrived: list[tuple[bytes, bytes, bool]] = []
            if self._front in ready:
                with contextlib.suppress(zmq.Again):
                    while True:
                        name, payload = self._front.recv_multipart(zmq.NOBLOCK)
                        arrived.append((name, payload, True))
            for name, back in backs.items():
                if back in ready:
                    with contextlib.suppress(zmq.Again):
                        while True:
                            arrived.append((name, back.recv(zmq.NOBLOCK), False))
            now = time.monotonic()
            due, held = [item for item in held if item[0] <= now], [item for item in held if item[0] > now]
            for name, payload, there in [*(item[1:] for item in due), *arrived]:
                fresh = (name, payload, there) in arrived
                if fresh and self.dice.random() < self.faults:
                    self.done += 1
                    how = self.dice.random()
                    if how < 0.3:
                        continue
                    if how < 0.4:
                        self._hang_up(poller, backs, name)
                        continue
                    held.append((now + self.dice.random() * DELAY_S, name, payload, there))
                    if how < 0.7:
                        continue            # others overtake it; else it comes twice
                self._forward(poller, backs, name, payload, there)
        while backs:
            self._hang_up(poller, backs, next(iter(backs)))
        self._front.close()

    def _forward(
        self, poller: zmq.Poller, backs: dict[bytes, zmq.Socket[bytes]], name: bytes, payload: bytes, there: bool
    ) -> None:
        if not there:
            self._front.send_multipart([name, payload])
            return
        if name not in backs:
            backs[name] = self._context.socket(zmq.DEALER)
            backs[name].setsockopt(zmq.LINGER, 0)
            backs[name].connect(self.target)
            poller.register(backs[name], zmq.POLLIN)
        with contextlib.suppress(zmq.Again):
            backs[name].send(payload, zmq.NOBLOCK)

    def _hang_up(self, poller: zmq.Poller, backs: dict[bytes, zmq.Socket[bytes]], name: bytes) -> None:
        back = backs.pop(name, None)
        if back is not None:
            poller.unregister(back)
            back.close()

    def close(self) -> None:
        self._end = True
        self._thread.join()
        self._context.term()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


PROXIES: dict[str, type[TcpProxy] | type[MessageProxy]] = {"tcp": TcpProxy, "messages": MessageProxy}
