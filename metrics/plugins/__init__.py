"""Scorers of other people: what they promise, and scorers in one file."""
