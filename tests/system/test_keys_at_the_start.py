"""What a start says of the keys of venue.toml, and what it does not take."""

import numpy as np
import pytest

from pricetime.gateway.config import convert
from pricetime.gateway.security import new_pair
from pricetime.gateway.venue import Venue
from pricetime.journal.reader import Reader
from pricetime.matching.errors import UserError
from pricetime.matching.records import CommandType

PUBLIC, OTHER = (new_pair()[0].decode() for _ in range(2))


def start_with(directory, *keys):
    """What a start with these [[key]] says of keys; the KEY_DEFINITIONs that the log has then."""
    config = convert({
        "venue": {"endpoints": ["tcp://127.0.0.1:0"]}, "log": {"segment_mib": 1},
        "session": [{"name": "alice"}, {"name": "bob"}],
        "key": [{"public": PUBLIC} | key for key in keys],
    })
    with Venue(directory, config) as venue:
        notes = [note for note in venue.notes if note.split()[0] in ("defined", "changed", "revoked", "keys:")]
    types = np.concatenate([block["type"] for block in Reader(directory)])
    return [note for note in notes if "key" in note], int((types == CommandType.KEY_DEFINITION).sum())


def test_a_start_says_of_a_key_what_becomes_of_what(tmp_path):
    old, new = PUBLIC, OTHER
    for key, said in (
        ({"sessions": ["alice"]}, "defined key 'k' for 'alice'"),
        ({"sessions": ["alice"], "rights": ["Risk", "Trade"]}, "changed key 'k': rights from Trade to Trade Risk"),
        ({"sessions": ["alice"], "rights": ["MarketData"]}, "changed key 'k': rights from Trade Risk to MarketData"),
        ({"sessions": ["alice", "bob"], "rights": ["Trade"]},
         "changed key 'k': rights from MarketData to Trade, sessions from alice to alice bob"),
        ({"sessions": ["bob"]}, "changed key 'k': sessions from alice bob to bob"),
        ({}, "changed key 'k': sessions from bob to none"),
        ({"public": new, "sessions": ["bob"]},
         f"changed key 'k': public from {old!r} to {new!r}, sessions from none to bob"),
        ({"public": new, "revoked": True}, "revoked key 'k'"),
    ):
        notes, before = start_with(tmp_path, {"name": "k"} | key)
        assert notes == [said]
        assert start_with(tmp_path, {"name": "k"} | key) == ([], before)     # nothing is journaled again


def test_a_key_that_is_new_is_defined_for_each_of_its_sessions(tmp_path):
    notes, _ = start_with(tmp_path, {"name": "k", "sessions": ["alice", "bob"]})
    assert notes == ["defined key 'k' for 'alice'", "defined key 'k' for 'bob'"]


@pytest.mark.parametrize("more", [{}, {"revoked": True}, {"sessions": ["alice"], "rights": ["Risk"]}])
def test_a_key_of_the_file_with_anothers_public_key_ends_the_start_and_nothing_is_journaled(tmp_path, more):
    start_with(tmp_path, {"name": "k", "sessions": ["alice"]})
    before = sorted((file, file.read_bytes()) for file in (tmp_path / "log").iterdir() if file.is_file())
    with pytest.raises(UserError) as error:
        start_with(tmp_path, {"name": "k2"} | more)
    assert str(error.value) == (
        "venue.toml: [[key]] 'k2' public: found that of key 'k' in the log, expected one that no other key has; call "
        "the table 'k', or give it a public key of its own (`pricetime keygen`)")
    assert before == sorted((file, file.read_bytes()) for file in (tmp_path / "log").iterdir() if file.is_file())
    assert start_with(tmp_path, {"name": "k", "sessions": ["alice"]}) == ([], 1)
