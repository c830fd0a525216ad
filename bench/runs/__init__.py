"""Whole runs: made, read, compared, put beside each other, made again."""
