"""What can go wrong for a client, with the venue's reason where it gave one. Owns the exceptions; raises none."""

from pricetime.matching.errors import UserError
from pricetime.matching.records import Reason

ENDED_BY_VENUE = (Reason.MSG_SEQ_NUM_OUT_OF_TURN, Reason.NOT_LOGGED_ON)
COMES_BACK = (*ENDED_BY_VENUE, Reason.THROTTLED, Reason.LOG_FULL)    # of a Logon that was refused


class Refused(UserError):
    """The venue refused a Logon or a request, or could not read a message. `reason` is a Reason."""

    def __init__(self, reason: int, what: str) -> None:
        self.reason = Reason(reason)
        super().__init__(f"{what}: {self.reason.name}")


class SessionEnded(Refused):
    """The venue has ended the session: a message was lost, the client was silent too long, or another client speaks
    for it. logon() begins anew."""


class ReportGap(UserError):
    """Reports were lost on the way: `expected` is the number that did not come."""

    def __init__(self, expected: int, found: int, what: str = "") -> None:
        self.expected, self.found = expected, found
        super().__init__(what or f"report {expected} is missing, {found} came: log on again")


class ResendUnavailable(ReportGap):
    """The venue has the missing reports no more: `found` is the oldest one that it still has. To go on without them set
    `next_report_number` to it, and log on again."""

    def __init__(self, expected: int, oldest: int) -> None:
        super().__init__(
            expected, oldest, f"report {expected} is missing, and the venue has none before {oldest}, its log is "
            f"pruned: to go on without them set next_report_number to {oldest}, and log on again"
        )


class NoAnswer(UserError):
    """The venue did not answer in time."""


def silence(endpoint: str, milliseconds: int) -> NoAnswer:
    """Nobody there, or nobody with whom CURVE comes about: libzmq does not tell them apart."""
    return NoAnswer(f"{endpoint} did not answer within {milliseconds} ms: is a venue running there? One with CURVE "
                    "answers only to a key that it knows, and to its own public key")


def another_log(endpoint: str, session: str, there: int, here: int) -> UserError:
    """A venue has fewer reports of a session than this client."""
    return UserError(
        f"{endpoint}: its log has {there} reports of session {session!r}, this client has {here}: they are of another "
        "log"
    )


class TooManyOutstanding(UserError):
    """So many commands wait for their reports that no more are kept to be sent again."""
