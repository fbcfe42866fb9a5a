"""MessagePack for the fuzzer: valid messages, and what becomes of them when types, lengths, names, nesting, numbers or
bytes are changed, or the end is cut off.

A map is put together here pair by pair, so that it can have what no encoder writes: a name twice, a count or a length
that is not true, text that is not UTF-8.
"""

import random
import struct
from collections.abc import Sequence
from typing import Any

import msgspec

from pricetime.gateway import messages as m

Pairs = list[tuple[bytes, bytes]]
pack = msgspec.msgpack.encode

NOT_UTF8 = [b"\xa2\xff\xfe", b"\xa1\x80", b"\xa3\xed\xa0\x80", b"\xd9\x02\xc3\x28"]
EXTENSIONS = [b"\xd4\x01\x00", b"\xd6\xff\x00\x00\x00\x01", b"\xd7\xff" + bytes(8), b"\xc7\x0c\xff" + b"\xff" * 12,
              b"\xc7\x00\x05"]
LIES = [b"\xdb\xff\xff\xff\xff", b"\xc6\xff\xff\xff\xff", b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff",
        b"\xd9\xff", b"\xda\xff\xff", b"\xc9\xff\xff\xff\xff\x01", b"\xc1"]
NUMBERS = [pack(number) for number in (0, -1, 1, 2**31, 2**32, 2**53 + 1, 2**63 - 1, -(2**63), 2**63, 2**64 - 1)]
FLOATS = [pack(number) for number in (0.0, -0.0, 100.25, 1e300, 5e-324, float("nan"), float("inf"), -float("inf"))]
FLOATS.append(b"\xca" + struct.pack(">f", 0.1))
TEXTS = [pack(text) for text in ("", "x", "x" * 300, "ACME", "Buy", "1e400", "1E999999999", "-0", "NaN", "0x10", "1_0",
                                 "٣", "\0", "100.25", "9" * 400, "0." + "0" * 400 + "1")]
OTHERS = [pack(thing) for thing in (None, True, False, [], {}, b"\xff", [[]], {"a": 1}, {"MsgType": "Logon"})]
VALUES = [*NUMBERS, *FLOATS, *TEXTS, *OTHERS, *NOT_UTF8, *EXTENSIONS]
NAMES = [pack(name) for name in ("Nothing", "", "session", "MsgType", "Session", "ClOrdID", "Price", "Symbol", 1, None,
                                 2.5, b"Price", [], [1], {}, "x" * 300)] + NOT_UTF8 + EXTENSIONS[:2]
DEEP = (1, 10, 100, 600, 2000)
WRONG_NAMES: dict[str, Sequence[Any]] = {
    "Symbol": ("NOPE", "acme", "ACME ", ""), "Session": ("alice", "operator", "nobody", ""),
    "ClOrdID": (0, -1, 2**63 - 1),
    "MsgType": ("Nothing", "ExecutionReport", "Record", "VenueStart", "Clock", ""), "Side": ("buy", "", "SellShort"),
    "OrdType": ("Stop", "Nothing"), "Price": ("100.123", "1e30", "-1"), "OrderQty": ("0", "-5", "0.5", "1e18"),
}  # fmt: skip


class Packed:
    """Makes them from valid messages, by one's own dice."""

    def __init__(self, dice: random.Random, messages: Sequence[m.Command]) -> None:
        self.dice = dice
        self.templates = [msgspec.to_builtins(message) for message in messages]
        self.cl_ord_id = 0

    def logon(self, session: str) -> bytes:
        """A valid one, the first message of a connection."""
        return pack({"MsgType": "Logon", "SessionName": session, "Sequence": 1,
                     **({"FullReports": True} if self.dice.random() < 0.5 else {})})

    def message(self, session: str, number: int) -> tuple[bytes, int]:
        """One message, and how many of its numbers the venue should have taken: 0 where it is hostile."""
        if self.dice.random() < 0.5:
            return self.hostile(session, number, 1), 0
        maps = [encoded(self.fields(session, number + place)) for place in range(self.dice.choice((1, 1, 1, 2, 5)))]
        return (maps[0] if len(maps) == 1 else array(maps)), len(maps)

    def fields(self, session: str, number: int) -> dict[str, Any]:
        """A valid message as its names and values."""
        dice = self.dice
        self.cl_ord_id += 1
        fields = dict(dice.choice(self.templates)) | {"Session": session, "Sequence": number}
        if "ClOrdID" in fields:
            fields["ClOrdID"] = self.cl_ord_id
        if "Price" in fields:
            fields["Price"] = dice.choice((f"{dice.randrange(9_900, 10_100) / 100:.2f}", 100, 100.25))
        if "OrigClOrdID" in fields:
            fields["OrigClOrdID"] = dice.randint(max(1, self.cl_ord_id - 100), self.cl_ord_id)
        return fields

    def hostile(self, session: str, number: int, good: int) -> bytes:
        """Changed once or a few times, as fields, as pairs, or as bytes; maybe behind good ones, maybe cut off."""
        dice, what = self.dice, self.dice.random()
        if what < 0.02:
            return dice.choice([b"\x91", b"\x81\xa1a", b"\x81\x91"]) * dice.choice(DEEP)
        if what < 0.03:
            return bytes([dice.choice([0x80, 0x8F, 0x90, 0x9F, 0xDC, 0xDD, 0xDE, 0xDF])]) + dice.randbytes(
                dice.choice((0, 1, 4, 60, 2000)))
        if what < 0.032:        # larger than a message may be, or just not
            return array([encoded(self.fields(session, number))] * dice.choice((200, 400, 700)))
        fields = self.fields(session, number)
        if dice.random() < 0.4:
            name = dice.choice([*WRONG_NAMES])
            fields[name] = dice.choice(WRONG_NAMES[name])
        pairs = [(pack(name), pack(value)) for name, value in fields.items()]
        made = bytearray(self.spoilt(pairs) if dice.random() < 0.7 else joined(pairs))
        if dice.random() < 0.2:
            maps = [encoded(self.fields(session, number)) for _ in range(good)]
            made = bytearray(array([*maps, bytes(made), *maps], off=dice.choice((0, 0, 0, 1, -1, 2**31))))
        if dice.random() < 0.15:
            for _ in range(dice.choice((1, 2, 5))):
                made[dice.randrange(len(made))] = dice.randrange(256)
        if dice.random() < 0.05:
            made += dice.choice((b"\xc0", b"\x80", dice.randbytes(5)))
        return bytes(made[: dice.randrange(1, len(made))] if dice.random() < 0.2 else made)

    def spoilt(self, pairs: Pairs) -> bytes:
        """Some pairs are not what they were."""
        dice, off = self.dice, 0
        for _ in range(dice.choice((1, 1, 1, 2, 4))):
            place, how = dice.randrange(len(pairs)), dice.random()
            name, value = pairs[place]
            if how < 0.4:
                pairs[place] = name, dice.choice(VALUES)
            elif how < 0.5:
                pairs[place] = dice.choice(NAMES), value
            elif how < 0.6 and len(pairs) > 1:
                del pairs[place]
            elif how < 0.7:
                pairs.insert(dice.randrange(len(pairs) + 1), (name, dice.choice((value, dice.choice(VALUES)))))
            elif how < 0.78:
                pairs.append((dice.choice(NAMES), dice.choice(VALUES)))
            elif how < 0.86:
                pairs[place] = name, dice.choice((b"\x91", b"\x81\xa1a")) * dice.choice(DEEP) + value
            elif how < 0.92:
                pairs[place] = name, dice.choice(LIES)
            elif how < 0.95:
                off = dice.choice((-1, 1, 5, 2**31))
            else:
                dice.shuffle(pairs)
        return joined(pairs, off)


def joined(pairs: Pairs, off: int = 0) -> bytes:
    """A map of pairs, whose count is off by so many."""
    count = max(0, len(pairs) + off)
    head = bytes([0x80 | count]) if count < 16 else b"\xdf" + count.to_bytes(4, "big")
    return head + b"".join(name + value for name, value in pairs)


def array(maps: Sequence[bytes], off: int = 0) -> bytes:
    """An array of maps, whose count is off by so many."""
    count = max(0, len(maps) + off)
    head = bytes([0x90 | count]) if count < 16 else b"\xdd" + count.to_bytes(4, "big")
    return head + b"".join(maps)


def encoded(fields: dict[str, Any]) -> bytes:
    return pack(fields)
