"""The reports of a session put in order: each number once, none before the one below it. Owns what came too early, and
its bound; who asks for what is missing is client_session.py."""

from collections.abc import Callable

import numpy as np

from pricetime.gateway.client_errors import ReportGap

AGAIN_MAX = 4096    # ClOrdIDs whose old reports were asked for, remembered
UNTOLD = 0, 0
EARLY_MAX = 65_536  # reports kept that came before others; what comes beyond is asked for again


class ReportOrder:
    """due: the number that comes next; 0: not known yet, all is taken. end: the number behind the highest one known to
    be at the venue."""

    def __init__(self, due: int) -> None:
        self.due = self.end = due
        self._again: dict[int, tuple[int, int]] = {}    # by ClOrdID: the command, and which report of it was told last
        self._early: dict[int, np.ndarray] = {}

    @property
    def missing(self) -> bool:
        """Whether the venue has reports that did not come yet."""
        return self.due < self.end

    def ask_again(self, cl_ord_ids: list[int]) -> None:
        """The caller has sent these twice."""
        for number in cl_ord_ids:
            self._again.pop(number, None)
            self._again[number] = UNTOLD
        while len(self._again) > AGAIN_MAX:
            del self._again[next(iter(self._again))]

    def asks_again(self, cl_ord_id: int) -> bool:
        """Whether the answer to one that was sent twice is still to come."""
        return self._again.get(cl_ord_id) == UNTOLD

    def answered_again(self, cl_ord_id: int) -> None:
        """It was, and not by reports."""
        self._again.pop(cl_ord_id, None)

    def _is_again(self, event: np.void) -> bool:
        """Whether an old report was asked for: all that one command said, each once."""
        number, sequence, place = (int(event[name]) for name in ("cl_ord_id", "sequence", "report_number"))
        command, told = self._again.get(number, (0, place))
        if told >= place or command not in (0, sequence):
            return False
        self._again[number] = sequence, place
        return True

    def begin(self, due: int, end: int) -> None:
        """A connection begins: what is due, and what the venue has."""
        self.due, self.end = due, max(due, end)
        self._early = {number: event for number, event in self._early.items() if number >= due}

    def take(self, events: np.ndarray, wanted: Callable[[np.void], bool]) -> list[np.ndarray]:
        """What of these events, and of those that waited for them, comes next. wanted: whether an event without a
        number is to be told."""
        numbers = events["report_number"]
        count = len(numbers)
        fits = count and self.due and numbers[0] == self.due and numbers[-1] == self.due + count - 1
        if fits and (count <= 2 or (numbers == np.arange(self.due, self.due + count, dtype=numbers.dtype)).all()):
            self.due += count
            self.end = max(self.end, self.due)
            return [events, *self._follow()]
        return self._sort(events, numbers.tolist(), wanted)

    def _sort(self, events: np.ndarray, numbers: list[int], wanted: Callable[[np.void], bool]) -> list[np.ndarray]:
        told: list[np.ndarray] = []
        for place, number in enumerate(numbers):
            event = events[place : place + 1]
            if number == 0:
                if wanted(event[0]):
                    told.append(event)
            elif self.due == 0:
                told.append(event)
            elif number == self.due:
                self.due += 1
                self.end = max(self.end, self.due)
                told += [event, *self._follow()]
            elif number > self.due:
                self.end = max(self.end, number + 1)
                if len(self._early) < EARLY_MAX:
                    self._early[number] = event.copy()
            elif self._is_again(event[0]):
                told.append(event)
        return [np.concatenate(told)] if len(told) > 1 else told

    def _follow(self) -> list[np.ndarray]:
        """What had come too early and is next now."""
        found = []
        while self._early and (event := self._early.pop(self.due, None)) is not None:
            found.append(event)
            self.due += 1
        return found

    def strict(self, events: np.ndarray) -> ReportGap | None:
        """Without reconnecting: reports come without gaps, or it is the caller's to see to it. Old ones that were asked
        for are none."""
        counted = events["report_number"] != 0
        if self._again:
            for place in np.flatnonzero(counted & (events["report_number"] < self.due)).tolist():
                counted[place] = not self._is_again(events[place])
        numbers = events["report_number"][counted]
        if self.due and len(numbers):
            expected = np.arange(self.due, self.due + len(numbers), dtype=numbers.dtype)
            wrong = np.flatnonzero(numbers != expected)
            if len(wrong):
                return ReportGap(int(expected[wrong[0]]), int(numbers[wrong[0]]))
            self.due += len(numbers)
        return None
