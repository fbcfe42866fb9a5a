"""The simulated disk, built once."""

from pathlib import Path

import pytest
from faults import disk


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """tests/faults/disk.c as a shared object, where the machine can build and preload it."""
    if disk.missing():
        pytest.skip(disk.missing())
    return disk.build(tmp_path_factory.mktemp("disk"))
