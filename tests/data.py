"""Where the real order flow and the published vectors are: beside the checkout, or where PRICETIME_DATA says."""

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("PRICETIME_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


def shared(path: str) -> Path:
    """A file or folder of the shared data; the test skips, saying so, where it is absent."""
    found = SHARED / path
    if not found.exists():
        pytest.skip(f"{found} is absent (PRICETIME_DATA names another place)")
    return found
