"""`pricetime bench` as a user types it. No figure is judged here: only bench itself does that."""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pricetime.bench import (
    bench_book,
    bench_codec,
    bench_growth,
    bench_journal,
    bench_pipeline,
    bench_start,
    cli,
    flow_statistics,
    harness,
    machine,
)
from pricetime.bench.harness import Comparison, Limit, Measure
from pricetime.matching.errors import UserError

EXAMPLES = Path(__file__).parents[2] / "examples"


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
    assert [result["name"] for result in found["results"]] == [
        "start/snapshot", "start/recovery", "bare/recovery", "snapshot/write", "bare/snapshot"]
    assert found["ratios"][:1] == [{"name": "start/snapshot", "value": found["results"][0]["value"], "at_most": 1.0,
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
    monkeypatch.setattr(machine.os, "getloadavg", lambda: (64.0 * (machine.os.cpu_count() or 1), 0.0, 0.0))
    assert bench("book") == 0
    shown = capsys.readouterr()
    assert shown.err.startswith("WARNING: the load was ")
    assert shown.out.splitlines()[-2].startswith("WARNING: the load was ")


def test_json_goes_to_a_file_beside_the_table(monkeypatch, tmp_path, capsys) -> None:
    monkeypatch.setattr(cli, "_suite", lambda name: a_suite(Limit(at_most=3)))
    assert bench("book", "--json", str(tmp_path / "figures.json")) == 0
    assert json.loads((tmp_path / "figures.json").read_text())["ratios"][0]["ratio"] == 2
    assert "holds" in capsys.readouterr().out


def test_a_page_and_files_of_the_curves_are_written(monkeypatch, tmp_path, capsys) -> None:
    pytest.importorskip("hdrh")
    monkeypatch.setattr(cli, "_suite", lambda name: a_suite_of_latencies())
    assert bench("book", "--html", str(tmp_path / "page.html"), "--hdr", str(tmp_path / "curves")) == 0
    assert "<code>pipeline/1000</code>" in (tmp_path / "page.html").read_text()
    assert sorted(path.name for path in (tmp_path / "curves").iterdir()) == [
        "pipeline-1000.hgrm", "pipeline-1000.hlog"]
    assert "pipeline/1000/p99" in capsys.readouterr().out


def a_suite_of_latencies() -> type:
    class Suite:
        __doc__ = "What it is."

        @staticmethod
        def comparisons(options: harness.Options) -> list[harness.Latencies]:
            return [harness.Latencies("pipeline/1000", lambda: np.arange(1, 1_001), "at rates", "1,000/s")]

    return Suite


def test_a_slow_yardstick_fails_the_run(monkeypatch, capsys) -> None:
    class Suite:
        @staticmethod
        def comparisons(options: harness.Options) -> list[Comparison]:
            return [Comparison(Measure("bare/tcp/1", "orders/s", lambda: 1.0, 100_000))]

    monkeypatch.setattr(cli, "_suite", lambda name: Suite)
    monkeypatch.setattr(machine.os, "getloadavg", lambda: (0.1, 0.1, 0.1))
    assert bench("gateway") == 1
    assert "YARDSTICKS TOO SLOW, the run does not count: bare/tcp/1 0.00" in capsys.readouterr().out
    monkeypatch.setattr(machine.os, "getloadavg", lambda: (64.0 * (machine.os.cpu_count() or 1), 0.0, 0.0))
    assert bench("gateway") == 0
    assert "too noisy to say whether these yardsticks are fast enough" in capsys.readouterr().out


@pytest.mark.usefixtures("small_flows")
def test_flows_are_described_and_counted(monkeypatch, tmp_path, capsys) -> None:
    monkeypatch.setattr(flow_statistics, "COMMANDS_QUICK", 2_000)
    assert bench("--flows", "--quick") == 0
    shown = capsys.readouterr().out
    for name, mix in flow_statistics.FLOWS.items():
        assert f"{name}: " in shown and str(mix.seed) in shown
    (row,) = [line.split() for line in shown.splitlines() if line.startswith("move  ")]
    assert row[1:2] == ["2,000"]
    assert 0.8 < float(row[5].rstrip("%")) / 100 < 0.84, "82% replaces"


def test_flows_counts_the_flow_of_a_file(capsys) -> None:
    assert bench("--flows", "--flow", str(EXAMPLES / "auction.jsonl")) == 0
    assert "auction" in capsys.readouterr().out.splitlines()[-3]


def test_pipeline_measures_layers_and_rates_beside_what_others_publish(monkeypatch, capsys) -> None:
    monkeypatch.setattr(bench_pipeline, "COMMANDS_QUICK", 2_000)
    monkeypatch.setattr(bench_pipeline, "LAYER_COMMANDS_QUICK", 2_000)
    assert bench("pipeline", "--quick", "--json", "-") == 0
    found = json.loads(capsys.readouterr().out)
    names = [result["name"] for result in found["results"]]
    assert names[:8] == ["layer/plain", "bare/layer", "layer/risk", "layer/plain", "layer/log", "bare/layer-log",
                         "layer/power", "bare/layer-power"]
    assert "pipeline/5000000/p99.99" in names and "bare/pipeline/1000000/max" in names
    assert [curve["count"] for curve in found["curves"]] == [10_000] * 4
    (published,) = found["tables"]
    assert [row[0] for row in published["rows"]] == ["commands/s", "1,000,000", "", "5,000,000", ""]
    assert published["published"] == [2, 4]
    assert "elsewhere, on other hardware" in published["note"]


def test_growth_gives_each_size_and_an_exponent(monkeypatch, capsys) -> None:
    monkeypatch.setattr(bench_growth, "COMMANDS_QUICK", 1_000)
    monkeypatch.setattr(bench_growth, "SESSION_ORDERS_QUICK", 2_000)
    monkeypatch.setattr(bench_growth, "LIVE_QUICK", (100, 1_000))
    monkeypatch.setattr(bench_growth, "LOGS_QUICK", (1_000, 2_000))
    monkeypatch.setattr(bench_growth, "SESSIONS_QUICK", (1, 10))
    monkeypatch.setattr(bench_growth, "QUICK_SIZES", 2)
    assert bench("growth", "--quick", "--json", "-") == 0
    grown = {found["name"]: found for found in json.loads(capsys.readouterr().out)["growth"]}
    assert set(grown) == {f"growth/{what}" for what in (
        "live", "levels", "instruments", "participants", "sweep", "sessions", "inside", "log")}
    assert grown["growth/live"]["sizes"] == [100, 1_000]
    assert all(isinstance(found["exponent"], float) for found in grown.values())


def test_growth_says_where_memory_ended_it(monkeypatch) -> None:
    monkeypatch.setattr(bench_growth, "available", lambda: 1_000_000)
    base = bench_growth.SCALES["dense"]
    (item,) = bench_growth.of_mixes("growth/live", "live orders", [
        (size, replace(base, live=size)) for size in (100, 10_000)], 100)
    assert [size for size, _ in item.points] == [100]
    assert "no memory for 10,000" in item.stopped


@pytest.mark.parametrize(("arguments", "message"), [
    (["book", "--html", "/nowhere/page.html"], "--html /nowhere/page.html: no directory /nowhere"),
    (["bok"], "no suite 'bok'; there are book, capi, scale, pipeline, journal, start, codec, gateway"),
    (["journal", "--flow", "x.jsonl"], "--flow is for the book"),
    (["--flow", "/nowhere/x.jsonl"], "--flow /nowhere/x.jsonl: No such file"),
])
def test_wrong_use_is_one_line(arguments: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message) as raised:
        bench(*arguments)
    assert "\n" not in str(raised.value)
