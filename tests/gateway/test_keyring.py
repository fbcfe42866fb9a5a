"""gateway/keyring.py: what the log's KEY_DEFINITIONs come to, and the file that keeps it."""

import shutil

import commands as c
import numpy as np
import pytest
from journal_logs import SEGMENT_BYTES, clocks

from pricetime.gateway import keyring
from pricetime.gateway.config import convert
from pricetime.gateway.keyring import Keyring, key_differences
from pricetime.gateway.security import new_pair
from pricetime.journal import Reader, Writer
from pricetime.journal.packing import prune
from pricetime.matching import records
from pricetime.matching.errors import UserError
from pricetime.matching.records import COMMAND
from pricetime.matching.reference.state import TABLE_MAX

A, B = new_pair()[0], new_pair()[0]
TRADE, OPERATE = records.RIGHT_TRADE, records.RIGHT_OPERATE
LOG = bytes(range(16))
OF_LOG = f'log_id = "{LOG.hex()}"\n'
OPERATOR = 9            # a session


def numbered(definition, number):
    return definition[:8] + number.to_bytes(8, "little") + definition[16:]


def ring_of(*definitions):
    ring = Keyring(log_id=LOG)
    for number, definition in enumerate(definitions, 1):
        ring.take(numbered(definition, number))
    return ring


def kept(ring, directory):
    """What the file says of it."""
    keyring.save(ring, directory)
    return keyring.load(directory)


def revoke(name, session=0, sender=OPERATOR):
    """By an operator; by 0: by the venue's file."""
    return c.define_key(name, None, session, records.DISABLED, session=sender)


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
        (c.define_key("a", A, TABLE_MAX + 1), "names session 65536, and 65,535 is the last that there can be"),
        (c.define_key("known", B, 2**32 + 1), "names session 4294967297, and"),
        (c.define_key("known", B, 2**64 - 1), "names session 18446744073709551615, and"),
        (revoke("known", TABLE_MAX + 1), "names session 65536, and"),
        (revoke("known", 2**40), "names session 1099511627776, and"),
    ],
)
def test_what_is_no_key_is_passed_over_and_said(definition, why):
    ring = ring_of(c.define_key("known", B), definition)
    assert shown(ring) == {"known": (B, TRADE, [])}
    note, = ring.take_notes()
    assert note.startswith("keys: command 2 ") and why in note and note.endswith(": passed over")
    assert ring.take_notes() == []


def test_the_last_session_that_an_engine_can_have_is_one(tmp_path):
    assert keyring.SESSION_MAX == TABLE_MAX
    ring = ring_of(c.define_key("a", A, TABLE_MAX), c.define_key("b", B, 1), revoke("b", TABLE_MAX))
    assert ring.notes == [] and kept(ring, tmp_path) == ring
    assert ring.keys["a"].sessions == {TABLE_MAX} and ring.withdrawn == {B: {TABLE_MAX: 3}}


def test_the_file_keeps_all_of_it(tmp_path):
    ring = ring_of(c.define_key('odd "name" \\ é', A, 7, OPERATE | TRADE), c.define_key("b", B, 1), revoke("b", 2),
                   revoke("b", 1), revoke("b"))
    found = kept(ring, tmp_path)
    assert found == ring
    assert (found.log_id, found.sequence, found.revoked, found.withdrawn) == (LOG, 5, {B: 5}, {B: {1: 4, 2: 3}})
    assert keyring.text_of(found) == keyring.text_of(ring)
    assert not list((tmp_path / "keys").glob("*.new"))


def test_the_file_is_one_that_people_can_read():
    ring = ring_of(c.define_key("a", A, 1), c.define_key("a", A, 2), revoke("a", 1))
    _, _, *lines = keyring.text_of(ring).splitlines()
    assert lines == [
        OF_LOG.strip(), "sequence = 3",
        "", "[[key]]", 'name = "a"', f'public = "{A.decode()}"', 'rights = ["Trade"]', "sessions = [2]",
        "", "[[withdrawn]]", f'public = "{A.decode()}"', "session = 1", "command = 3"]


def test_without_a_file_nobody_is_known(tmp_path):
    assert keyring.load(tmp_path) == Keyring()


@pytest.mark.parametrize(
    "text",
    ["\xff", "sequence =", f"{OF_LOG}sequence = -1", f"{OF_LOG}nothing = 1",
     f"{OF_LOG}sequence = 1\n[[key]]\nname = 'x'",
     f"{OF_LOG}sequence = 1\n[[key]]\nname = 'x'\npublic = '{'x' * 39}'\nrights = ['Trade']",
     f"{OF_LOG}sequence = 1\n[[withdrawn]]\npublic = '{A.decode()}'\nsession = {TABLE_MAX + 1}\ncommand = 1",
     "log_id = ''\nsequence = 1", "log_id = 1\nsequence = 1"],
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


def test_the_note_on_a_revoked_key_says_how_it_comes_back():
    config, ring = config_of({"sessions": ["alice"]}), ring_of(c.define_key("a", A, 1), revoke("a"))
    assert said(config, ring) == []
    note, = ring.take_notes()
    assert note.endswith("take it out of the file, or give it by `pricetime admin ... key`")
    ring.take(numbered(c.define_key("a", A, 1), 3))
    assert said(config, ring) == [] and ring.take_notes() == [] and shown(ring) == {"a": (A, TRADE, [1])}


def test_another_public_key_in_the_file_revokes_the_one_before_which_stays_revoked():
    ring = ring_of(c.define_key("a", B, 1))
    assert said(config_of({"sessions": ["alice"]}), ring) == [("a", A, "alice", ("Trade",), False)]
    ring.take(numbered(c.define_key("a", A, 1), 2))
    assert said(config_of({"sessions": ["alice"], "public": B.decode()}), ring) == []
    note, = ring.take_notes()
    assert "command 2 revoked this public key: it stays so" in note and shown(ring) == {"a": (A, TRADE, [1])}


def test_a_session_that_an_operator_took_from_a_key_does_not_come_back_by_the_file(tmp_path):
    config = config_of({"sessions": ["alice", "bob"]})
    ring = ring_of(c.define_key("a", A, 1), c.define_key("a", A, 2), revoke("a", 1))
    for found in (ring, kept(ring, tmp_path)):
        assert said(config, found) == []
        note, = found.take_notes()
        assert "command 3 took session 'alice' from it: it stays so" in note
    ring.take(c.define_key("a", A, 1))          # given again: it is all forgotten
    assert said(config, ring) == [] and ring.take_notes() == [] and shown(ring) == {"a": (A, TRADE, [1, 2])}
    assert ring.withdrawn == {} and kept(ring, tmp_path) == ring


WITHDRAWN = [c.define_key("a", A, 1), c.define_key("a", A, 2), revoke("a", 1)]


@pytest.mark.parametrize(
    "meanwhile",
    [
        [revoke("a"), c.define_key("a", A, 2)],
        [revoke("a"), c.define_key("a", A, 0)],
        [revoke("a", sender=0), c.define_key("a", A, 2)],
        [revoke("a"), c.define_key("other", A, 2), revoke("other"), c.define_key("a", A, 2)],
        [c.define_key("a", B, 2), c.define_key("a", A, 2)],
        [c.define_key("a", B, 1), c.define_key("a", A, 2)],
        [c.define_key("a", A, 2, OPERATE), c.define_key("a", A, 2), c.define_key("b", B, 1)],
        [c.define_key("a", A, 1, rights=0), c.define_key("b", A, 1)],       # no keys: passed over
        [revoke("a", 1, sender=0)],
    ],
    ids=["revoked", "for nobody", "by the file", "another name", "swapped", "another key's", "rights", "no key",
         "twice"],
)
def test_a_withdrawn_session_stays_so_whatever_becomes_of_its_key(tmp_path, meanwhile):
    ring = ring_of(*WITHDRAWN, *meanwhile)
    ring.take_notes()
    for found in (ring, kept(ring, tmp_path)):
        assert 1 not in found.keys["a"].sessions and found.withdrawn == {A: {1: 3}}
        assert (A, "alice") not in [(public, name) for _, public, name, *_ in said(
            config_of({"sessions": ["alice", "bob"]}), found)]
        note, = found.take_notes()
        assert "command 3 took session 'alice' from it: it stays so" in note


def test_a_withdrawn_session_is_another_public_keys_all_the_same():
    ring = ring_of(*WITHDRAWN, c.define_key("a", B, 2))
    config = config_of({"sessions": ["alice", "bob"], "public": B.decode()})
    assert said(config, ring) == [("a", B, "alice", ("Trade",), False)] and ring.take_notes() == []
    ring.take(c.define_key("a", B, 1))
    assert ring.withdrawn == {A: {1: 3}}


def test_a_withdrawn_session_is_given_back_with_a_key_that_was_revoked():
    ring = ring_of(*WITHDRAWN, revoke("a"), c.define_key("a", A, 1))
    assert ring.withdrawn == {} and shown(ring) == {"a": (A, TRADE, [1])}


def test_sessions_that_nobody_has_are_said_in_one_line_and_left_alone(tmp_path):
    ring = ring_of(c.define_key("a", A, 1), c.define_key("a", A, 999), revoke("a", 998))
    for found in (ring, kept(ring, tmp_path)):
        assert said(config_of({"sessions": ["alice"]}), found) == []
        note, = found.take_notes()
        assert note == ("[[key]] 'a': it may speak for session numbers that nobody has (999): they stay with it until "
                        "it is revoked")
    many = ring_of(*(c.define_key("a", A, number) for number in range(2, 10)))
    assert said(config_of({"sessions": ["alice"]}), many) == [
        ("a", A, "alice", ("Trade",), False), ("a", None, "bob", (), True)]
    note, = many.take_notes()
    assert "(3, 4, 5, 6, 7, ...)" in note


def test_sessions_that_nobody_has_go_with_their_key():
    for ring in (ring_of(c.define_key("a", A, 999), revoke("a"), c.define_key("a", A, 1)),
                 ring_of(c.define_key("a", B, 999), c.define_key("a", A, 1)),
                 ring_of(c.define_key("a", A, 1), c.define_key("b", B, 999))):      # not in the file at all
        assert said(config_of({"sessions": ["alice"]}), ring) == [] and ring.take_notes() == []


def test_a_session_that_the_file_took_from_a_key_comes_back_with_the_file():
    ring = ring_of(c.define_key("a", A, 1), c.define_key("a", A, 2), c.define_key("a", None, 1, records.DISABLED))
    assert said(config_of({"sessions": ["alice", "bob"]}), ring) == [("a", A, "alice", ("Trade",), False)]


def test_the_file_revokes_a_key_once():
    ring = ring_of(c.define_key("a", A, 1))
    assert said(config_of({"revoked": True}), ring) == [("a", None, None, (), True)]
    assert said(config_of({"revoked": True}), Keyring()) == []


# ------------------------------------------------------------------------------------------------ and its log


def log_of(directory, *definitions, clocks_before=0):
    """A log that has these; its last command."""
    with Writer(directory, segment_bytes=SEGMENT_BYTES) as writer:
        writer.append(clocks(1, clocks_before))
        for number, definition in enumerate(definitions, clocks_before + 1):
            lines = np.frombuffer(numbered(definition, number), COMMAND).copy()
            lines["time"][0] = number * 10
            writer.append(lines)
    return clocks_before + len(definitions)


def file_of(directory):
    return directory / "keys" / "authorized.toml"


def test_the_file_of_a_log_has_its_id_and_saves_reading_it(tmp_path):
    last = log_of(tmp_path, c.define_key("a", A, 1))
    ring = keyring.keyring_of(tmp_path, last)
    assert ring.log_id == Reader(tmp_path).log_id and ring.notes == [] and shown(ring) == {"a": (A, TRADE, [1])}
    keyring.save(ring, tmp_path)
    assert f'log_id = "{ring.log_id.hex()}"' in file_of(tmp_path).read_text()
    file_of(tmp_path).write_text(file_of(tmp_path).read_text().replace('"a"', '"as the file says"'))
    assert shown(keyring.keyring_of(tmp_path, last)) == {"as the file says": (A, TRADE, [1])}


def test_the_file_of_another_log_says_nothing_of_this_ones_keys(tmp_path):
    log_of(tmp_path, c.define_key("mallory", B, 1))
    old = keyring.keyring_of(tmp_path, 1)
    keyring.save(old, tmp_path)
    shutil.rmtree(tmp_path / "log")
    (tmp_path / "venue.toml").touch()
    last = log_of(tmp_path, c.define_key("a", A, 1), clocks_before=5)       # further on than the file
    ring = keyring.keyring_of(tmp_path, last)
    assert shown(ring) == {"a": (A, TRADE, [1])} and ring.sequence == last
    note, = ring.take_notes()
    assert note == (f"{file_of(tmp_path)} is of another log than {tmp_path / 'log'} (log id {old.log_id.hex()}, here "
                    f"{ring.log_id.hex()}): read anew from the log")
    keyring.save(ring, tmp_path)
    assert keyring.keyring_of(tmp_path, last) == ring       # and nothing is said any more


@pytest.mark.parametrize(
    "before",
    ["", f"[[key]]\nname = 'm'\npublic = '{B.decode()}'\nrights = ['Trade']\nsessions = [1]\nwithdrawn = [[2, 3]]\n",
     f"[[key]]\nname = 'm'\npublic = '{B.decode()}'\nrights = ['Trade']\nsessions = [{2**40}]\n"],
    ids=["nobody", "withdrawn", "what its own venue refuses"],
)
def test_a_file_of_before_it_said_its_log_is_read_anew(tmp_path, before):
    last = log_of(tmp_path, c.define_key("a", A, 1), clocks_before=5)
    file_of(tmp_path).parent.mkdir()
    file_of(tmp_path).write_text(f"sequence = {last}\n{before}")
    ring = keyring.keyring_of(tmp_path, last)
    assert shown(ring) == {"a": (A, TRADE, [1])}
    note, = ring.take_notes()
    assert note == (f"{file_of(tmp_path)} does not say of which log it is (an earlier pricetime wrote it): read anew "
                    "from the log")
    keyring.save(ring, tmp_path)
    assert keyring.keyring_of(tmp_path, last) == ring


@pytest.mark.parametrize("log_id", ["", f'log_id = "{"0" * 32}"\n'], ids=["missing", "another"])
def test_reading_anew_a_log_that_was_pruned_says_what_it_lacks(tmp_path, log_id):
    last = log_of(tmp_path, c.define_key("a", A, 1), clocks_before=200)
    prune(tmp_path, 128)
    file_of(tmp_path).parent.mkdir()
    file_of(tmp_path).write_text(f"{log_id}sequence = 150\n")
    ring = keyring.keyring_of(tmp_path, last)
    assert shown(ring) == {"a": (A, TRADE, [1])}
    anew, pruned = ring.take_notes()
    assert anew.endswith(": read anew from the log")
    assert pruned.startswith("keys: commands 1 to 128 were pruned: a key that was given or revoked there is not known")


def test_the_file_of_a_log_that_was_pruned_has_what_is_gone(tmp_path):
    last = log_of(tmp_path, c.define_key("a", A, 1), *[c.record(records.CommandType.CLOCK)] * 200)
    keyring.save(keyring.keyring_of(tmp_path, last), tmp_path)
    prune(tmp_path, 128)
    ring = keyring.keyring_of(tmp_path, last)
    assert shown(ring) == {"a": (A, TRADE, [1])} and ring.notes == []


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


@pytest.mark.parametrize("given_up", [(revoke("a"),), (c.define_key("a", B, 0),)])
def test_a_public_key_that_a_name_gave_up_may_be_anothers(given_up, tmp_path):
    ring = ring_of(c.define_key("a", A, 1), *given_up)
    again = kept(ring, tmp_path)
    for found in (ring, again):
        assert found.fault("z", A, TRADE) == ""
        found.take(numbered(c.define_key("z", A, 2), 5))
        assert shown(found)["z"] == (A, TRADE, [2]) and found.notes == []
        assert found.fault("a", A, TRADE) == "has the public key of 'z'"


def test_a_session_taken_from_a_key_leaves_its_public_key_with_it(tmp_path):
    ring = ring_of(c.define_key("a", A, 1), revoke("a", 1))
    for found in (ring, kept(ring, tmp_path)):
        assert found.fault("a", A, TRADE) == "" and found.fault("z", A, TRADE) == "has the public key of 'a'"
