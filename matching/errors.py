"""What goes wrong in a way that a user can mend: one line each, never a traceback."""


class UserError(Exception):
    """Wrong use, input or configuration. The message is one line: what, where, how to mend it. Exit status 2."""

    exit_status = 2


class CheckFailed(UserError):
    """What was checked does not hold: a digest differs, a log is damaged. The message names the place. Exit status
    1."""

    exit_status = 1


def not_lines(found: object) -> TypeError:
    """What an engine says when it is given something else than lines to apply."""
    return TypeError(
        f"lines: found a {type(found).__name__} of Python objects, expected COMMAND lines: an array of 64-byte items, "
        "or bytes; Codec.encode_all() makes them of messages"
    )
