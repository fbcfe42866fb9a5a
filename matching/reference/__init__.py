"""The rules once more, in plain Python: the readable engine that the fast one is held against.

Where a section of docs/rules.md is: 1 state.py, fields.py; 2 deadlines.py; 3 door.py; 4 fields.py, orders.py,
matching.py, book.py; 5 orders.py; 6 phases.py, auction.py; 7 sessions.py, definitions.py; 8 reports.py; 9 dump.py,
load.py; 10 stops.py, release.py; 11 matching.py; 12 protection.py; 13 risk.py (checks), limits.py (commands).
engine.py has the loop, check.py what must always hold.
"""
