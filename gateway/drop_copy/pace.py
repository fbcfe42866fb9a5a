"""How often: Logons so many a second. No socket; one thread."""

from collections.abc import Hashable
from time import monotonic

KEPT = 1_024                # keys of a pace, at least, until it is looked which are over


class Pace:
    """So many a second of each key, a second's worth at once. What is too much does not count."""

    def __init__(self, per_second: int) -> None:
        self._each = 1.0 / per_second
        self._until: dict[Hashable, float] = {}     # when all that was taken is worn off
        self._look_at = KEPT

    def take(self, key: Hashable) -> bool:
        """One more; whether it is not too much."""
        now = monotonic()
        until = max(self._until.get(key, now), now)
        if until - now > 1.0 - self._each:
            return False
        self._until[key] = until + self._each
        if len(self._until) >= self._look_at:
            self._until = {key: until for key, until in self._until.items() if until > now}
            self._look_at = max(KEPT, 2 * len(self._until))
        return True
