"""gateway/keyring.py: what the log's KEY_DEFINITIONs come to, and the file that keeps it."""

import commands as c
import pytest

from pricetime.gateway import keyring
from pricetime.gateway.config import convert
from pricetime.gateway.keyring import Keyring, key_differences
from pricetime.gateway.security import new_pair
from pricetime.matching import records
from pricetime.matching.errors import UserError

A, B = new_pair()[0], new_pair()[0]
TRADE, OPERATE = records.RIGHT_TRADE, records.RIGHT_OPERATE


def ring_of(*definitions):
    ring = Keyring()
    for number, definition in enumerate(definitions, 1):
        ring.take(definition[:8] + number.to_bytes(8, "little") + definition[16:])
    return ring


def shown(ring):
    return {name: (key.public, key.rights, sorted(key.sessions)) for name, key in ring.keys.items()}


def test_a_key_has_the_sessions_of_all_its_definitions_and_the_rights_of_the_last():
    ring = ring_of(c.define_key("a", A, 1), c.define_key("a", A, 2, OPERATE), c.define_key("b", B, 0))
    assert shown(ring) == {"a": (A, OPERATE, [1, 2]), "b": (B, TRADE, [])}
    assert ring.sequence == 3 and ring.notes == []


def test_another_public_key_under_a_name_is_a_new_key_with_none_of_its_sessions():
    ring = ring_of(c.define_key("a", A, 1), c.define_key("a", B, 2))
    assert shown(ring) == {"a": (B, TRADE, [2])}
    assert ring.revoked == {A: 2}


def test_a_revoked_key_is_gone_or_no_longer_speaks_for_one_session():
    revoked = records.DISABLED
    assert shown(ring_of(c.define_key("a", A, 1), c.define_key("a", None, 0, revoked))) == {}
    ring = ring_of(c.define_key("a", A, 1), c.define_key("a", A, 2), c.define_key("a", None, 1, revoked))
    assert shown(ring) == {"a": (A, TRADE, [2])} and ring.revoked == {}


@pytest.mark.parametrize(
    ("definition", "why"),
    [
        (c.define_key(None, A), "has no name"),
        (c.define_key(b"\xff", A), "has no name"),
        (c.define_key("", A), "has a name that cannot be printed"),
        (c.define_key("a\tb", A), "has a name that cannot be printed"),
        (c.define_key("a", None), "has no public key of 40 characters"),
        (c.define_key("a", b"x" * 39), "has no public key of 40 characters"),
        (c.define_key("a", b"\xff" * 40), "has no public key of 40 characters"),
        (c.define_key("a", A, rights=0), "has no right at all"),
        (c.define_key("other", B), "has the public key of 'known'"),
        (c.define_key("nobody", None, 0, records.DISABLED), "revokes 'nobody', which is no key"),
    ],
)
def test_what_is_no_key_is_passed_over_and_said(definition, why):
    ring = ring_of(c.define_key("known", B), definition)
    assert shown(ring) == {"known": (B, TRADE, [])}
    note, = ring.take_notes()
    assert note.startswith("keys: command 2 ") and why in note and note.endswith(": passed over")
    assert ring.take_notes() == []


def test_the_file_keeps_all_of_it(tmp_path):
    ring = ring_of(c.define_key('odd "name" \\ é', A, 7, OPERATE | TRADE), c.define_key("b", B, 1),
                   c.define_key("b", None, 0, records.DISABLED))
    keyring.save(ring, tmp_path)
    found = keyring.load(tmp_path)
    assert (found.keys, found.sequence, found.revoked) == (ring.keys, 3, {B: 3})
    assert keyring.text_of(found) == keyring.text_of(ring)
    assert not list((tmp_path / "keys").glob("*.new"))


def test_without_a_file_nobody_is_known(tmp_path):
    assert keyring.load(tmp_path) == Keyring()


@pytest.mark.parametrize(
    "text",
    ["sequence = -1", "nothing = 1", "sequence = 1\n[[key]]\nname = 'x'", "\xff", "sequence =",
     f"sequence = 1\n[[key]]\nname = 'x'\npublic = '{'x' * 39}'\nrights = ['Trade']"],
)
def test_a_file_that_the_venue_did_not_write_is_refused(tmp_path, text):
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "authorized.toml").write_text(text, "latin-1")
    with pytest.raises(UserError, match="restore it, or remove"):
        keyring.load(tmp_path)


# -------------------------------------------------------------------------------------------- and a venue.toml


def config_of(*keys):
    return convert({
        "venue": {"endpoints": ["tcp://127.0.0.1:0"]},
        "session": [{"name": "alice"}, {"name": "bob"}],
        "key": [{"name": "a", "public": A.decode(), **key} for key in keys],
    })


def said(config, ring):
    found = key_differences(config, ring, {"alice": 1, "bob": 2})
    return [(m.key_name, m.public and m.public.encode(), m.target_session, m.rights, m.disabled) for m in found]


def test_a_new_key_is_given_for_each_of_its_sessions():
    assert said(config_of({"sessions": ["alice", "bob"]}), Keyring()) == [
        ("a", A, "alice", ("Trade",), False), ("a", A, "bob", ("Trade",), False)]
    assert said(config_of({"rights": ["Operate"]}), Keyring()) == [("a", A, None, ("Operate",), False)]


def test_what_differs_is_given_and_taken():
    ring = ring_of(c.define_key("a", A, 1))
    assert said(config_of({"sessions": ["alice"]}), ring) == []
    assert said(config_of({"sessions": ["alice"], "rights": ["Risk"]}), ring) == [("a", A, None, ("Risk",), False)]
    assert said(config_of({"sessions": ["bob"]}), ring) == [
        ("a", A, "bob", ("Trade",), False), ("a", None, "alice", (), True)]


def test_a_key_that_was_revoked_does_not_come_back_by_the_file():
    ring = ring_of(c.define_key("a", A, 1), c.define_key("a", None, 0, records.DISABLED))
    assert said(config_of({"sessions": ["alice"]}), ring) == []
    note, = ring.take_notes()
    assert "command 2 revoked this public key: it stays so" in note


def taken_by(sender, definition):
    return definition[:24] + sender.to_bytes(4, "little") + definition[28:]


def test_a_session_that_an_operator_took_from_a_key_does_not_come_back_by_the_file(tmp_path):
    config = config_of({"sessions": ["alice", "bob"]})
    take = taken_by(2, c.define_key("a", None, 1, records.DISABLED))
    ring = ring_of(c.define_key("a", A, 1), c.define_key("a", A, 2), take)
    keyring.save(ring, tmp_path)
    for found in (ring, keyring.load(tmp_path)):
        assert said(config, found) == []
        note, = found.take_notes()
        assert "command 3 took session 'alice' from it: it stays so" in note
    ring.take(c.define_key("a", A, 1))          # given again: it is all forgotten
    assert said(config, ring) == [] and ring.take_notes() == [] and shown(ring) == {"a": (A, TRADE, [1, 2])}


def test_a_session_that_the_file_took_from_a_key_comes_back_with_the_file():
    ring = ring_of(c.define_key("a", A, 1), c.define_key("a", A, 2), c.define_key("a", None, 1, records.DISABLED))
    assert said(config_of({"sessions": ["alice", "bob"]}), ring) == [("a", A, "alice", ("Trade",), False)]


def test_the_file_revokes_a_key_once():
    ring = ring_of(c.define_key("a", A, 1))
    assert said(config_of({"revoked": True}), ring) == [("a", None, None, (), True)]
    assert said(config_of({"revoked": True}), Keyring()) == []


def test_a_key_that_the_file_does_not_name_stays_and_is_said():
    ring = ring_of(c.define_key("b", B, 1))
    assert list(keyring.unnamed_keys(config_of({}), ring)) == [
        "key 'b' is in the log but not in the configuration: it stays as it is"]


@pytest.mark.parametrize(
    ("keys", "error"),
    [
        ([{"public": "x" * 40}, {}], r"\[\[key\]\] name = 'a' stands there twice"),
        ([{"public": "~" * 40}], r"\[\[key\]\] 'a' public: found '~~"),
        ([{}, {"name": "b"}], "'b' public: is that of 'a', too"),
        ([{"rights": []}], "'a' rights: found none, expected at least one"),
        ([{"sessions": ["alcie"]}], r"no \[\[session\]\] 'alcie'; the nearest that there is: 'alice'"),
        ([{"name": "a\nb"}], "expected 1 to 48 bytes that can be printed"),
    ],
)
def test_what_cannot_be_a_key_of_the_file(keys, error):
    with pytest.raises(UserError, match=error):
        config_of(*keys)
