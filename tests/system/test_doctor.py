"""pricetime doctor says what it finds, whatever the machine is, and ends with 0; each check tells well from ill."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pricetime.gateway.cli.doctor import CHECKS
from pricetime.gateway.doctor import disk, limits, memory, packages, processors
from pricetime.gateway.doctor.findings import Check, Finding, Place, as_text, summary


def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "pricetime", "doctor", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd)


def test_json_has_every_check_once(tmp_path: Path) -> None:
    done = run(str(tmp_path), "--json")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)["findings"]
    assert len({entry["check"] for entry in found}) == len(found) == len(CHECKS)
    for entry in found:
        assert set(entry) == {"check", "verdict", "found", "costs", "mend"}
        assert entry["verdict"] in ("ok", "note", "hurts") and entry["found"]
        assert entry["verdict"] == "ok" or entry["costs"] or entry["found"].startswith("not told")
    assert list(tmp_path.iterdir()) == []


def test_text_ends_with_how_many_hurt(tmp_path: Path) -> None:
    done = run(str(tmp_path / "not" / "there"))
    assert done.returncode == 0
    assert "hurt" in done.stdout.splitlines()[-1] and "to know of" in done.stdout.splitlines()[-1]
    assert not (tmp_path / "not").exists()


def test_a_folder_that_shadows_the_package_is_found(tmp_path: Path) -> None:
    (tmp_path / "pricetime").mkdir()
    found = {entry["check"]: entry for entry in json.loads(run("--json", cwd=tmp_path).stdout)["findings"]}
    assert found["shadowed packages"]["verdict"] == "note"
    assert "pricetime" in found["shadowed packages"]["found"]


def machine(root: Path, **files: str) -> Place:
    """A machine that has these files: __ in a name is /, and a dot is written _DOT_."""
    for name, text in files.items():
        path = root / name.replace("_DOT_", ".").replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Place(root, 1_024, root)


IDLE = "sys__devices__system__cpu__cpu0__cpuidle__state"
HUGE = "sys__kernel__mm__transparent_hugepage__"


@pytest.mark.parametrize(("check", "files", "verdict"), [
    (processors.governor, {}, "note"),
    (processors.governor, {"sys__devices__system__cpu__cpu0__cpufreq__scaling_governor": "powersave"}, "hurts"),
    (processors.governor, {"sys__devices__system__cpu__cpu0__cpufreq__scaling_governor": "performance"}, "ok"),
    (processors.isolated, {"sys__devices__system__cpu__isolated": "2-3"}, "ok"),
    (processors.isolated, {"sys__devices__system__cpu__isolated": ""}, "note"),
    (processors.sleep_states, {f"{IDLE}0__latency": "0", f"{IDLE}1__latency": "133", f"{IDLE}1__name": "C6"}, "hurts"),
    (processors.sleep_states, {f"{IDLE}0__latency": "0", f"{IDLE}1__latency": "133", f"{IDLE}1__disable": "1"}, "ok"),
    (processors.steal, {"proc__stat": "cpu  10 0 10 900 0 0 0 80 0 0\n"}, "hurts"),
    (processors.steal, {"proc__stat": "cpu  10 0 10 900 0 0 0 0 0 0\n"}, "ok"),
    (processors.load, {"proc__loadavg": "900.0 1 1 1/1 1"}, "hurts"),
    (processors.load, {"proc__loadavg": "0.1 1 1 1/1 1"}, "ok"),
    (processors.cores, {"sys__fs__cgroup__cpu_DOT_max": "50000 100000"}, "hurts"),
    (processors.clock, {"sys__devices__system__clocksource__clocksource0__current_clocksource": "hpet"}, "hurts"),
    (processors.clock, {"sys__devices__system__clocksource__clocksource0__current_clocksource": "tsc"}, "ok"),
    (processors.interrupts, {"proc__irq__default_smp_affinity": "3", "proc__77__comm": "irqbalance"}, "note"),
    (memory.huge_pages, {f"{HUGE}enabled": "always madvise [never]"}, "note"),
    (memory.huge_pages, {f"{HUGE}enabled": "always [madvise] never", f"{HUGE}defrag": "[madvise] never"}, "ok"),
    (memory.huge_pages, {f"{HUGE}enabled": "[always] madvise never", f"{HUGE}defrag": "[always] never"}, "note"),
    (memory.swap, {"proc__swaps": "Filename Type\n/swap file 1 0 -2\n"}, "note"),
    (memory.swap, {"proc__swaps": "Filename Type\n"}, "ok"),
    (memory.memory, {"proc__meminfo": "MemAvailable:   102400 kB"}, "hurts"),
    (memory.memory, {"proc__meminfo": "MemAvailable: 9102400 kB",
                     "sys__fs__cgroup__memory_DOT_max": "1000000"}, "hurts"),
    (memory.memory, {"proc__meminfo": "MemAvailable:   9102400 kB"}, "ok"),
    (disk.file_system, {"proc__self__mounts": "x / tmpfs rw 0 0\n"}, "note"),
    (disk.file_system, {"proc__self__mounts": "x / tmpfs rw 0 0\ny / ext4 rw 0 0\n"}, "ok"),
    (limits.watched, {"proc__self__status": "TracerPid:\t12\nSeccomp:\t0\n"}, "hurts"),
    (limits.watched, {"proc__self__status": "TracerPid:\t0\nSeccomp:\t2\n"}, "note"),
    (limits.watched, {"proc__self__status": "TracerPid:\t0\nSeccomp:\t0\n"}, "ok"),
])
def test_check(check: Check, files: dict[str, str], verdict: str, tmp_path: Path) -> None:
    assert check(machine(tmp_path, **files)).verdict == verdict


@pytest.mark.parametrize(("connections", "verdict"), [(1, "ok"), (1 << 40, "hurts")])
def test_open_files_are_held_against_the_connections(connections: int, verdict: str, tmp_path: Path) -> None:
    assert limits.files(Place(tmp_path, connections)).verdict == verdict


@pytest.mark.parametrize(("microseconds", "verdict"), [(1.0, "note"), (300.0, "ok"), (9_000.0, "hurts")])
def test_sync_time(microseconds: float, verdict: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "_sync_times", lambda directory: [microseconds] * 3)
    assert disk.sync_time(Place(tmp_path, 1)).verdict == verdict


def test_a_library_without_the_functions_hurts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert packages.libzmq(Place(tmp_path, 1)).verdict == "ok"
    monkeypatch.setattr(packages, "SYMBOLS", ("zmq_msg_init", "zmq_no_such_function"))
    finding = packages.libzmq(Place(tmp_path, 1))
    assert finding.verdict == "hurts" and "without zmq_no_such_function" in finding.found


def test_the_functions_looked_for_are_those_that_the_venue_loads() -> None:
    source = (Path(packages.__file__).resolve().parents[1] / "zmq_api.pyx").read_text()
    loaded = {word.split('"')[0] for word in source.split('b"')[1:] if word.startswith("zmq_")}
    assert set(packages.SYMBOLS) == loaded


def test_text_shows_costs_and_mending_below_what_hurts() -> None:
    findings = [Finding("swap", "ok", "none"), Finding("load", "hurts", "9 on 2", "ms", "stop it")]
    assert as_text(findings).splitlines() == [
        "ok     swap  none", "hurts  load  9 on 2", "             costs: ms", "             mend: stop it",
        "1 of 2 hurt: load; 0 to know of"]
    assert summary(findings[:1]) == "nothing of 1 hurts; 0 to know of"
