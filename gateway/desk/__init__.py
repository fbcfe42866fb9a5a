"""The desk: a process beside the venue that answers what takes time, so that the loop never waits for it: reports that
a session has missed, the state of orders, commands that may be there already, and MessagePack both ways.

It tails the log, applies the engine, and is a peer of the venue's socket (gateway/internal.pxd). It never writes to the
log and decides nothing: what it answers follows from the log, what it translates the loop takes as the client's own.
"""
