"""Fixtures that more than one folder of tests has."""

import pytest

from pricetime.matching.engine import Engine as FastEngine
from pricetime.matching.reference.engine import Engine as ReferenceEngine

ENGINES = {"reference": ReferenceEngine, "fast": FastEngine}


@pytest.fixture(params=list(ENGINES))
def engine_class(request: pytest.FixtureRequest) -> type:
    """Each of the two engines: the rules are the same."""
    return ENGINES[request.param]


@pytest.fixture
def engine(engine_class: type) -> object:
    """An engine on which nothing has happened."""
    return engine_class()
