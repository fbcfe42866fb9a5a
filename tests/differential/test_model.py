"""The model sees what is wrong, and a failing stream is shrunk to what it needs."""

import os
import subprocess
import sys
from pathlib import Path

import commands as c
import numpy as np
import pytest
from differential import soak
from differential.canonical import State
from differential.generator import Generator
from differential.model import Broken, Model
from differential.pair import Pair, ReferenceEngine
from differential.shrink import as_text, failure, from_text, shrunk

from pricetime.matching.records import EventType

TESTS = Path(__file__).resolve().parents[1]


class Faulty:
    """The plain engine, but that one field of some events is one too high."""

    def __init__(self, *given: int) -> None:
        self.engine = ReferenceEngine(*given)

    def __getattr__(self, name: str) -> object:
        return getattr(self.engine, name)

    def apply(self, lines: np.ndarray) -> np.ndarray:
        events = self.engine.apply(lines).copy()
        wrong = (events["type"] == EventType.TRADE) & (events["leaves_qty"] > 0)
        events["cum_qty"][wrong] += 1
        return events


class FaultyPair(Pair):
    """Finds the fault as a difference between the engines."""

    def __init__(self, *given: object, **fields: object) -> None:
        super().__init__(*given, engines=(ReferenceEngine, Faulty), **fields)


def faulty_stream() -> tuple[list[bytes], str]:
    """A stream up to where it fails, and what fails."""
    generator, pair, stream = Generator(0), FaultyPair(), []
    for record in generator.stream(2000):
        stream.append(record)
        try:
            generator.observe(pair.apply(record))
        except AssertionError as error:
            return stream, str(error)
    raise AssertionError("the fault was never seen")


def test_a_planted_fault_is_shrunk_to_the_few_commands_that_show_it() -> None:
    stream, what = faulty_stream()
    assert "cum_qty" in what
    fails = lambda shorter: failure(shorter, FaultyPair())[1]       # noqa: E731
    shortest = shrunk([*stream, *Generator(1).opening()], fails)
    # Two orders or three, and the definitions: ids have no gaps, so session 4 needs sessions 1 to 3.
    assert len(shortest) <= 16 < len(stream)
    assert fails(shortest)
    assert not any(fails(shortest[:at] + shortest[at + 1:]) for at in range(len(shortest)))
    assert from_text([*as_text(shortest), "", "# words alone"]) == shortest


def test_a_stream_that_does_not_fail_is_not_shrunk() -> None:
    with pytest.raises(ValueError):
        shrunk(Generator(0).opening(), lambda stream: "")


def test_the_soak_prints_the_seed_and_a_stream_that_can_be_replayed(capsys, tmp_path) -> None:
    assert soak.soak(first=9, seeds=1, commands=400, pair_of=FaultyPair) == 1
    printed = capsys.readouterr()
    assert "seed 9 (calm" in printed.err
    file = tmp_path / "stream"
    file.write_text(printed.out)
    stream = from_text(printed.out.splitlines())
    assert 0 < len(stream) <= 16
    assert failure(stream, FaultyPair())[0] == len(stream)
    assert soak.main(["--replay", str(file)]) == 0         # both engines are sound: no difference
    assert "no difference" in capsys.readouterr().out


def test_the_soak_runs_as_a_command_and_says_how_far_it_is() -> None:
    command = [sys.executable, "-P", "-m", "differential.soak", "--first", "3", "--seeds", "1", "--commands", "60"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True,
                          env=os.environ | {"PYTHONPATH": f"{TESTS.parent / 'build' / 'cython'}:{TESTS}"})
    assert "1 seeds, 60 commands" in done.stdout
    assert "no difference: seeds 3 to 3" in done.stdout


# ------------------------------------------------------------------------------- what the model sees by itself


def told(commands: list[bytes]) -> tuple[Model, list[tuple[bytes, list[c.Event]]]]:
    """A model, and what a sound engine says to these commands."""
    engine = ReferenceEngine()
    return Model(), [(record, c.apply(engine, record)) for record in commands]


SMALL = [
    c.define_participant(1, "p"), c.define_participant(2, "q"), c.define_session(1, "s", 1),
    c.define_session(2, "t", 2),
    c.define_instrument(1, "I", c.terms_line(), c.limits_line(
        reference_price=100, collar=30, dynamic_band=20, static_band=25, call_duration=50)),
    c.new(1, 1, 1, c.SELL, 5, 100, self_match=(7, 1)), c.new(1, 2, 1, c.SELL, 5, 101),
    c.new(2, 1, 1, c.BUY, 7, 105), c.new(2, 2, 1, c.BUY, 3, 90), c.cancel(2, 3, 1, 2),
]


def test_a_sound_engine_breaks_nothing() -> None:
    model, said = told(SMALL)
    for record, events in said:
        model.observe(record, events)
    assert len(model.live) == 1 and len(model.ended) == 3
    assert dict(model.positions) == {(1, 1): -7, (2, 1): 7}


FAULTS = {
    "report numbers": (7, 0, {"report_number": 9}),
    "ExecIDs": (7, 1, {"exec_id": 1}),
    "OrderIDs": (6, 0, {"order_id": 9}),
    "places": (7, 1, {"place": 5}),
    "more is traded": (7, 1, {"last_qty": 6}),
    "beyond its limit": (7, 1, {"last_px": 99}),
    "two sides": (7, 2, {"last_qty": 4}),
    "TrdMatchIDs": (7, 1, {"trd_match_id": 3}),
    "not as told": (7, 1, {"leaves_qty": 1}),
    "OrdStatus": (7, 1, {"status_flags": 1}),
    "has ended": (8, 0, {"order_id": 1, "type": int(EventType.TRADE)}),
    "never new": (9, 0, {"order_id": 77}),
    "changed hands": (9, 0, {"participant": 1}),
    "not closed": (9, 0, {"cum_qty": 1}),
    "resting order's price": (7, 1, {"price": 98}),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_model_sees(fault: str) -> None:
    at, place, changes = FAULTS[fault]
    model, said = told(SMALL)
    record, events = said[at]
    events[place] = events[place]._replace(**changes)
    with pytest.raises(Broken, match=fault):
        for record, events in said:
            model.observe(record, events)


@pytest.mark.parametrize(("orders", "what"), [
    ([c.new(1, 1, 1, c.SELL, 5, 131), c.new(2, 1, 1, c.BUY, 5, 140)], "beyond the collar"),
    ([c.new(1, 1, 1, c.SELL, 5, 127), c.new(2, 1, 1, c.BUY, 5, 127)], "static band"),
    ([c.new(1, 1, 1, c.SELL, 5, 100), c.new(2, 1, 1, c.BUY, 5, 100), c.new(1, 2, 1, c.SELL, 5, 122),
      c.new(2, 2, 1, c.BUY, 5, 122)], "dynamic band"),
    ([c.new(1, 1, 1, c.SELL, 5, 100, self_match=(7, 1)), c.new(1, 2, 1, c.BUY, 5, 100, self_match=(7, 1))],
     "traded with itself"),
])
def test_the_model_sees_a_trade_that_these_rules_forbid(orders: list[bytes], what: str) -> None:
    """The engine has neither bands nor the prevention; the model is told that there are."""
    engine, model = ReferenceEngine(), Model()
    for record in SMALL[:4]:
        model.observe(record, c.apply(engine, record))
    c.apply(engine, c.define_instrument(1, "I"))
    model.observe(SMALL[4], [])
    with pytest.raises(Broken, match=what):
        for record in orders:
            plain = record if what != "traded with itself" else record[:5] + b"\x11" + record[6:64]
            model.observe(record, c.apply(engine, plain))


def test_the_model_sees_a_state_that_is_not_as_told() -> None:
    model, said = told(SMALL)
    for record, events in said[:-1]:
        model.observe(record, events)
    engine = ReferenceEngine()
    c.apply(engine, *SMALL)
    with pytest.raises(Broken, match="other orders live"):
        model.look_at(State(engine.dump()))
