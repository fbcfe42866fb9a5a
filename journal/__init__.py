"""The log: segments on disk, recovery, reading, replay and verification."""
