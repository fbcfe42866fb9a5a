"""Everything that speaks to the outside: sockets, sessions, messages, clients, the command line."""
