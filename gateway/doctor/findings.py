"""A finding of the doctor: what was looked at, what is there, what that costs, how to mend it; how they are shown."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

Verdict = Literal["ok", "note", "hurts"]
OK: Verdict = "ok"
NOTE: Verdict = "note"          # costs something at times, or cannot be told from here
HURTS: Verdict = "hurts"        # will be seen in latencies, or stops a venue


@dataclass(frozen=True)
class Finding:
    """`costs` and `mend` are empty where all is well."""

    check: str
    verdict: Verdict
    found: str
    costs: str = ""
    mend: str = ""


@dataclass(frozen=True)
class Place:
    """Where the doctor looks. root: of the files that tell of the machine (another one in tests). directory: of the
    venue. connections: how many a venue there may have."""

    directory: Path
    connections: int
    root: Path = Path("/")

    def read(self, path: str) -> str | None:
        """A file below root without white space around it; None where there is none or it cannot be read."""
        try:
            return (self.root / path).read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return None


Check = Callable[[Place], Finding]


def as_json(findings: list[Finding]) -> str:
    return json.dumps({"findings": [asdict(finding) for finding in findings]}, indent=2)


def as_text(findings: list[Finding]) -> str:
    """A line a finding; below it, where not all is well, what it costs and how to mend it."""
    wide = max(len(finding.check) for finding in findings)
    lines = []
    for finding in findings:
        lines.append(f"{finding.verdict:5}  {finding.check:{wide}}  {finding.found}")
        for word, text in (("costs", finding.costs), ("mend", finding.mend)):
            if text:
                lines.append(f"{'':5}  {'':{wide}}  {word}: {text}")
    return "\n".join([*lines, summary(findings)])


def summary(findings: list[Finding]) -> str:
    """The last line."""
    hurting = [finding.check for finding in findings if finding.verdict == HURTS]
    notes = sum(finding.verdict == NOTE for finding in findings)
    return (f"{len(hurting)} of {len(findings)} hurt: {', '.join(hurting)}; " if hurting else
            f"nothing of {len(findings)} hurts; ") + f"{notes} to know of"
