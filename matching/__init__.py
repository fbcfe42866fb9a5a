"""The rules of trading, and nothing else: no sockets, no files, no clock, no randomness, no threads."""
