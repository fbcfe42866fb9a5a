"""The rules once more, in plain Python: the readable engine that the fast one is held against."""
