"""What the system allows a process: files, locked memory, real-time priority, being looked at."""

import resource

from pricetime.gateway.doctor.findings import HURTS, NOTE, OK, Finding, Place

FILES_BESIDE = 64           # the log, libzmq's own, the terminal


def files(place: Place) -> Finding:
    """Open files: each connection takes one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = place.connections + FILES_BESIDE
    found = f"{_number(soft)} (at most {_number(hard)}), {place.connections:,} connections want {wanted:,}"
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return Finding("open files", OK, found)
    return Finding("open files", HURTS, found, "further clients are not taken, and told nothing",
                   f"ulimit -n {wanted}, or LimitNOFILE= of the systemd unit")


def locked_memory(place: Place) -> Finding:
    """May memory be kept from being put out?"""
    soft, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    swaps = (place.read("proc/swaps") or "").splitlines()[1:]
    if soft == resource.RLIM_INFINITY or not swaps:
        return Finding("locked memory", OK, f"{_number(soft)}; there is no swap" if soft >= 0 else "no bound")
    return Finding("locked memory", NOTE, f"{_number(soft)} bytes, and there is swap", "see swap",
                   "ulimit -l unlimited")


def real_time(place: Place) -> Finding:
    """May a venue be started with a real-time priority, and for how much of a second?"""
    soft, _ = resource.getrlimit(resource.RLIMIT_RTPRIO)
    allowed = soft > 0 or _effective(place, 23)         # CAP_SYS_NICE
    runtime = place.read("proc/sys/kernel/sched_rt_runtime_us")
    found = ("allowed" if allowed else "not allowed") + (f", {runtime} us of each second" if runtime else "")
    if allowed:
        return Finding("real-time priority", OK, found)
    return Finding("real-time priority", NOTE, found, "beside other work the loop takes turns with it",
                   "ulimit -r 50 (LimitRTPRIO=), then chrt -f 50 pricetime serve …; only with a core to spare")


def watched(place: Place) -> Finding:
    """Does a debugger or a filter stand between this process and the kernel?"""
    status = place.read("proc/self/status") or ""
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    tracer, filtered = fields.get("TracerPid", "0").strip(), fields.get("Seccomp", "0").strip()
    scope = place.read("proc/sys/kernel/yama/ptrace_scope")
    if tracer != "0":
        return Finding("traced", HURTS, f"by process {tracer}", "every system call stops twice",
                       "run it without strace or a debugger")
    found = "no" + (", system calls are filtered (seccomp)" if filtered == "2" else "")
    found += f", ptrace_scope {scope}" if scope else ""
    if filtered == "2":
        return Finding("traced", NOTE, found, "some 0.1 us a system call", "seccomp=unconfined, where you may")
    return Finding("traced", OK, found)


def _effective(place: Place, capability: int) -> bool:
    for line in (place.read("proc/self/status") or "").splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> capability & 1)
    return False


def _number(limit: int) -> str:
    return "no bound" if limit == resource.RLIM_INFINITY else f"{limit:,}"


CHECKS = (files, locked_memory, real_time, watched)
