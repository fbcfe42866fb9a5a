"""Published order-book vectors -> commands, and events -> the lines that the vectors expect.

One kind of vector has a user's order ids, another tags, another names: each order gets a ClOrdID of its own here, and
`Flow` keeps what the vector calls it. `Book` follows the events alone: it knows no rule.
"""

from decimal import Decimal

from pricetime.gateway import messages as m

SIDES = {"B": "Buy", "S": "Sell", "BUY": "Buy", "SELL": "Sell", "buy": "Buy", "sell": "Sell"}


class Flow:
    """The commands of one scenario, from one session, and what the vector calls the order of each."""

    def __init__(self):
        self.commands = []
        self.name_of = {}  # by the ClOrdID of the new order
        self.new_cl_ord_id = {}
        self.symbol_of = {}
        self.name_of_command = {}  # by ClOrdID, cancels too

    def _take(self, name):
        self.name_of_command[len(self.commands) + 1] = name
        return {"session": "vector", "cl_ord_id": len(self.commands) + 1}

    def order(self, name, symbol, side, quantity, price=None, **more):
        common = self._take(name)
        self.name_of[common["cl_ord_id"]] = name
        self.new_cl_ord_id[name] = common["cl_ord_id"]
        self.symbol_of[name] = symbol
        type = "Market" if price is None else "Limit"
        self.commands.append(
            m.NewOrderSingle(
                **common, symbol=symbol, side=SIDES[side], ord_type=type, order_qty=Decimal(quantity),
                price=None if price is None else Decimal(price), **more,
            )
        )

    def cancel(self, name):
        common = self._take(name)
        symbol, named = self.symbol_of[name], self.new_cl_ord_id[name]
        self.commands.append(m.OrderCancelRequest(**common, symbol=symbol, orig_cl_ord_id=named))

    def events_of_commands(self, events):
        """The events of each command: those of the session are in its sequence, definitions on first use have none."""
        groups = {}
        for event in events:
            groups.setdefault(event.sequence, []).append(event)
        assert len(groups) == len(self.commands)
        return list(groups.values())


class Book:
    """Live orders as the events tell them: (symbol, side) -> OrderID -> (price, open quantity)."""

    def __init__(self, flow):
        self._flow = flow
        self._sides = {}
        self._names = {}  # by OrderID

    def follow(self, event):
        """Take one event; the trade (taker, maker, price, quantity, taker's side) where it completes one."""
        if not isinstance(event, m.ExecutionReport) or event.exec_type == "Rejected":
            return None
        side = self._sides.setdefault((event.symbol, event.side), {})
        if event.exec_type == "New":
            self._names[event.order_id] = self._flow.name_of[event.cl_ord_id]
        side[event.order_id] = event.price, event.leaves_qty
        if event.leaves_qty == 0 or event.price is None:
            del side[event.order_id]
        if event.exec_type != "Trade":
            return None
        if not event.aggressor_indicator:
            self._maker = event
            return None
        assert event.trd_match_id == self._maker.trd_match_id
        names = self._names[event.order_id], self._names[self._maker.order_id]
        return *names, event.last_px, event.last_qty, event.side

    def orders(self, symbol, side):
        """(price, quantity) of each live order of one side."""
        return list(self._sides.get((symbol, side), {}).values())

    def top(self, symbol, side):
        """(price, quantity) of the best level; None where the side is empty."""
        orders = self.orders(symbol, side)
        if not orders:
            return None
        best = (max if side == "Buy" else min)(price for price, _ in orders)
        return best, sum(quantity for price, quantity in orders if price == best)


def user_flow(lines, **limit_attributes):
    """Kraken 2021 and 2022: N and C lines."""
    flow = Flow()
    for line in lines:
        kind, user, *fields = [field.strip() for field in line.split(",")]
        if kind == "C":
            flow.cancel((user, fields[0]))
            continue
        symbol, price, quantity, side, order_id = fields
        more = {} if price == "0" else limit_attributes
        flow.order((user, order_id), symbol, side, quantity, None if price == "0" else price, **more)
    return flow


def user_answers(flow, events):
    """Kraken 2021 and 2022: A or R, then the trades, then the changes of the best level."""
    book, lines = Book(flow), []
    for command, group in zip(flow.commands, flow.events_of_commands(events), strict=True):
        symbol, before = command.symbol, [book.top(command.symbol, side) for side in ("Buy", "Sell")]
        answer = "R" if group[0].exec_type == "Rejected" else "A"
        lines.append(f"{answer}, {', '.join(flow.name_of_command[command.cl_ord_id])}")
        for event in group:
            trade = book.follow(event)
            if trade is not None:
                taker, maker, price, quantity, side = trade
                buyer, seller = (taker, maker) if side == "Buy" else (maker, taker)
                lines.append(f"T, {', '.join(buyer)}, {', '.join(seller)}, {price}, {quantity}")
        for side, old in zip(("Buy", "Sell"), before, strict=True):
            new = book.top(symbol, side)
            if new != old:
                price, quantity = new or ("-", "-")
                lines.append(f"B, {side[0]}, {price}, {quantity}")
    return lines


def tag_flow(lines):
    """Kraken 2026: the flow, and (number of commands before it, query) for each ORDERBOOK and EXECUTION line."""
    flow, queries = Flow(), []
    for line in lines:
        kind, *fields = line.strip().split(",")
        if kind == "ORDER":
            tag, symbol, side, _, quantity, *price = fields
            flow.order(tag, symbol, side, quantity, *price)
        elif kind == "CANCEL_BY_TAG":
            flow.cancel(fields[0])
        elif kind in ("ORDERBOOK", "EXECUTION"):
            queries.append((len(flow.commands), kind, *fields))
    return flow, queries


def tag_answers(flow, queries, events):
    """Kraken 2026: what each query answers."""
    book, lines, trades, executions = Book(flow), [], [], 0
    groups = flow.events_of_commands(events)
    done = 0
    for count, kind, *fields in queries:
        for command, group in zip(flow.commands[done:count], groups[done:count], strict=True):
            for trade in filter(None, map(book.follow, group)):
                executions += 1
                trades.append(f"{command.symbol},{executions},{trade[0]},{trade[1]},{trade[2]},{trade[3]}")
        done = count
        if kind == "EXECUTION":
            lines, trades = lines + trades, []
            continue
        sides = [
            (len(book.orders(fields[0], side)), *(book.top(fields[0], side) or ("na", "na")))
            for side in ("Sell", "Buy")
        ]
        total = sum(side[0] for side in sides)
        lines.append(",".join(str(value) for value in (fields[0], total, *sides[0], *sides[1])))
    return lines
