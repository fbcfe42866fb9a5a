"""Clients on bad lines at a venue that is killed: a few seeds. `make soak SOAK="chaos ..."` goes on."""

import pytest
from faults import chaos
from faults.levels import DURABILITIES


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_each_clients_view_is_the_logs(tmp_path, seed):
    durability = DURABILITIES[seed // 2 % 2]
    try:
        said = chaos.chaos(seed, tmp_path, durability)
    except Exception as error:
        raise AssertionError(f'{error!r}\nagain: make soak SOAK="chaos --first {seed} --count 1"') from error
    assert f"level {durability}, seed {seed}: " in said


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("told", "report 3 is not the log's"),
        ("live", "live orders: .* in the log"),
        ("sent", "not journaled: "),
    ],
)
def test_what_is_held_against_the_log_would_be_noticed(tmp_path, monkeypatch, broken, said):
    hold = chaos.hold

    def break_it(trader, directory):
        if broken == "told":
            del trader.told[2]
        elif broken == "live":
            trader.live[10**6] = 5
        else:
            trader.sent += 1
        hold(trader, directory)

    monkeypatch.setattr(chaos, "hold", break_it)
    monkeypatch.setattr(chaos, "ROUNDS", 10)
    monkeypatch.setattr(chaos, "KILL_EVERY", 10**9)
    monkeypatch.setattr(chaos, "FAULTS", 0.0)
    with pytest.raises(AssertionError, match=said):
        chaos.chaos(1, tmp_path, "process")
