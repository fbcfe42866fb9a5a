"""A market maker on asyncio: `python examples/async_strategy.py ENDPOINT SESSION SYMBOL MIDDLE [ROUNDS]`

Quotes both sides of MIDDLE and, whenever one is hit, both anew and leant against its position. A lost line or a venue
that is started again needs nothing here: the client comes back, and each report still comes once.
"""

import asyncio
import sys
from decimal import Decimal

from pricetime import AsyncClient
from pricetime.matching.errors import UserError
from pricetime.matching.records import EventType

SIZE, SPREAD, LEAN = 10, Decimal("0.10"), Decimal("0.01")


def traded(report, quotes):
    """What a report adds to the position."""
    mine = report["type"] == EventType.TRADE and quotes.get(int(report["cl_ord_id"]), 0)
    return mine * int(report["last_qty"])


async def quote(endpoint, session, symbol, middle, rounds):
    position, quotes = 0, {}
    async with AsyncClient(endpoint, session) as client:
        while rounds > 0:
            price = middle - LEAN * position  # the more we have, the cheaper we offer it
            quotes[client.buy(symbol, SIZE, price - SPREAD / 2)] = 1
            quotes[client.sell(symbol, SIZE, price + SPREAD / 2)] = -1
            before = position
            async for report in client.reports():
                position += traded(report, quotes)
                if position != before and not client.outstanding:
                    break
            client.mass_cancel(symbol)
            await client.settle()
            rounds -= 1
        async for report in client.reports(timeout_ms=100):  # what traded while the last quotes were taken back
            position += traded(report, quotes)
    print(f"position {position}")


if __name__ == "__main__":
    try:
        endpoint, session, symbol, middle, *rounds = sys.argv[1:]
        asyncio.run(quote(endpoint, session, symbol, Decimal(middle), int(rounds[0]) if rounds else 10))
    except (UserError, ArithmeticError, ValueError) as error:
        numbers = f"MIDDLE [ROUNDS]: found {' '.join(sys.argv[4:])!r}, expected numbers; {__doc__.splitlines()[0]}"
        sys.exit(f"async_strategy: {error}" if isinstance(error, UserError) else numbers)
