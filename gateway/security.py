"""CURVE keys as files: a pair says who somebody is. Owns their format and who may read them; never says who may come in
(keyring.py).

    alice.secret        mode 0600: the pair. Whoever has it is alice
    alice.public        what the operator gets, and what stands in venue.toml

A venue's own pair is keys/venue.secret and keys/venue.public in its directory, made by its first start with a CURVE
endpoint: clients know the venue by its public key.
"""

import os
import struct
import tomllib
from pathlib import Path

import zmq
from zmq.utils import z85

from pricetime.matching.errors import UserError

KEYS_FOLDER = "keys"
VENUE_NAME = "venue"
KEY_CHARACTERS = 40     # Z85 of 32 bytes
OTHERS = 0o077          # of a file's mode: what others than its owner may do


def check_curve() -> None:
    """UserError where this libzmq came without CURVE."""
    if not zmq.has("curve"):
        raise UserError("this libzmq has no CURVE: install pyzmq from PyPI (pip install --force-reinstall pyzmq)")


def is_key(text: str | bytes) -> bool:
    """Whether this is a key as text: Z85, 40 characters."""
    try:
        data = text.encode("ascii") if isinstance(text, str) else text
        return len(data) == KEY_CHARACTERS and len(z85.decode(data)) == 32 and z85.encode(z85.decode(data)) == data
    except (ValueError, KeyError, struct.error):
        return False


def new_pair() -> tuple[bytes, bytes]:
    """(public, secret) of a key that nobody has, as Z85."""
    check_curve()
    return zmq.curve_keypair()


def load_public(path: str | Path) -> bytes:
    """The public key of a NAME.public (or NAME.secret), as Z85. UserError, one line, where there is none."""
    return _key(Path(path), "public")


def load_secret(path: str | Path) -> tuple[bytes, bytes]:
    """(public, secret) of a NAME.secret, as Z85: what zmq.CURVE_PUBLICKEY and CURVE_SECRETKEY take. UserError where
    there is none, the two do not belong together, or others than its owner may read the file."""
    file = Path(path)
    public, secret = _key(file, "public"), _key(file, "secret")
    if file.stat().st_mode & OTHERS:
        raise UserError(f"{file}: others may read it; chmod 600 {file}, and if they may have, make a new key")
    check_curve()
    if zmq.curve_public(secret) != public:
        raise UserError(f"{file}: its public key is not that of its secret one: restore it, or make a new key")
    return public, secret


def _key(path: Path, which: str) -> bytes:
    try:
        found = tomllib.loads(path.read_text()).get(which)
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read: {error.strerror}; expected a key that `pricetime keygen` made"
        ) from None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, str) or not is_key(found):
        raise UserError(f"{path}: found no {which} key, expected a file that `pricetime keygen` made")
    return found.encode()


def public_text(name: str, public: bytes) -> str:
    """What a NAME.public has."""
    return f"# The public key of {name}, for a pricetime venue. No secret.\npublic = \"{public.decode()}\"\n"


def secret_text(name: str, public: bytes, secret: bytes) -> str:
    """What a NAME.secret has."""
    return (f"# The secret key of {name}, for a pricetime venue. Whoever has it is {name}: give it to nobody.\n"
            f"public = \"{public.decode()}\"\nsecret = \"{secret.decode()}\"\n")


def write_pair(folder: Path, name: str, public: bytes, secret: bytes) -> tuple[Path, Path]:
    """NAME.secret and NAME.public in a folder; the paths. UserError where one is there already, or cannot be
    written."""
    files = folder / f"{name}.secret", folder / f"{name}.public"
    texts = secret_text(name, public, secret), public_text(name, public)
    for file in files:
        if file.exists() or file.is_symlink():
            raise UserError(f"{file}: is there already, and a key is never overwritten; choose another name, or move "
                            "it away")
    for file, text, mode in zip(files, texts, (0o600, 0o644), strict=True):
        try:
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            with os.fdopen(descriptor, "w") as opened:
                opened.write(text)
                opened.flush()
                os.fsync(opened.fileno())
        except OSError as error:
            raise UserError(f"{file}: cannot be written: {error.strerror}") from None
    return files


def venue_pair(directory: Path) -> tuple[bytes, bytes, bool]:
    """(public, secret, whether it is new): the venue's own, as keys/venue.secret has it. Nothing is written."""
    file = directory / KEYS_FOLDER / f"{VENUE_NAME}.secret"
    if file.exists():
        return *load_secret(file), False
    return *new_pair(), True


def keep_venue_pair(directory: Path, public: bytes, secret: bytes) -> None:
    """Write a new pair of the venue's."""
    folder = keys_folder(directory)
    (folder / f"{VENUE_NAME}.public").unlink(missing_ok=True)      # of a secret that is gone
    write_pair(folder, VENUE_NAME, public, secret)


def keys_folder(directory: Path) -> Path:
    """DIR/keys, made where it is missing, for its owner alone."""
    folder = directory / KEYS_FOLDER
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder}: cannot be made: {error.strerror}; expected a folder for the venue's keys") from None
    return folder
