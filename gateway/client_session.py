"""One session at a venue as a machine without sockets: payloads and time in; payloads to send, reports and errors out.

Owns message numbers, heartbeats, the order of reports, what is asked for again, and which commands are sent again after
a lost connection. Opens nothing, waits for nothing, reads no clock: client.py and async_client.py do that around it.

    AWAY -- begin() --> LOGGING_ON -- the venue's answer --> UP -- a lost connection --> AWAY ... or ENDED, for good
"""

import math
from collections import deque
from random import Random

import numpy as np

from pricetime.gateway import messages as m
from pricetime.gateway.client_connection import Connection
from pricetime.gateway.client_errors import (
    COMES_BACK,
    ENDED_BY_VENUE,
    NoAnswer,
    Refused,
    ReportGap,
    ResendUnavailable,
    SessionEnded,
    TooManyOutstanding,
    another_log,
    silence,
)
from pricetime.gateway.client_listing import Listing, Pace
from pricetime.gateway.client_outstanding import Outstanding, chosen, possible
from pricetime.gateway.client_questions import Behind, Questions, Request, Resend
from pricetime.gateway.client_reports import ReportOrder
from pricetime.gateway.client_state import Logged, Policy, State
from pricetime.gateway.client_wire import ANSWERS, check_message, flagged_possible, may_be_again, parted, request
from pricetime.gateway.codec import Codec
from pricetime.gateway.layout import record_starts
from pricetime.matching.errors import UserError
from pricetime.matching.records import CommandType, EventType, Reason

RETRY_S, RETRY_MAX_S = 0.05, 2.0            # between attempts to log on: doubled each time, with some chance in it
STEADY_S = 5.0                              # a connection that held for so long begins with a short pause again


class ClientSession:
    """connection: what is to be sent is in its `outgoing`. reports: arrays for the caller; errors: behind them.

    state, logged, mark (the highest ClOrdID used), listed (the venue's instruments are known) are for reading.
    """

    def __init__(self, endpoint: str, session: str, policy: Policy, next_report_number: int = 0) -> None:
        self.endpoint, self.session, self.policy = endpoint, session, policy
        self.codec = Codec()
        self.codec.directory.take_session(0, session, 0)  # the venue stamps the session's id
        self.state = State.AWAY
        self.logged = Logged(0, 0)
        self.mark = 0
        self.asked = True                   # the caller asked for this logon
        self.leaving = False                # a Logout is under way
        self.final: UserError | None = None
        self.order = ReportOrder(next_report_number)
        self.outstanding = Outstanding()
        self.reports: deque[np.ndarray] = deque()
        self.errors: deque[UserError] = deque()
        self.retry_at = 0.0
        self.connection = Connection(endpoint, policy.heartbeat, 0.0)
        self.questions, self.resend = Questions(), Resend()
        self._twice: deque[np.ndarray] = deque()
        self._known = False                 # it was logged on before
        self.tested = (self.connection, 0)  # the newest answer to a TestRequest
        self.behind, self.pace, self.listing = Behind(), Pace(), Listing(self.tested)
        self._up_at = self._answer_by = 0.0
        self._away_since: float | None = None
        self._attempts = self._due = 0
        self._dice = Random(session)        # sessions that were cut off together come back one by one

    # ------------------------------------------------------------------------------------------- connections

    def begin(self, now: float) -> None:
        """A new connection is open: log on."""
        self.state = State.LOGGING_ON
        self.connection = Connection(self.endpoint, self.policy.heartbeat, now)
        self.resend.begin()
        self.behind.begin()
        self.listing.begin()
        self.pace.begin()
        self._due = self.order.due      # a report may overtake the answer to the Logon
        self._answer_by = now + self.policy.timeout
        period = round(self.policy.heartbeat * 1000)
        logon = m.Logon(session_name=self.session, full_reports=self.policy.full_reports, heart_bt_int=period)
        self.connection.transmit(self.codec.encode(logon), now)

    def lost(self, now: float, error: UserError) -> None:
        """The connection is no more: the caller hears of it, or another one is to be opened at `retry_at`."""
        if self.state in (State.AWAY, State.ENDED):
            return
        if self.leaving or not self.policy.reconnect:
            self.end(None if self.leaving and not len(self.outstanding) else error)
            return
        if self.state is State.UP and now - self._up_at > STEADY_S:
            self._advanced()
        self.state, self.asked = State.AWAY, self.asked and not self._known
        if self._away_since is None:
            self._away_since = now
        elif now - self._away_since > self.policy.patience:
            self.end(error)
            return
        pause = min(RETRY_MAX_S, RETRY_S * 2 ** min(self._attempts, 10))
        self._attempts += 1
        self.retry_at = now + pause * (0.5 + self._dice.random() / 2)

    def _advanced(self) -> None:
        """The connection was worth something: patience begins anew."""
        self._away_since, self._attempts = None, 0

    def end(self, error: UserError | None = None) -> None:
        """For good, until the caller logs on again: `final` says why."""
        self.state, self.final = State.ENDED, error
        if error is not None:
            self.errors.append(error)

    def restart(self) -> None:
        """The caller wants a new beginning."""
        self.state, self.asked, self.leaving, self.final = State.AWAY, True, False, None
        self.retry_at, self.resend.not_before = 0.0, 0.0
        self.errors.clear()
        self._twice.clear()     # who begins anew asks anew: another mark would make orders of them
        self._advanced()
        self.codec.directory.instruments.by_id.clear()
        self.codec.directory.instruments.by_name.clear()
        if not self.policy.reconnect:
            self.reports.clear()

    def _logged_on(self, event: np.void, now: float) -> None:
        if self.state is not State.LOGGING_ON:
            return  # an answer that came twice
        mark, number = int(event["cl_ord_id"]), int(event["order_id"])
        had, again = self.order.due, self.policy.reconnect
        if again and (error := self._stranger(mark, number)):
            self.outstanding = Outstanding()        # what of it is journaled cannot be told: logon() begins anew
            self.end(error)
            return
        if again and self._known and (record := self.outstanding.record(mark)) is not None and may_be_again(record):
            self.outstanding.unproven[mark] = record
        self.logged = Logged(mark, number, max(0, number - had) if had else 0)
        self.state, self._up_at, self._known = State.UP, now, True
        self.order.begin(had if again and had else number, number)
        self.mark = max(mark, self.mark) if again else mark
        self.outstanding.begin(mark)
        self._mind_gap(now)
        if not self.outstanding.unproven:
            self._send_again(now)
        for lines in self.questions.again():
            self.connection.transmit(lines, now)
        self.list_instruments(now)

    def _stranger(self, mark: int, number: int) -> UserError | None:
        """What the venue says of the session where it cannot be the one that this client knows."""
        if number < self._due:
            return another_log(self.endpoint, self.session, number - 1, self._due - 1)
        foreign = mark > self.outstanding.acknowledged and self.outstanding.record(mark) is None
        if self._known and foreign and (len(self.outstanding) or not self.asked):
            return SessionEnded(
                Reason.NOT_LOGGED_ON,
                f"another client speaks for session {self.session!r} too: its mark is {mark}, this one's "
                f"{self.outstanding.highest}, so whose commands are journaled cannot be told",
            )
        return None

    def _send_again(self, now: float) -> None:
        """What is above the mark; then what the caller asked meanwhile by sending a ClOrdID twice."""
        for lines in self.outstanding.messages(now):
            self.connection.transmit(flagged_possible(lines), now)
        while self._twice:
            self.connection.transmit(self._twice.popleft(), now)

    def _logon_refused(self, reason: int, now: float) -> None:
        error = Refused(reason, f"session {self.session!r} cannot log on")
        if self.policy.reconnect and reason in (COMES_BACK if self._known else ENDED_BY_VENUE):
            self.lost(now, error)
        else:
            self.end(error)

    # ----------------------------------------------------------------------------------------------- sending

    def send(self, lines: np.ndarray, now: float) -> None:
        """Commands, whole records: sent now or, while the connection is lost, with the next one."""
        check_message(lines)
        lines = lines.copy()
        starts = record_starts(lines)
        ids = lines["cl_ord_id"][starts]
        if self.policy.reconnect:
            if self.room(len(starts)) < 0:
                raise TooManyOutstanding(
                    f"{len(self.outstanding):,} commands wait for their reports, {len(starts)} more are too many: at "
                    f"most {self.policy.outstanding_max:,} are kept; take reports first"
                )
            if self.leaving:
                raise UserError("the client is logging out: logon()")
            self._note_again(lines, starts, ids)
            self.outstanding.keep(lines, starts, ids, now)
        else:
            self.order.ask_again(possible(lines, starts, ids))
        self.mark = max(self.mark, int(ids.max()))
        if self.speaks or not self.policy.reconnect:
            self.connection.transmit(lines, now, starts)

    @property
    def speaks(self) -> bool:
        """Whether what is sent now leaves at once: it is logged on, and all that was kept has been sent again."""
        return self.state is State.UP and not self.outstanding.unproven

    def room(self, more: int = 0) -> int:
        """How many commands may be sent beside `more`."""
        return self.policy.outstanding_max - len(self.outstanding) - more if self.policy.reconnect else 0

    def _note_again(self, lines: np.ndarray, starts: np.ndarray, ids: np.ndarray) -> None:
        """What is said of ClOrdIDs that were used before is the caller's question, no accident of the line."""
        twice = ids <= self.outstanding.highest
        if not twice.any():
            return
        if not self.speaks:
            if len(self._twice) == self.policy.outstanding_max:
                raise TooManyOutstanding(f"{len(self._twice):,} messages with ClOrdIDs used before wait for the venue")
            self._twice.append(chosen(lines, starts, twice))
        self.order.ask_again(ids[twice].tolist())

    def logout(self, now: float) -> None:
        """Ask the venue to end the session."""
        self.leaving = True
        self.connection.transmit(request(CommandType.LOGOUT), now)

    @property
    def listed(self) -> bool:
        """Whether the venue's instruments are known."""
        return self.listing.done

    def list_instruments(self, now: float) -> None:
        """Ask for the instruments, until no more come."""
        self.listing.want(max(now, self.pace.at))
        self._go_on_listing(now)

    def _go_on_listing(self, now: float) -> None:
        if now >= max(self.listing.at, self.pace.at):
            which = self.listing.part(self._highest_id(), now, self.policy.timeout)
            self.listing.asked = self.ask_behind(which, now)

    def _highest_id(self) -> int:
        return max(self.codec.directory.instruments.by_id, default=0)

    def ask_behind(self, lines: np.ndarray, now: float) -> tuple[Connection, int]:
        """A request whose answer does not say where it ends, and a TestRequest behind it: answered when `tested` is
        what this returns. `behind` knows of a refusal."""
        behind = self.connection.test_request()
        asked = self.connection, self.connection.test_id
        lines["cl_ord_id"] = self.behind.new(self.questions.next_number(), asked[1])
        self.connection.transmit(np.concatenate([lines, behind]), now)
        self.pace.sent(now)
        return asked

    def ask(self, lines: np.ndarray, now: float, many: bool) -> Request:
        """A question about orders, one record: answered by one row or by many."""
        asked = self.questions.new(lines, many)
        if self.state is State.UP:
            self.connection.transmit(asked.lines, now)
        return asked

    # ------------------------------------------------------------------------------------------------- time

    def tick(self, now: float) -> None:
        """What is due by now: heartbeats, questions, patience that ends. Call it when nothing more can be received."""
        if self.state is State.LOGGING_ON and now >= self._answer_by:
            self.lost(now, self._no_answer())
        if self.state is not State.UP:
            return
        if (error := self.connection.tick(now)) is not None:
            self.lost(now, error)
        self._mind_gap(now)         # before the list: commands wait for it
        if self.state is State.UP:
            self._go_on_listing(now)
        if not self.policy.reconnect or self.state is not State.UP:
            return
        if not self.listed and now >= self.listing.answer_by and self.listing.at == math.inf:
            self.lost(now, self._no_answer())
            return
        if self.resend.until is not None and now >= self.resend.until:
            self.resend.answered(self.order.due, now)   # not at all: the venue lives, so once more
        self._mind_gap(now)
        if self.resend.until is None and now >= max(self._doubtful_at(), self.pace.at):
            self._ask_missing(now)      # its report, or it, may have been the last thing that was lost

    def _doubtful_at(self) -> float:
        """When the oldest command has waited too long for its report."""
        oldest = self.outstanding.oldest_at
        if oldest is None or not self.resend.possible:
            return math.inf
        return max(oldest, self.resend.not_before) + self.policy.timeout

    def due(self, now: float) -> float:
        """When tick() is to be called at the latest."""
        if self.state is State.AWAY:
            return self.retry_at
        if self.state is State.LOGGING_ON:
            return self._answer_by
        if self.state is State.ENDED:
            return now + self.policy.timeout
        turn = self.pace.at
        times = [self.connection.due(), max(self.listing.at, turn), turn if now < turn else math.inf]
        if self.policy.reconnect:
            if not self.listed and self.listing.at == math.inf:
                times.append(self.listing.answer_by)
            if self.resend.until is not None:
                times.append(self.resend.until)
            else:
                asked_at = self.resend.not_before if self._lacks() else self._doubtful_at()
                times.append(max(asked_at, turn))
        return max(min(times), now + 0.001)

    def _no_answer(self) -> NoAnswer:
        return silence(self.endpoint, round(self.policy.timeout * 1000))

    # --------------------------------------------------------------------------------------------- receiving

    def take(self, payload: bytes, now: float) -> None:
        """One message from the venue: events, answers, definitions. What comes together stays together."""
        if self.policy.reconnect and self.state in (State.AWAY, State.ENDED):
            return  # of a connection that is given up: what is in it comes again
        self.connection.hear(now)
        events, definitions = parted(payload, self.policy.full_reports)
        for definition in definitions:
            self.codec.follow(definition)
        special = ANSWERS[events["type"]]
        if not special.any():
            self._take_reports(events, now)
            return
        before = 0
        for place in np.flatnonzero(special).tolist():
            self._take_reports(events[before:place], now)
            self._take_answer(events[place : place + 1], now)
            before = place + 1
        self._take_reports(events[before:], now)

    def _take_reports(self, events: np.ndarray, now: float) -> None:
        if not len(events):
            return
        if not self.policy.reconnect:
            if self.state is not State.LOGGING_ON and (gap := self.order.strict(events)):
                self.errors.append(gap)
            else:
                self.reports.append(events)
            return
        told = self.order.take(events, self._is_news)
        for part in told:
            self.outstanding.acknowledge(int(part["cl_ord_id"].max()))
        if told:
            self.reports.extend(told)
            self._advanced()
        if self.order.missing:
            self._mind_gap(now)

    def _is_news(self, event: np.void) -> bool:
        """Of an event without a number: whether it answers a command that waits, and is no echo of an accident."""
        number = int(event["cl_ord_id"])
        outstanding = self.outstanding
        return not 0 < number <= outstanding.highest or outstanding.waits(number) or self.order.asks_again(number)

    def _take_answer(self, events: np.ndarray, now: float) -> None:
        """One event that may be an answer to the client itself."""
        event = events[0]
        kind, reason = int(event["type"]), int(event["reason"])
        if kind == EventType.BUSINESS_MESSAGE_REJECT:
            self._take_reject(events, reason, now)
        elif kind == EventType.HEARTBEAT_ANSWER:
            self.order.end = max(self.order.end, int(event["leaves_qty"]))   # the next report number, where it says it
            self.tested = (self.connection, int(event["order_id"]))
            self.behind.answered(self.tested[1])
            self.pace.answered(now)
            if self.tested == self.listing.asked and not self.listed:
                self._take_list(now)
        elif kind == EventType.LOGON_ANSWER:
            self._logged_on(event, now)
        elif kind == EventType.TEST_REQUEST_EVENT:
            self.connection.heartbeat(now, int(event["order_id"]))
        elif kind == EventType.LOGOUT_ANSWER:
            self.end(SessionEnded(reason, f"session {self.session!r} was ended by the venue") if reason else None)
        elif kind == EventType.REJECT:
            what = f"message not readable at byte {event['order_id']}"
            if reason == Reason.NOT_AUTHORIZED:
                what = f"the venue takes nothing more for session {self.session!r} from this key"
            self._take_unreadable(Refused(reason, what))
        elif kind == EventType.RESEND_ANSWER:
            self._take_resent(event, reason, now)
        else:
            self._take_status(events, now)

    def _take_reject(self, events: np.ndarray, reason: int, now: float) -> None:
        event = events[0]
        number = int(event["cl_ord_id"])
        if event["report_number"]:
            self._take_reports(events, now)
        elif self.state is State.LOGGING_ON:
            self._logon_refused(reason, now)
        elif reason in ENDED_BY_VENUE:
            self.lost(now, SessionEnded(reason, f"session {self.session!r} was ended by the venue"))
        elif self.leaving and not number:
            self.end(Refused(reason, f"session {self.session!r} cannot log out"))
        elif number < 0:
            self._take_refused_request(number, reason, now)
        elif not self.policy.reconnect:
            self.reports.append(events)
        elif number in self.outstanding.unproven:
            self._take_proof(event, number, reason, now)
        elif self._is_news(event) and (reason != Reason.DUPLICATE_CL_ORD_ID or self.order.asks_again(number)):
            self.outstanding.refuse(number)
            self.order.answered_again(number)
            self.reports.append(events)

    def _take_unreadable(self, error: UserError) -> None:
        """A message of the caller's that no venue can read. It took no number, so what is behind it counts no more, and
        sending it again would help nobody: the session ends, and what is above the mark is the caller's to send."""
        if not self.policy.reconnect:
            self.errors.append(error)
            return
        self.outstanding = Outstanding()
        self.end(error)

    def _take_refused_request(self, number: int, reason: int, now: float) -> None:
        if self.behind.refused(number, reason) or self.questions.refused(number, reason):
            return
        if self.resend.until is None or number != self.resend.number:
            return      # of a question that nobody waits for any more, perhaps
        self.resend.refused(now, RETRY_MAX_S, for_good=reason != Reason.THROTTLED)
        if self.outstanding.unproven and not self.resend.possible:
            self._proven(now)       # a venue without resends: nobody can tell
        if self.order.missing and not self.resend.possible:
            what = f"report {self.order.due} is missing, and the venue sends none again: {Reason(reason).name}"
            self.end(ReportGap(self.order.due, self.order.end, what))

    def _take_list(self, now: float) -> None:
        error = self.listing.take(self.behind.reason(self.listing.asked[1]), self._highest_id(), now, self.pace)
        if error is not None:
            self.errors.append(error)
        self._go_on_listing(now)

    def _take_status(self, events: np.ndarray, now: float) -> None:
        again = self.questions.take(events)
        if again is not None:
            self.connection.transmit(again, now)

    # ----------------------------------------------------------------------------------- what is missing

    def _lacks(self) -> bool:
        """Whether there is something to ask the venue for."""
        return self.order.missing or bool(self.outstanding.unproven)

    def _mind_gap(self, now: float) -> None:
        """Ask for reports that are missing, one question at a time; not before the venue knows who asks."""
        asks = self.state is State.UP and self.policy.reconnect and self._lacks()
        if asks and self.resend.until is None and now >= max(self.resend.not_before, self.pace.at):
            self._ask_missing(now)

    def _ask_missing(self, now: float) -> None:
        lines = self.resend.ask(self.order.due, self.questions.next_number(), now, self.policy.timeout)
        if lines is not None:
            # Answers come in the order of the questions: whose a command is is known before any report of it is told.
            doubtful = map(flagged_possible, self.outstanding.unproven.values())
            self.connection.transmit(np.concatenate([*doubtful, lines]), now)
            self.pace.sent(now)
        else:
            self._up_at = now   # that connection was worth nothing
            what = f"send report {self.order.due} again" if self.order.missing else "say what became of what was sent"
            self.lost(now, NoAnswer(f"{self.endpoint} does not {what}"))

    def _take_resent(self, event: np.void, reason: int, now: float) -> None:
        """The end of what was asked for: all that there was, or that it is no longer to be had."""
        self.resend.answered(self.order.due, now)
        self.pace.answered(now)
        if reason:
            self.end(ResendUnavailable(self.order.due, int(event["order_id"])))
            return
        self.order.end = max(self.order.end, int(event["order_id"]))
        if self.outstanding.unproven:
            self._proven(now)
        self._mind_gap(now)

    def _take_proof(self, event: np.void, number: int, reason: int, now: float) -> None:
        """The command that the mark names, sent again, was refused. Where the log has another one by this ClOrdID
        (`sequence` is that one's), whose else were journaled cannot be told either."""
        if reason == Reason.DUPLICATE_CL_ORD_ID and event["sequence"]:
            self.outstanding = Outstanding()
            self.end(SessionEnded(
                reason, f"another client speaks for session {self.session!r} too: ClOrdID {number} in the log "
                f"is not what this client sent by it, so whose commands are journaled cannot be told"))
        elif reason == Reason.THROTTLED:
            self.lost(now, Refused(reason, f"command {number}, sent again"))

    def _proven(self, now: float) -> None:
        """The mark counts this client's commands."""
        self.outstanding.unproven.clear()
        self._send_again(now)
