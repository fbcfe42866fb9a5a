"""Nobody looks fast beside a slow ruler: a yardstick is held to what it should do, scaled by the bare book."""

import pytest

from pricetime.bench import rulers
from pricetime.bench.drive_capi import FAR
from pricetime.bench.rulers import BASE_NS, FIGURES, read


def reading(name: str, values: tuple[float, ...], base: float = BASE_NS) -> rulers.Reading:
    found = read(name, "unit", values, base, 1_000_000)
    assert found is not None
    return found


@pytest.mark.parametrize(("values", "verdict"), [
    ((2.1e6,) * 5, "well"),
    ((1.8e6,) * 5, "well"),                             # 0.857
    ((1.7e6,) * 5, "TOO SLOW"),                         # 0.81
    ((1.0e6, 1.1e6, 1.2e6, 1.3e6, 1.9e6), "cannot say: too noisy"),
    ((1.0e6, 1.9e6, 1.9e6, 1.9e6, 2.0e6), "well")])
def test_a_rate_is_held_to_the_designs(values: tuple[float, ...], verdict: str) -> None:
    assert reading("bare/tcp/1", values).verdict == verdict


@pytest.mark.parametrize(("cost", "verdict"), [(18.0, "well"), (21.0, "well"), (21.5, "TOO SLOW")])
def test_a_cost_is_held_to_the_designs(cost: float, verdict: str) -> None:
    assert reading("bare/itch", (cost,) * 5).verdict == verdict


def test_a_faster_machine_is_held_to_more() -> None:
    same, faster = reading("bare/tcp/1", (2.1e6,)), reading("bare/tcp/1", (2.1e6,), BASE_NS / 2)
    assert (same.slow, faster.slow) == (False, True)
    assert faster.expected == 2 * same.expected
    assert reading("bare/itch", (18.0,), BASE_NS / 2).expected == 9


def test_where_processors_are_far_apart_what_hands_over_lines_is_held_to_the_designs_figure() -> None:
    def expected(name: str, base: float, line: float) -> float:
        found = read(name, "unit", (1.0,), base, 1_000_000, line=line)
        assert found is not None
        return found.expected

    assert expected("bare/swing", BASE_NS / 2, FAR - 1) == 50e6
    assert expected("bare/swing", BASE_NS / 2, FAR) == 25e6
    assert expected("bare/swing", BASE_NS * 2, FAR) == 12.5e6        # a slower machine is held to less
    assert expected("bare/tcp/1", BASE_NS / 2, FAR) == 4.2e6
    assert expected("bare/itch", BASE_NS / 2, FAR) == 9


def test_what_has_no_figure_or_did_too_little_is_not_judged() -> None:
    assert read("bare/itch", "ns", (99.0,), BASE_NS, 2_000) is None
    assert read("bare/itch", "ns", (99.0,), BASE_NS, 200_000) is not None
    assert read("gateway/tcp/1", "orders/s", (1.0,), BASE_NS, 1_000_000) is None
    assert all(name.startswith("bare/") for name in FIGURES)


def test_slow_and_unsure_yardsticks_are_named() -> None:
    slow, unsure = reading("bare/tcp/1", (1e6,) * 3), reading("bare/tcp/10", (1e6, 2e6, 5.6e6))
    lines = rulers.summary([slow, unsure, reading("bare/itch", (18.0,))])
    assert lines[0].startswith("YARDSTICKS TOO SLOW, the run does not count: bare/tcp/1 0.48")
    assert lines[1].startswith("too noisy to say") and "bare/tcp/10 0.35" in lines[1]
    assert rulers.summary([]) == []


def test_the_bare_book_is_timed_here() -> None:
    assert 0 < rulers.base() < 10_000
