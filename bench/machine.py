"""What a reader must know of the machine to believe a figure, and whether it had too much else to do.

Owns what is looked up and what counts as busy; never changes anything of the machine.
"""

import os
import platform
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

TRUSTED_LOAD = 0.75         # load a core before the run above which figures are not to be trusted
PACKAGES = ("numpy", "pyzmq", "msgspec", "hdrhistogram", "pricetime")


def machine() -> dict[str, Any]:
    """Processor, cores, memory, governor, clock, kernel, disk, versions, load before the run."""
    import zmq

    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": _memory_gib(),
        "governor": _read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "clock": _read("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
        "huge_pages": _chosen(_read("/sys/kernel/mm/transparent_hugepage/enabled")),
        "virtual": " hypervisor" in _read("/proc/cpuinfo"),
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "disk": _disk(tempfile.gettempdir()),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "libzmq": zmq.zmq_version(),
        **{package: _version(package) for package in PACKAGES},
        "load": [round(value, 2) for value in os.getloadavg()],
    }


def warning(described: dict[str, Any]) -> list[str]:
    """One line where the machine had too much else to do before the run."""
    load, cores = described["load"][0], described["cores"] or 1
    trusted = TRUSTED_LOAD * cores
    if load <= trusted:
        return []
    return [f"WARNING: the load was {load:g} before the run, above {trusted:g} on {cores} cores: do not trust these "
            "figures, run again on a quiet machine"]


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError:
        return "unknown"


def _chosen(text: str) -> str:
    """Of `always [madvise] never` the one in brackets."""
    return text.partition("[")[2].partition("]")[0] or text


def _processor() -> str:
    for line in _read("/proc/cpuinfo").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory_gib() -> float:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30), 1)


def _disk(directory: str) -> str:
    """The file system that logs of a run are in: what is mounted there, and from where."""
    best = ("", "unknown", "unknown")
    for line in _read("/proc/mounts").splitlines():
        device, mount, kind = line.split()[:3]
        inside = directory == mount or directory.startswith(mount.rstrip("/") + "/")
        if inside and len(mount) >= len(best[0]):
            best = (mount, device, kind)
    return f"{best[2]} on {best[1]}"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
