"""What is no key is refused before it is journaled: gateway/key_names.pyx decides as gateway/keyring.py does."""

import random

import commands as c
import numpy as np
import pytest

from pricetime.gateway.keyring import Keyring
from pricetime.gateway.security import new_pair
from pricetime.matching import records
from pricetime.matching.records import COMMAND, CommandType
from tests.gateway.simulation import DEFINITIONS, Peer, Simulation, said

OPERATOR = 3            # a session
A, B, C = (new_pair()[0] for _ in range(3))
NAMES = ["a", "b", "laptop", "x" * 48, "é", "日本", "\U0001F600"] * 3 + [
    None, "", "a\tb", "a\u00a0b", "\u2028", "\u0378", "\u200b", "\ue000", "\U000E0001", b"\xff", b"\xed\xa0\x80",
    b"a\xc3"]
PUBLICS = [A, B, C] * 4 + [
    None, b"", A[:39], A + b"0", b"#" * 40, b"%nSc0" * 8, b"%nSc1" * 8, A[:39] + b"~", b"\xff" * 40]
TARGETS = [0] * 4 + [1, 2, 65_535, 65_536, 2**40]
RIGHTS = [records.RIGHT_TRADE, records.RIGHT_OPERATE, records.DISABLED, records.DISABLED | records.RIGHT_TRADE]


class KeyPeer(Peer):
    def __init__(self, simulation: Simulation) -> None:
        super().__init__(simulation, 1, "operator")
        assert said(self.logon()) == [("LOGON_ANSWER", "NONE")]

    def define(self, name, public, target=0, rights=records.RIGHT_TRADE):
        """The reason of the answer."""
        self.message_number += 1
        self.cl_ord_id += 1
        record = c.define_key(name, public, target, rights, session=OPERATOR, cl_ord_id=self.cl_ord_id)
        lines = np.frombuffer(record, COMMAND).copy()
        lines["sequence"][0] = self.message_number
        self.post(lines)
        ((kind, reason),) = said(self.answers())
        assert (kind == "COMMAND_ACK") == (reason == "NONE")
        return reason


def keeping(keys):
    venue = Simulation()
    venue.loop.keep_keys(keys)
    return venue


def logged(venue):
    """KEY_DEFINITIONs in the log."""
    lines, place, found = venue.storage.records(), 0, []
    while place < len(lines):
        size = int(lines[place]["shape"] & 0xF)
        if lines[place]["type"] == CommandType.KEY_DEFINITION:
            found.append(lines[place : place + size].tobytes())
        place += size
    return found


@pytest.mark.parametrize("seed", range(20))
def test_what_the_keyring_would_pass_over_is_refused_and_all_else_is_journaled(seed):
    dice = random.Random(seed)
    venue = keeping({})
    operator, ring, taken = KeyPeer(venue), Keyring(), 0
    for _ in range(300):
        wanted = dice.choice(NAMES), dice.choice(PUBLICS), dice.choice(TARGETS), dice.choice([0, *RIGHTS * 3])
        reason = operator.define(*wanted)
        if reason == "NONE":
            taken += 1
            ring.take(logged(venue)[-1])
            assert ring.take_notes() == [], wanted
        else:
            before = dict(ring.keys)
            ring.take(c.define_key(*wanted, session=OPERATOR))
            assert len(ring.take_notes()) == 1 and ring.keys == before, (wanted, reason)
        assert len(logged(venue)) == taken
    assert 10 < taken < 290


@pytest.mark.parametrize(
    ("definition", "reason"),
    [
        (("q", A), "NAME_TAKEN"),
        (("q", None, 0, records.DISABLED), "NAME_INVALID"),
        (("q", None, 1, records.DISABLED), "NAME_INVALID"),
        (("a\tb", B), "NAME_INVALID"),
        ((None, B), "LINE_MISSING"),
        (("q", None), "LINE_MISSING"),
        (("q", B[:39]), "UNSUPPORTED"),
        (("q", B, 0, 0), "UNSUPPORTED"),
        (("q", B, 65_536), "UNKNOWN_SESSION"),
        (("q", B), "NONE"),
        (("laptop", A, 2), "NONE"),
        (("laptop", B), "NONE"),
        (("laptop", None, 1, records.DISABLED), "NONE"),
    ],
)
def test_each_reason_that_a_key_is_refused_for(definition, reason):
    assert KeyPeer(keeping({"laptop": A})).define(*definition) == reason


def test_a_public_key_is_free_again_when_its_key_is_revoked_or_has_another():
    operator = KeyPeer(keeping({"laptop": A}))
    assert operator.define("laptop", B) == "NONE"
    assert operator.define("other", A) == "NONE"
    assert operator.define("other", None, 1, records.DISABLED) == "NONE"     # of one session: it stays a key
    assert operator.define("third", A) == "NAME_TAKEN"
    assert operator.define("other", None, 0, records.DISABLED) == "NONE"
    assert operator.define("other", None, 0, records.DISABLED) == "NAME_INVALID"
    assert operator.define("third", A) == "NONE"


def test_definitions_in_one_message_are_each_judged_behind_the_one_before():
    venue = keeping({})
    operator = KeyPeer(venue)
    lines = b"".join(
        c.define_key(name, public, 0, rights, session=OPERATOR, cl_ord_id=number, sequence=number + 1)
        for number, (name, public, rights) in enumerate(
            [("a", A, records.RIGHT_TRADE), ("b", A, records.RIGHT_TRADE), ("a", None, records.DISABLED),
             ("b", A, records.RIGHT_TRADE)], 1)
    )
    operator.post(lines)
    assert said(operator.answers()) == [
        ("COMMAND_ACK", "NONE"), ("BUSINESS_MESSAGE_REJECT", "NAME_TAKEN"), ("COMMAND_ACK", "NONE"),
        ("COMMAND_ACK", "NONE")]


def test_what_found_no_room_in_the_log_is_no_key():
    venue = keeping({})
    operator = KeyPeer(venue)
    venue.storage.room = 0
    assert operator.define("a", A) == "LOG_FULL"
    venue.storage.room = None
    assert operator.define("b", A) == "NONE"


def test_a_thousand_keys_are_all_known():
    keys = {f"key-{number}": new_pair()[0] for number in range(1_000)}
    venue = keeping(dict(list(keys.items())[:500]))
    operator = KeyPeer(venue)
    assert {operator.define(name, public) for name, public in keys.items()} == {"NONE"}
    assert {operator.define("q", public) for public in keys.values()} == {"NAME_TAKEN"}


def test_a_venue_that_keeps_no_keys_journals_each():
    venue = Simulation()
    operator = KeyPeer(venue)
    assert [operator.define("q", A), operator.define("r", A), operator.define("s", None, 0, records.DISABLED)] == [
        "NONE"] * 3
    assert len(venue.journaled()) == 4 and len(DEFINITIONS) == 8


def test_keys_that_are_kept_have_public_keys():
    with pytest.raises(ValueError, match="key 'q': found a public key of 39 bytes, expected 40"):
        Simulation().loop.keep_keys({"q": A[:39]})
