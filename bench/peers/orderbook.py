"""orderbook: written for Python 2, which its import says at once. Should it ever import, an adapter is wanted."""

import orderbook

raise ImportError(f"{orderbook.__name__} imports after all: it wants an adapter")
