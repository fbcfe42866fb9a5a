"""What goes wrong in a way that a user can mend: one line each, never a traceback."""


class UserError(Exception):
    """Wrong use, input or configuration. The message is one line: what, where, how to mend it. Exit status 2."""

    exit_status = 2


class CheckFailed(UserError):
    """What was checked does not hold: a digest differs, a log is damaged. The message names the place. Exit status
    1."""

    exit_status = 1
