"""A venue that drop copies are of."""

import pytest
from drop_copies import opened


@pytest.fixture
def venue(tmp_path):
    venue = opened(tmp_path / "venue")
    try:
        yield venue
    finally:
        venue.stop()
