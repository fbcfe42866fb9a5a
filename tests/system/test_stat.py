"""`pricetime stat` as a user meets it: beside a venue, after it, when it was killed; what it counts is what was
done."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from pricetime.gateway import steward
from pricetime.gateway.authenticator import Refusals
from pricetime.gateway.client import Client
from pricetime.gateway.stats import StatReader
from pricetime.journal import logs
from tests.system.venues import opened, serve, some, write_config

PATIENCE = 20.0


def shell(*arguments: object, **options: object) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-P", "-m", "pricetime", *map(str, arguments)],
        capture_output=True, text=True, timeout=60, check=False, **options,
    )


def trade(endpoint: str, first: int, count: int) -> None:
    """Orders of alice, and one that is refused."""
    with contextlib.closing(Client(endpoint, "alice")) as client:
        for number in range(first, first + count):
            client.buy("ACME", 1, "10.00", cl_ord_id=number)
        client.buy("ACME", 1, "10.00", cl_ord_id=first)
        some(client, count + 1)


def settled(directory) -> dict:
    """What `stat --json` says, once the venue's thread has looked at itself again."""
    time.sleep(0.2)
    return json.loads(shell("stat", directory, "--json").stdout)


def test_it_tells_what_the_venue_did(tmp_path):
    venue = opened(tmp_path / "venue")
    try:
        trade(venue.endpoints[0], 1, 50)
        found = settled(venue.directory)
        counters = venue.loop.counters
    finally:
        venue.stop()
    assert found["state"] == "runs" and found["run"] == 1 and found["process"] == os.getpid()
    assert found["appended"] == found["committed"] > 50
    assert {name: found["counters"][name] for name in ("commands", "refused", "messages")} == {
        name: counters[name] for name in ("commands", "refused", "messages")}
    assert found["refused"] == {"DUPLICATE_CL_ORD_ID": 1}
    reply = found["durations_ns"]["reply"]
    assert reply["count"] >= 50 and 0 < reply["p50"] <= reply["p99"] <= reply["p99.9"] <= reply["longest"]
    assert found["durations_ns"]["sync"]["count"] == 0


def test_at_level_power_it_tells_how_long_the_disk_takes(tmp_path):
    venue = opened(tmp_path / "venue", durability="power")
    try:
        trade(venue.endpoints[0], 1, 10)
        sync = settled(venue.directory)["durations_ns"]["sync"]
        groups = venue._writer.groups
    finally:
        venue.stop()
    assert 0 < sync["count"] <= groups and sync["p50"] > 0


def test_for_people_it_is_aligned_and_says_how_the_venue_is(tmp_path):
    process, endpoint = serve_opened(tmp_path / "venue")
    try:
        trade(endpoint, 1, 5)
        lines = shell("stat", tmp_path / "venue").stdout.splitlines()
        assert lines[0].startswith(f"run 1, process {process.pid}, since 2") and "Z: runs for " in lines[0]
        assert lines[1].endswith("all committed")
        last = lines[1].split()[1].rstrip(",")
        assert any(line.split()[:2] == ["commands", last] for line in lines), lines
        assert "  DUPLICATE_CL_ORD_ID                1" in lines
        table = lines[next(place for place, line in enumerate(lines) if line.startswith("since start")):]
        assert table[0].split() == ["since", "start", "count", "mean", "p50", "p90", "p99", "p99.9", "longest"]
        assert {len(line) for line in table} == {len(table[0])}, "aligned"
        process.send_signal(signal.SIGKILL)
        process.wait()
        time.sleep(2.1)
        assert "its process is gone" in shell("stat", tmp_path / "venue").stdout
    finally:
        end(process)


def test_it_goes_on_over_a_restart_and_says_when_it_has_stopped(tmp_path):
    directory = tmp_path / "venue"
    process, endpoint = serve_opened(directory)
    watch = subprocess.Popen(
        [sys.executable, "-P", "-m", "pricetime", "stat", str(directory), "--json", "--watch", "0.1"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )
    try:
        first, second = json.loads(watch.stdout.readline()), json.loads(watch.stdout.readline())
        assert "last" not in first and second["last"]["seconds"] == pytest.approx(0.1, abs=5)
        trade(endpoint, 1, 20)
        end(process)
        process, _ = serve(directory)
        seen = [second]
        patience = time.monotonic() + PATIENCE
        while seen[-1]["run"] != 2 and time.monotonic() < patience:
            seen.append(json.loads(watch.stdout.readline()))
        assert seen[-1]["run"] == 2 and "stopped" in {entry["state"] for entry in seen}
        passed = sum(entry["last"]["counters"]["commands"] for entry in seen if entry["run"] == 1)
        last = next(entry for entry in reversed(seen) if entry["run"] == 1)
        assert passed + first["counters"]["commands"] >= last["counters"]["commands"] > 20
        watch.send_signal(signal.SIGINT)
        assert watch.wait(10) == 0 and watch.stderr.read() == ""
    finally:
        watch.kill()
        watch.wait()
        watch.stdout.close()
        watch.stderr.close()
        end(process)


def test_a_reader_beside_the_thread_that_writes_sees_counts_that_only_grow(tmp_path):
    venue = opened(tmp_path / "venue")
    try:
        reader = StatReader(venue.directory)
        readings = []
        with contextlib.closing(Client(venue.endpoints[0], "alice")) as client:
            for number in range(1, 400):
                client.buy("ACME", 1, "10.00", cl_ord_id=number)
                readings.append(reader.read())
            some(client, 399)
    finally:
        venue.stop()
    for before, after in zip(readings, readings[1:], strict=False):
        assert all(after.counters[name] >= count for name, count in before.counters.items())
        assert after.committed >= before.committed and after.reply.count >= before.reply.count


def test_a_venue_whose_page_cannot_be_made_runs_all_the_same(tmp_path):
    write_config(tmp_path / "venue")
    (tmp_path / "venue" / "stat").mkdir()
    venue = opened(tmp_path / "venue")
    try:
        trade(venue.endpoints[0], 1, 3)
        assert any("`pricetime stat` will not see this run" in note for note in venue.notes)
        assert venue.loop.counters["commands"] > 3
    finally:
        venue.stop()


@pytest.mark.parametrize(("arguments", "line"), [
    (("no",), "no/stat: no such directory; expected the directory of a venue that runs or has run"),
    ((".",), "stat: no venue has run there yet; expected the directory of a venue that runs or has run"),
    ((".", "--watch", "0"), "--watch 0: expected 0.05 to 86400 seconds"),
])
def test_a_mistake_is_one_line(tmp_path, arguments, line):
    done = shell("stat", *arguments, cwd=tmp_path)
    assert done.returncode == 2 and done.stdout == "" and done.stderr == f"pricetime stat: {line}\n"


# ---------------------------------------------------------------------------------------------------- logs


def test_a_venue_says_all_of_it_as_json_where_it_is_asked_to(tmp_path):
    write_config(tmp_path / "venue", policy="[snapshot]\nevery_commands = 1000")
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "pricetime", "serve", str(tmp_path / "venue"), "--log-format", "json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )
    try:
        started = json.loads(process.stdout.readline())
        assert started["event"] == "started" and started["component"] == "venue" and started["level"] == "info"
        assert started["run"] == 1 and started["command"] > 1 and started["message"].startswith("run 1 on tcp://")
        with Client(started["endpoints"][0], "operator") as operator:
            operator.set_phase("ACME", "Continuous")
            some(operator, 1)
        time.sleep(0.7)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    stopped = json.loads(out)
    assert stopped["event"] == "stopped" and len(stopped["digest"]) == 64
    said = [json.loads(line) for line in err.splitlines()]
    assert all({"ts", "level", "component", "event", "message"} <= set(line) for line in said)
    assert [line["message"] for line in said if line["event"] == "note"][0] == "defined participant 'firm'"
    phase = next(line for line in said if line["event"] == "phase")
    assert (phase["symbol"], phase["phase"], phase["reason"]) == ("ACME", "Continuous", None)


@pytest.mark.parametrize(("tell", "event", "fields"), [
    (lambda: refused_twice().tell(finally_=True), "handshakes",
     {"count": 3, "seconds": 0.0, "reasons": {"unknown key": 2, "no CURVE": 1}, "addresses": {"192.0.2.7": 2}}),
    (lambda: steward.say("ACME: stays Halted", "schedule", symbol="ACME", phase="Halted"), "schedule",
     {"symbol": "ACME", "phase": "Halted"}),
    (lambda: steward.say("a line alone"), "note", {}),
])
def test_what_door_and_steward_say_is_the_venues_with_a_kind_and_fields(tell, event, fields, capsys):
    logs.begin("json")
    try:
        tell()
    finally:
        logs.begin()
    said = json.loads(capsys.readouterr().err)
    assert (said.pop("component"), said.pop("event"), said.pop("level")) == ("venue", event, "warning")
    assert said.pop("message") and said.pop("ts") and said == fields


def refused_twice():
    refusals = Refusals(steward.say)
    refusals.add("unknown key", "192.0.2.7", 2)
    refusals.add("no CURVE")
    return refusals


def serve_opened(directory) -> tuple[subprocess.Popen, str]:
    """A venue in a process of its own, ACME in Continuous."""
    write_config(directory)
    process, endpoint = serve(directory)
    with Client(endpoint, "operator") as operator:
        operator.set_phase("ACME", "Continuous")
        some(operator, 1)
    return process, endpoint


def end(process: subprocess.Popen) -> None:
    if process.poll() is None:
        process.terminate()
    process.wait(20)
    process.stdout.close()
    process.stderr.close()
