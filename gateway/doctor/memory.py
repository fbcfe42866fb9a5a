"""Memory: huge pages, swap, what a container allows."""

import re

from pricetime.gateway.doctor.findings import HURTS, NOTE, OK, Finding, Place

FREE_WANTED = 1 << 30       # bytes: an engine with a million orders, the log's segments, room


def huge_pages(place: Place) -> Finding:
    """Transparent huge pages: the engine asks for them (madvise) where `madvise` or `always` is chosen."""
    text = place.read("sys/kernel/mm/transparent_hugepage/enabled")
    chosen = re.search(r"\[(\w+)\]", text or "")
    if chosen is None:
        return Finding("huge pages", NOTE, "not told", "large books may be slower, see docs/latency.md")
    if chosen[1] == "never":
        return Finding("huge pages", NOTE, "never", "a book of a million orders misses the TLB at nearly every order",
                       "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled")
    defrag = re.search(r"\[([\w+]+)\]", place.read("sys/kernel/mm/transparent_hugepage/defrag") or "")
    found = f"{chosen[1]}, defrag {defrag[1] if defrag else 'not told'}"
    if defrag is not None and defrag[1] == "always":
        return Finding("huge pages", NOTE, found, "a page fault may stop to gather a huge page, ms",
                       "echo madvise > /sys/kernel/mm/transparent_hugepage/defrag")
    return Finding("huge pages", OK, found)


def swap(place: Place) -> Finding:
    """Can memory of the venue go to a disk?"""
    lines = (place.read("proc/swaps") or "").splitlines()[1:]
    if not lines:
        return Finding("swap", OK, "none")
    swappiness = place.read("proc/sys/vm/swappiness") or "not told"
    return Finding("swap", NOTE, f"{len(lines)} area{'s' if len(lines) > 1 else ''}, swappiness {swappiness}",
                   "a page that was put out takes 0.1 to 10 ms to come back", "swapoff -a, or sysctl vm.swappiness=1")


def memory(place: Place) -> Finding:
    """What is free, and whether a container sets a bound."""
    match = re.search(r"^MemAvailable:\s+(\d+) kB", place.read("proc/meminfo") or "", re.MULTILINE)
    if match is None:
        return Finding("memory", NOTE, "not told")
    free = int(match[1]) << 10
    limit = place.read("sys/fs/cgroup/memory.max")
    if limit and limit.isdigit():
        free = min(free, int(limit) - int(place.read("sys/fs/cgroup/memory.current") or 0))
    found = f"{free >> 20:,} MiB to be had" + (", within a container's bound" if limit and limit.isdigit() else "")
    if free >= FREE_WANTED:
        return Finding("memory", OK, found)
    return Finding("memory", HURTS, found, "room for a million orders takes 200 MB, the log as much; where there is "
                   "none, the kernel ends the venue", "more memory, or a smaller order_capacity")


CHECKS = (huge_pages, swap, memory)
