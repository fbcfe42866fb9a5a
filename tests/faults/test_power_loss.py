"""The power is lost at random calls and moments of a writer's life: every page that was not synced is old, new or torn
at 512 bytes, every name as it was at some moment since the folder's last sync. What was safe is there, and the rest
ends at the first hole. `make soak SOAK="faults ..."` goes on."""

import random

import pytest
from faults import disk
from faults.levels import DURABILITIES
from faults.power_loss import program

LOSSES = 200


@pytest.mark.parametrize("durability", DURABILITIES)
def test_what_was_safe_survives_and_nothing_is_invented(library, tmp_path, durability):
    done = program(library, tmp_path, first=1, losses=LOSSES, durability=durability)
    assert done.returncode == 0, done.stderr
    assert f"power losses at level {durability}, seeds 1 to" in done.stdout


@pytest.mark.parametrize("call", ["fdatasync", "fsync", "msync"])
def test_a_sync_that_did_nothing_would_be_noticed(library, tmp_path, call):
    done = program(library, tmp_path, first=1, losses=LOSSES, durability="process", lies=call)
    assert done.returncode == 1
    assert done.stderr.startswith("seed "), done.stderr


def make_image(folder, names, changes, **files):
    folder.mkdir()
    (folder / "names").write_text(f"{names}--\n{changes}")
    for file, data in files.items():
        (folder / file.replace("_", "-")).write_bytes(data)
    return folder


def what_is_left(tmp_path, image):
    """All folders that 300 losses leave of one image."""
    found = []
    for seed in range(300):
        folder = tmp_path / str(seed)
        disk.fallen(image, folder, random.Random(seed))
        found.append({path.name: path.read_bytes() for path in folder.iterdir()})
    return found


def test_an_unsynced_rename_is_done_or_not_and_a_file_may_not_even_have_its_size(tmp_path):
    changes = "create next-0.segment 7\nrename next-0.segment 1.segment\nunlink old -\n"
    image = make_image(tmp_path / "image", "old 3\n", changes, live_7=b"new" * 2000, live_3=b"x", durable_3=b"x")
    found = what_is_left(tmp_path, image)
    assert {tuple(sorted(left)) for left in found} == {
        ("old",), ("next-0.segment", "old"), ("1.segment", "old"), ("1.segment",)}
    assert any(left.get("1.segment") == b"" for left in found)
    assert any(left.get("1.segment") == b"new" * 2000 for left in found)


def test_a_page_is_old_or_new_or_torn_at_512_bytes(tmp_path):
    old, new = b"o" * 8192, b"n" * 8192
    found = what_is_left(tmp_path, make_image(tmp_path / "image", "a 1\n", "", live_1=new, durable_1=old))
    contents = {left["a"] for left in found}
    assert {old, new, old[:4096] + new[:4096]} <= contents
    for content in contents:
        assert all(content[at:at + 512] in (old[:512], new[:512]) for at in range(0, 8192, 512))
    assert any(len(set(content[:4096])) == 2 for content in contents)
