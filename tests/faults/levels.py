"""The levels of durability at which venues are killed and machines lose their power."""

DURABILITIES = ("process", "power")


def level(durability: str) -> dict[str, str]:
    """What says it to a Writer: "process" is what it is without a word."""
    return {} if durability == "process" else {"durability": durability}
