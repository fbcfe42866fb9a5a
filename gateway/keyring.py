"""Which keys may come in: what the log's KEY_DEFINITIONs come to, and keys/authorized.toml, which keeps that.

Owns what a KEY_DEFINITION means: a name has one public key, with rights, and sessions that it may speak for. The log is
what counts; the file only saves reading it from the beginning, and says of which log and as of which command it holds.
What is no key is passed over and said: the engine takes any KEY_DEFINITION, for keys are none of its business.
"""

import json
import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta, Struct

from pricetime.gateway import messages as m
from pricetime.gateway.config import Config, KeySection
from pricetime.gateway.decoder import Fields, record_size
from pricetime.gateway.layout import RIGHTS, further_lines, record_starts
from pricetime.gateway.security import KEY_CHARACTERS, KEYS_FOLDER, is_key, keys_folder
from pricetime.journal.directory import LOG_FOLDER
from pricetime.journal.layout import SEQUENCE_MAX
from pricetime.journal.reader import Reader
from pricetime.journal.recovery import oldest_sequence
from pricetime.matching import records
from pricetime.matching.errors import UserError
from pricetime.matching.records import CommandType, LineType

FILE = "authorized.toml"
SESSION_MAX = 65_535        # as many sessions as an engine has at most: TABLE_MAX of matching/state.pxd
SAID_MAX = 5                # session numbers in one line
OR_GIVE_IT = "take it out of the file, or give it by `pricetime admin ... key`"


@dataclass(frozen=True)
class Key:
    """Who may come in: rights are bits of RIGHTS_MASK, sessions ids. given: the command that let it in, since it last
    could not; 0: one of before the file was written."""

    name: str
    public: bytes
    rights: int
    sessions: frozenset[int] = frozenset()
    given: int = field(default=0, compare=False)


@dataclass
class Keyring:
    """The keys by name, as of a command of a log. `revoked`: public keys, and by which command. `withdrawn`: sessions
    that an operator took from a public key, and by which command: [[key]] does not give them back, whatever becomes of
    the key meanwhile. `notes`: what was passed over since they were last taken."""

    keys: dict[str, Key] = field(default_factory=dict)
    revoked: dict[bytes, int] = field(default_factory=dict)
    withdrawn: dict[bytes, dict[int, int]] = field(default_factory=dict)
    log_id: bytes = b""
    sequence: int = 0
    notes: list[str] = field(default_factory=list)
    _owners: dict[bytes, str] = field(default_factory=dict, init=False, compare=False, repr=False)  # by public key

    def take(self, record: bytes) -> None:
        """One KEY_DEFINITION of the log."""
        first, further = Fields(record), further_lines(record)
        self.sequence = max(self.sequence, first.sequence)
        if first.target > SESSION_MAX:
            self._pass_over(first, f"names session {first.target}, and {SESSION_MAX:,} is the last that there can be")
            return
        try:
            name = further[LineType.NAME_LINE]["name"].decode()
        except (KeyError, UnicodeDecodeError):
            self._pass_over(first, "has no name")
            return
        if first.attributes & records.DISABLED:
            self._revoke(first, name)
        else:
            line = further.get(LineType.TEXT_LINE)
            self._give(first, name, b"" if line is None else bytes(line["text"]))

    def _give(self, first: Fields, name: str, public: bytes) -> None:
        rights = first.attributes & records.RIGHTS_MASK
        if why := self.fault(name, public, rights):
            self._pass_over(first, f"{name!r} {why}")
            return
        known = self.keys.get(name)
        if known is not None and known.public != public:
            self.revoked[known.public] = first.sequence
            known = None
        self.revoked.pop(public, None)
        self._forget_withdrawn(public, first.target)
        sessions, given = (frozenset[int](), first.sequence) if known is None else (known.sessions, known.given)
        self.put(Key(name, public, rights, sessions | ({first.target} if first.target else set()), given))

    def _revoke(self, first: Fields, name: str) -> None:
        known = self.keys.get(name)
        if known is None:
            self._pass_over(first, f"revokes {name!r}, which is no key")
        elif first.target:
            self.put(replace(known, sessions=known.sessions - {first.target}))
            if first.session:       # 0: the venue's own, by its file
                self.withdrawn.setdefault(known.public, {})[first.target] = first.sequence
        else:
            self.revoked[known.public] = first.sequence
            del self.keys[name], self._owners[known.public]

    def put(self, key: Key) -> None:
        """Have this key by its name, in place of the one that was."""
        if (known := self.keys.get(key.name)) is not None:
            del self._owners[known.public]
        self.keys[key.name], self._owners[key.public] = key, key.name

    def _forget_withdrawn(self, public: bytes, session: int) -> None:
        sessions = self.withdrawn.get(public, {})
        if sessions.pop(session, None) is not None and not sessions:
            del self.withdrawn[public]

    def fault(self, name: str, public: bytes, rights: int) -> str:
        """Why this is no key, or nothing."""
        if not name or not name.isprintable():
            return "has a name that cannot be printed"
        if not is_key(public):
            return f"has no public key of {KEY_CHARACTERS} characters of Z85"
        if not rights:
            return "has no right at all"
        other = self._owners.get(public, name)
        return "" if other == name else f"has the public key of {other!r}"

    def _pass_over(self, first: Fields, why: str) -> None:
        self.notes.append(f"keys: command {first.sequence} {why}: passed over")

    def take_notes(self) -> list[str]:
        """What was passed over since this was last asked."""
        notes, self.notes = self.notes, []
        return notes


# ----------------------------------------------------------------------------------------------------- the log


def definitions_in(blocks: Iterable[np.ndarray]) -> Iterator[bytes]:
    """The KEY_DEFINITIONs in blocks of a log."""
    for block in blocks:
        if not (block["type"] == CommandType.KEY_DEFINITION).any():     # a further line may look like one, too
            continue
        starts = record_starts(block)
        data = block.tobytes()
        for start in starts[block["type"][starts] == CommandType.KEY_DEFINITION].tolist():
            at = start * records.LINE_BYTES
            yield data[at : at + record_size(data, at)]


def read_log(ring: Keyring, directory: Path, until: int, begin: int = 0) -> bool:
    """Bring a keyring up to a command of the log, if it is behind; False: not all of it is committed yet. begin: no
    KEY_DEFINITION is before it."""
    if ring.sequence >= until:
        return True
    oldest, first = oldest_sequence(directory / LOG_FOLDER), max(ring.sequence + 1, begin)
    if first < oldest:
        ring.notes.append(f"keys: commands {first} to {oldest - 1} were pruned: a key that was given or revoked there "
                          "is not known; give or revoke it again")
        first = oldest
    reader = Reader(directory, from_sequence=first, until_sequence=until)
    for record in definitions_in(reader):
        ring.take(record)
    ring.sequence = max(ring.sequence, reader.sequence)
    return reader.sequence >= until


def keyring_of(directory: Path, last_sequence: int) -> Keyring:
    """The keys as of the last command of a log. A file that is another log's says nothing of this one's keys."""
    ring, log_id = load(directory), Reader(directory, from_sequence=SEQUENCE_MAX).log_id
    file, why = directory / KEYS_FOLDER / FILE, ""
    if ring.log_id not in (b"", log_id):
        why = f"is of another log than {directory / LOG_FOLDER} (log id {ring.log_id.hex()}, here {log_id.hex()})"
    elif ring.sequence > last_sequence:
        why = f"is of command {ring.sequence}, but the log ends with {last_sequence}"
    if why:
        ring = Keyring(notes=[f"{file} {why}: read anew from the log"])
    ring.log_id = log_id
    read_log(ring, directory, last_sequence)
    return ring


# ------------------------------------------------------------------------------------------------- venue.toml


def check_public_keys(config: Config, ring: Keyring, name: str) -> None:
    """UserError where a table has the public key of another key of the log: it would be passed over, at every start."""
    owners = {key.public: key.name for key in ring.keys.values()}
    for section in config.key:
        owner = owners.get(section.public.encode(), section.name)
        if owner != section.name:
            raise UserError(f"{name}: [[key]] {section.name!r} public: found that of key {owner!r} in the log, "
                            f"expected one that no other key has; call the table {owner!r}, or give it a public key "
                            "of its own (`pricetime keygen`)")


def key_differences(config: Config, ring: Keyring, sessions: Mapping[str, int]) -> Iterator[m.KeyDefinition]:
    """What [[key]] of a venue.toml says and the log does not. sessions: ids by name. What was revoked stays so."""
    for section in config.key:
        known, public = ring.keys.get(section.name), section.public.encode()
        if section.revoked:
            if known is not None:
                yield m.KeyDefinition(key_name=section.name, disabled=True)
        elif public in ring.revoked:
            ring.notes.append(f"[[key]] {section.name!r}: command {ring.revoked[public]} revoked this public key: it "
                              f"stays so; {OR_GIVE_IT}")
        else:
            yield from _differences_of(section, ring, sessions)


def _differences_of(section: KeySection, ring: Keyring, sessions: Mapping[str, int]) -> Iterator[m.KeyDefinition]:
    """Of one key that the file wants."""
    known = ring.keys.get(section.name)
    if known is not None and known.public != section.public.encode():
        known = None
    present = frozenset[int]() if known is None else known.sessions
    wanted = _wanted_sessions(section, ring, sessions)
    new: list[str | None] = [name for id, name in sorted(wanted.items()) if id not in present]
    if not new and (known is None or known.rights != sum(RIGHTS[right] for right in set(section.rights))):
        new = [None]
    for name in new:
        yield m.KeyDefinition(key_name=section.name, public=section.public, target_session=name, rights=section.rights)
    names = {id: name for name, id in sessions.items()}
    for id in sorted(present & names.keys() - wanted.keys()):
        yield m.KeyDefinition(key_name=section.name, target_session=names[id], disabled=True)
    if unknown := sorted(present - names.keys()):       # no definition of ours can name them
        numbers = ", ".join(map(str, unknown[:SAID_MAX])) + (", ..." if len(unknown) > SAID_MAX else "")
        ring.notes.append(f"[[key]] {section.name!r}: it may speak for session numbers that nobody has ({numbers}): "
                          "they stay with it until it is revoked")


def _wanted_sessions(section: KeySection, ring: Keyring, sessions: Mapping[str, int]) -> dict[int, str]:
    """Names by id, without those that an operator took from this public key."""
    wanted = {sessions[name]: name for name in section.sessions}
    for id, command in sorted(ring.withdrawn.get(section.public.encode(), {}).items()):
        if id in wanted:
            ring.notes.append(f"[[key]] {section.name!r}: command {command} took session {wanted.pop(id)!r} from it: "
                              f"it stays so; {OR_GIVE_IT}")
    return wanted


def unnamed_keys(config: Config, ring: Keyring) -> Iterator[str]:
    """A line for each key that the log has and the file does not name."""
    named = {section.name for section in config.key}
    for name in ring.keys:
        if name not in named:
            yield f"key {name!r} is in the log but not in the configuration: it stays as it is"


# ---------------------------------------------------------------------------------------------------- the file


SessionId = Annotated[int, Meta(ge=1, le=SESSION_MAX)]


class KeyEntry(Struct, forbid_unknown_fields=True):
    """One key of the file."""

    name: str
    public: str
    rights: tuple[m.Right, ...]
    sessions: tuple[SessionId, ...] = ()


class RevokedEntry(Struct, forbid_unknown_fields=True):
    """One public key that may not come in any more, and the command that said so."""

    public: str
    command: int


class WithdrawnEntry(Struct, forbid_unknown_fields=True):
    """One session that an operator took from a public key, and the command that said so."""

    public: str
    session: SessionId
    command: int


class Authorized(Struct, forbid_unknown_fields=True):
    """The whole file."""

    log_id: Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
    sequence: Annotated[int, Meta(ge=0)]
    key: list[KeyEntry] = []
    revoked: list[RevokedEntry] = []
    withdrawn: list[WithdrawnEntry] = []


def load(directory: Path) -> Keyring:
    """The keyring of keys/authorized.toml; an empty one, of command 0, where there is none, or where it does not say
    of which log it is."""
    file = directory / KEYS_FOLDER / FILE
    try:
        table = tomllib.loads(file.read_text())
        if "log_id" not in table:
            return Keyring(notes=[f"{file} does not say of which log it is (an earlier pricetime wrote it): read anew "
                                  "from the log"])
        found = msgspec.convert(table, Authorized)
    except FileNotFoundError:
        return Keyring()
    except OSError as error:
        raise UserError(f"{file}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:       # no TOML, or not what there is to be in it
        raise UserError(f"{file}: not what the venue wrote: {error}; restore it, or remove it: the log has all keys "
                        "(a pruned one those that it still has)") from None
    return _keyring_in(found, file)


def _keyring_in(found: Authorized, file: Path) -> Keyring:
    ring = Keyring(log_id=bytes.fromhex(found.log_id), sequence=found.sequence)
    for entry in found.key:
        rights = sum(RIGHTS[right] for right in set(entry.rights))
        if why := ring.fault(entry.name, entry.public.encode("ascii", "replace"), rights):
            raise UserError(f"{file}: key {entry.name!r} {why}; restore it, or remove the file: the log has all keys")
        ring.put(Key(entry.name, entry.public.encode(), rights, frozenset(entry.sessions)))
    ring.revoked = {entry.public.encode("ascii", "replace"): entry.command for entry in found.revoked}
    for taken in found.withdrawn:
        ring.withdrawn.setdefault(taken.public.encode("ascii", "replace"), {})[taken.session] = taken.command
    return ring


def save(ring: Keyring, directory: Path) -> None:
    """Write keys/authorized.toml: all of it or nothing, on the disk when this returns."""
    folder = keys_folder(directory)
    file, new = folder / FILE, folder / f"{FILE}.new"
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as opened:
            opened.write(text_of(ring))
            opened.flush()
            os.fsync(opened.fileno())
        os.replace(new, file)
        place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(place)
        finally:
            os.close(place)
    except OSError as error:
        raise UserError(f"{file}: cannot be written: {error.strerror}") from None


def text_of(ring: Keyring) -> str:
    """The file. A JSON string without control characters is one of TOML."""
    lines = [
        "# Who may come in, as the log's KeyDefinitions say. Written by the venue: to change it, change [[key]] of",
        "# venue.toml, or use `pricetime admin ... key`.",
        f'log_id = "{ring.log_id.hex()}"', f"sequence = {ring.sequence}",
    ]
    for _, key in sorted(ring.keys.items()):
        lines += [
            "", "[[key]]", f"name = {json.dumps(key.name, ensure_ascii=False)}", f'public = "{key.public.decode()}"',
            f"rights = {json.dumps(names_of(key.rights))}", f"sessions = {json.dumps(sorted(key.sessions))}",
        ]
    for public, command in ring.revoked.items():
        lines += ["", "[[revoked]]", f'public = "{public.decode()}"', f"command = {command}"]
    for public, sessions in ring.withdrawn.items():
        for session, command in sorted(sessions.items()):
            lines += ["", "[[withdrawn]]", f'public = "{public.decode()}"', f"session = {session}",
                      f"command = {command}"]
    return "\n".join(lines) + "\n"


def names_of(rights: int) -> list[m.Right]:
    """Rights by name."""
    return [name for name, bit in RIGHTS.items() if rights & bit]
