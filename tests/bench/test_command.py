"""`pricetime bench` as a user types it. No figure is judged here: only bench itself does that."""

import argparse
import json

import pytest

from pricetime.bench import bench_book, bench_codec, bench_journal, bench_start, cli, harness
from pricetime.bench.harness import Comparison, Limit, Measure
from pricetime.matching.errors import UserError


def bench(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    cli.add_arguments(parser)
    return cli.run(parser.parse_args(arguments))


@pytest.fixture
def small_flows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_book, "COMMANDS_QUICK", 2_000)


@pytest.mark.usefixtures("small_flows")
def test_book_quick_prints_each_figure_beside_its_yardstick(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench("book", "--quick") == 0
    output = capsys.readouterr().out
    for name in ("book/move", "bare/move", "book/itch", "bare/itch"):
        assert name in output


@pytest.mark.usefixtures("small_flows")
def test_json_on_standard_output_is_nothing_but_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench("book", "--quick", "--json", "-") == 0
    found = json.loads(capsys.readouterr().out)
    assert [result["name"] for result in found["results"]] == ["book/move", "bare/move", "book/itch", "bare/itch"]
    assert all(result["min"] <= result["value"] <= result["max"] for result in found["results"])
    assert all(result["repeats"] >= 5 for result in found["results"])


def test_codec_measures_both_ways(monkeypatch, capsys) -> None:
    monkeypatch.setattr(bench_codec, "MESSAGES_QUICK", 500)
    assert bench("codec", "--quick", "--json", "-") == 0
    names = [result["name"] for result in json.loads(capsys.readouterr().out)["results"]]
    assert names == ["codec/encode", "bare/pack", "codec/decode", "bare/unpack"]


def test_journal_measures_append_and_verify(monkeypatch, capsys) -> None:
    monkeypatch.setattr(bench_journal, "RECORDS_QUICK", 2_000)
    monkeypatch.setattr(bench_journal, "TAIL_RECORDS", 5)
    assert bench("journal", "--quick", "--json", "-") == 0
    names = [result["name"] for result in json.loads(capsys.readouterr().out)["results"]]
    assert names == ["journal/append", "bare/append", "bare/append-unchained", "journal/roll", "journal/no-roll",
                     "journal/read", "bare/read", "bare/read-mapped", "bare/sum", "journal/tail", "journal/beside",
                     "journal/alone", "journal/neighbour", "replay/verify", "bare/verify"]


def test_start_measures_a_start_from_a_snapshot(monkeypatch, capsys) -> None:
    monkeypatch.setattr(bench_start, "FLOW", "shallow")
    monkeypatch.setattr(bench_start, "COMMANDS_QUICK", 2_000)
    monkeypatch.setattr(bench_start, "ORDER_CAPACITY", 1 << 14)
    assert bench("start", "--quick", "--json", "-") == 0
    found = json.loads(capsys.readouterr().out)
    assert [result["name"] for result in found["results"]] == ["start/snapshot"]
    assert found["ratios"] == [{"name": "start/snapshot", "value": found["results"][0]["value"], "at_most": 1.0,
                                "at_least": None, "holds": True}]


def a_suite(limit: Limit) -> type:
    class Suite:
        @staticmethod
        def comparisons(options: harness.Options) -> list[Comparison]:
            return [Comparison(Measure("a", "ns", lambda: 2.0), Measure("b", "ns", lambda: 1.0), limit)]

    return Suite


def test_missed_limit_exits_with_1_only_when_strict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "_suite", lambda name: a_suite(Limit(at_most=1.5)))
    assert bench("book") == 0
    assert bench("book", "--strict") == 1
    monkeypatch.setattr(cli, "_suite", lambda name: a_suite(Limit(at_most=2.5)))
    assert bench("book", "--strict") == 0


def test_a_busy_machine_is_warned_of_before_the_run_and_below_the_table(monkeypatch, capsys) -> None:
    monkeypatch.setattr(cli, "_suite", lambda name: a_suite(Limit(at_most=3)))
    monkeypatch.setattr(harness.os, "getloadavg", lambda: (64.0 * (harness.os.cpu_count() or 1), 0.0, 0.0))
    assert bench("book") == 0
    shown = capsys.readouterr()
    assert shown.err.startswith("WARNING: the load was ")
    assert shown.out.splitlines()[-2].startswith("WARNING: the load was ")


def test_json_goes_to_a_file_beside_the_table(monkeypatch, tmp_path, capsys) -> None:
    monkeypatch.setattr(cli, "_suite", lambda name: a_suite(Limit(at_most=3)))
    assert bench("book", "--json", str(tmp_path / "figures.json")) == 0
    assert json.loads((tmp_path / "figures.json").read_text())["ratios"][0]["ratio"] == 2
    assert "holds" in capsys.readouterr().out


@pytest.mark.parametrize(("arguments", "message"), [
    (["bok"], "no suite 'bok'; there are book, capi, scale, journal, start, codec, gateway, power"),
    (["journal", "--flow", "x.jsonl"], "--flow is for the book"),
    (["--flow", "/nowhere/x.jsonl"], "--flow /nowhere/x.jsonl: No such file"),
])
def test_wrong_use_is_one_line(arguments: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message) as raised:
        bench(*arguments)
    assert "\n" not in str(raised.value)
