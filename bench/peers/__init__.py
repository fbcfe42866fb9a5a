"""Other people's order books for Python, each behind a small adapter of its own, on the flows that the engine is
measured on.

`steps.py` says what a flow asks of a book, `adapter.py` what an adapter is and which there are, `worker.py` runs one of
them in a process of its own. `../bench_peers.py` compares. The packages come with `pip install 'pricetime[peers]'`.

Never here: a line of theirs, or a setting that would make one of them slower than it has to be.
"""
