"""The processors: how many, who else uses them, how fast they run, how deep they sleep, how time is read."""

import os
import re
import time

from pricetime.gateway.doctor.findings import HURTS, NOTE, OK, Finding, Place

CORES_WANTED = 4            # the loop, libzmq's I/O thread, the log's helper threads, the system
STEAL_HURTS = 1.0           # per cent
SLEEP_HURTS = 20            # microseconds to wake from a C-state
QUICK_CLOCKS = {"tsc", "kvm-clock", "arch_sys_counter", "hyperv_clocksource_tsc_page"}
CLOCK_READS = 20_000


def cores(place: Place) -> Finding:
    """Cores that this process may use, the quota of its container included."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    found = f"{usable} of {os.cpu_count()} usable"
    quota = (place.read("sys/fs/cgroup/cpu.max") or "max").split()
    if quota[0] != "max" and len(quota) == 2:
        found += f", quota of {int(quota[0]) / int(quota[1]):g}"
        return Finding("cores", HURTS, found, "used up, the whole venue stands still until the next period, tens of ms",
                       "run without a processor limit (Docker: no --cpus; Kubernetes: static CPU manager, whole cores)")
    if usable < CORES_WANTED:
        return Finding("cores", NOTE, found,
                       "loop, ZeroMQ's I/O thread and the log's helpers take turns: hundreds of us at p99 under load",
                       f"{CORES_WANTED} cores or more, or clients elsewhere")
    return Finding("cores", OK, found)


def isolated(place: Place) -> Finding:
    """Cores that the scheduler gives to nobody by itself."""
    cores = place.read("sys/devices/system/cpu/isolated")
    if cores:
        return Finding("isolated cores", OK, f"{cores}: start the venue on one with taskset -c")
    return Finding("isolated cores", NOTE, "none", "whoever else runs takes the loop's core for some ms now and then",
                   "boot with isolcpus=N nohz_full=N rcu_nocbs=N, then taskset -c N pricetime serve …")


def governor(place: Place) -> Finding:
    """Does the clock rate follow the load?"""
    name = place.read("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    if name is None:
        return Finding("governor", NOTE, "not told (usual in a virtual machine)",
                       "a host that saves power makes lone orders slow", "set it on the host: performance")
    if name == "performance":
        return Finding("governor", OK, name)
    return Finding("governor", HURTS, name, "the first orders after a pause run at a fraction of the clock rate",
                   "cpupower frequency-set -g performance")


def sleep_states(place: Place) -> Finding:
    """C-states: how long waking takes from the deepest one that is on."""
    deepest, name, index = 0, "", 0
    while (latency := place.read(f"sys/devices/system/cpu/cpu0/cpuidle/state{index}/latency")) is not None:
        off = place.read(f"sys/devices/system/cpu/cpu0/cpuidle/state{index}/disable") == "1"
        if not off and int(latency) >= deepest:
            deepest = int(latency)
            name = place.read(f"sys/devices/system/cpu/cpu0/cpuidle/state{index}/name") or f"state{index}"
        index += 1
    if not index:
        return Finding("C-states", NOTE, "not told (usual in a virtual machine)",
                       "if the host lets cores sleep, an order after a pause waits for one to wake",
                       "on the host: idle=poll or processor.max_cstate=1")
    if deepest <= SLEEP_HURTS:
        return Finding("C-states", OK, f"deepest {name}, {deepest} us to wake")
    return Finding("C-states", HURTS, f"deepest {name}, {deepest} us to wake",
                   f"up to {deepest} us on an order that comes after a pause", "cpupower idle-set -D 1, or boot with "
                   "processor.max_cstate=1")


def steal(place: Place) -> Finding:
    """Time that the host gave to other machines."""
    match = re.search(r"^cpu\s+(.+)$", place.read("proc/stat") or "", re.MULTILINE)
    if match is None:
        return Finding("steal", NOTE, "not told")
    ticks = [int(word) for word in match[1].split()]
    share = 100 * ticks[7] / max(sum(ticks[:8]), 1) if len(ticks) > 7 else 0.0
    found = f"{share:.2f}% since the machine started"
    if share < STEAL_HURTS:
        return Finding("steal", OK, found)
    return Finding("steal", HURTS, found, "the venue stands still for ms while a neighbour runs, and no load shows it",
                   "a machine with cores of its own")


def load(place: Place) -> Finding:
    """Does anybody else want the processors now?"""
    words = (place.read("proc/loadavg") or "").split()
    usable = os.cpu_count() or 1
    if not words:
        return Finding("load", NOTE, "not told")
    found = f"{words[0]} on {usable} cores"
    if float(words[0]) <= 0.75 * usable:
        return Finding("load", OK, found)
    return Finding("load", HURTS, found, "the loop waits for its turn: ms", "stop what else runs, or give the venue a "
                   "core of its own (isolated cores) or a real-time priority (chrt -f 50)")


def interrupts(place: Place) -> Finding:
    """May interrupts come to every core?"""
    balancing = any(place.read(f"proc/{number}/comm") == "irqbalance" for number in _processes(place))
    mask = place.read("proc/irq/default_smp_affinity")
    if mask is None:
        return Finding("interrupts", NOTE, "not told (usual in a container)")
    found = f"by default to cores {mask}" + (", irqbalance runs" if balancing else "")
    if place.read("sys/devices/system/cpu/isolated") and not balancing:
        return Finding("interrupts", OK, found)
    return Finding("interrupts", NOTE, found, "5 to 50 us for an order that an interrupt comes before",
                   "stop irqbalance; the other cores' mask into /proc/irq/default_smp_affinity and "
                   "/proc/irq/*/smp_affinity")


def _processes(place: Place) -> list[str]:
    try:
        return [path.name for path in (place.root / "proc").iterdir() if path.name.isdigit()]
    except OSError:
        return []


def clock(place: Place) -> Finding:
    """How the kernel tells the time, and what that costs: each command is stamped."""
    source = place.read("sys/devices/system/clocksource/clocksource0/current_clocksource") or "not told"
    began = time.perf_counter_ns()
    for _ in range(CLOCK_READS):
        time.time_ns()
    each = (time.perf_counter_ns() - began) / CLOCK_READS
    found = f"{source}, {each:.0f} ns a reading from Python"
    if source in QUICK_CLOCKS:
        return Finding("clocksource", OK, found)
    return Finding("clocksource", HURTS if source in ("hpet", "acpi_pm") else NOTE, found,
                   "a reading becomes a system call or a device access: up to 1 us a batch",
                   "boot with clocksource=tsc tsc=reliable, where the processor has a constant one")


CHECKS = (cores, isolated, governor, sleep_states, steal, load, interrupts, clock)
