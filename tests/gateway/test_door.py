"""gateway/authenticator.py's Door without sockets: which key has which number when many definitions came at once."""

import pytest

from pricetime.gateway import messages as m
from pricetime.gateway.authenticator import Door
from pricetime.gateway.codec import Codec
from pricetime.gateway.keyring import Keyring
from pricetime.gateway.security import new_pair
from pricetime.matching.records import RIGHT_OPERATE, RIGHT_TRADE

ONE, TWO, THREE = (new_pair()[0] for _ in range(3))


class Keys:
    """A keyring that takes definitions, and the door that lets its keys in when it is told to."""

    def __init__(self):
        self.ring, self.door, self._codec = Keyring(), Door(lambda *_: None), Codec()
        self._codec.directory.take_session(1, "alice", 1)

    def define(self, name, public=None, rights=("Trade",), **fields):
        record = self._codec.encode(m.KeyDefinition(
            key_name=name, public=None if public is None else public.decode(), rights=rights, **fields)).tobytes()
        self.ring.take(record[:8] + (self.ring.sequence + 1).to_bytes(8, "little") + record[16:])

    def admit(self):
        self.door.admit(self.ring)
        return {name: self.door.number(name) for name in self.ring.keys}

    def of(self, public):
        return self.door._public.get(public, 0)


@pytest.fixture
def keys():
    return Keys()


def test_a_key_that_was_revoked_and_given_anew_at_once_is_another_number(keys):
    keys.define("k", ONE, target_session="alice")
    before = keys.admit()["k"]
    keys.define("k", disabled=True)
    keys.define("k", ONE, target_session="alice")
    after = keys.admit()["k"]
    assert after not in (0, before) and keys.of(ONE) == after
    assert keys.door.table.rights(before) == 0 and not keys.door.table.speaks_for(before, 1)
    assert keys.door.table.rights(after) == RIGHT_TRADE and keys.door.table.speaks_for(after, 1)


def test_a_key_whose_rights_change_keeps_its_number(keys):
    keys.define("k", ONE)
    before = keys.admit()["k"]
    keys.define("k", ONE, rights=("Operate",))
    assert keys.admit()["k"] == before and keys.door.table.rights(before) == RIGHT_OPERATE


def test_a_public_key_that_went_to_another_name_at_once_comes_in_by_that_one(keys):
    keys.define("second", TWO)
    keys.define("first", ONE)
    keys.admit()
    keys.define("first", THREE)
    keys.define("second", ONE)
    after = keys.admit()
    assert keys.of(ONE) == after["second"] != 0 and keys.of(THREE) == after["first"] != 0 and keys.of(TWO) == 0
