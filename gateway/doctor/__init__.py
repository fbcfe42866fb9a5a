"""What of this machine will hurt a venue, what that costs, and how to mend it: `pricetime doctor`.

`findings.py` says what a finding is and how they are shown; `processors.py`, `memory.py`, `disk.py`, `limits.py` and
`packages.py` have the checks, a function each. What each was worth when it was tried: docs/latency.md.

Never here: a change to the machine, or a measurement that takes longer than a second.
"""
