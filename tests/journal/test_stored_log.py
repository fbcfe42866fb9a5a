"""The log that is kept in tests/stored/: records of its version stay readable by all later ones.

It holds every type of command that a venue journals, in two runs and seven segments. tests/stored/make_log.py has
written it, once: a file there never changes.
"""

import hashlib
import zipfile
from pathlib import Path

import pytest
from journal_logs import plain_reader, segment

from pricetime.gateway.cli.match import new_engine
from pricetime.journal import Reader, recover
from pricetime.journal.directory import list_segments
from pricetime.journal.verify import digest_text, verify
from pricetime.matching.records import CommandType

STORED = Path(__file__).resolve().parents[1] / "stored" / "format-1-rules-2.zip"
SHA256 = "fe6f10e3fcdfdbdeb2b601b360c06ebd3aa5c6702ef6b8d90f4550decb20e114"
LAST, RUNS, FIRSTS = 257, 2, [1, 34, 79, 123, 132, 180, 226]
DIGEST = "1a257ba1f8518fd39d05a270901c08b409e8de01f4f89b727602204e65fa5535"
EVENT_DIGEST = "020bd2246d5560c62cb583ed8e0ceb01"
plain = plain_reader()
NOT_JOURNALED = {CommandType.ORDER_STATUS_REQUEST, CommandType.ORDER_MASS_STATUS_REQUEST}
CAME_LATER = {CommandType.KEY_DEFINITION}       # than this log, which is never written again


@pytest.fixture
def log(tmp_path):
    with zipfile.ZipFile(STORED) as archive:
        archive.extractall(tmp_path)
    return tmp_path


def test_the_stored_bytes_never_change():
    assert hashlib.sha256(STORED.read_bytes()).hexdigest() == SHA256


def test_it_is_what_it_is_said_to_be(log):
    segments = list_segments(log / "log")
    assert [found.first_sequence for found in segments] == FIRSTS
    assert {int(found.header["format_version"]) for found in segments} == {1}
    assert {int(found.header["rules_version"]) for found in segments} == {2}
    assert [int(found.header["run"]) for found in (segments[0], segments[-1])] == [1, RUNS]
    types = {type for _, _, type, _ in plain.commands(log)}
    assert types == {kind for kind in CommandType if kind < CommandType.HEARTBEAT} - NOT_JOURNALED - CAME_LATER


@pytest.mark.parametrize("reference", [False, True], ids=["fast", "reference"])
def test_it_is_read_replayed_and_verified(log, reference):
    found = verify(log, new_engine(reference))
    assert (found.sequence, found.digest.hex(), digest_text(found.event_digest)) == (LAST, DIGEST, EVENT_DIGEST)


def test_both_readers_give_the_same_bytes(log):
    lines = b"".join(block.tobytes() for block in Reader(log))
    assert lines == b"".join(lines for *_, lines in plain.commands(log))


def test_a_writer_would_go_on_with_it(log):
    before = segment(log, FIRSTS[-1]).read_bytes()
    found = recover(log)
    assert (found.last_sequence, found.run, found.notes) == (LAST, RUNS, [])
    assert segment(log, FIRSTS[-1]).read_bytes() == before
