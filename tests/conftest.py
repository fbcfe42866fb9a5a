"""Fixtures that more than one folder of tests has."""

import signal

import pytest

from pricetime.matching.engine import Engine as FastEngine
from pricetime.matching.reference.engine import Engine as ReferenceEngine

# A shell starts what runs in its background deaf to Ctrl-C, and each process that tests start would be so, too.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

ENGINES = {"reference": ReferenceEngine, "fast": FastEngine}


@pytest.fixture(params=list(ENGINES))
def engine_class(request: pytest.FixtureRequest) -> type:
    """Each of the two engines: the rules are the same."""
    return ENGINES[request.param]


@pytest.fixture
def engine(engine_class: type) -> object:
    """An engine on which nothing has happened."""
    return engine_class()
