"""Lines that somebody else can bring about, as often as they like: the first one of a window is said, the others are
counted. No socket; one thread."""

from collections import Counter
from time import monotonic
from typing import Any

from pricetime.journal import logs

WINDOW_SECONDS = 10.0       # what is said again within so long is one line
KEYS_SHOWN = 3


class Notes:
    """Lines that anybody who connects can bring about: of each kind and key the first one of a window is said at once,
    how many more there were in one line, once the window is over. Their number is the keys', so these are bounded."""

    def __init__(self, log: logs.Log, kinds: dict[str, str], seconds: float = WINDOW_SECONDS) -> None:
        """kinds: events, and what is counted of each."""
        self._log, self._kinds, self._seconds = log, kinds, seconds
        self._said: dict[str, set[str]] = {event: set() for event in kinds}
        self._more: dict[str, Counter[str]] = {event: Counter() for event in kinds}
        self._since = 0.0

    def say(self, event: str, key: str, line: str, *, level: int = logs.INFO, **fields: Any) -> None:
        """One line, or one more of it."""
        if not any(self._said.values()):
            self._since = monotonic()
        if key in self._said[event]:
            self._more[event][key] += 1
        else:
            self._said[event].add(key)
            self._log.say(event, line, level=level, **fields)

    def tell(self, finally_: bool = False) -> None:
        """Say what else a window had, once it is over."""
        if not any(self._said.values()):
            return
        seconds = monotonic() - self._since
        if seconds < self._seconds and not finally_:
            return
        for event, what in self._kinds.items():
            self._said[event].clear()
            more, self._more[event] = self._more[event], Counter()
            if more:
                shown = ", ".join(f"{key} {count:,}" for key, count in more.most_common(KEYS_SHOWN))
                others = f" and {len(more) - KEYS_SHOWN} others" if len(more) > KEYS_SHOWN else ""
                self._log.say(event, f"{more.total():,} more {what} in {seconds:.0f} s: {shown}{others}",
                              level=logs.WARNING, count=more.total(), seconds=round(seconds, 1), of=dict(more))
