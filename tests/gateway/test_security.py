"""gateway/security.py: keys as files, and who may read them."""

import stat

import pytest
import zmq

from pricetime.gateway import security
from pricetime.matching.errors import UserError


@pytest.fixture
def pair(tmp_path):
    public, secret = security.new_pair()
    return security.write_pair(tmp_path, "alice", public, secret), public, secret


def test_a_pair_is_read_as_it_was_written(pair):
    (secret_file, public_file), public, secret = pair
    assert security.load_secret(secret_file) == (public, secret)
    assert security.load_public(public_file) == security.load_public(secret_file) == public
    assert zmq.curve_public(secret) == public


def test_the_secret_is_for_its_owner_alone(pair):
    (secret_file, public_file), public, secret = pair
    assert stat.S_IMODE(secret_file.stat().st_mode) == 0o600
    assert secret.decode() not in public_file.read_text()
    secret_file.chmod(0o640)
    with pytest.raises(UserError, match="alice.secret: others may read it; chmod 600"):
        security.load_secret(secret_file)


def test_a_key_is_never_overwritten(tmp_path, pair):
    (secret_file, public_file), public, secret = pair
    with pytest.raises(UserError, match="is there already, and a key is never overwritten"):
        security.write_pair(tmp_path, "alice", *security.new_pair())
    public_file.unlink()
    with pytest.raises(UserError, match="is there already"):
        security.write_pair(tmp_path, "alice", *security.new_pair())
    assert security.load_secret(secret_file) == (public, secret)
    assert not public_file.exists()


def test_a_link_in_the_place_of_a_key_is_not_followed(tmp_path):
    (tmp_path / "bob.secret").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match="is there already"):
        security.write_pair(tmp_path, "bob", *security.new_pair())
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "found no public key"),
        ("public = 7", "found no public key"),
        ('public = "short"', "found no public key"),
        ("not TOML", "found no public key"),
        ('public = "{public}"', "found no secret key"),
        ('public = "{public}"\nsecret = "{other}"', "its public key is not that of its secret one"),
    ],
)
def test_what_is_no_key_is_said(tmp_path, text, error):
    public, _ = security.new_pair()
    _, other = security.new_pair()
    file = tmp_path / "x.secret"
    file.write_text(text.format(public=public.decode(), other=other.decode()) if "{" in text else text)
    file.chmod(0o600)
    with pytest.raises(UserError, match=error):
        security.load_secret(file)


def test_a_key_that_is_not_there_is_said(tmp_path):
    with pytest.raises(UserError, match="cannot be read: No such file or directory; expected a key that `pricetime"):
        security.load_secret(tmp_path / "none.secret")


@pytest.mark.parametrize("text", ["", "x" * 39, "x" * 41, "ü" * 40, "~" * 40, "#" * 40, " " * 40])
def test_what_is_not_z85_is_no_key(text):
    assert not security.is_key(text)


def test_a_venue_makes_its_pair_once(tmp_path):
    public, secret, new = security.venue_pair(tmp_path)
    assert new and not (tmp_path / "keys").exists()        # a start that is refused has written nothing
    security.keep_venue_pair(tmp_path, public, secret)
    assert security.venue_pair(tmp_path) == (public, secret, False)
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert security.load_public(tmp_path / "keys" / "venue.public") == public
