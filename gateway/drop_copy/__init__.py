"""Drop copy: the reports of a participant, or of the whole venue, for whoever may see them, from any point on. A
process of its own, which reads the log; docs/drop-copy.md has the protocol."""
