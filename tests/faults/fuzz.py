"""Hostile messages: random, mutated and truncated, in both encodings, to the real loop in a simulated world, with the
real desk beside it (fuzz_desk.py), which decodes the MessagePack ones (fuzz_packed.py).

Held for each round: loop and desk go on; what the log has, replayed by another engine, is the state to the byte, so
nothing changed it that was not journaled; every journaled record is one that the door's checks let pass; and the desk,
behind the log, has the same state.
`python -m faults.fuzz --first SEED --count 1` repeats a round.
"""

import argparse
import os
import random
import struct
import subprocess
import sys
import time
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from faults.fuzz_desk import SECRET, FuzzDesk
from faults.fuzz_packed import Packed

from pricetime.gateway import messages as m
from pricetime.gateway.client_wire import ORDER_COMMANDS
from pricetime.gateway.layout import offset_of
from pricetime.gateway.stat_page import STAT, StatPage
from pricetime.matching.engine import Engine
from pricetime.matching.records import COMMAND, LINE_BYTES, RECORD_VERSION, CommandType, LineType
from tests.gateway.simulation import DEFINITIONS, Peer, Simulation

ROUND = 20_000              # messages of one seed
BATCH = 32                  # between two Logons of each peer
SESSIONS = ("alice", "bob", "operator", "alice")
EDGES = [0, 1, 2, 7, 0x7F, 0x80, 0xFF, 0xFFFF, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1]
FIELDS = [(COMMAND.fields[name][1], COMMAND.fields[name][0].itemsize) for name in COMMAND.names]
TYPE, SHAPE, SEQUENCE, CL_ORD_ID, PRICE, TARGET = (
    offset_of(COMMAND, name) for name in ("type", "shape", "sequence", "cl_ord_id", "price", "target"))
TYPES = [*CommandType, *LineType]
PACKED_SHARE = 10           # one in so many messages is MessagePack that the desk decodes, at the least
PACKED = 0.12               # of the messages of a batch
ALONE = 0.25                # of the steps: one MessagePack message, so that it is seen what it alone changes
SPEAKERS: tuple[m.Command, ...] = (
    m.SessionDefinition(session_name="carol", participant="firm"),
    m.SessionDefinition(session_name="dora", participant="house", rights=("Trade", "Operate", "Risk")),
)
MAPS_SENT = {"carol": 5, "dora": 6, "nobody": 7}      # who speaks MessagePack: session and number; the last has none


class Fuzz:
    """One seed: a simulated venue and its hostile peers."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.page = StatPage()
        self.simulation = Simulation((*DEFINITIONS, *SPEAKERS), secret=SECRET, stat=self.page)
        self.desk = FuzzDesk(self.simulation)
        self.peers = [Peer(self.simulation, number, session) for number, session in enumerate(SESSIONS, 1)]
        self.packed = Packed(self.dice, everything(self.simulation))
        self.speakers = [Peer(self.simulation, number, session) for session, number in MAPS_SENT.items()]
        self.cl_ord_ids = dict.fromkeys(SESSIONS, 0)
        self.templates = templates(self.simulation)
        self.messages = self.unchanged = 0

    def play(self, count: int) -> str:
        """So many messages; what came of them. AssertionError says what does not hold."""
        while self.messages < count:
            if self.dice.random() < ALONE:
                self.post_packed(self.dice.choice(self.speakers))
                self.messages += 1
                self.step()
                continue
            for peer in self.peers:
                peer.message_number = 0
                peer.post(peer.lines(m.Logon(session_name=peer.session, full_reports=self.dice.random() < 0.5)))
            for speaker in self.speakers:
                speaker.message_number = 1
                speaker.post(self.packed.logon(speaker.session))
            for _ in range(BATCH):
                if self.dice.random() < PACKED:
                    self.post_packed(self.dice.choice(self.speakers))
                else:
                    self.post(self.dice.choice(self.peers))
            self.messages += BATCH
            self.step()
        self.desk.work()
        refused = self.simulation.loop.counters["refused"]
        commands = self.hold_against_the_log()
        assert refused and commands > len(DEFINITIONS), "nothing was refused, or nothing got through: no test at all"
        self.hold_the_desk()
        return (f"{self.messages:,} messages, {commands:,} commands, {refused:,} refused; "
                f"MessagePack: {self.desk.decoded:,} decoded, {self.desk.submitted:,} records made, "
                f"{self.desk.rejected.total():,} rejected, {self.desk.translated:,} answers; {self.unchanged:,} steps "
                "changed nothing")

    def close(self) -> None:
        """Give back what the desk has."""
        self.desk.close()

    def step(self) -> None:
        """The loop takes what waits, and the desk, mostly, too; what was not journaled changed nothing."""
        simulation = self.simulation
        simulation.advance(self.dice.choice([0, 0.001, 40]))
        before, journaled = simulation.engine.digest(), simulation.storage.appended
        simulation.run()
        if self.dice.random() < 0.9:        # else what is for it waits, behind more of the others
            self.desk.work(behind=self.dice.random() < 0.2)
        self.desk.take_sent()
        if simulation.storage.appended == journaled:
            assert simulation.engine.digest() == before, "the state changed, and nothing was journaled"
            self.unchanged += 1

    def hold_the_desk(self) -> None:
        """It has the state of the log, and has decoded, made and rejected enough that it was a test."""
        desk = self.desk
        assert desk.digest() == self.simulation.engine.digest(), "the desk's state is not the log's"
        assert desk.decoded >= self.messages // PACKED_SHARE, f"only {desk.decoded} MessagePack messages were decoded"
        counted = np.frombuffer(self.page.read(), STAT)["refused"][0]
        short = {reason.name: number for reason, number in desk.rejected.items() if counted[reason] < number}
        assert not short, f"the desk rejected more than was counted: {short}"

    def hold_against_the_log(self) -> int:
        """Another engine has the same state from the log. How many commands that has."""
        again, records = Engine(), self.simulation.storage.records()
        events = again.apply(records)
        assert not (events["sequence"] == 0).any(), "a journaled command fails at the door"
        assert again.digest() == self.simulation.engine.digest(), "the log does not give the state"
        again.check()
        return int(again.sequence)

    # ----------------------------------------------------------------------------------------------- messages

    def post(self, peer: Peer) -> None:
        """One message, from the peer or under another name."""
        dice, payload = self.dice, self.payload(peer)
        more = (True,) if dice.random() < 0.01 else ()
        if dice.random() < 0.01:
            routing = dice.randbytes(dice.choice((1, 4, 5, 255)))
            self.simulation.transport.waiting.append((routing, payload, *more))
        else:
            peer.post(payload, *more)

    def payload(self, peer: Peer) -> bytes:
        """Mostly near to what is valid, else anything."""
        dice, what = self.dice, self.dice.random()
        if what < 0.75:
            return self.records(peer)
        if what < 0.78:
            return self.packed.hostile(peer.session, 0, 0)
        if what < 0.9:
            return bytes([0xC1]) + dice.randbytes(dice.choice((0, 1, 62, 63, 64, 127, 191)))
        return dice.randbytes(dice.choice((0, 1, 63, 64, 65, 128, 512, dice.randrange(3000))))

    def post_packed(self, speaker: Peer) -> None:
        """MessagePack, with the numbers that are due: what the desk does not take uses up none."""
        payload, good = self.packed.message(speaker.session, speaker.message_number + 1)
        speaker.message_number += good
        speaker.post(payload)

    def records(self, peer: Peer) -> bytes:
        """Some valid records in turn, of which some bytes, fields, lines or numbers are then something else."""
        dice = self.dice
        payload = bytearray()
        for _ in range(dice.choice((1, 1, 1, 2, 5))):
            payload += self.record(peer)
        if dice.random() < 0.6:
            mutate(payload, dice)
        what = dice.random()
        if what < 0.03:
            del payload[dice.randrange(len(payload)) :]
        elif what < 0.05:
            payload += dice.randbytes(dice.choice((1, 64)))
        elif what < 0.051:
            payload *= 2000
        return bytes(payload)

    def record(self, peer: Peer) -> bytearray:
        """A template with the numbers that are due, and a price and a target of its own."""
        dice = self.dice
        peer.message_number += 1
        number = self.cl_ord_ids[peer.session] = self.cl_ord_ids[peer.session] + 1
        record = bytearray(dice.choice(self.templates))
        struct.pack_into("<Q", record, SEQUENCE, peer.message_number)
        if record[TYPE] < CommandType.HEARTBEAT:
            struct.pack_into("<q", record, CL_ORD_ID, number)
        if record[TYPE] in ORDER_COMMANDS:
            struct.pack_into("<q", record, PRICE, dice.randrange(9_900, 10_100))
        if record[TYPE] in (CommandType.ORDER_CANCEL_REQUEST, CommandType.ORDER_CANCEL_REPLACE_REQUEST):
            struct.pack_into("<Q", record, TARGET, dice.randint(max(1, number - 100), number))
        return record


def everything(simulation: Simulation) -> list[m.Command]:
    """Messages of every kind that a client may send; orders most often."""
    peer = Peer(simulation, 9)
    common: dict[str, Any] = {"session": "alice", "cl_ord_id": 1}
    replace, phase = m.OrderCancelReplaceRequest, m.TradingSessionStatus
    orders: list[m.Command] = [
        peer.order(side, 5, **extra)
        for side in ("Buy", "Sell")
        for extra in ({}, {"time_in_force": "IOC"}, {"account": "a", "text": "t"}, {"min_qty": Decimal(1)},
                      {"display_qty": Decimal(1), "time_in_force": "GTC"}, {"poss_resend": True})
    ]  # fmt: skip
    others: list[m.Command] = [
        m.OrderCancelRequest(**common, symbol="ACME", orig_cl_ord_id=1),
        replace(**common, symbol="ACME", orig_cl_ord_id=1, order_qty=Decimal(7), price=Decimal(100)),
        replace(**common, symbol="ACME", order_id=1, order_qty=Decimal(7)),
        m.OrderMassCancelRequest(**common), m.Heartbeat(session="alice"), m.TestRequest(session="alice", test_req_id=5),
        m.SecurityListRequest(session="alice"), m.OrderStatusRequest(**common, symbol="ACME", orig_cl_ord_id=1),
        m.OrderMassStatusRequest(session="alice"), phase(**common, symbol="ACME", phase="OpeningCall"),
        phase(**common, symbol="ACME", phase="Continuous"), m.PartyDefinition(**common, participant="new"),
        m.SessionDefinition(**common, session_name="new", participant="firm"),
        m.KillSwitch(**common, participant="firm", on=True), m.KillSwitch(**common, participant="firm", on=False),
    ]  # fmt: skip
    return [*orders, *orders, *others]


def templates(simulation: Simulation) -> list[bytes]:
    """Their records, and of every kind that no client may send."""
    bare = np.zeros(len(CommandType), COMMAND)
    bare["type"], bare["shape"] = list(CommandType), RECORD_VERSION << 4 | 1
    encoded = [simulation.codec.encode(message).tobytes() for message in everything(simulation)]
    return encoded + [line.tobytes() for line in bare]


def mutate(payload: bytearray, dice: random.Random) -> None:
    """A few bytes, fields or types of lines become something else."""
    lines = len(payload) // LINE_BYTES
    for _ in range(dice.choice((1, 1, 2, 5))):
        start, how = LINE_BYTES * dice.randrange(lines), dice.random()
        if how < 0.4:
            offset, size = dice.choice(FIELDS)
            value = dice.choice((dice.getrandbits(8 * size), dice.choice(EDGES) % 256**size))
            payload[start + offset : start + offset + size] = value.to_bytes(size, "little")
        elif how < 0.5:
            payload[start + TYPE] = dice.choice(TYPES)
        elif how < 0.6:
            payload[start + SHAPE] = RECORD_VERSION << 4 | dice.randrange(16)
        else:
            payload[dice.randrange(len(payload))] = dice.choice((0, 1, 0x7F, 0x80, 0xFF, dice.randrange(256)))


def program(first: int, count: int) -> subprocess.CompletedProcess[str]:
    """Some seeds in a process of their own, which may crash."""
    root = Path(__file__).resolve().parents[2]
    path = os.pathsep.join([str(root / "tests"), *filter(None, [os.environ.get("PYTHONPATH")]), str(root)])
    return subprocess.run([sys.executable, "-P", "-m", "faults.fuzz", "--first", str(first), "--count", str(count)],
                          env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True)  # fmt: skip


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m faults.fuzz", description=__doc__)
    parser.add_argument("--first", type=int, default=int(time.time()), help="first seed (default: the time)")
    parser.add_argument("--count", type=int, default=10, help=f"seeds, of {ROUND:,} messages each")
    given = parser.parse_args(words)
    for seed in range(given.first, given.first + given.count):
        print(f"seed {seed}", end=": ", flush=True)     # before: a crash leaves the seed behind
        with closing(Fuzz(seed)) as hostile:
            print(hostile.play(ROUND), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
