"""What a client asks for in one record: reports again, the state of orders, a command that may be there already.

Each answer follows from the log up to a command that the venue had applied when it asked.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from pricetime.gateway.decoder import Fields
from pricetime.gateway.desk.answers import mass_status, order_status, refusal, resend_answer
from pricetime.gateway.desk.follower import Follower
from pricetime.gateway.desk.frames import Frame
from pricetime.gateway.desk.history import Earlier, Pruned, Reports, find_command, same_content
from pricetime.gateway.desk.past import Past
from pricetime.gateway.notes import Notes
from pricetime.journal import logs
from pricetime.matching.records import POSS_RESEND, CommandType, Reason

RESENT_MAX = 65_536         # reports in one answer: 8 MiB. Who wants more asks again
LOG = logs.Log("desk")
KINDS = {"unavailable": "commands sent again whose reports are not kept", "unreadable": "requests that cannot be read"}
ORDERS = frozenset({
    CommandType.NEW_ORDER_SINGLE, CommandType.ORDER_CANCEL_REQUEST, CommandType.ORDER_CANCEL_REPLACE_REQUEST,
    CommandType.ORDER_MASS_CANCEL_REQUEST,
})


class Requests:
    """deliver(frame, events): to the client that a frame came from. notes: what clients bring about; to be told."""

    def __init__(self, follower: Follower, past: Past, directory: Path,
                 deliver: Callable[[Frame, np.ndarray], None]) -> None:
        self._follower, self._past, self._directory, self._deliver = follower, past, directory, deliver
        self.notes = Notes(LOG, KINDS)

    def take(self, frame: Frame, late: bool) -> bool:
        """Answer, ask the log, or, where the state is not there yet or the session's last question is not answered,
        False. late: then it is refused."""
        record = Fields(frame.payload)
        if frame.sequence > self._follower.sequence or self._past.is_asked(frame.session):
            if late:
                self.refuse(frame, Reason.THROTTLED)
            return late
        if record.type == CommandType.RESEND_REQUEST:
            self._resend(frame, record)
        elif record.type == CommandType.ORDER_STATUS_REQUEST:
            self._deliver(frame, order_status(frame, record, self._follower.engine))
        elif record.type == CommandType.ORDER_MASS_STATUS_REQUEST:
            self._deliver(frame, mass_status(frame, record, self._follower.engine))
        elif record.type in ORDERS and record.attributes & POSS_RESEND:
            self._again(frame, record)
        else:
            self.refuse(frame, Reason.UNKNOWN_MSG_TYPE)
        return True

    def refuse(self, frame: Frame, reason: Reason, order_id: int = 0, sequence: int = 0) -> None:
        """One unnumbered BUSINESS_MESSAGE_REJECT."""
        time = self._follower.engine.time
        self._deliver(frame._replace(reason=reason),
                      refusal(frame, Fields(frame.payload), reason, time, order_id, sequence))

    # ------------------------------------------------------------------------------------------ reports again

    def _resend(self, frame: Frame, record: Fields) -> None:
        engine, session = self._follower.engine, frame.session
        last = int(engine.session(session)["report_number"][0])
        begin, end = max(1, record.target), record.quantity if 0 < record.quantity < last else last
        if begin > end:
            self._resent(frame, record, min(begin, last + 1), Reports(self._follower.nothing))
            return
        events = self._follower.events.reports(session, begin, end, RESENT_MAX)
        if events is not None:
            self._resent(frame, record, begin, Reports(events))
            return
        question = partial(self._past.history.reports, session, begin, end, RESENT_MAX, engine.sequence)
        self._past.ask_reports(session, question, partial(self._resent, frame, record, begin))

    def _resent(self, frame: Frame, record: Fields, begin: int, found: Reports | Exception) -> None:
        """The reports, and how it ended."""
        engine = self._follower.engine
        if isinstance(found, Exception):
            self._failed(frame, found)
        elif found.oldest:
            reason = Reason.RESEND_UNAVAILABLE
            self._deliver(frame, resend_answer(frame, record, engine, found.oldest, 0, reason))
        else:
            sent = len(found.events)
            answer = resend_answer(frame, record, engine, begin + sent, sent)
            self._deliver(frame, np.concatenate((found.events, answer)))

    # ----------------------------------------------------------------------------------- commands once more

    def _again(self, frame: Frame, record: Fields) -> None:
        """A command at or below the mark that says that it may have been sent before."""
        session, sequence = frame.session, self._follower.sequence
        known = self._follower.commands.find(session, record.cl_ord_id)
        if known is None:
            question = partial(find_command, self._directory, session, record.cl_ord_id, sequence)
            self._past.ask_commands(session, question, partial(self._found, frame))
        else:
            self._found(frame, Earlier(Fields(known).sequence, known))

    def _found(self, frame: Frame, earlier: Earlier | None | Exception) -> None:
        """Equal: its reports again. Another one has this ClOrdID, or none has: a duplicate. Of what was pruned it
        cannot be told which."""
        session = frame.session
        if isinstance(earlier, Pruned):
            self._refuse_with_mark(frame, Reason.RESEND_UNAVAILABLE)
            return
        if isinstance(earlier, Exception):
            self._failed(frame, earlier)
            return
        if earlier is None or not same_content(frame.payload, earlier.record):
            self._refuse_with_mark(frame, Reason.DUPLICATE_CL_ORD_ID, earlier.sequence if earlier else 0)
            return
        events = self._follower.events.of_command(earlier.sequence, session)
        if events is not None:
            self._deliver(frame, events)
            return
        question = partial(self._past.history.first_reports, earlier.sequence, session)
        self._past.ask_commands(session, question, partial(self._said_again, frame))

    def _said_again(self, frame: Frame, events: np.ndarray | Exception) -> None:
        if isinstance(events, Exception):       # the command counts; what it led to is not kept any more
            self.notes.say("unavailable", f"session {frame.session}", f"no reports of a command sent again: {events}",
                           session=frame.session)
            self._refuse_with_mark(frame, Reason.RESEND_UNAVAILABLE)
        else:
            self._deliver(frame, events)

    def _refuse_with_mark(self, frame: Frame, reason: Reason, sequence: int = 0) -> None:
        self.refuse(frame, reason, int(self._follower.engine.session(frame.session)["mark"][0]), sequence)

    def _failed(self, frame: Frame, error: Exception) -> None:
        """The log could not be read there: the operator is told why, the client that it cannot be had."""
        line = f"the log cannot be read: {type(error).__name__}: {error}"
        self.notes.say("unreadable", f"session {frame.session}", line, level=logs.ERROR, session=frame.session)
        self.refuse(frame, Reason.RESEND_UNAVAILABLE)
